"""Every route of the server: the pages of people and the APIs of programs, a module each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.server import admission_api, deliveries, lineage_api, registry_api, tiles
from assay.server.entering import account, break_glass_form, client_credentials, logs, people, requests, sign_in, tokens
from assay.server.pages import (
    deciding,
    inbox,
    incidents,
    models,
    policies,
    production,
    reads,
    remediations,
    replay,
    reports,
    trail,
    version,
    version_files,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import HTTPRouteHandler

ROUTES: tuple[Sequence[HTTPRouteHandler] | HTTPRouteHandler, ...] = (
    models.ROUTES,
    inbox.ROUTES,
    *incidents.ROUTES,
    *remediations.ROUTES,
    production.ROUTES,
    *reads.ROUTES,
    *policies.ROUTES,
    *replay.ROUTES,
    *version.ROUTES,
    *version_files.ROUTES,
    *reports.ROUTES,
    *deciding.ROUTES,
    *sign_in.ROUTES,
    *account.ROUTES,
    *people.ROUTES,
    *logs.ROUTES,
    *requests.ROUTES,
    *break_glass_form.ROUTES,
    *tokens.ROUTES,
    *client_credentials.ROUTES,
    *trail.ROUTES,
    *tiles.ROUTES,
    *lineage_api.ROUTES,
    *deliveries.ROUTES,
    *admission_api.ROUTES,
    *registry_api.ROUTES,
)
