"""The section ``champion`` of `assay.yaml`: where the decisions of the version in production are, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.project import Config


class ChampionSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the version in production decided about the people that are measured.

    Attributes:
        path: the table with its predictions; by default the one that it was measured on at its own gate.
        identifier: the column that names a person, in both tables.
        prediction: its column of predictions; by default that of ``columns``.
        score: its column of scores; by default that of ``columns``.
        allow_unmatched: whether people whom only one version decided may be left out, counted and told.
    """

    path: str | None = None
    identifier: str | None = None
    prediction: str | None = None
    score: str | None = None
    allow_unmatched: bool = False


def champion_problems(config: Config) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong in the section: JSON path and message."""
    section, columns = config.champion, config.columns
    if section is None:
        return
    if columns.task != "binary":
        message = "decisions are compared pair by pair where they are yes or no: expected task binary"
        yield "$.columns.task", f"{message}, found {columns.task}"
    if section.identifier is None and (section.prediction is None or section.prediction == columns.prediction):
        message = (
            "expected the column that names a person in both tables; or another column of the measured table as "
            "champion.prediction"
        )
        yield "$.champion.identifier", message
