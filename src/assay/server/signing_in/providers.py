"""Who vouches for people and for jobs, as `server.yaml` says: ``oidc`` and ``ci``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.tally import Frozen
from assay.server.acting import Role
from assay.server.permits import incompatible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAMING = ("repository", "repository_id", "project_path", "project_id", "sub")
"""A rule must fix one of these claims: an issuer's every job has a token, those of strangers too."""


class CiRule(Frozen, kw_only=True):
    """Which jobs are a pipeline, as `server.yaml` says under ``ci``.

    Attributes:
        issuer: who gives the jobs their tokens.
        pipeline: the pipeline that they are, as an administrator registered it.
        claims: what their tokens must say, each exactly.
    """

    issuer: str
    pipeline: str
    claims: dict[str, str]


def ci_problems(rules: Sequence[CiRule]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with rules: JSON path and message."""
    for position, rule in enumerate(rules):
        if not rule.claims.keys() & set(NAMING):
            yield (
                f"$.ci[{position}].claims",
                f"expected one of {', '.join(NAMING)}, found none: every job of {rule.issuer} would be this pipeline",
            )
        for claim, value in rule.claims.items():
            if not value or "*" in value:
                yield f"$.ci[{position}].claims.{claim}", f"expected the exact value, found {value!r}"


class Provider(Frozen, kw_only=True):
    """A provider of identities, as `server.yaml` names it under ``oidc``.

    Attributes:
        name: one word; it stands in the address to come back to, ``/sign-in/oidc/NAME/callback``.
        title: what the button says.
        issuer: exactly as the provider names itself.
        client_id: who we are to the provider.
        client_secret_file: file with the client's secret, beside `server.yaml`; none for a public client.
        client_secret_env: environment variable with it, in its place.
        scope: what is asked for.
        account: the claim that names the account.
        groups: the claim that holds groups, in the ID token or else in userinfo.
        roles: roles by group.
        titles: roles that policies name, by group.
        systems: systems by group; without any: all systems.
    """

    name: str
    issuer: str
    client_id: str
    title: str = ""
    client_secret_file: str | None = None
    client_secret_env: str | None = None
    scope: str = "openid profile email"
    account: str = "preferred_username"
    groups: str = "groups"
    roles: dict[str, tuple[Role, ...]]
    titles: dict[str, tuple[str, ...]] | None = None
    systems: dict[str, tuple[str, ...]] | None = None


def oidc_problems(providers: Sequence[Provider]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with providers: JSON path and message."""
    for position, one in enumerate(providers):
        path = f"$.oidc[{position}]"
        if not one.name.isalnum() or not one.name.isascii():
            yield f"{path}.name", f"expected letters and digits (it stands in an address), found {one.name!r}"
        if any(other.name == one.name or other.issuer == one.issuer for other in providers[:position]):
            yield path, "expected each name and each issuer once, found one again"
        if "openid" not in one.scope.split():
            yield f"{path}.scope", f"expected openid in it, found {one.scope!r}"
        if not one.roles:
            yield f"{path}.roles", "expected roles by group, found none: nobody could come in"
        for group, roles in one.roles.items():
            for why in incompatible(roles):
                yield f"{path}.roles.{group}", why
            if "pipeline" in roles:
                yield f"{path}.roles.{group}", "expected roles of people, found pipeline"
