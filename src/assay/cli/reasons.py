"""`assay reasons`: why people are turned down, fixed when it happens; and that those were the reasons, later."""

from __future__ import annotations

import json
import re
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
    project_option,
    rows_argument,
    write_outputs,
)
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_UNDECIDED, InputError

if TYPE_CHECKING:
    from assay.adapters.reasons_here import Reasoned

EPILOG = """\b
In a project (assay.yaml, reasons.yaml): decided, explained, signed and fixed in the log
  assay reasons give today.csv --id application
  assay reasons give today.csv --id application --changes --letters letters/
  assay reasons verify --id a-1041

\b
A model file and no project: computed, and nothing kept
  assay reasons give people.csv --id person --model credit.skops --words reasons.yaml --compared-with train.csv

\b
Exit codes: 0 given (or verified), 1 a reason is flagged: somebody has to look (or verification failed), 2 wrong input,
3 the budget ended before everybody who was denied had reasons.
"""


@click.group(epilog=EPILOG)
def reasons() -> None:
    """Give the principal reasons of adverse decisions, fix them at decision time, and verify them later."""


@reasons.command()
@click.argument("table", metavar="TABLE", shell_complete=complete_files)
@click.option("--id", "identifier", required=True, help="Column that names a person or an application.")
@click.option("--only", multiple=True, metavar="ID", help="This person alone; repeat it for more.")
@click.option("--recorded", metavar="COLUMN", help="Decisions taken before; refused where the model decides otherwise.")
@click.option("--changes", is_flag=True, help="Look for the smallest change that would have been approved, too.")
@click.option(
    "--search", type=click.Choice(["genetic", "random", "kdtree"]), default="genetic", show_default=True,
    help="DiCE's method, for --changes.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option("--model", metavar="MODEL", help="A model file, folder, address or module:function, with no project.")
@click.option("--trust-model", is_flag=True, help="Load it even when its file can run code of its own.")
@click.option("--words", metavar="FILE", help="What puts features into words (default: reasons.yaml); with --model.")
@click.option("--features", type=Names(), help="The model's columns, in its order (default: those of the words).")
@click.option(
    "--compared-with", metavar="TABLE", help="Rows of the reference applicants (default: TABLE); with --model."
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Probability from which on it decides (default 0.5).")
@click.option("--positive", type=Value(), help="The model's positive class (default 1 or true).")
@click.option(
    "--favourable", type=Value(), help="The outcome that is good for the person (default: the positive class)."
)
@click.option("--protected", type=Names(), help="Protected attributes: a reason that rests on one is flagged.")
@click.option("--budget", type=Seconds(), default="5m", show_default=True,
              help="Time for computing: 60s, 5m. Who has no reasons by then is named.")  # fmt: skip
@click.option("--letters", type=click.Path(path_type=Path), help="A folder for a draft of a letter to each person.")
@click.option(
    "--output", "-o", "outputs", multiple=True, type=Output(("json", "csv", "parquet", "markdown")),
    help="Write FORMAT=FILE, too; repeat it.",
)  # fmt: skip
@click.option("--key", default="default", show_default=True, help="Name of the key that signs.")
@click.option("--dry-run", "dry", is_flag=True, help="Compute; sign, keep and record nothing.")
@project_option
@format_option("text", "json", "csv", "markdown")
def give(
    table: str, identifier: str, only: tuple[str, ...], recorded: str | None, changes: bool, search: str, seed: int,
    budget: float, letters: Path | None, outputs: tuple[tuple[str, Path], ...], key: str, dry: bool,
    project: Path | None, form: str,
    **alone: Any,  # noqa: ANN401 - options that only mean something beside --model
) -> int:  # fmt: skip
    """Decide on a table of people, and give each who is denied the principal reasons.

    A reason is a feature that pulled the score below that of the reference applicants, in the words of reasons.yaml.
    Contributions sum to the score, or nothing is given. What names people stays beside the log, where it can be erased;
    the log holds one digest.
    """
    from assay.diagnosis.reasons.change import Search  # noqa: PLC0415 - only when called

    wanted = Search(engine=search) if changes else None  # type: ignore[arg-type]
    rows = rows_argument(table)
    if alone["model"] is None:
        _require_no_model(alone)
        from assay.adapters.reasons_here import reasons as reasons_here  # noqa: PLC0415 - only when called

        done = reasons_here(
            rows, identifier, project=project, only=only, recorded=recorded, changes=wanted, seed=seed, key=key,
            keep=not dry, budget_seconds=budget, watched=form == "text",
        )  # fmt: skip
    else:
        people = {"table": rows, "identifier": identifier, "only": only, "recorded": recorded, "search": wanted}
        done = _of_file({**people, "seed": seed, "budget_seconds": budget}, alone, watched=form == "text")
    _show(done, form)
    _write(done, outputs, letters)
    if done.record.left:
        return EXIT_UNDECIDED
    return EXIT_DENY if done.record.flagged else EXIT_ALLOW


def _require_no_model(alone: dict[str, Any]) -> None:
    given = [name.replace("_", "-") for name, value in alone.items() if value not in {None, False}]
    if given:
        raise click.UsageError(
            f"{', '.join('--' + name for name in given)}: expected only beside --model; in a project assay.yaml says it"
        )


def _of_file(people: dict[str, Any], alone: dict[str, Any], *, watched: bool) -> Reasoned:
    from assay.adapters.reasons_here import reasons_of_file  # noqa: PLC0415 - only when called
    from assay.lifecycle.giving_reasons import Asked  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415

    words = alone["words"] or "reasons.yaml"
    positive = 1 if alone["positive"] is None else alone["positive"]
    asked = Asked(
        **people, compared_with=alone["compared_with"] or people["table"],
        mapping=read_file(Path(words), "what puts features into words"), mapping_name=words, features=alone["features"],
        positive=positive, favourable=positive if alone["favourable"] is None else alone["favourable"],
        threshold=0.5 if alone["threshold"] is None else alone["threshold"], protected=alone["protected"] or (),
    )  # fmt: skip
    return reasons_of_file(asked, alone["model"], trusted=alone["trust_model"], watched=watched)


def _show(done: Reasoned, form: str) -> None:
    from assay.reports import reasons as tables  # noqa: PLC0415 - only when called
    from assay.reports.reasons_letter import letters as drafts  # noqa: PLC0415

    made = {
        "json": lambda: tables.reasons_json(done.record, done.people),
        "csv": lambda: tables.reasons_csv(done.people),
        "markdown": lambda: drafts(done.record, done.people),
        "text": lambda: tables.reasons_text(done.record, done.people),
    }
    print_machine(made[form]())
    for line in done.given.warnings:
        click.echo(f"note: {line}", err=True)
    if done.record.flagged:
        click.echo(
            f"{done.record.flagged:,} people have a reason that is a protected attribute or stands in for one: look at "
            "these decisions before anything is sent",
            err=True,
        )
    if done.index is None:
        click.echo("Nothing was signed or recorded: these reasons are not fixed", err=True)
    else:
        click.echo(f"Fixed: {done.record.batch} is entry {done.index} of the log, kept in {done.folder}", err=True)


def _write(done: Reasoned, outputs: tuple[tuple[str, Path], ...], folder: Path | None) -> None:
    from assay.reports import reasons as tables  # noqa: PLC0415 - only when called
    from assay.reports.reasons_letter import letter  # noqa: PLC0415
    from assay.reports.reasons_letter import letters as drafts  # noqa: PLC0415

    texts = [(form, path) for form, path in outputs if form != "parquet"]
    write_outputs(
        texts,
        {
            "json": lambda: tables.reasons_json(done.record, done.people),
            "csv": lambda: tables.reasons_csv(done.people),
            "markdown": lambda: drafts(done.record, done.people),
        },
    )
    for path in (path for form, path in outputs if form == "parquet"):
        from assay.tabular.flat_file import write_parquet  # noqa: PLC0415 - the engine is loaded for it

        kinds = dict.fromkeys(tables.COLUMNS, "VARCHAR") | dict.fromkeys(("score", "contribution", "share"), "DOUBLE")
        write_parquet(tables.reason_rows(done.people), kinds | {"rank": "INTEGER"}, path)
    if folder is not None:
        made = {f"{at:05d}-{_named(one.id)}.md": letter(done.record, one) for at, one in enumerate(done.people, 1)}
        for name, text in made.items():
            write_outputs([("markdown", folder / name)], {"markdown": lambda text=text: text})  # type: ignore[misc]


def _named(identity: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", identity)[:60] or "person"


@reasons.command()
@click.argument("file", required=False, type=click.Path(path_type=Path), shell_complete=complete_files)
@click.option("--id", "identity", help="The person, as the table had it.")
@click.option("--batch", help="The record (default: the only one).")
@project_option
@format_option("text", "json")
def verify(file: Path | None, identity: str | None, batch: str | None, project: Path | None, form: str) -> int:
    """Check that one person's reasons are those that were fixed when the decision was taken.

    FILE are reasons as they were handed over (a file of the batch's `disclosures`); without it, --id names the person.
    """
    from assay.adapters.reasons_here import check_person  # noqa: PLC0415 - only when called
    from assay.reports.reasons import basis_words, person_text  # noqa: PLC0415

    if (file is None) == (identity is None):
        raise InputError("expected either FILE or --id PERSON, found both or neither")
    found = check_person(identity, project, batch=batch, file=file)
    if form == "json":
        import msgspec  # noqa: PLC0415 - only for this form

        document = {"verified": True, "person": msgspec.to_builtins(found.person), "proven": list(found.proven),
                    "record": msgspec.to_builtins(found.record)}  # fmt: skip
        print_machine(json.dumps(document, ensure_ascii=False, indent=1))
        return EXIT_ALLOW
    click.echo(f"VERIFIED: the reasons of {found.person.id}, as decided at {found.record.decided_at}")
    click.echo(person_text(found.person), nl=False)
    click.echo(basis_words(found.record))
    for line in found.proven:
        click.echo(f"- {line}")
    return EXIT_ALLOW


@reasons.command()
@click.argument("file", required=False, default="reasons.yaml", shell_complete=complete_files)
@click.option("--features", type=Names(), help="The model's columns: each needs words, and no other may have them.")
@click.option("--protected", type=Names(), default=(), help="Protected attributes.")
def lint(file: str, features: tuple[str, ...] | None, protected: tuple[str, ...]) -> int:
    """Check that every feature has words, that they are specific, and that what is actionable has sense."""
    from assay.diagnosis.reasons.mapping import compare_features, parse_mapping, warnings_of  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415

    mapping = parse_mapping(read_file(Path(file), "what puts features into words"), name=file)
    if features is not None:
        compare_features(mapping, features, name=file)
    for line in warnings_of(mapping, protected):
        click.echo(f"note: {line}", err=True)
    actionable = [name for name, words in mapping.features.items() if words.actionable]
    click.echo(f"{file}: {len(mapping.features)} features in words; actionable: {', '.join(actionable) or 'none'}.")
    return EXIT_ALLOW


@reasons.command()
def schema() -> None:
    """Print the JSON schema of reasons.yaml, for editors."""
    from assay.diagnosis.reasons.mapping import schema as mapping_schema  # noqa: PLC0415 - only when called

    print_machine(json.dumps(mapping_schema(), indent=1))
