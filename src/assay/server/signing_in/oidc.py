"""Signing in by OpenID Connect: authorization code with PKCE, state and nonce, and roles by claims.

OpenID Connect Core 1.0 section 3.1, OAuth 2.0 Security Best Current Practice (RFC 9700), PKCE (RFC 7636), issuer in the
answer (RFC 9207). What was begun is kept at the server and bound to the browser that began it; it ends once, within ten
minutes.
"""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

import msgspec

from assay.errors import InputError, RefusedError
from assay.records.canonical import parse_record
from assay.records.tally import Frozen
from assay.server.acting import Role
from assay.server.signing_in import opaque
from assay.server.signing_in.id_tokens import Issuer, Metadata, fetch
from assay.server.store import sessions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.server.signing_in.cookies import Site
    from assay.server.signing_in.providers import Provider
    from assay.server.store import Rows, Store

FLOW_SECONDS = 600
_KIND = "oidc"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")


class Identity(Frozen, kw_only=True):
    """Whom a provider has vouched for.

    Attributes:
        issuer: who says so.
        subject: the provider's own name for the person, which never changes.
        account: the account's name.
        roles: what the groups permit.
        titles: roles that policies name.
        systems: systems; None: all.
    """

    issuer: str
    subject: str
    account: str
    roles: tuple[Role, ...]
    titles: tuple[str, ...]
    systems: tuple[str, ...] | None


class _Flow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    provider: str
    nonce: str
    verifier: str


class OpenId:
    """Signing in by one provider.

    Args:
        provider: what `server.yaml` says of it.
        site: where we are.
        home: the server's folder, which the secret's file lies in.
    """

    def __init__(self, provider: Provider, site: Site, home: Path) -> None:
        self.provider, self._site, self._home = provider, site, home
        self.issuer = Issuer(provider.issuer)

    @property
    def _back(self) -> str:
        return f"{self._site.origin}/sign-in/oidc/{self.provider.name}/callback"

    def begin(self, rows: Rows, visitor: str, *, at: int) -> str:
        """Begin, and return the address to send the browser to.

        Args:
            rows: a transaction that writes.
            visitor: the browser's cookie.
            at: now.

        Raises:
            RefusedError: when the provider cannot be used so.
            StorageError: when it does not answer.
        """
        endpoint = self.issuer.metadata().authorization_endpoint
        if endpoint is None:
            raise RefusedError(f"{self.provider.name}: expected authorization_endpoint in its discovery document")
        state, flow = opaque.make(), _Flow(self.provider.name, opaque.make(), opaque.make())
        content = msgspec.json.encode(flow).decode()
        sessions.begin_flow(rows, _digest(visitor, state), _KIND, content, expires_at=at + FLOW_SECONDS)
        challenge = urlsafe_b64encode(sha256(flow.verifier.encode()).digest()).rstrip(b"=").decode("ascii")
        asked = {
            "response_type": "code", "client_id": self.provider.client_id, "redirect_uri": self._back,
            "scope": self.provider.scope, "state": state, "nonce": flow.nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def finish(self, store: Store, visitor: str, answer: Mapping[str, str], *, at: int) -> Identity:
        """Return whom the provider has vouched for.

        Args:
            store: where what was begun is.
            visitor: the browser's cookie.
            answer: the query that the browser came back with.
            at: now.

        Raises:
            RefusedError: when it is not the answer to what this browser began, or the person has no role here.
            StorageError: when the provider does not answer.
        """
        with store.writing() as rows:
            kept = sessions.end_flow(rows, _digest(visitor, answer.get("state", "")), _KIND, at=at)
        flow = None if kept is None else parse_record(kept.encode(), _Flow, name="flow")
        if flow is None or flow.provider != self.provider.name:
            raise RefusedError(
                "expected the answer to a sign-in of this browser, found another or an old one. Begin again"
            )
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise RefusedError(f"expected an answer of {self.provider.issuer}, found one of another issuer")
        if "code" not in answer:
            raise RefusedError(f"{self.provider.name} did not sign you in: {answer.get('error', 'no code')!r:.80}")
        tokens = self._exchange(answer["code"], flow.verifier)
        claims = self._claims(tokens, flow.nonce, at)
        return identity_of(self.provider, claims)

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        metadata = self.issuer.metadata()
        if metadata.token_endpoint is None:
            raise RefusedError(f"{self.provider.name}: expected token_endpoint in its discovery document")
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._back, "code_verifier": verifier,
        }  # fmt: skip
        shown = self._client(metadata, form)
        try:
            return fetch(metadata.token_endpoint, method="POST", data=form, **shown)
        except RefusedError as error:
            raise RefusedError(
                f"{self.provider.name} did not take the code: {error}. Sign in again; when it stays so, client_id and "
                "secret in server.yaml are not what the provider knows"
            ) from None

    def _client(self, metadata: Metadata, form: dict[str, str]) -> dict[str, Any]:
        """Show the client's secret as the provider asks for it (RFC 6749 section 2.3.1)."""
        secret = self._secret()
        if secret is None or "client_secret_basic" not in metadata.token_endpoint_auth_methods_supported:
            form["client_id"] = self.provider.client_id
            if secret is not None:
                form["client_secret"] = secret
            return {}
        return {"auth": (quote_plus(self.provider.client_id), quote_plus(secret))}

    def _secret(self) -> str | None:
        variable, file = self.provider.client_secret_env, self.provider.client_secret_file
        if variable is not None:
            found = os.environ.get(variable)
            if not found:
                raise InputError(f"{self.provider.name}: expected the client's secret in {variable}, found none")
            return found
        if file is None:
            return None
        try:
            return (self._home / file).read_text("utf-8").strip()
        except OSError as error:
            raise InputError(
                f"{self.provider.name}: expected the client's secret in {file}, found: {error.strerror}"
            ) from None

    def _claims(self, tokens: Mapping[str, Any], nonce: str, at: int) -> dict[str, Any]:
        """Return the ID token's claims, and those of userinfo where the ID token lacks what is asked for."""
        token, access = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(token, str):
            raise RefusedError(f"{self.provider.name}: expected an ID token, found none")
        claims = self.issuer.claims(token, audience=self.provider.client_id, at=at)
        if not opaque.same(str(claims.get("nonce", "")), nonce):
            raise RefusedError("expected the ID token of this sign-in, found another's (nonce). Begin again")
        endpoint = self.issuer.metadata().userinfo_endpoint
        lacks = self.provider.account not in claims or self.provider.groups not in claims
        if lacks and endpoint is not None and isinstance(access, str):
            more = fetch(endpoint, headers={"authorization": f"Bearer {access}"})
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0 section 5.3.2
                raise RefusedError("expected the claims of the person who signed in, found those of another")
            claims = more | claims
        return claims


def identity_of(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    """Return who somebody is here, by the groups that they are in there.

    Raises:
        RefusedError: when no group has a role here, or the account has no name that can stand in the trust file.
    """
    name = claims.get(provider.account)
    if not isinstance(name, str) or not _NAME.match(name):
        raise RefusedError(f"expected an account's name in the claim {provider.account}, found none that can be one")
    if provider.account == "email" and claims.get("email_verified") is not True:
        raise RefusedError("expected an address that the provider has verified, found one that it has not")
    said = claims.get(provider.groups)
    groups = [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]
    roles = _mapped(provider.roles, groups)
    if not roles:
        raise RefusedError(
            f"expected {name} in a group that has a role here, found none (claim {provider.groups}). Who runs the "
            "server maps groups to roles in server.yaml"
        )
    systems = _mapped(provider.systems or {}, groups)
    return Identity(
        issuer=provider.issuer,
        subject=claims["sub"],
        account=name,
        roles=roles,
        titles=_mapped(provider.titles or {}, groups),
        systems=None if provider.systems is None else systems,
    )


def _mapped(mapping: Mapping[str, tuple[Any, ...]], groups: list[str]) -> tuple[Any, ...]:
    return tuple(sorted({one for group in groups for one in mapping.get(group, ())}))


def _digest(visitor: str, state: str) -> str:
    return opaque.digest(f"{visitor}.{state}")
