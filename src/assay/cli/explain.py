"""`assay explain`: why a finding is not a pass, and what would mend it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import (
    Names,
    Seconds,
    Value,
    complete_files,
    console,
    format_option,
    print_machine,
    rows_argument,
)
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED

if TYPE_CHECKING:
    from assay.records.explanation import Explanation

EPILOG = """\b
Examples:
  assay explain .assay/releases/mortgage-approval/1
  assay explain mortgage-approval/1 race-gap --rows
  assay explain mortgage-approval/1 --rows --record
  assay explain verdict.json demographic-parity/race --format json
  assay explain --data test.csv --label approved --prediction predicted --score p_approved --protected race
      --features income,debt,area --metric demographic_parity_difference --limit 0.1
  assay explain --data test.parquet --label y --prediction d --score s --protected sex --features a,b,c
      --train train.parquet --model pipeline.joblib --metric equal_opportunity_difference --limit 0.05

\b
Causes: data.sample_size, data.representation, data.base_rate, data.label_noise, data.missingness, data.proxy,
data.split_mismatch, model.error_gap, model.calibration, model.feature, model.slice, threshold.cut, none.
Exit codes: 0 the limit holds, 1 it is breached, 2 wrong input, 3 undecided.
"""


@click.command(epilog=EPILOG)
@click.argument("verdict", required=False, shell_complete=complete_files)
@click.argument("finding", required=False)
@click.option("--rows", "with_rows", is_flag=True, help="Of a VERDICT: go back to the project's rows and model, too.")
@click.option("--record", "recorded", is_flag=True, help="Of a VERDICT: sign the explanation and tell the trail of it.")
@click.option("--key", default="default", show_default=True, help="With --record: name of the key in .assay/keys.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of --format json, and nothing else.")
@click.option(
    "--data", help="Rows to explain with no policy and no release: a CSV or Parquet file, a glob, a folder, -."
)
@click.option("--label", help="Column of the true outcome.")
@click.option("--prediction", help="Column of the predicted outcome.")
@click.option("--score", help="Column of the score behind the prediction.")
@click.option("--protected", type=Names(), default=(), help="Columns by which groups are compared: A[,B].")
@click.option("--features", type=Names(), default=(), help="Columns that the model decides by: F,G,...")
@click.option("--positive", type=Value(), help="The class that rates count (default 1 or true).")
@click.option(
    "--favourable", type=Value(), help="The outcome that is good for the person (default: the positive class)."
)
@click.option("--weight", help="Column of row weights.")
@click.option("--train", help="The rows that the model was fitted on.")
@click.option("--model", "model_file", type=click.Path(path_type=Path), help="The model: ONNX, skops, joblib, pickle.")
@click.option("--trust-model", is_flag=True, help="Load the model even when its file can run code of its own.")
@click.option("--budget", type=Seconds(), default="15s", show_default=True, help="Time for asking the model: 15s, 2m.")
@click.option("--metric", help="The metric between groups to explain.")
@click.option("--limit", type=float, help="At most this for a difference; at least this for a ratio.")
@click.option(
    "--minimum-group", type=click.IntRange(min=1), default=1, show_default=True,
    help="Groups smaller than this take no part in comparisons.",
)  # fmt: skip
@format_option("text", "json", "markdown")
def explain(
    verdict: str | None, finding: str | None, form: str, data: str | None, train: str | None,
    features: tuple[str, ...], model_file: Path | None, trust_model: bool, metric: str | None, limit: float | None,
    minimum_group: int, with_rows: bool, recorded: bool, key: str, schema: bool, budget: float, **columns: object,
) -> int:  # fmt: skip
    """Say why a finding is not a pass: causes with their share of the gap, ranked, and what would mend it.

    VERDICT is a verdict, a bundle, a release folder, NAME/VERSION in this project, or - for standard input; FINDING is
    the id of one finding, or of its control. It is explained from its records alone, in a second; --rows goes back to
    the rows and the model, which tell more and take longer. With --data no verdict is needed: a metric of a table is
    held against a limit.
    """
    if schema:
        from assay.reports.explanation import schema_json  # noqa: PLC0415 - only when asked for

        print_machine(schema_json())
        return EXIT_ALLOW
    if with_rows and data is not None:
        raise click.UsageError("--rows: expected only beside a VERDICT; --data FILE brings its own rows")
    if recorded and data is not None:
        raise click.UsageError("--record: expected only beside a VERDICT; a table has no trail")
    if data is None:
        _require_no_columns(columns, train=train, metric=metric, limit=limit, model=model_file, features=features)
    from assay.adapters.explaining_here import explain as explain_here  # noqa: PLC0415 - only when called
    from assay.records.tally import Roles  # noqa: PLC0415

    found = explain_here(
        verdict, finding, rows=None if data is None else rows_argument(data),
        roles=None if data is None else Roles(**columns),  # type: ignore[arg-type]
        metric=metric, limit=limit, features=features, train=train, model=model_file, trusted=trust_model,
        minimum_group=minimum_group, watched=form == "text", with_rows=with_rows,
        model_seconds=budget, recorded=recorded, key=key,
    )  # fmt: skip
    _show(found, form)
    return _exit_code(found)


def _require_no_columns(columns: dict[str, object], **others: object) -> None:
    """Refuse options that mean nothing beside a verdict: its policy names metric and limit, its project the rows."""
    given = [name for name, value in {**columns, **others}.items() if value not in (None, ())]
    if given:
        raise click.UsageError(
            f"{', '.join('--' + name for name in given)}: expected only beside --data FILE; a verdict brings its own"
        )


def _show(found: Explanation, form: str) -> None:
    terminal = console() if form == "text" and sys.stdout.isatty() else None
    if terminal is not None:
        from assay.reports.terminal import print_explanation  # noqa: PLC0415 - only for a person

        print_explanation(found, terminal)
        return
    from assay.reports import explanation as report  # noqa: PLC0415 - only when called

    made = {
        "text": report.explanation_text, "json": report.explanation_json, "markdown": report.explanation_markdown,
    }  # fmt: skip
    print_machine(made[form](found))


def _exit_code(found: Explanation) -> int:
    statuses = {one.status for one in found.findings}
    if "fail" in statuses:
        return EXIT_DENY
    return EXIT_UNDECIDED if "unknown" in statuses else EXIT_ALLOW
