"""`assay challenge`: a new version against the one in production, group by group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from assay.cli.options import Names, Value, complete_files, format_option, print_machine, project_option, write_outputs

EPILOG = """\b
Examples:
  assay challenge 1 2 --id application                    two versions of the project here
  assay challenge production 2 --id application --margin 0.02
  assay challenge old.parquet new.parquet --id case --label y --prediction p --score s --protected sex,race
  assay challenge both.csv --label y --champion p_old --challenger p_new --protected sex --intersections
  assay challenge 1 2 --id application --report challenge.html --format markdown

\b
Exit codes: 0 compared; with --margin 0 better or equal within it, 1 worse, 3 undecided; 2 wrong command or input.
"""


@click.command(epilog=EPILOG)
@click.argument("champion", shell_complete=complete_files)
@click.argument("challenger", required=False, shell_complete=complete_files)
@click.option("--id", "identifier", help="The column that names a person in both tables.")
@click.option("--label", help="Column of the true outcome.")
@click.option("--prediction", help="Column of predictions, in both tables.")
@click.option("--score", help="Column of scores, in both tables.")
@click.option("--champion", "champion_column", help="The champion's own column of predictions.")
@click.option("--challenger", "challenger_column", help="The challenger's own column of predictions.")
@click.option("--champion-score", help="The champion's own column of scores.")
@click.option("--challenger-score", help="The challenger's own column of scores.")
@click.option("--protected", type=Names(), default=(), help="Columns by which groups are compared: A[,B].")
@click.option("--intersections", is_flag=True, help="Compare groups by two attributes at once, too.")
@click.option("--positive", type=Value(), help="The class that rates count (default 1 or true).")
@click.option(
    "--favourable", type=Value(), help="The outcome that is good for the person (default: the positive class)."
)
@click.option("--allow-unmatched", is_flag=True, help="Leave out people whom only one version decided; it is told.")
@click.option(
    "--level", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True, help="Confidence of intervals."
)
@click.option(
    "--margin", type=click.FloatRange(0, 1), help="Decide: nobody may be worse off by more than this, such as 0.02."
)
@click.option("--metric", "metrics", type=Names(), default=(), help="What --margin holds for (default: accuracy).")
@click.option(
    "--minimum-group", type=click.IntRange(min=1), default=30, show_default=True,
    help="Smaller groups are too few to tell.",
)  # fmt: skip
@click.option(
    "--small-groups", type=click.Choice(["unknown", "report"]), default="unknown", show_default=True,
    help="Whether smaller groups leave --margin undecided, or are reported only.",
)  # fmt: skip
@click.option("--champion-data", help="The rows of the champion's release, where they have moved.")
@click.option("--challenger-data", help="The rows of the challenger's release, where they have moved.")
@project_option
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page with charts, too.")
@click.option("--key", default="default", show_default=True, help="Name of the key that signs the event in the trail.")
@click.option("--no-record", is_flag=True, help="Keep it out of the project's trail.")
@format_option("text", "json", "markdown")
def challenge(
    champion: str, challenger: str | None, form: str, report: Path | None, project: Path | None, key: str,
    no_record: bool, champion_data: str | None, challenger_data: str | None, champion_column: str | None,
    challenger_column: str | None, **asked: Any,  # noqa: ANN401 - as `ChallengeQuestions` names them
) -> int:  # fmt: skip
    """Compare a new version with the one in production on the same people: better for whom, worse for whom?

    CHAMPION and CHALLENGER are versions of the project here (`production` is the one in production), release folders,
    or tables of predictions (CSV or Parquet). One table with a column of predictions for each is named once.
    """
    from assay.adapters.challenge_here import challenge as compare  # noqa: PLC0415 - the engine is loaded by this verb

    done = compare(
        champion, challenger, project=project, key=key, record=not no_record,
        data=(champion_data, challenger_data), champion_column=champion_column, challenger_column=challenger_column,
        **asked,
    )  # fmt: skip
    found = done.challenged.challenge
    if report is not None:
        from assay.reports.challenge_page import challenge_html  # noqa: PLC0415 - draws only when asked to

        write_outputs([("html", report)], {"html": lambda: challenge_html(found)})
    if form == "json":
        print_machine(done.challenged.to_json())
    else:
        from assay.reports.challenge import challenge_markdown, challenge_text  # noqa: PLC0415

        print_machine((challenge_markdown if form == "markdown" else challenge_text)(found))
    for line in (*found.remarks, *done.told):
        click.echo(line, err=True)
    return done.challenged.exit_code
