"""``/sign-in`` and what belongs to it: by password, passkey, provider or one-time code; and signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody

from assay.errors import AssayError, NotThereError, RefusedError, TooManyError
from assay.server import coming_in
from assay.server.coming_in import Visit
from assay.server.entering.forms import SEE_OTHER, see
from assay.server.entrance import Entrance, address_of
from assay.server.errors import status_of
from assay.server.page import HTML_TYPE, TWIN, render
from assay.server.serving import By, Here
from assay.server.signing_in import opaque, passkeys
from assay.server.signing_in.cookies import place_in, token_holds, token_of
from assay.server.signing_in.sessions import LONGEST_SECONDS

if TYPE_CHECKING:
    from litestar.datastructures import Cookie

    from assay.server.acting import Actor

Asked = Request[Any, Any, Any]

AFTER, ACCOUNT, SIGN_IN, ENROL = "/models", "/account", "/sign-in", "/sign-in/enrol"
VISIT_SECONDS = 3_600

_FORM = Body(media_type=RequestEncodingType.URL_ENCODED)
_PUBLIC = {"act": "public"}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that one can sign in by.

    Attributes:
        name: its name in the address.
        title: what it is called.
    """

    name: str
    title: str


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """The ways in.

    Attributes:
        server: the server's name.
        providers: providers of identities.
        token: what the page's forms carry.
        problem: why the last try failed.
        name: the name that was tried.
    """

    server: str
    providers: tuple[Way, ...]
    token: str
    problem: str | None = None
    name: str = ""


class PasswordForm(msgspec.Struct, frozen=True, kw_only=True):
    """A name and its password."""

    name: str
    password: str
    csrf: str = ""


class CodeForm(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code and the password that is to be set, twice."""

    code: str
    password: str
    again: str
    csrf: str = ""


class Onward(msgspec.Struct, frozen=True, kw_only=True):
    """Where a script goes next."""

    to: str


@get(SIGN_IN, opt=_PUBLIC, sync_to_thread=True, media_type=MediaType.HTML)
def sign_in(request: Asked, server: Here, actor: By) -> Response[Any]:
    """Show the ways in, to who has not come in."""
    return see(AFTER) if actor.kind == "person" else _shown(request, server, actor)


@get(f"{SIGN_IN}{TWIN}", opt=_PUBLIC, sync_to_thread=True)
def sign_in_json(server: Here) -> SignInPage:
    """List the ways in."""
    return _page(server.entrance, "")


@post(SIGN_IN, opt=_PUBLIC, sync_to_thread=True, media_type=MediaType.HTML)
def with_password(request: Asked, server: Here, actor: By, data: Annotated[PasswordForm, _FORM]) -> Response[Any]:
    """Sign in by name and password."""
    try:
        _require_visitor(request, server.entrance, data.csrf)
        cookie = coming_in.by_password(server.entrance, visit_of(request, server.entrance), data.name, data.password)
    except RefusedError as error:
        return _shown(request, server, actor, error=error, name=data.name)
    came = server.entrance.sessions.actor(cookie, at=server.entrance.at(), reading=True)
    half = came is not None and came.half
    return _onward(server.entrance, cookie, to=ACCOUNT if half else _wanted(request, server.entrance))


@post(f"{SIGN_IN}/passkey/options", opt=_PUBLIC, sync_to_thread=True, status_code=200)
def passkey_options(request: Asked, server: Here) -> dict[str, Any]:
    """Return what a browser needs to sign in by a passkey."""
    entrance = server.entrance
    visitor = _require_visitor(request, entrance, request.headers.get("x-csrf-token", ""))
    entrance.pace.step(f"passkey {address_of(request)}")
    with entrance.store.writing() as rows:
        return passkeys.begin_signing_in(rows, entrance.site, visitor, at=entrance.at())


@post(f"{SIGN_IN}/passkey", opt=_PUBLIC, sync_to_thread=True, status_code=200)
def with_passkey(request: Asked, server: Here, data: JSONBody[dict[str, Any]]) -> Response[Onward]:
    """Sign in by a passkey."""
    entrance = server.entrance
    _require_visitor(request, entrance, request.headers.get("x-csrf-token", ""))
    visit = visit_of(request, entrance)
    entrance.limits.begin("passkey", account="", address=visit.address, at=visit.at)
    cookie = coming_in.by_passkey(entrance, visit, msgspec.json.encode(data).decode())
    entrance.limits.succeeded("passkey", account="", address=visit.address)
    return Response(Onward(to=_wanted(request, entrance)), cookies=_session_cookies(entrance, cookie))


@get(f"{SIGN_IN}/oidc/{{provider:str}}", opt=_PUBLIC, sync_to_thread=True)
def to_provider(request: Asked, server: Here, provider: FromPath[str]) -> Response[bytes]:
    """Send the browser to a provider."""
    entrance = server.entrance
    known = entrance.providers.get(provider)
    if known is None:
        raise NotThereError("expected a provider that server.yaml names, found none of this name")
    entrance.pace.step(f"oidc {address_of(request)}")
    visitor = request.cookies.get(entrance.site.visitor_cookie) or opaque.make()
    with entrance.store.writing() as rows:
        place = known.begin(rows, visitor, at=entrance.at())
    return Response(
        b"", status_code=SEE_OTHER, headers={"location": place}, cookies=[_visitor_cookie(entrance, visitor)]
    )


@get(f"{SIGN_IN}/oidc/{{provider:str}}/callback", opt=_PUBLIC, sync_to_thread=True)
def from_provider(request: Asked, server: Here, actor: By, provider: FromPath[str]) -> Response[Any]:
    """Take a provider's answer."""
    entrance = server.entrance
    if provider not in entrance.providers:
        raise NotThereError("expected a provider that server.yaml names, found none of this name")
    answer = {key: value for key, value in request.query_params.items() if isinstance(value, str)}
    try:
        cookie = coming_in.by_provider(entrance, visit_of(request, entrance), provider, answer)
    except RefusedError as error:
        return _shown(request, server, actor, error=error)
    return _onward(entrance, cookie, to=_wanted(request, entrance))


@get(ENROL, opt=_PUBLIC, sync_to_thread=True, media_type=MediaType.HTML)
def enrol(request: Asked, server: Here, actor: By) -> Response[Any]:
    """Show where a one-time code is given in. The code itself stands behind a #, which browsers send to nobody."""
    return see(ACCOUNT) if actor.kind == "person" else _shown(request, server, actor, template="enrol.html")


@post(ENROL, opt=_PUBLIC, sync_to_thread=True, media_type=MediaType.HTML)
def with_code(request: Asked, server: Here, actor: By, data: Annotated[CodeForm, _FORM]) -> Response[Any]:
    """Set a first password by a one-time code."""
    try:
        _require_visitor(request, server.entrance, data.csrf)
        if not opaque.same(data.password, data.again):
            raise RefusedError("expected the same password twice, found two")
        cookie = coming_in.by_code(server.entrance, visit_of(request, server.entrance), data.code, data.password)
    except AssayError as error:
        return _shown(request, server, actor, error=error, template="enrol.html")
    return _onward(server.entrance, cookie, to=ACCOUNT)


@post("/sign-out", opt={"act": "account.own"}, sync_to_thread=True)
def sign_out(server: Here, actor: By) -> Response[bytes]:
    """End this session."""
    entrance = server.entrance
    if actor.session is not None:
        coming_in.leave(entrance, actor.session, at=entrance.at())
    gone = entrance.site.cookie(entrance.site.session_cookie, "", seconds=0)
    clear = {"location": SIGN_IN, "clear-site-data": '"cache", "storage"'}
    return Response(b"", status_code=SEE_OTHER, headers=clear, cookies=[gone])


def visit_of(request: Asked, entrance: Entrance) -> Visit:
    """Return from where somebody tries."""
    return Visit(
        address=address_of(request),
        agent=request.headers.get("user-agent", ""),
        visitor=request.cookies.get(entrance.site.visitor_cookie),
        session=request.cookies.get(entrance.site.session_cookie),
        at=entrance.at(),
    )


def _require_visitor(request: Asked, entrance: Entrance, token: str) -> str:
    """Return the visitor's cookie of a form that was made for it: nobody is signed in by another's form.

    Raises:
        RefusedError: when it was not, or comes from another site.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    own = request.headers.get("origin", entrance.site.origin) == entrance.site.origin
    visitor = request.cookies.get(entrance.site.visitor_cookie)
    if not own or site not in {"same-origin", "none"} or visitor is None or not token_holds(visitor, token):
        raise RefusedError("expected a form of this page and its cookie, found none or another's. Try again here")
    return visitor


def _page(entrance: Entrance, visitor: str, *, problem: str | None = None, name: str = "") -> SignInPage:
    ways = tuple(
        Way(name=one.provider.name, title=one.provider.title or one.provider.name)
        for one in entrance.providers.values()
    )
    return SignInPage(
        server=entrance.home.settings.name, providers=ways, token=token_of(visitor) if visitor else "",
        problem=problem, name=name,
    )  # fmt: skip


def _shown(
    request: Asked, server: Here, actor: Actor, *, error: AssayError | None = None, name: str = "",
    template: str = "sign_in.html",
) -> Response[str]:  # fmt: skip
    entrance = server.entrance
    visitor = request.cookies.get(entrance.site.visitor_cookie) or opaque.make()
    record = _page(entrance, visitor, problem=None if error is None else error.diagnostics(), name=name)
    headers = {"retry-after": str(error.seconds)} if isinstance(error, TooManyError) else {}
    return Response(
        render(template, actor, page=record, path=SIGN_IN),
        media_type=HTML_TYPE,
        status_code=200 if error is None else status_of(error),
        headers=headers,
        cookies=[_visitor_cookie(entrance, visitor)],
    )


def _wanted(request: Asked, entrance: Entrance) -> str:
    """Return the page that somebody wanted before they had to sign in, or the first page."""
    return place_in(request.cookies.get(entrance.site.place_cookie)) or AFTER


def _onward(entrance: Entrance, cookie: str, *, to: str) -> Response[bytes]:
    return Response(b"", status_code=SEE_OTHER, headers={"location": to}, cookies=_session_cookies(entrance, cookie))


def _session_cookies(entrance: Entrance, cookie: str) -> list[Cookie]:
    """Return the cookies of somebody who has come in: a new session, no visitor any more, and no page that waits."""
    site = entrance.site
    return [
        site.cookie(site.session_cookie, cookie, seconds=LONGEST_SECONDS),
        site.cookie(site.visitor_cookie, "", seconds=0),
        site.cookie(site.place_cookie, "", seconds=0),
    ]


def _visitor_cookie(entrance: Entrance, visitor: str) -> Cookie:
    return entrance.site.cookie(entrance.site.visitor_cookie, visitor, seconds=VISIT_SECONDS)


ROUTES = (
    sign_in, sign_in_json, with_password, passkey_options, with_passkey, to_provider, from_provider, enrol, with_code,
    sign_out,
)  # fmt: skip
