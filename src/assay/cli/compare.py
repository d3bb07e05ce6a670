"""`assay compare`: drift and data quality of two tables."""

from __future__ import annotations

import click

from assay.cli.options import Names, complete_files, format_option, print_machine, rows_argument
from assay.errors import InputError

EPILOG = """\b
Examples:
  assay compare train.parquet last-week.parquet
  assay compare reference.csv current.csv --columns income,debt_ratio,region --format json
  zcat today.csv.gz | assay compare reference.parquet -

\b
Metrics of a numeric column: psi, jensen_shannon (by the reference's deciles), ks, wasserstein, out_of_range_share.
Metrics of a category: psi, jensen_shannon, chi_squared with its p-value, new_categories, unseen_share.
Of both: missing_share, reference_missing_share, missing_share_difference, type_change.
A column that vanished or changed its type has no value, and a reason.
"""


@click.command(epilog=EPILOG)
@click.argument("reference", shell_complete=complete_files)
@click.argument("current", shell_complete=complete_files)
@click.option("--columns", type=Names(), help="Only these columns: A[,B].")
@click.option(
    "--level", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True, help="Confidence of intervals."
)
@format_option("text", "json", "markdown")
def compare(reference: str, current: str, columns: tuple[str, ...] | None, level: float, form: str) -> None:
    """Compare two tables column by column: how far the rows have moved, and how good they are. No policy is needed.

    REFERENCE and CURRENT are CSV or Parquet files, globs or folders; one of them may be - for standard input. REFERENCE
    may be a profile that `assay profile` wrote: then its rows are not needed.
    """
    from assay.lifecycle.comparing import compare_rows  # noqa: PLC0415 - the engine is loaded only by this verb

    if reference == current == "-":
        raise InputError("expected two tables, found standard input twice: name a file for one of them")
    tables = rows_argument(reference), rows_argument(current)
    compared = compare_rows(*tables, columns=columns, level=level, watched=form == "text")
    counted = compared.comparison
    if form == "json":
        print_machine(compared.to_json())
    else:
        from assay.reports.comparison import comparison_markdown, comparison_text  # noqa: PLC0415

        render = comparison_markdown if form == "markdown" else comparison_text
        print_machine(render(counted.reference_rows, counted.current_rows, compared.measurements))
    for line in compared.remarks:
        click.echo(line, err=True)
