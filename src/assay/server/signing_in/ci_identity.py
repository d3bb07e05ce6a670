"""The identity that GitHub Actions and GitLab CI give each job: an ID token, so that no secret is stored.

GitHub: https://docs.github.com/en/actions/concepts/security/openid-connect (issuer
``https://token.actions.githubusercontent.com``, claims ``repository``, ``ref``, ``environment``). GitLab:
https://docs.gitlab.com/ci/secrets/id_token_authentication/ (issuer: the instance, claims ``project_path``, ``ref``,
``ref_protected``). The audience is the server's address, so that a token for another is worth nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import InputError, RefusedError
from assay.server.signing_in.id_tokens import Issuer
from assay.server.signing_in.providers import CiRule, ci_problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CiIdentities:
    """The jobs that may come in.

    Args:
        rules: which.
        audience: the server's address, for which the tokens must be.

    Raises:
        InputError: for a rule that lets strangers in.
    """

    def __init__(self, rules: Sequence[CiRule], audience: str) -> None:
        wrong = [f"{path}: {message}" for path, message in ci_problems(rules)]
        if wrong:
            raise InputError("\n".join(wrong))
        self._rules, self._audience = tuple(rules), audience
        self._issuers = {rule.issuer: Issuer(rule.issuer) for rule in rules}

    def pipeline_of(self, token: str, *, issuer: str, at: int) -> str:
        """Return the pipeline that a job is.

        Args:
            token: the job's ID token.
            issuer: who is said to have given it, as the token itself does: only one that a rule names is asked.
            at: now.

        Raises:
            RefusedError: when it does not hold, or no rule knows the job.
            StorageError: when the issuer's keys cannot be read.
        """
        known = self._issuers.get(issuer)
        if known is None:
            raise RefusedError("expected the token of a job whose issuer server.yaml names under ci, found another's")
        claims = known.claims(token, audience=self._audience, at=at)
        for rule in self._rules:
            if rule.issuer == issuer and all(_said(claims, name) == value for name, value in rule.claims.items()):
                return rule.pipeline
        told = ", ".join(f"{name} {_said(claims, name)!r:.80}" for name in self._asked(issuer))
        raise RefusedError(f"expected a job that a rule of server.yaml knows, found one with {told}")

    def _asked(self, issuer: str) -> list[str]:
        return sorted({name for rule in self._rules if rule.issuer == issuer for name in rule.claims})


def _said(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
