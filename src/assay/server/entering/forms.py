"""What the pages of accounts share: forms, lists in them, and what is shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from assay.server.page import HTML_TYPE, render

if TYPE_CHECKING:
    from assay.server.acting import Actor

FORM = Body(media_type=RequestEncodingType.URL_ENCODED)

SEE_OTHER = 303


class Once(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is shown once, and what it is for.

    Attributes:
        title: what happened.
        words: what to do with it.
        secret: the code or the secret.
        link: an address with the code in it; none where there is none.
        back: the page to go on with.
    """

    title: str
    words: str
    secret: str
    link: str | None = None
    back: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form with nothing in it but its token."""

    csrf: str = ""


def listed(field: str | list[str]) -> tuple[str, ...]:
    """Return the words of a field: boxes that were ticked, or words with commas, spaces or lines between them."""
    texts = [field] if isinstance(field, str) else field
    return tuple(dict.fromkeys(word for text in texts for word in text.replace(",", " ").split()))


def see(place: str) -> Response[bytes]:
    """Return an answer that leads to a page."""
    return Response(b"", status_code=SEE_OTHER, headers={"location": place})


def shown_once(actor: Actor, once: Once, *, path: str) -> Response[str]:
    """Return a page with a secret on it, which no address leads to again."""
    return Response(
        render("once.html", actor, page=once, path=path), media_type=HTML_TYPE, headers={"cache-control": "no-store"}
    )
