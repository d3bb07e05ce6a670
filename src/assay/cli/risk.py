"""`assay risk`: the risk register, as events of the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assay.cli.options import format_option, print_machine
from assay.errors import EXIT_ALLOW, EXIT_UNDECIDED

if TYPE_CHECKING:
    from assay.lifecycle.risking import Accepted, Harm, Measure

EPILOG = """\b
Examples:
  assay risk record refused-by-postcode --harm fundamental-rights --likelihood 3 --severity 4 \\
    --hazard 'People of one district are refused as a group' --as rosa --role risk-owner
  assay risk record refused-by-postcode ... --measure design --measures 'No postcode' --test race-gap \\
    --residual-likelihood 1 --residual-severity 4 --accepted yes --as rosa --role risk-owner
  assay risk list
"""

HARMS = ("health", "safety", "fundamental-rights", "property-or-environment", "business")
_RATED = click.IntRange(1, 5)


@click.group(epilog=EPILOG)
def risk() -> None:
    """Hazards of a system, how likely and how severe, what is done, and what is left: signed events of the trail."""


@risk.command(name="record", epilog=EPILOG)
@click.argument("name", metavar="ID")
@click.option("--hazard", required=True, help="The hazard in words; they stay beside the log.")
@click.option("--harm", required=True, type=click.Choice(HARMS))
@click.option("--likelihood", required=True, type=_RATED, help="1 to 5, by your own scale, before measures.")
@click.option("--severity", required=True, type=_RATED, help="1 to 5, before measures.")
@click.option("--measure", type=click.Choice(("design", "control", "information", "none")), default="none",
              show_default=True, help="By design first, then by control, then by information (Art. 9(5)).")  # fmt: skip
@click.option("--measures", default="", help="The measures in words.")
@click.option("--residual-likelihood", type=_RATED, help="What is left of the likelihood.")
@click.option("--residual-severity", type=_RATED, help="What is left of the severity.")
@click.option("--accepted", type=click.Choice(("yes", "no", "not-judged")), default="not-judged", show_default=True,
              help="Whether what is left is acceptable, in your judgement.")  # fmt: skip
@click.option("--test", "tests", multiple=True, metavar="CONTROL", help="A control of the policy that tests it.")
@click.option("--monitor", "monitors", multiple=True, metavar="METRIC", help="A metric, or an alert, that watches it.")
@click.option("--owner", help="Who answers for it (default: who records it).")
@click.option("--as", "by", required=True, help="Who records it: name of the key, as in the trust file.")
@click.option("--role", required=True, help="In which role; the trust file has to give it.")
@click.option("--every-version", is_flag=True, help="About every version of the model, not only that of assay.yaml.")
def record_(
    name: str, hazard: str, harm: Harm, likelihood: int, severity: int, measure: Measure, measures: str,
    residual_likelihood: int | None, residual_severity: int | None, accepted: Accepted, tests: tuple[str, ...],
    monitors: tuple[str, ...], owner: str | None, by: str, role: str, every_version: bool,
) -> None:  # fmt: skip
    """Record a risk, or review it: under the same ID what is said last counts."""
    from assay.adapters.risks_here import record_risk  # noqa: PLC0415 - only when called
    from assay.lifecycle.risking import RecordRisk  # noqa: PLC0415

    act = RecordRisk(
        risk=name, harm=harm, hazard=hazard, likelihood=likelihood, severity=severity, role=role, owner=owner,
        measure=measure, measures=measures, residual_likelihood=residual_likelihood,
        residual_severity=residual_severity, accepted=accepted, tests=tests, monitors=monitors,
        every_version=every_version,
    )  # fmt: skip
    click.echo(f"risk {name}: recorded by {by}, entry {record_risk(act, by=by)}.")


@risk.command(name="list", epilog="\b\nExamples:\n  assay risk list\n  assay risk list --format markdown > risks.md")
@click.option("--version", help="Version of the model (default: that of assay.yaml).")
@click.option("--as-of", "day", metavar="DATE", help="The day, YYYY-MM-DD (default: today, UTC).")
@format_option("text", "json", "markdown")
@click.pass_context
def list_(ctx: click.Context, version: str | None, day: str | None, form: str) -> None:
    """Print the register, the greatest risk first, with what tests each and what is left to do.

    Exit code 0: nothing is left to do. Exit code 3: something is, or no risk is recorded.
    """
    from assay.adapters.risks_here import risks  # noqa: PLC0415 - only when called
    from assay.reports.risks import risks_json, risks_markdown, risks_text  # noqa: PLC0415

    found = risks(version=version, as_of=day)
    render = {"text": risks_text, "json": risks_json, "markdown": risks_markdown}[form]
    print_machine(render(found))
    ctx.exit(EXIT_ALLOW if found and not any(one.open for one in found) else EXIT_UNDECIDED)
