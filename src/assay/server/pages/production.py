"""Who was in production on a date, who gave leave, and where the log proves it."""

from __future__ import annotations

from litestar.params import FromQuery

from assay.errors import NotThereError
from assay.records.tally import Frozen
from assay.server.page import page
from assay.server.serving import By, Here
from assay.trail.answers import Answer
from assay.trail.questions import LEAVE, PRODUCTION, production
from assay.trail.serving import CHANGES, DEPLOYED
from assay.trail.standing_table import Wanted, standings

MOST_SERVING = 200


class ServingNow(Frozen, kw_only=True):
    """A version that serves now."""

    model: str
    version: str | None
    environments: tuple[str, ...]
    decision: str | None


class ProductionPage(Frozen, kw_only=True):
    """What was in production on a date.

    Attributes:
        model: which model is asked about; empty where none is.
        environment: where.
        on: a day, or a time in UTC.
        environments: where the model was ever deployed.
        answer: the answer, each sentence with the entries that it rests on; None where nothing was asked.
        now: what serves now, where no model is asked about.
    """

    model: str
    environment: str
    on: str
    environments: tuple[str, ...] = ()
    answer: Answer | None = None
    now: tuple[ServingNow, ...] = ()


@page("/production", template="production.html", act="models.read", noted="production")
def in_production(
    server: Here,
    actor: By,
    model: FromQuery[str] = "",
    environment: FromQuery[str] = PRODUCTION,
    on: FromQuery[str] = "",
) -> ProductionPage:
    """Answer who was in production."""
    view, today = server.inside.view(), server.clock()[:10]
    model, environment, on = model.strip(), environment.strip() or PRODUCTION, on.strip() or today
    if not model:
        wanted = Wanted(models=server.inside.models_of(actor), status="serving")
        found = standings(view.connection, wanted, today=today, limit=MOST_SERVING).rows
        now = tuple(
            ServingNow(model=one.model, version=one.version, environments=one.serves_in, decision=one.decision)
            for one in found
        )
        return ProductionPage(model="", environment=environment, on=on, now=now)
    if not server.inside.sees(actor, model):
        raise NotThereError(f"expected a model that you may see, found nothing of the name {model}")
    narrowed = view.about(model, types=(*CHANGES, *LEAVE))
    places = sorted({f.said.environment for f in narrowed.facts(DEPLOYED) if f.said.model == model})
    answer = production(narrowed, model, on, environment=environment)
    return ProductionPage(model=model, environment=environment, on=on, environments=tuple(places), answer=answer)


ROUTES = in_production
