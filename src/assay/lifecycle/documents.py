"""The documents of a release: read its records back, and write the card and the report from them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from assay.attest.statement import EVIDENCE, TALLY, VERDICT
from assay.errors import InputError, VerificationError
from assay.lifecycle.issuing import CARD, DATASHEET, EXPLANATION, REPORT
from assay.lifecycle.project import read_file
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.explanation import Explanation
from assay.records.tally_document import parse_tally
from assay.records.verdict import Verdict
from assay.reports.card import Card, read_card
from assay.reports.datasheet import Datasheet, read_datasheet
from assay.reports.release import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.records.tally import Tally


def read_card_of(project: Project | None, evidence: Evidence) -> Card | None:
    """Read the card that evidence speaks of; none when it has changed since, or is not here."""
    name = project.config.documentation if project is not None else None
    path = project.root / name if project is not None and name is not None else None
    if path is None or name is None or not path.is_file() or evidence.stage == "data":
        return None
    content = read_file(path, "the model's documentation")
    return read_card(content, name) if sha256_hex(content) == evidence.documentation.sha256 else None


def read_datasheet_of(project: Project | None, evidence: Evidence) -> Datasheet | None:
    """Read the datasheet that evidence about data speaks of; none when it has changed since, or is not here."""
    data = project.config.data if project is not None and evidence.stage == "data" else None
    path = project.root / data.datasheet if project is not None and data is not None and data.datasheet else None
    if path is None or not path.is_file():
        return None
    content = read_file(path, "the datasheet")
    return read_datasheet(content, path.name) if sha256_hex(content) == evidence.documentation.sha256 else None


def release_of(project: Project | None, evidence: Evidence, verdict: Verdict, tally: Tally | None) -> Release:
    """Return what reports are made from: the records, and what people wrote about them."""
    card, datasheet = read_card_of(project, evidence), read_datasheet_of(project, evidence)
    return Release(evidence=evidence, verdict=verdict, tally=tally, card=card, datasheet=datasheet)


def read_release(
    folder: Path, project: Project | None = None, *, became: Callable[[str], str] = lambda sha256: sha256
) -> Release:
    """Read a release folder's records, checking that verdict and tally belong to the evidence.

    Args:
        folder: the release folder.
        project: whose it is, for what people wrote.
        became: tells what an erasure left of a document, digest to digest; by default nothing was erased.

    Raises:
        InputError: when a record is missing or cannot be read.
        VerificationError: when the records are not of one release.
    """
    content = read_file(folder / EVIDENCE, "evidence")
    evidence = parse_record(content, Evidence, name=EVIDENCE)
    verdict = parse_record(read_file(folder / VERDICT, "a verdict"), Verdict, name=VERDICT)
    if sha256_hex(content) not in {verdict.evidence_sha256, became(verdict.evidence_sha256)}:
        raise VerificationError(
            f"{folder / VERDICT} was decided on other evidence (SHA-256 {verdict.evidence_sha256[:16]}...) than lies "
            f"beside it ({sha256_hex(content)[:16]}...). Decide again with: assay gate {folder / EVIDENCE}"
        )
    tally = None
    if (folder / TALLY).is_file():
        counted = read_file(folder / TALLY, "a tally")
        if sha256_hex(counted) not in {evidence.tally_sha256, became(evidence.tally_sha256)}:
            raise VerificationError(f"{folder / TALLY} is not the tally that the evidence was measured from")
        tally = parse_tally(counted, name=TALLY)
    return replace(
        release_of(project, evidence, verdict, tally), explanation=_explanation(folder, verdict, tally, evidence)
    )


def _explanation(folder: Path, verdict: Verdict, tally: Tally | None, evidence: Evidence) -> Explanation | None:
    """Return the explanation that lies beside a verdict that does not allow; else a new one."""
    if verdict.decision == "allow":
        return None
    digest = sha256_hex(read_file(folder / VERDICT, "a verdict"))
    if (folder / EXPLANATION).is_file():
        content = read_file(folder / EXPLANATION, "an explanation")
        found = parse_record(content, Explanation, name=EXPLANATION)
        if found.verdict_sha256 == digest:
            return found
    from assay.diagnosis.mending import Ground  # noqa: PLC0415 - only where something is explained
    from assay.diagnosis.of_verdict import explain_of  # noqa: PLC0415

    return explain_of(Ground(verdict=verdict, evidence=evidence, tally=tally), verdict_sha256=digest)


def _datasheet(release: Release) -> str:
    from assay.reports.datasheet_page import datasheet_markdown  # noqa: PLC0415 - only when asked for

    if release.evidence.stage != "data":
        raise InputError(
            f"expected evidence about data, found the stage {release.evidence.stage}: a datasheet is of the data "
            "stage. Run: assay run --stage data"
        )
    return datasheet_markdown(release)


def makers(release: Release) -> Mapping[str, Callable[[], str]]:
    """Return the maker of each document, by name; each imports what it needs when it is called."""

    def html() -> str:
        from assay.reports.html import html as render  # noqa: PLC0415 - charts and templates are heavy

        return render(release)

    def card() -> str:
        from assay.reports.model_card import model_card as render  # noqa: PLC0415 - only when asked for

        return render(release)

    def markdown() -> str:
        from assay.reports.explanation import release_markdown as render  # noqa: PLC0415 - only when asked for

        return render(release)

    def sarif() -> str:
        from assay.reports.sarif import sarif as render  # noqa: PLC0415 - only when asked for

        return render(release)

    def junit() -> str:
        from assay.reports.junit import junit as render  # noqa: PLC0415 - only when asked for

        return render(release)

    def as_json() -> str:
        from assay.reports.json_report import to_json  # noqa: PLC0415 - only when asked for

        return to_json(release)

    def text() -> str:
        from assay.reports.plain import plain_text  # noqa: PLC0415 - only when asked for

        return plain_text(release)

    def ml_bom() -> str:
        from assay.reports.cyclonedx import cyclonedx  # noqa: PLC0415 - heavy, and only when asked for

        return cyclonedx(release)

    def huggingface() -> str:
        from assay.reports.huggingface import huggingface as render  # noqa: PLC0415 - only when asked for

        return render(release)

    return {
        "verdict": lambda: canonical_json(release.verdict).decode(),
        "text": text, "json": as_json, "markdown": markdown, "sarif": sarif, "junit": junit,
        "html": html, "card": card, "datasheet": partial(_datasheet, release), "ml-bom": ml_bom,
        "huggingface": huggingface,
    }  # fmt: skip


def render_documents(release: Release) -> dict[str, bytes]:
    """Return the report, as it is written into a stage's folder, and the model card of a release."""
    made = makers(release)
    report = {REPORT: made["html"]().encode()}
    if release.explanation is not None:
        report[EXPLANATION] = canonical_json(release.explanation)
    if release.evidence.stage == "data":
        return {DATASHEET: made["datasheet"]().encode(), **report}
    return {CARD: made["card"]().encode(), **report} if release.evidence.stage == "release" else report
