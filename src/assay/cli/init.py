"""`assay init`: a project to start from, by looking at the data."""

from __future__ import annotations

from pathlib import Path

import click

from assay.cli.options import Names, complete_files
from assay.policy.ready import READY

EPILOG = """\b
Examples:
  assay init predictions.csv && assay run
  assay init 'scored/*.parquet' --prediction decision --positive grant --protected region
  assay init data/test.parquet --into credit-model --force
  assay init loans.csv --policy credit-us             then: assay policy lint policy.yaml
"""


@click.command(epilog=EPILOG)
@click.argument("table", metavar="[DATA]", required=False, shell_complete=complete_files)
@click.option("--label", help="Column of the true outcome, when the guess would be wrong.")
@click.option("--prediction", help="Column of the predicted outcome.")
@click.option("--score", help="Column of the score behind the prediction.")
@click.option("--protected", type=Names(), default=(), help="Columns by which groups are compared: A[,B].")
@click.option("--positive", help="The class that rates count, when it is not 1 or true.")
@click.option(
    "--into", "folder", type=click.Path(path_type=Path), default=Path(), help="Folder to write in (default: here)."
)
@click.option("--policy", metavar="|".join(READY), help="A ready policy to begin with (default: a starting policy).")
@click.option("--force", is_flag=True, help="Replace assay.yaml, policy.yaml and card.yaml that are there.")
def init(
    table: str | None, folder: Path, force: bool, label: str | None, prediction: str | None, score: str | None,
    protected: tuple[str, ...], positive: str | None, policy: str | None,
) -> None:  # fmt: skip
    """Look at predictions and write assay.yaml, policy.yaml and card.yaml, each guess marked with its reason.

    DATA is a CSV or Parquet file, a glob, or a folder (default: the only table here).
    """
    from assay.lifecycle.guessing import Told  # noqa: PLC0415 - only when called
    from assay.lifecycle.starting import only_table, start  # noqa: PLC0415

    told = Told(label=label, prediction=prediction, score=score, protected=protected, positive=positive)
    started = start(table or only_table(folder), folder, told=told, force=force, policy=policy)
    guesses = started.guesses
    click.echo(f"Looked at {started.rows:,} rows.")
    for what, found in (
        ("label", guesses.label), ("prediction", guesses.prediction), ("score", guesses.score),
        ("positive", guesses.positive), ("favourable", guesses.favourable),
    ):  # fmt: skip
        if found is not None:
            click.echo(f"  {what:<11} {found.chosen}  ({found.why})")
    for one in guesses.protected:
        click.echo(f"  protected   {one.chosen}  ({one.why})")
    for remark in guesses.remarks:
        click.echo(f"  {remark}", err=True)
    click.echo(
        f"Wrote {', '.join(str(started.folder / name) for name in started.names)}. Check the guesses, then: assay run"
    )
