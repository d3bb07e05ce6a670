"""`assay attest`: a person says how a control of a framework stands, signed, until a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import format_option, print_machine

if TYPE_CHECKING:
    from assay.lifecycle.attesting import Says

EPILOG = """\b
Examples:
  assay attest 'eu-ai-act:9(5)' --by rosa --role risk-owner --until 2027-06-30 --statement 'Minutes, item 2'
  assay attest 'eu-ai-act:12(3)(a)' --says not-applicable --by lena --role counsel --until 2027-06-30 \\
    --statement 'No remote biometric identification'
  assay attest annex-v --document signed.pdf --signed-on 2026-11-20 --by rosa --role risk-owner --until 2028-11-20 \\
    --statement 'Signed by hand by the managing director'
"""


@click.command(epilog=EPILOG)
@click.argument("control", metavar="FRAMEWORK:CONTROL|DOCUMENT")
@click.option("--by", required=True, help="Who attests: name of the key, as in the trust file.")
@click.option("--role", required=True, help="In which role; the trust file has to give it.")
@click.option("--until", required=True, metavar="DATE", help="The last day on which it counts: attestations lapse.")
@click.option("--statement", required=True, help="Why, in your words; the log holds their digest alone.")
@click.option("--says", type=click.Choice(("met", "not-met", "not-applicable")), default="met", show_default=True)
@click.option("--every-version", is_flag=True, help="About every version of the model, not only that of assay.yaml.")
@click.option(
    "--document", type=click.Path(path_type=Path), metavar="FILE",
    help="A document that was signed outside and comes back: it is filed, and attests what it is for.",
)  # fmt: skip
@click.option("--signed-on", metavar="DAY", help="Of --document: the day on which it was signed (default: today).")
@click.option("--packs", "folder", metavar="DIR", help="Packs of your own (default: `packs:` in assay.yaml).")
@format_option("text", "json")
def attest(
    control: str, by: str, role: str, until: str, statement: str, says: Says, every_version: bool, folder: str | None,
    document: Path | None, signed_on: str | None, form: str,
) -> None:  # fmt: skip
    """Attest how one control stands, where a machine cannot tell or a person has to judge; signed, and in the trail.

    It is shown as attested, never as computed. It lapses on its day, with another version unless it is about every one,
    and when the text of the control changes.

    With --document a file that people have signed outside, such as the declaration of conformity, is kept beside the
    log by its digest; DOCUMENT is then a kind that the packs name (annex-v), and every control that asks for it is
    attested.
    """
    import json  # noqa: PLC0415 - only when called

    if document is not None:
        if says != "met" or every_version:
            raise click.UsageError(
                "--document: expected neither --says nor --every-version; it says met, of one version"
            )
        _file(control, document, signed_on, by=by, role=role, until=until, words=statement, packs=folder, form=form)
        return
    if signed_on is not None:
        raise click.UsageError("--signed-on: expected only beside --document FILE")
    from assay.adapters.obligations_here import attest_control  # noqa: PLC0415
    from assay.lifecycle.attesting import Attest  # noqa: PLC0415

    act = Attest(control=control, role=role, until=until, says=says, words=statement, every_version=every_version)
    done = attest_control(act, by=by, packs=folder)
    if form == "json":
        print_machine(json.dumps({"control": done.control, "entry": done.entry, "until": done.until, "says": says}))
    else:
        click.echo(f"{done.control} ({done.title}): {by} attests {says}, until {done.until}; entry {done.entry}.")


def _file(
    target: str, document: Path, signed_on: str | None, *, by: str, role: str, until: str, words: str,
    packs: str | None, form: str,
) -> None:  # fmt: skip
    """File a document that was signed outside."""
    import json  # noqa: PLC0415 - only when called

    from assay.adapters.obligations_here import file_document  # noqa: PLC0415
    from assay.lifecycle.filing import Filing  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415
    from assay.lifecycle.setting import now  # noqa: PLC0415

    filing = Filing(
        content=read_file(document, "a signed document"), name=document.name, target=target, role=role, until=until,
        signed_on=signed_on or now()[:10], words=words,
    )  # fmt: skip
    done = file_document(filing, by=by, packs=packs)
    if form == "json":
        told = {"document": done.document, "sha256": done.sha256, "entry": done.entry, "controls": list(done.controls),
                "until": done.until}  # fmt: skip
        print_machine(json.dumps(told))
        return
    click.echo(
        f"{document} is filed as {done.document} by {by} ({role}); entry {done.entry}, SHA-256 {done.sha256}. "
        f"It attests, until {done.until}: {', '.join(done.controls)}."
    )
