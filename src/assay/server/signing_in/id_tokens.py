"""ID tokens of an issuer: found by discovery, signed by a key of its JWKS, and meant for us.

OpenID Connect Core 1.0 section 3.1.3.7 (https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation),
Discovery 1.0 section 4.3, JWT best practice RFC 8725. The algorithm is of a list of signatures with public keys,
whatever the header says: ``none`` and HMAC with a public key as its secret are refused by name.
"""

from __future__ import annotations

import threading
import time
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from assay.errors import DocumentError, RefusedError, StorageError
from assay.records.canonical import parse_record
from assay.records.tally import Frozen
from assay.server.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHMS: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {
    "RS256": RSAKey, "RS384": RSAKey, "RS512": RSAKey, "PS256": RSAKey, "PS384": RSAKey, "PS512": RSAKey,
    "ES256": ECKey, "ES384": ECKey, "ES512": ECKey, "EdDSA": OKPKey, "Ed25519": OKPKey,
}  # fmt: skip
"""Those that providers sign with (RFC 7518 section 3.1, RFC 8037, and RFC 9864, by which EdDSA is called Ed25519)."""

LEEWAY_SECONDS = 60
"""How far clocks may differ."""

_KEPT_SECONDS, _STALE_SECONDS, _AGAIN_SECONDS = 600, 3_600, 10
_TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 1 << 20
_MOST_TOKEN_BYTES = 16_384
_FEWEST_RSA_BITS = 2_048
_MOST_SUBJECT = 255
_OTHER_PARTS = 2


class Metadata(Frozen, kw_only=True):
    """What discovery says of an issuer, as far as it is used.

    Attributes:
        issuer: its name; it must be the one that was asked.
        jwks_uri: where its keys are.
        authorization_endpoint: where people are sent.
        token_endpoint: where a code becomes tokens.
        userinfo_endpoint: where more claims are.
        token_endpoint_auth_methods_supported: how a client may show its secret.
    """

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Issuer:
    """An issuer of ID tokens, with its keys kept for ten minutes, or until one is asked for that is not among them.

    Args:
        url: the issuer, exactly as it names itself in its tokens.
        clock: seconds that only grow.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.url, self._clock = url, clock
        self._lock = threading.Lock()
        self._metadata: Metadata | None = None
        self._keys: list[dict[str, Any]] = []
        self._read_at = self._tried_at = float("-inf")

    def metadata(self) -> Metadata:
        """Return what discovery says.

        Raises:
            StorageError: when the issuer does not answer.
            RefusedError: when it is another than was asked, or names an address without TLS.
        """
        with self._lock:
            return self._discovered()

    def _discovered(self) -> Metadata:
        if self._metadata is not None:
            return self._metadata
        said = fetch(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
        known = {field: said[field] for field in Metadata.__struct_fields__ if field in said}
        known["token_endpoint_auth_methods_supported"] = tuple(
            known.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
        )
        if said.get("issuer") != self.url:
            raise RefusedError(f"expected the issuer {self.url}, found that it calls itself {said.get('issuer')!r}")
        if not isinstance(known.get("jwks_uri"), str):
            raise RefusedError(f"{self.url}: expected jwks_uri in its discovery document, found none")
        for field in ("jwks_uri", "authorization_endpoint", "token_endpoint", "userinfo_endpoint"):
            require_tls(known.get(field))
        self._metadata = Metadata(**known)
        return self._metadata

    def claims(self, token: str, *, audience: str, at: int) -> dict[str, Any]:
        """Return the claims of a token that this issuer signed for us and that holds now.

        Args:
            token: the ID token, a JWS in compact form.
            audience: who we are to the issuer.
            at: now, POSIX seconds.

        Raises:
            RefusedError: saying what does not hold; nothing of the token is told.
            StorageError: when the issuer's keys cannot be read.
        """
        if len(token) > _MOST_TOKEN_BYTES:
            raise RefusedError(f"expected an ID token of at most {_MOST_TOKEN_BYTES} bytes, found {len(token)}")
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise RefusedError(
                f"expected an ID token signed by one of {', '.join(ALGORITHMS)}, found {algorithm!r:.40}"
            )
        try:
            content = jws.deserialize_compact(token, self._key(header), algorithms=[str(algorithm)]).payload
            claims = parse_record(content or b"", dict[str, Any], name="ID token")
        except (JoseError, DocumentError, ValueError):
            raise RefusedError(f"expected an ID token that a key of {self.url} signed, found another") from None
        _require_for_us(claims, issuer=self.url, audience=audience)
        _require_now(claims, at)
        return claims

    def _key(self, header: Mapping[str, Any]) -> RSAKey | ECKey | OKPKey:
        with self._lock:
            if self._clock() - self._read_at > _KEPT_SECONDS:
                self._read_keys()
            found = self._matching(header)
            if len(found) != 1 and self._clock() - self._tried_at > _AGAIN_SECONDS:
                self._read_keys()  # the issuer may have a new one; forged ids make us ask no more often than this
                found = self._matching(header)
        if len(found) != 1:
            raise RefusedError(f"expected an ID token by a key of {self.url}, found one that names none of its keys")
        return found[0]

    def _read_keys(self) -> None:
        self._tried_at = self._clock()
        try:
            said = fetch(self._discovered().jwks_uri).get("keys")
        except StorageError:
            if self._clock() - self._read_at > _STALE_SECONDS:
                raise
            return
        self._keys = [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []
        self._read_at = self._tried_at

    def _matching(self, header: Mapping[str, Any]) -> list[RSAKey | ECKey | OKPKey]:
        kind, wanted = ALGORITHMS[header["alg"]], header.get("kid")
        found = []
        for one in self._keys:
            fits = one.get("kty") == kind.key_type and one.get("use", "sig") == "sig" and "d" not in one
            if fits and (wanted is None or one.get("kid") == wanted) and one.get("alg", header["alg"]) == header["alg"]:
                found += _imported(kind, one)
        return found


def fetch(url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - arguments of httpx
    """Return a JSON object from an address; redirections are not followed.

    Args:
        url: https, or this machine.
        more: ``method``, ``data``, ``headers``, ``auth`` as `httpx.Client.request` takes them.

    Raises:
        RefusedError: when it refuses, or answers with something else.
        StorageError: when it does not answer in time.
    """
    require_tls(url)
    host = urlsplit(url).hostname
    try:
        with httpx.Client(
            timeout=_TIMEOUT_SECONDS,
            follow_redirects=False,
            trust_env=not is_loopback(host or ""),
            headers={"accept-encoding": "identity"},
        ) as client:
            status, content = _asked(client, more.pop("method", "GET"), url, more)
    except httpx.HTTPError as error:
        raise StorageError(f"{host}: expected an answer, found none ({type(error).__name__}). Try again") from None
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise StorageError(f"{host}: expected an answer, found status {status}. Try again")
    if status != httpx.codes.OK or len(content) > _MOST_BYTES:
        raise RefusedError(f"{host}: expected a JSON document of at most {_MOST_BYTES} bytes, found status {status}")
    try:
        return parse_record(content, dict[str, Any], name=f"the answer of {host}")
    except DocumentError:
        raise RefusedError(f"{host}: expected a JSON document, found something else") from None


def _asked(client: httpx.Client, method: str, url: str, more: dict[str, Any]) -> tuple[int, bytes]:
    """Return status and body as it came: of one that is too long no more than shows it; a compressed one is no JSON."""
    content = b""
    with client.stream(method, url, **more) as answer:
        for part in answer.iter_raw():
            content += part
            if len(content) > _MOST_BYTES:
                break
    return answer.status_code, content


def require_tls(url: Any) -> None:  # noqa: ANN401 - as another's document says it
    """Refuse an address that is neither https nor on this machine.

    Raises:
        RefusedError: naming it.
    """
    if url is None:
        return
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        raise RefusedError(f"expected an https address of an issuer, found {url!r:.200}")


def _imported(kind: type[RSAKey | ECKey | OKPKey], one: dict[str, Any]) -> list[RSAKey | ECKey | OKPKey]:
    """Return a key, or none where it is not one that can be relied on: the issuer's others may be."""
    try:
        key = kind.import_key(one)
    except (JoseError, ValueError, TypeError, KeyError):
        return []
    short = isinstance(key, RSAKey) and key.raw_value.key_size < _FEWEST_RSA_BITS
    return [] if short else [key]


def _header(token: str) -> dict[str, Any]:
    """Return what the first of the three parts says; nothing of it is believed yet."""
    wrong = RefusedError("expected an ID token (a JWS in three parts), found something else")
    first, *others = token.split(".")
    if len(others) != _OTHER_PARTS:
        raise wrong
    try:
        return parse_record(urlsafe_b64decode(first + "=" * (-len(first) % 4)), dict[str, Any], name="header")
    except (DocumentError, ValueError):
        raise wrong from None


def _require_for_us(claims: Mapping[str, Any], *, issuer: str, audience: str) -> None:
    """Check issuer, audience, authorised party and subject."""
    if claims.get("iss") != issuer:
        raise RefusedError(f"expected an ID token of {issuer}, found one of {claims.get('iss')!r:.200}")
    given = claims.get("aud")
    audiences: list[Any] = given if isinstance(given, list) else [given]
    if audience not in audiences:
        raise RefusedError(f"expected an ID token for {audience}, found one for another")
    party = claims.get("azp")
    if (party is not None or len(audiences) > 1) and party != audience:
        raise RefusedError(f"expected an ID token that {audience} asked for, found one that another did")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MOST_SUBJECT:
        raise RefusedError("expected an ID token that says whose it is, found none (sub)")


def _require_now(claims: Mapping[str, Any], at: int) -> None:
    """Check that the token holds now: exp and iat must be there, nbf may."""
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name)
        if (value is None and name != "nbf") or (value is not None and type(value) not in {int, float}):
            raise RefusedError(f"expected an ID token with {name} as a number, found another")
    if claims["exp"] + LEEWAY_SECONDS <= at:
        raise RefusedError("expected an ID token that still holds, found one that has expired. Sign in again")
    if max(claims["iat"], claims.get("nbf", 0)) - LEEWAY_SECONDS > at:
        raise RefusedError("expected an ID token of the past, found one of the future: check the clocks")
