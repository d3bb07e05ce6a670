"""`assay monitor`: limits watched over a stream of rows, with one false-alarm rate for all time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli._push import deliver_to_server
from assay.cli._rounds import Span, record_alerts, watch_rounds
from assay.cli.options import (
    Names,
    Value,
    complete_files,
    format_option,
    print_machine,
    rows_argument,
    write_outputs,
)
from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.lifecycle.watching import Watched

EPILOG = """\b
Examples:
  assay monitor decisions.parquet --order decided_at --prediction approved --protected sex \\
      --metric demographic_parity_difference --limit 0.05
  assay monitor decisions.csv --order id --prediction p --label y --protected sex,race --intersections \\
      --metric equal_opportunity_difference,demographic_parity_ratio \\
      --limit equal_opportunity_difference=0.1 --limit demographic_parity_ratio=0.8 --format json
  assay monitor today.csv --order at --prediction p --protected sex --metric selection_rate --limit '>=0.2' \\
      --state monitor.json --every 5m --project credit/assay.yaml

\b
Exit codes: 0 no alert, 1 an alert, 2 the command or the rows are wrong, 3 undecided: of some comparison the rows say
so little that even extreme outcomes could not have raised an alert.
"""


class Range(click.ParamType[tuple[float, float]]):
    """LOW,HIGH."""

    name = "low,high"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Split the value of an option, or say what was expected."""
        if isinstance(value, tuple):
            return value
        try:
            low, high = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"expected LOW,HIGH, two numbers, found {value!r}", param, ctx)
        return low, high


@click.command(epilog=EPILOG)
@click.argument("table", metavar="FILE", shell_complete=complete_files)
@click.option("--order", required=True, help="Column that says which row came first: numbers, dates or times.")
@click.option("--prediction", help="Column of the predicted outcome.")
@click.option("--label", help="Column of the true outcome, for metrics that need it.")
@click.option("--score", help="Column of the score, for metrics that need it.")
@click.option("--protected", type=Names(), required=True, help="Columns by which groups are compared: A[,B].")
@click.option("--intersections", is_flag=True, help="Compare groups by several attributes at once, too.")
@click.option("--metric", "metrics", type=Names(), required=True, help="What to watch: METRIC[,METRIC].")
@click.option(
    "--limit", "limits", multiple=True, required=True,
    help="Greatest difference, least ratio or bound: NUMBER, METRIC=NUMBER, <=NUMBER or >=NUMBER. 0: any difference.",
)  # fmt: skip
@click.option(
    "--alpha", type=float, default=0.05, show_default=True,
    help="Chance that any alert is ever raised, over the whole stream and all metrics, while no limit is breached.",
)  # fmt: skip
@click.option("--positive", type=Value(), help="The class that rates count (default 1 or true).")
@click.option(
    "--favourable", type=Value(), help="The outcome that is good for the person (default: the positive class)."
)
@click.option(
    "--minimum-group", type=click.IntRange(min=1), default=1, show_default=True,
    help="A group takes part from its so-manieth row on.",
)  # fmt: skip
@click.option("--range", "outcomes", type=Range(), help="Least and greatest score, or error of a regression: LOW,HIGH.")
@click.option(
    "--state", type=click.Path(path_type=Path, dir_okay=False),
    help="Go on from this file, and leave the state in it: each row counts once.",
)  # fmt: skip
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an HTML page with charts to this file, too.",
)
@click.option("--every", type=Span(), help="Look again and again, each 60s, 5m, 1h or 1d, until SIGTERM; with --state.")
@click.option(
    "--no-data-after", type=click.IntRange(min=1), default=3, show_default=True,
    help="With --every: so many rounds in a row without a new row are an alert.",
)  # fmt: skip
@click.option(
    "--project", type=click.Path(path_type=Path),
    help="Record alerts in the trail of this project (assay.yaml or its folder), and tell its channels.",
)  # fmt: skip
@click.option(
    "--severity", type=click.Choice(["low", "medium", "high", "critical"]), default="high", show_default=True,
    help="With --project: how much an alert matters.",
)  # fmt: skip
@click.option("--key", default="default", show_default=True, help="With --project: name of the key that signs.")
@click.option("--query", help="SQL to run; FILE is then the database (.duckdb, .sqlite, postgres:...).")
@format_option("text", "json")
def monitor(
    table: str, query: str | None, form: str, metrics: tuple[str, ...], limits: tuple[str, ...],
    report: Path | None, every: int | None, no_data_after: int, project: Path | None, severity: str, key: str,
    **asked: object,
) -> int:  # fmt: skip
    """Watch limits over rows in the order in which they came: look as often as you like, the false-alarm rate holds.

    FILE is a CSV or Parquet file, a glob, a folder, or - for standard input.
    """
    from assay.lifecycle.watching import monitor as watch_rows  # noqa: PLC0415 - the engine is loaded only by this verb

    rows = rows_argument(table)
    if query is not None:
        if not isinstance(rows, str):
            raise InputError("expected a database file or address as FILE beside a query, found standard input")
        from assay.tabular import Query  # noqa: PLC0415

        rows = Query(database=rows, sql=query)  # type: ignore[assignment]

    def look(watched: bool = False) -> Watched:
        return watch_rows(rows, metric=metrics, limit=limits, watched=watched, **asked)  # type: ignore[arg-type]

    alerts = None
    if project is not None:
        from assay.adapters.stream_alerts import StreamAlerts  # noqa: PLC0415 - only with a project

        alerts = StreamAlerts(project, severity=severity, key=key)  # type: ignore[arg-type]
    if every is not None:
        _require_rounds(table, asked, report)
        return watch_rounds(look, every=every, no_data_after=no_data_after, alerts=alerts, form=form)
    found = look(watched=form == "text")
    if report is not None:
        from assay.reports.stream_page import stream_html  # noqa: PLC0415 - draws only when asked to

        write_outputs([("html", report)], {"html": lambda: stream_html(found.monitor, table)})
    if form == "json":
        print_machine(found.to_json())
    else:
        from assay.reports.stream import stream_text  # noqa: PLC0415

        print_machine(stream_text(found.monitor))
    for line in [
        *found.remarks,
        *(f"undecided: {one.metric} over {one.over.attribute}: {one.reason}" for one in found.undecided),
    ]:
        click.echo(line, err=True)
    if alerts is not None:
        from assay.lifecycle.watch_rounds import rounds  # noqa: PLC0415 - only with a project

        record_alerts(alerts, next(rounds(lambda: found, lambda: False, no_data_after=1)))
        from assay.adapters.here import project_at  # noqa: PLC0415 - as above

        deliver_to_server(project_at(project), None)
    return found.exit_code


def _require_rounds(table: str, asked: Mapping[str, object], report: Path | None) -> None:
    """Refuse what cannot be looked at again and again."""
    if asked.get("state") is None:
        raise InputError("--every: expected --state FILE beside it: without one each round would count all rows again")
    if table == "-":
        raise InputError("--every: expected a file to look at again, found standard input")
    if report is not None:
        raise InputError("--every: expected no --report beside it: draw one with a run of its own, from the same state")
