"""`assay attest`: a person says how a control of a framework stands, signed, until a day."""

from __future__ import annotations

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
"""


@click.command(epilog=EPILOG)
@click.argument("control", metavar="FRAMEWORK:CONTROL")
@click.option("--by", required=True, help="Who attests: name of the key, as in the trust file.")
@click.option("--role", required=True, help="In which role; the trust file has to give it.")
@click.option("--until", required=True, metavar="DATE", help="The last day on which it counts: attestations lapse.")
@click.option("--statement", required=True, help="Why, in your words; the log holds their digest alone.")
@click.option("--says", type=click.Choice(("met", "not-met", "not-applicable")), default="met", show_default=True)
@click.option("--every-version", is_flag=True, help="About every version of the model, not only that of assay.yaml.")
@click.option("--packs", "folder", metavar="DIR", help="Packs of your own (default: `packs:` in assay.yaml).")
@format_option("text", "json")
def attest(
    control: str, by: str, role: str, until: str, statement: str, says: Says, every_version: bool, folder: str | None,
    form: str,
) -> None:  # fmt: skip
    """Attest how one control stands, where a machine cannot tell or a person has to judge; signed, and in the trail.

    It is shown as attested, never as computed. It lapses on its day, with another version unless it is about every one,
    and when the text of the control changes.
    """
    import json  # noqa: PLC0415 - only when called

    from assay.adapters.obligations_here import attest_control  # noqa: PLC0415
    from assay.lifecycle.attesting import Attest  # noqa: PLC0415

    act = Attest(control=control, role=role, until=until, says=says, words=statement, every_version=every_version)
    done = attest_control(act, by=by, packs=folder)
    if form == "json":
        print_machine(json.dumps({"control": done.control, "entry": done.entry, "until": done.until, "says": says}))
    else:
        click.echo(f"{done.control} ({done.title}): {by} attests {says}, until {done.until}; entry {done.entry}.")
