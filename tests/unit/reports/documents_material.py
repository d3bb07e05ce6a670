"""Material for the tests of documents: a realistic release, and applicants for the tables of Local Law 144."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.records.tally import Cell, Roles, ScoreCell, Scores, Tally
from assay.reports.documents.dossier import read_dossier
from assay.reports.documents.material import Material
from unit.reports.mortgage_release import release

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.records.tally import GroupValue

Applicants = dict[tuple["GroupValue", ...], tuple[int, int]]
"""Values of the attributes, to people and how many of them were selected."""


def material(dossier: str = "", **changes: Any) -> Material:  # noqa: ANN401 - any part of the material
    """Return a release's material, with what people wrote."""
    words = read_dossier(dossier.encode()) if dossier else read_dossier(b"{}")
    return Material(**{"release": release(), "verdict_sha256": "ab" * 32, "dossier": words, **changes})


def hired(attributes: tuple[str, ...], applicants: Applicants) -> Tally:
    """Return the tally of applicants, some of whom were selected."""
    cells: list[Cell] = []
    for group, (people, selected) in applicants.items():
        cells += [Cell(group=group, prediction=1, count=selected)] if selected else []
        cells += [Cell(group=group, prediction=0, count=people - selected)] if people > selected else []
    roles = Roles(prediction="selected", protected=attributes)
    return Tally(roles=roles, rows=sum(people for people, _ in applicants.values()), cells=tuple(cells))


def scored(attributes: tuple[str, ...], scores: dict[tuple[GroupValue, ...], Iterable[float]]) -> Tally:
    """Return the tally of applicants with scores."""
    cells = []
    for group, values in scores.items():
        listed = sorted(values)
        counted = tuple((value, listed.count(value)) for value in sorted(set(listed)))
        cells.append(ScoreCell(group=group, values=counted, count=len(listed), total=0, squares=0))
    rows = sum(cell.count for cell in cells)
    roles = Roles(prediction="selected", score="score", protected=attributes)
    plain = tuple(Cell(group=cell.group, prediction=1, count=cell.count) for cell in cells)
    return Tally(roles=roles, rows=rows, cells=plain, scores=Scores(low=0.0, high=1.0, cells=tuple(cells)))


def with_tally(found: Tally, dossier: str = "") -> Material:
    """Return material whose tally is another one."""
    made = release()
    return material(dossier, release=type(made)(evidence=made.evidence, verdict=made.verdict, tally=found))


def with_measured(metric: str, value: float, dossier: str) -> Material:
    """Return material in which a metric about everybody has a value."""
    made = release()
    kept = tuple(
        msgspec.structs.replace(one, value=value) if one.metric == metric and not one.group else one
        for one in made.evidence.measurements
    )
    evidence = msgspec.structs.replace(made.evidence, measurements=kept)
    return material(dossier, release=type(made)(evidence=evidence, verdict=made.verdict, tally=made.tally))
