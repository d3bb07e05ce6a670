"""A page and its JSON twin: one function makes the record, and both routes show it.

::

    @page("/models", template="models.html", act="models.read")
    def models(server: Here, actor: By, q: FromQuery[str] = "") -> ModelsPage: ...

gives ``GET /models`` (HTML) and ``GET /models.json`` (the record). What the function takes besides ``server`` and
``actor`` is a part of the path or a query parameter; both stand in the OpenAPI document.
"""

from __future__ import annotations

import functools
import inspect
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import msgspec
from anyio import to_thread
from jinja2 import Environment, FunctionLoader, StrictUndefined
from litestar import MediaType, Response, get

from assay.reports import words
from assay.server.ailing import AILING
from assay.server.security import csrf_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from litestar.handlers import HTTPRouteHandler

    from assay.server.acting import Actor
    from assay.server.permits import Act

P = ParamSpec("P")
R = TypeVar("R", bound=msgspec.Struct)

HTML_TYPE = "text/html"

TWIN = "/.json"
"""How a twin's route ends. The framework's paths have whole segments as parameters, and a version may have dots in it;
so ``/models/credit/1.2.json`` is read as ``/models/credit/1.2/.json`` (`assay.server.app`)."""


def page(
    path: str, *, template: str, act: Act, noted: str | None = None
) -> Callable[[Callable[P, R]], list[HTTPRouteHandler]]:
    """Return a decorator that makes both routes of a page.

    Args:
        path: where it is.
        template: its file among the templates.
        act: what whoever asks must be allowed to do.
        noted: what a reader is noted to have read, in the log; None for what everybody may list.
    """

    def both(make: Callable[P, R]) -> list[HTTPRouteHandler]:
        opt = {"act": act, "noted": noted}

        def rendered(*args: P.args, **kwargs: P.kwargs) -> Response[str]:
            actor: Any = kwargs["actor"]
            record = make(*args, **kwargs)
            return Response(render(template, actor, page=record, path=path), media_type=HTML_TYPE)

        @functools.wraps(make)
        async def shown(*args: P.args, **kwargs: P.kwargs) -> Response[str]:
            # Not by `sync_to_thread`: where a form is posted to the page's own path, the framework would wrap it twice.
            return await to_thread.run_sync(functools.partial(rendered, *args, **kwargs))

        shown.__annotations__ = make.__annotations__ | {"return": Response[str]}
        shown.__signature__ = inspect.signature(make).replace(return_annotation=Response[str])  # type: ignore[attr-defined]
        name = make.__name__
        html = get(path, name=name, opt=opt, media_type=MediaType.HTML)(shown)
        twin = get(
            f"{path.rstrip('/')}{TWIN}", name=f"{name}.json", opt=opt, sync_to_thread=True, operation_id=f"{name}_json"
        )(make)
        return [html, twin]

    return both


def when(time: str | None) -> str:
    """Return a time of RFC 3339 in UTC as people read it: ``2026-11-23 13:32 UTC``; a day as it is."""
    return f"{time[:10]} {time[11:16]} UTC" if time and time[10:11] == "T" else time or ""


@functools.cache
def _environment() -> Environment:
    folder = files("assay.server") / "templates"

    def read(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    made = Environment(
        loader=FunctionLoader(read), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["plain"] = words.plain
    made.filters["paragraph"] = words.paragraph
    made.filters["when"] = when
    made.globals["words"] = words
    return made


def compile_templates() -> None:
    """Compile every template, before the first reader waits for it."""
    made = _environment()
    for path in (files("assay.server") / "templates").iterdir():
        made.get_template(path.name)


def render(template: str, actor: Actor, **given: object) -> str:
    """Return a page's HTML.

    Args:
        template: its file among the templates.
        actor: who reads it: the menu shows what they may open, and forms carry their token.
        given: what the template names.
    """
    from assay.server.permits import may  # noqa: PLC0415 - templates ask it

    found = _environment().get_template(template)
    return found.render(
        actor=actor, may=functools.partial(may, actor), csrf=csrf_token(actor), ailing=AILING.get(), **given
    )
