"""The inventory: every model version with how it stands; searched, filtered, sorted, a page at a time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlencode

from litestar.params import FromQuery

from assay.errors import InputError
from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.serving import By, Here
from assay.trail.marks import MODEL
from assay.trail.registry_standing import MOVES, Against, against
from assay.trail.standing_table import Kind, Order, Standing, Wanted, ending, kinds, standings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.server.serving import Server
    from assay.trail.view import View

LIMIT = 50
SOON = 30
"""Days ahead in which what ends is counted."""

MOST_DAYS = 3650


class ModelRow(Frozen, kw_only=True):
    """A model version, as the list shows it; names of people as far as they are known and not erased.

    Attributes:
        registries: what registries let it do against its verdict, or were not let to do, in words.
    """

    model: str
    version: str | None
    model_sha256: str
    status: str
    serves_in: tuple[str, ...]
    decision: str | None
    decided_at: str | None
    exposure: str | None
    purpose: str | None
    tier: str | None
    owner: str | None
    open_findings: int | None
    open_alerts: int
    open_incidents: int
    open_remediations: int
    expires: str | None
    here: bool
    registries: tuple[str, ...] = ()


class Count(Frozen, kw_only=True):
    """How many versions are of one kind, and the query that lists them."""

    words: str
    count: int
    query: str


class ModelsPage(Frozen, kw_only=True):
    """A page of the inventory.

    Attributes:
        asked: the filters as they were given.
        choices: what can be filtered by.
        counts: how many versions are of each kind, whatever was asked for.
        query: the filters as a query, to be gone on with.
        today: the day on which it is said what ends.
    """

    asked: dict[str, str]
    choices: dict[str, tuple[str, ...]]
    counts: tuple[Count, ...]
    total: int
    offset: int
    limit: int
    rows: tuple[ModelRow, ...]
    query: str
    today: str


@page("/models", template="models.html", act="models.read")
def models(
    server: Here,
    actor: By,
    *,
    q: FromQuery[str] = "",
    decision: FromQuery[str] = "",
    status: FromQuery[str] = "",
    tier: FromQuery[str] = "",
    environment: FromQuery[str] = "",
    findings: FromQuery[Literal["", "open", "none"]] = "",
    attention: FromQuery[Literal["", "yes"]] = "",
    within: FromQuery[str] = "",
    order: FromQuery[str] = "model",
    offset: FromQuery[int] = 0,
) -> ModelsPage:
    """List model versions."""
    asked = {
        "q": q.strip(), "decision": decision, "status": status, "tier": tier, "environment": environment.strip(),
        "findings": findings, "attention": attention, "within": within, "order": order,
    }  # fmt: skip
    view, today = server.inside.view(), server.clock()[:10]
    mine = server.inside.models_of(actor)
    found = standings(
        view.connection, _wanted(asked, view, mine, today), today=today, order=cast("Order", order), limit=LIMIT,
        offset=offset,
    )  # fmt: skip
    models = {one.model for one in found.rows}
    moves = list(against(view.bearing((f"{MODEL}{one}" for one in models), *MOVES).facts(*MOVES))) if models else []
    every = kinds(view.connection, mine)
    given = {name: said for name, said in asked.items() if said}
    return ModelsPage(
        asked=asked, choices=_choices(every) if mine is None else {}, counts=_counts(view, every, mine, today),
        total=found.total, offset=offset, limit=LIMIT, rows=tuple(_row(server, view, one, moves) for one in found.rows),
        query=urlencode(given), today=today,
    )  # fmt: skip


def _wanted(asked: dict[str, str], view: View, mine: tuple[str, ...] | None, today: str) -> Wanted:
    text = asked["q"].lower()
    owners = tuple(code for code, name in view.people.items() if text in name.lower()) if text else None
    return Wanted(
        text=asked["q"] or None,
        owners=owners,
        models=mine,
        decision=asked["decision"] or None,
        status=asked["status"] or None,
        tier=asked["tier"] or None,
        environment=asked["environment"] or None,
        open_findings={"open": True, "none": False}.get(asked["findings"]),
        attention=True if asked["attention"] else None,
        expires_before=_before(asked["within"], today),
    )


def _before(within: str, today: str) -> str | None:
    if not within:
        return None
    if not within.isascii() or not within.isdigit() or int(within) > MOST_DAYS:
        raise InputError(f"within: expected days from 0 to {MOST_DAYS}, found {within!r}")
    return (date.fromisoformat(today) + timedelta(days=int(within) + 1)).isoformat()


def _counts(view: View, every: list[Kind], mine: tuple[str, ...] | None, today: str) -> tuple[Count, ...]:
    soon = ending(view.connection, mine, today=today, before=_before(str(SOON), today) or today)
    counted = (
        ("serve", sum(one.versions for one in every if one.serves), "status=serving"),
        ("denied", sum(one.versions for one in every if one.decision == "deny"), "decision=deny"),
        ("undecided", sum(one.versions for one in every if one.decision == "undecided"), "decision=undecided"),
        ("want attention", sum(one.attention for one in every), "attention=yes"),
        (f"have a waiver that ends within {SOON} days", soon, f"within={SOON}"),
    )
    return tuple(Count(words=words, count=count, query=query) for words, count, query in counted)


def _choices(every: list[Kind]) -> dict[str, tuple[str, ...]]:
    """Return what can be filtered by: the decisions, statuses and tiers that there are."""
    return {
        "decision": tuple(sorted({one.decision for one in every if one.decision is not None})),
        "status": tuple(sorted({one.status for one in every})),
        "tier": tuple(sorted({one.tier for one in every if one.tier is not None})),
    }


def _row(server: Server, view: View, one: Standing, moves: Sequence[Against]) -> ModelRow:
    here = one.version is not None and server.inside.has(one.model, one.version)
    return ModelRow(
        model=one.model, version=one.version, model_sha256=one.model_sha256, status=one.status, serves_in=one.serves_in,
        decision=one.decision, decided_at=one.decided_at, exposure=one.exposure, purpose=one.purpose, tier=one.tier,
        owner=None if one.owner is None else view.people.get(one.owner, "name not disclosed"),
        open_findings=one.open_findings, open_alerts=one.open_alerts, open_incidents=one.open_incidents,
        open_remediations=one.open_remediations, expires=one.expires, here=here,
        registries=tuple(move.words for move in moves if (move.model, move.version) == (one.model, one.version)),
    )  # fmt: skip


ROUTES = models
