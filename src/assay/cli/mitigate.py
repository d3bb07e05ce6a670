"""`assay mitigate`: what would mend a denied version, tried and measured under the same policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli.options import (
    Names,
    Output,
    Seconds,
    Value,
    complete_files,
    format_option,
    print_machine,
    rows_argument,
    write_outputs,
)  # fmt: skip
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED

if TYPE_CHECKING:
    from assay.adapters.mitigation_kept import Kept
    from assay.records.mitigation import Mitigation

FORMATS = ("text", "json", "markdown", "html")

EPILOG = """\b
Examples:
  assay mitigate                                        the version in assay.yaml, which was denied
  assay mitigate mortgage-approval/1 --output html=search.html
  assay mitigate --choose threshold --out mended        a model, scored rows and assay.yaml of a new version
  assay mitigate --search lda --within 0.01 --budget 300
  assay mitigate --data test.csv --train train.csv --label approved --protected race --features income,debt
      --metric demographic_parity_difference --limit 0.1 --estimator boosting

\b
Candidates: as_is, threshold, reweighing, resampling, drop_feature, grid_search, exponentiated_gradient, recalibration,
threshold_by_group, repair_feature, more_rows; with --search lda: alternative.
Exit codes: 0 a candidate keeps every limit, 1 none does, 2 wrong input, 3 undecided.
"""


@click.command(epilog=EPILOG)
@click.argument("verdict", required=False, shell_complete=complete_files)
@click.option("--project", type=click.Path(path_type=Path), help="assay.yaml or its folder (default: the one here).")
@click.option("--data", help="Rows to report on, with no policy and no release: a CSV or Parquet file, a glob, -.")
@click.option("--train", help="Rows to learn from (default: those of --data, each reported by a fit of others).")
@click.option("--label", help="Column of the true outcome.")
@click.option("--prediction", help="Column of the predicted outcome, to compare with.")
@click.option("--score", help="Column of the score behind the prediction.")
@click.option("--protected", type=Names(), default=(), help="Columns by which groups are compared: A[,B].")
@click.option("--features", type=Names(), default=(), help="Columns that a learner is given (default: the others).")
@click.option("--positive", type=Value(), help="The class that rates count (default 1 or true).")
@click.option(
    "--favourable", type=Value(), help="The outcome that is good for the person (default: the positive class)."
)
@click.option("--weight", help="Column of row weights.")
@click.option("--metric", help="The metric between groups that is to keep a limit.")
@click.option("--limit", type=float, help="At most this for a difference; at least this for a ratio.")
@click.option("--minimum-group", type=click.IntRange(min=1), default=1, show_default=True,
              help="Groups smaller than this take no part in comparisons, where there is no policy.")  # fmt: skip
@click.option(
    "--estimator",
    help="logistic, boosting, or a file (skops, joblib) of an estimator (default: the denied model, fitted again).",
)
@click.option("--trust-model", is_flag=True, help="Load an estimator even when its file can run code of its own.")
@click.option(
    "--policy", type=click.Path(path_type=Path), help="The policy that denied it, if no longer the project's."
)
@click.option("--aim", help="Id of the finding that is to be mended first (default: the furthest beyond its limit).")
@click.option("--search", type=click.Choice(["remedies", "lda"]), default="remedies", show_default=True,
              help="lda: a grid of alternatives; the fairest within --within of the best accuracy.")  # fmt: skip
@click.option(
    "--candidates", type=Names(), default=(), help="Only these candidates: A,B,... (as_is always comes first)."
)
@click.option("--budget", type=Seconds(), default="60s", show_default=True, help="Time for the whole search: 60s, 5m.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option("--within", type=float, default=0.01, show_default=True,
              help="With --search lda: how far below the best accuracy an alternative may lie.")  # fmt: skip
@click.option(
    "--allow-attribute", is_flag=True, help="Try candidates that need the protected attribute to predict, too."
)
@click.option("--choose", help="Take this candidate out as a model, scored rows and a new version; with --out.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for what is chosen, and for the search's record.")
@click.option("--new-version", help="The new version's name (default: the next number).")
@click.option("--key", default="default", show_default=True, help="Name of the key in .assay/keys that signs.")
@click.option("--no-record", is_flag=True, help="Do not tell the trail of this search.")
@click.option("--output", "outputs", type=Output(FORMATS), multiple=True, help="Write a report to a file, too.")
@format_option(*FORMATS)
def mitigate(
    verdict: str | None, project: Path | None, data: str | None, train: str | None, metric: str | None,
    limit: float | None, features: tuple[str, ...], minimum_group: int, estimator: str | None, trust_model: bool,
    policy: Path | None, aim: str | None, search: Any, candidates: tuple[str, ...], budget: float, seed: int,  # noqa: ANN401 - click's choice
    within: float, allow_attribute: bool,
    choose: str | None, out: Path | None, new_version: str | None, key: str, no_record: bool,
    outputs: tuple[tuple[str, Path], ...], form: str, **columns: object,
) -> int:  # fmt: skip
    """Try what would mend a denied version, and measure each remedy on held-out rows under the same policy.

    VERDICT is a release folder, verdict.json, NAME/VERSION or a version; by default the version of assay.yaml. With
    --data no verdict is needed: a metric of a table is held against a limit. What got worse is told beside what got
    better; candidates that failed, or that the budget left no time for, are told, too.
    """
    if data is None:
        _require_no_columns(columns, train=train, metric=metric, limit=limit)
    if choose is not None and out is None:
        raise click.UsageError("--choose: expected --out FOLDER with it, where the model and the new version go")
    from assay.adapters import mitigating_here as here  # noqa: PLC0415 - only when called
    from assay.adapters.mitigation_kept import keep  # noqa: PLC0415
    from assay.records.tally import Roles  # noqa: PLC0415

    searched = here.mitigate(
        verdict, project, rows=None if data is None else rows_argument(data), train=train,
        roles=None if data is None else Roles(**columns),  # type: ignore[arg-type]
        metric=metric, limit=limit, features=features, minimum_group=minimum_group, estimator=estimator,
        trusted=trust_model, policy=policy, aim=aim, search=search, candidates=candidates, budget_seconds=budget,
        seed=seed, within=within, allow_attribute=allow_attribute, watched=form == "text",
    )  # fmt: skip
    kept = keep(searched, out=out, choose=choose, new_version=new_version, key=key, recorded=not no_record)
    _show(searched.mitigation, form, outputs)
    _tell(kept, out)
    return exit_code(searched.mitigation)


def _require_no_columns(columns: dict[str, object], **others: object) -> None:
    """Refuse options that mean nothing beside a verdict: its policy names metric and limit, its project the columns."""
    given = [name for name, value in {**columns, **others}.items() if value not in (None, ())]
    if given:
        raise click.UsageError(
            f"{', '.join('--' + name for name in given)}: expected only beside --data FILE; a verdict brings its own"
        )


def _show(found: Mitigation, form: str, outputs: tuple[tuple[str, Path], ...]) -> None:
    from assay.reports import mitigation as report  # noqa: PLC0415 - only when called
    from assay.reports.mitigation_page import mitigation_html  # noqa: PLC0415

    contents = {
        "text": lambda: report.mitigation_text(found),
        "json": lambda: report.mitigation_json(found),
        "markdown": lambda: report.mitigation_markdown(found),
        "html": lambda: mitigation_html(found),
    }
    print_machine(contents[form]())
    write_outputs(outputs, contents)


def _tell(kept: Kept, out: Path | None) -> None:
    """Say on standard error what was kept, and where."""
    if kept.place is not None:
        click.echo(f"The search is signed and kept beside the log; it is {kept.place}.", err=True)
    if kept.taken is not None:
        version = "" if kept.taken.version is None else f", version {kept.taken.version}"
        judge = "" if kept.taken.version is None else f" Judge it with: assay run --project {out}"
        click.echo(f"{kept.taken.candidate} is in {out}{version}; how to load it: {out}/README.md.{judge}", err=True)
    elif out is not None:
        click.echo(f"The record is in {out}.", err=True)


def exit_code(found: Mitigation) -> int:
    """Return 0 where a candidate keeps every limit, 1 where none does, 3 where that is not settled.

    The recommended one counts as it is, where it was named by rows that are not reported; any other, and any that was
    named by the rows reported, with intervals as wide as so many candidates ask for.
    """
    measured = [one for one in found.trials if one.performance is not None]
    for one in measured:
        if one.holds_widened == "pass" or (
            not found.crossed and one.name == found.recommended and _holds(one) == "pass"
        ):
            return EXIT_ALLOW
    if not measured or any(_holds(one) != "fail" for one in measured):
        return EXIT_UNDECIDED
    return EXIT_DENY


def _holds(trial: Any) -> str:  # noqa: ANN401 - a record
    return "unknown" if trial.performance is None else str(trial.performance.holds)
