"""`assay measure`: metrics with intervals for a table of predictions."""

from __future__ import annotations

import click

from assay.cli.options import Names, Value, complete_files, console, format_option, print_machine, rows_argument
from assay.metrics import METRICS

EPILOG = """\b
Examples:
  assay measure preds.csv --label approved --prediction predicted --protected sex
  assay measure 'part-*.parquet' --label y --prediction p --score s --protected sex,race --intersections
  assay measure preds.csv --prediction decision --positive approve --protected race      (no labels yet)
  assay measure warehouse.duckdb --query "SELECT * FROM loans" --prediction p --protected sex
  assay measure counts.csv --count n --label y --prediction p --protected sex      (counted in a warehouse)
  cat preds.csv | assay measure - --label y --prediction p --protected sex --format json
"""
EPILOG += f"\nMetrics: {', '.join(METRICS)}.\n"


@click.command(epilog=EPILOG)
@click.argument("table", metavar="DATA", shell_complete=complete_files)
@click.option("--label", help="Column of the true outcome. Without it, what needs it is not measured.")
@click.option("--prediction", help="Column of the predicted outcome.")
@click.option("--score", help="Column of the score behind the prediction.")
@click.option(
    "--protected", type=Names(), default=(),
    help=r"Columns by which groups are compared: A[,B]; a comma in a name is written \,.",
)  # fmt: skip
@click.option("--intersections", is_flag=True, help="Compare groups by several attributes at once, too.")
@click.option("--positive", type=Value(), help="The class that rates count (default 1 or true).")
@click.option(
    "--favourable", type=Value(), help="The outcome that is good for the person (default: the positive class)."
)
@click.option("--weight", help="Column of row weights.")
@click.option("--count", help="Column that says for how many rows a row stands, as GROUP BY and count(*) give it.")
@click.option("--task", type=click.Choice(["binary", "multiclass", "regression"]), default="binary", show_default=True)
@click.option(
    "--minimum-group", type=click.IntRange(min=1), default=1, show_default=True,
    help="Groups smaller than this are reported and take no part in comparisons.",
)  # fmt: skip
@click.option(
    "--level", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True, help="Confidence of intervals."
)
@click.option("--metric", "metrics", type=Names(), help="Only these metrics.")
@click.option("--query", help="SQL to run; DATA is then the database (.duckdb, .sqlite, postgres:...).")
@format_option("text", "json", "markdown")
def measure(
    table: str, query: str | None, count: str | None, form: str, metrics: tuple[str, ...] | None, intersections: bool,
    minimum_group: int, level: float, **columns: object,
) -> None:  # fmt: skip
    """Measure a table of predictions: rates by group, differences and ratios between groups, with intervals.

    DATA is a CSV or Parquet file, a glob, a folder, or - for standard input.
    """
    from assay.lifecycle.measuring import measure_rows  # noqa: PLC0415 - the engine is loaded only by this verb
    from assay.records.tally import Roles  # noqa: PLC0415

    measured = measure_rows(
        rows_argument(table), Roles(**columns), query=query, metrics=metrics,  # type: ignore[arg-type]
        intersections=intersections, minimum_group=minimum_group, level=level, watched=form == "text",
        count=count,
    )  # fmt: skip
    if form == "json":
        print_machine(measured.to_json())
    elif form == "markdown":
        from assay.reports.markdown import measurements_markdown  # noqa: PLC0415

        print_machine(measurements_markdown(measured.measurements))
    else:
        from assay.reports.terminal import print_measurements  # noqa: PLC0415

        print_measurements(measured.measurements, console())
    for line in measured.remarks:
        click.echo(line, err=True)
