"""Every route of the server: the pages of people and the APIs of programs, a module each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from litestar.handlers import HTTPRouteHandler

ROUTES: tuple[Sequence[HTTPRouteHandler] | HTTPRouteHandler, ...] = ()
