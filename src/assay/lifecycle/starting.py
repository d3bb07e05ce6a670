"""Start: look at a table and write `assay.yaml`, a policy and a card to begin with, each guess marked as one."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.lifecycle.guessing import Guess, Guesses, Seen, Told, guess, words_of
from assay.lifecycle.project import CONFIG_NAME
from assay.lifecycle.storing import publish, staging
from assay.policy.ready import ready_text
from assay.policy.starter import ready_policy, starter_policy
from assay.reports.starter_card import starter_card

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY_NAME, CARD_NAME = "policy.yaml", "card.yaml"
_DATA_LINES = (
    "# data:                   # for `assay run --stage data`, before training: see docs/how-to/gate-a-dataset.md",
    "#   measured_on: train    # the dataset learnt from; add it to datasets",
    "#   identifier: ...       # the column that names a person or a case",
    "#   benchmark:            # the population that the data stand for",
    "#     - {attributes: [...], shares: {...: 0.5, ...: 0.5}, source: ...}",
    "#   expect: {...: {type: number, min: 0, max: 100, missing: 0.01}}",
)
"""The section of the data stage, to be uncommented."""

MODEL_FOLDERS = ("model", "models", "artifacts")

_NUMBER = re.compile(r"(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*)\Z")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})


@dataclass(frozen=True)
class Started:
    """What was written.

    Attributes:
        folder: where.
        names: the files, in the order in which a person should read them.
        guesses: the meaning that was guessed.
        rows: rows that were looked at.
    """

    folder: Path
    names: tuple[str, ...]
    guesses: Guesses
    rows: int


def start(
    table: str, folder: Path, *, told: Told | None = None, force: bool = False, policy: str | None = None
) -> Started:
    """Look at a table and write the three files of a project, all or none.

    Args:
        table: a CSV or Parquet file, a glob or a folder.
        folder: where `assay.yaml` is written.
        told: what the user said about columns.
        force: whether files that are there may be replaced.
        policy: a ready policy to begin with (`assay.policy.ready.READY`); by default the starting policy.

    Raises:
        InputError: when a file is in the way, or a meaning cannot be guessed; it says how to go on.
        DataError: when the table cannot be read.
    """
    in_the_way = [name for name in (CONFIG_NAME, POLICY_NAME, CARD_NAME) if (folder / name).exists()]
    if in_the_way and not force:
        raise InputError(
            f"expected no {', '.join(in_the_way)} in {folder.resolve()}, found "
            f"{'them' if len(in_the_way) > 1 else 'it'}. Nothing was written. Replace with --force, or write elsewhere "
            "with --into FOLDER"
        )
    if table == "-":
        raise InputError("expected a file to begin with, found standard input: assay.yaml has to name what is measured")
    if policy is not None:
        ready_text(policy)  # before anything is looked at
    rows, columns = look(table)
    guesses = guess(columns, told or Told())
    name = _system_name(table, folder)
    protected = [found.chosen for found in guesses.protected]
    ready = None if policy is None else ready_policy(policy, protected)
    contents = {
        CONFIG_NAME: config_text(name, table, folder, guesses).encode(),
        POLICY_NAME: (_starter(name, protected, guesses) if ready is None else ready).encode(),
        CARD_NAME: starter_card(name, protected).encode(),
    }
    with staging(folder / CONFIG_NAME) as stage:
        publish(stage, folder, contents)
    return Started(folder=folder, names=tuple(contents), guesses=guesses, rows=rows)


def _starter(name: str, protected: list[str], guesses: Guesses) -> str:
    return starter_policy(
        protected,
        name=name,
        has_label=guesses.label is not None,
        has_score=guesses.score is not None,
        task="binary" if guesses.task is None else "multiclass",
    )


def only_table(folder: Path) -> str:
    """Return the only CSV or Parquet file of a folder.

    Raises:
        InputError: when there is none, or more than one.
    """
    tables = sorted(str(path) for path in folder.iterdir() if path.suffix.lower() in {".csv", ".parquet"})
    if len(tables) != 1:
        found = f"found {', '.join(tables)}" if tables else "found none"
        raise InputError(f"expected one CSV or Parquet file in {folder.resolve()}, {found}. Name it: assay init DATA")
    return tables[0]


def look(table: str) -> tuple[int, list[Seen]]:
    """Return a table's rows and its columns as `guess` needs them."""
    from assay.tabular import look_at  # noqa: PLC0415 - an engine, loaded only when rows are looked at

    seen = look_at(table)
    return seen.rows, [
        Seen(
            name=column.name,
            numeric=_NUMBER.match(column.type) is not None,
            different=column.distinct,
            values=tuple(column.samples),
            missing=column.nulls,
            cut_of=column.cut_of,
        )
        for column in seen.columns
    ]


def config_text(name: str, table: str, folder: Path, guesses: Guesses) -> str:
    """Return the text of `assay.yaml`, with the reason of each guess beside it."""
    model, model_why = _model_path(table, folder)
    lines = [
        "# Written by `assay init`. What is marked GUESS was read off the data: check it, then delete the mark.",
        f"system: {_text(name)}",
        "model:",
        f"  name: {_text(name)}",
        '  version: "1"          # one word for each version that you want judged',
        f"  path: {_text(model)}  # {model_why}",
        "materiality:",
        "  exposure: high        # GUESS: the careful one. How many people it touches, and how hard: low, medium, high",
        "  purpose: decisions about people  # GUESS: what the output decides",
        "  justification: Not said yet; assay init took the careful choice.",
        "datasets:",
        f"  test: {{path: {_text(_relative(table, folder))}}}",
        "columns:",
        *_column_lines(guesses),
        *_DATA_LINES,
        f"policy: {POLICY_NAME}",
        f"documentation: {CARD_NAME}   # what only people can say; placeholders fail",
    ]
    return "\n".join(lines) + "\n"


def _column_lines(guesses: Guesses) -> list[str]:
    found: Mapping[str, Guess | None] = {
        "label": guesses.label,
        "prediction": guesses.prediction,
        "score": guesses.score,
        "positive": guesses.positive,
        "favourable": guesses.favourable,
    }
    missing = {
        "label": "the column of true outcomes; without it only rates of predictions are measured",
        "score": "the column of scores behind the predictions; without it no calibration and no AUC",
        "positive": "the class that rates count; left out, it is 1 or true",
        "favourable": "the outcome that is good for the person; left out, it is the positive class",
    }
    lines = [
        f"  # {key}: ...  # {missing[key]}" if one is None else f"  {key}: {_value(key, one.chosen)}  # {_mark(one)}"
        for key, one in found.items()
    ]
    if guesses.task is not None:
        lines.append(f"  task: {guesses.task.chosen}  # {_mark(guesses.task)}")
    listed = ", ".join(_text(one.chosen) for one in guesses.protected)
    return [
        *lines,
        f"  protected: [{listed}]",
        *(f"  #   {one.chosen}: {_mark(one)}" for one in guesses.protected),
        *(f"  # {remark}" for remark in guesses.remarks),
    ]


def _mark(found: Guess) -> str:
    return found.why if found.why == "you said so" else f"GUESS: {found.why}"


def _value(key: str, text: str) -> str:
    return text if key in {"positive", "favourable"} and re.fullmatch(r"-?[0-9]+", text) else _text(text)


def _text(text: str) -> str:
    """Return a text as YAML that cannot be read as anything else."""
    return text if _PLAIN.match(text) and text.lower() not in _NOT_TEXT else json.dumps(text, ensure_ascii=False)


def _system_name(table: str, folder: Path) -> str:
    stem = folder.resolve().name if re.search(r"[*?\[]", table) else Path(table).stem
    return re.sub(r"[^a-z0-9]+", "-", words_of(stem)).strip("-") or "system"


def _relative(table: str, folder: Path) -> str:
    return Path(os.path.relpath(table, folder)).as_posix()


def _model_path(table: str, folder: Path) -> tuple[str, str]:
    for name in MODEL_FOLDERS:
        if (folder / name).is_dir():
            return f"{name}/", "GUESS: a folder of that name is here. The verdict is bound to its files"
    return (
        _relative(table, folder),
        "GUESS: no folder of a model is here, so the predictions stand for it. Name the model's file or folder",
    )
