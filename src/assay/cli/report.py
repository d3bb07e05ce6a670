"""`assay report`: documents of a release that was decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from assay.cli.options import print_machine, write_outputs

KINDS = ("text", "json", "markdown", "sarif", "junit", "html", "card", "datasheet", "ml-bom", "huggingface")
DOCUMENTS = (
    "ll144", "annex-iv", "annex-v", "instructions-for-use", "post-market-monitoring-plan",
    "post-market-monitoring-report", "serious-incident-report", "fria", "qms-index", "validation", "nist-profile",
    "statement-of-applicability",
)  # fmt: skip
"""The kinds of `assay.reports.documents.KINDS`, named here so that help imports nothing; a test compares."""
OSCAL = (
    "oscal", "oscal-catalog", "oscal-component-definition", "oscal-assessment-plan", "oscal-assessment-results",
    "oscal-poam",
)  # fmt: skip
"""``oscal`` and the kinds of `assay.reports.oscal.OSCAL`; a test compares."""
FORMATS = ("markdown", "html", "pdf", "json")


@click.command()
@click.argument(
    "kind", metavar="KIND", type=click.Choice([*KINDS, *DOCUMENTS, *OSCAL, "check", "renew", "starter", "schema"])
)
@click.argument("release", required=False, type=click.Path(path_type=Path), metavar="[RELEASE|FILE]")
@click.option(
    "--output", "-o", "out", type=click.Path(path_type=Path), help="Write to this file, not to standard output."
)
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write every format into DIR.")
@click.option(
    "--format", "forms", multiple=True, type=click.Choice(FORMATS),
    help="How a regulator's document is written (default: as -o ends, Markdown on standard output, all into --out).",
)  # fmt: skip
@click.option("--size", type=click.IntRange(min=0), help="Look at so many entries of the log (default: all).")
@click.option(
    "--as", "name", help="Name of the key that records a document (default: the one that signed the RELEASE)."
)
@click.option("--no-record", is_flag=True, help="Write a regulator's document and record nothing.")
@click.option(
    "--release", "against", type=click.Path(path_type=Path),
    help="check: the release whose evidence FILE is held against.",
)  # fmt: skip
def report(
    kind: str,
    release: Path | None,
    out: Path | None,
    folder: Path | None,
    forms: tuple[str, ...],
    size: int | None,
    name: str | None,
    no_record: bool,
    against: Path | None,
) -> int:
    """Write a document of a RELEASE folder (default: the version in assay.yaml) from its records.

    card is the model card (Markdown with Hugging Face metadata), datasheet is that of the data stage, ml-bom is
    CycloneDX, huggingface is the metadata alone, schema is the JSON Schema of the json report.

    \b
    For regulators, validators and auditors; what nobody has said or measured is named as missing:
      ll144                          bias audit, public summary (New York City Local Law 144)
      annex-iv                       technical documentation (EU AI Act); with --out, all that it refers to
      annex-v                        declaration of conformity, a draft
      instructions-for-use           for deployers (Art. 13)
      post-market-monitoring-plan    (Art. 72), and post-market-monitoring-report
      serious-incident-report        with its clocks (Art. 73)
      fria                           fundamental rights impact assessment (Art. 27)
      qms-index                      quality management system (Art. 17)
      validation                     model validation report (SR 26-2)
      nist-profile                   NIST AI RMF, current and target state
      statement-of-applicability     ISO/IEC 42001, Annex A
      oscal                          OSCAL 1.2.1; with --out, all of oscal-catalog, oscal-component-definition,
                                     oscal-assessment-plan, oscal-assessment-results, oscal-poam

    What is written with -o or --out is recorded in the log by its digest, and assay verify FILE finds it. check holds
    the numbers in a FILE that people wrote against the evidence; starter prints a dossier.yaml to begin with. renew
    writes card and report of the RELEASE anew, with what has happened since (searches for a remedy, remediations,
    challenges, reasons given), and records them.

    \b
    Examples:
      assay report html -o report.html
      assay report datasheet -o datasheet.md
      assay report ml-bom .assay/releases/mortgage-approval/2 > model.cdx.json
      assay report ll144 -o summary.html
      assay report annex-iv --out technical-documentation
      assay report check brochure.md
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.cli import _documents  # noqa: PLC0415 - only when called

    if kind == "schema":
        from assay.reports.json_report import schema_json  # noqa: PLC0415 - only when asked for

        print_machine(schema_json())
        return 0
    if kind in {"starter", "renew"}:
        return _documents.starter() if kind == "starter" else _documents.renew(release, name)
    if kind == "check":
        return _documents.check(release, against, form=_documents.one(forms) or "text")
    if kind in DOCUMENTS or kind in OSCAL:
        asked = _documents.Asked(kind, release, out, folder, forms, size, no_record, name)
        return (_documents.write_document if kind in DOCUMENTS else _documents.write_oscal)(asked)
    return _report(kind, release, out)


def _report(kind: str, release: Path | None, out: Path | None) -> int:
    from assay.lifecycle.documents import makers, read_release  # noqa: PLC0415 - only when called
    from assay.lifecycle.project import load_project  # noqa: PLC0415 - only when called

    project = load_project(release.resolve() if release is not None and release.exists() else None)
    folder = project.stage_folder("data") if kind == "datasheet" else project.release()
    found = read_release(release if release is not None else folder, project)
    if kind == "html" and found.evidence.stage == "release":
        from assay.adapters.here import since_release  # noqa: PLC0415 - only when asked for

        found = replace(found, since=since_release(project, found.verdict.model, found.verdict.version))
    made = makers(found)
    if out is None:
        print_machine(made[kind]())
    else:
        write_outputs([(kind, out)], made)
    return 0
