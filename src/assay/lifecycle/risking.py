"""Recording a risk: hazard, likelihood, severity, measures and what is left, by a person of the trust file."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import InputError, suggest
from assay.records.canonical import sha256_hex
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from assay.trail.events import Event

Harm: TypeAlias = Literal["health", "safety", "fundamental-rights", "property-or-environment", "business"]
Measure: TypeAlias = Literal["design", "control", "information", "none"]
Accepted: TypeAlias = Literal["yes", "no", "not-judged"]

MOST = 5
_ID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class RecordRisk:
    """A risk as a person rates it; recorded again under its id, it is reviewed.

    Attributes:
        risk: its id, in one word.
        harm: what it could harm.
        hazard: the hazard in words; they stay beside the log.
        likelihood: 1 to 5, by the organisation's own scale.
        severity: 1 to 5.
        role: in which role the person records it.
        owner: who answers for it; by default who records it.
        measure: the kind of measure (Art. 9(5)): by design first, then by control, then by information.
        measures: the measures in words.
        residual_likelihood: what is left of the likelihood.
        residual_severity: what is left of the severity.
        accepted: whether what is left is acceptable.
        tests: controls of the policy that test the measure.
        monitors: metrics or alerts that watch it.
        every_version: about every version of the model, not only the one in `assay.yaml`.
    """

    risk: str
    harm: Harm
    hazard: str
    likelihood: int
    severity: int
    role: str
    owner: str | None = None
    measure: Measure = "none"
    measures: str = ""
    residual_likelihood: int | None = None
    residual_severity: int | None = None
    accepted: Accepted = "not-judged"
    tests: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    every_version: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What stays beside the log."""
        return tuple(text for text in (self.hazard, self.measures) if text)


def require_sensible(act: RecordRisk, *, controls: Collection[str], person: str, author: str | None) -> None:
    """Refuse a risk that says what cannot be meant; every reason is told at once.

    Args:
        act: the risk.
        controls: ids of the policy's controls, one of which a test has to be.
        person: who records it.
        author: who made the version.

    Raises:
        InputError: with each reason, a line each.
    """
    wrong = [] if act.hazard.strip() else ["--hazard: expected the hazard in words, found an empty text"]
    rated = {
        "--likelihood": act.likelihood, "--severity": act.severity, "--residual-likelihood": act.residual_likelihood,
        "--residual-severity": act.residual_severity,
    }  # fmt: skip
    wrong += [
        f"{name}: expected 1 to {MOST}, found {value}"
        for name, value in rated.items()
        if value is not None and not 1 <= value <= MOST
    ]
    pairs = ((act.residual_likelihood, act.likelihood, "likelihood"), (act.residual_severity, act.severity, "severity"))
    wrong += [
        f"--residual-{what}: expected at most {before}, the {what} before measures, found {left}"
        for left, before, what in pairs
        if left is not None and left > before
    ]
    if act.measure != "none" and not act.measures.strip():
        wrong.append("--measures: expected the measures in words, found none")
    if act.measure == "none" and any(left is not None and left < before for left, before, _ in pairs):
        wrong.append(
            "--measure: less is left than there was, so something was done: say which kind of measure, and what"
        )
    if act.accepted != "not-judged" and None in {act.residual_likelihood, act.residual_severity}:
        wrong.append("--accepted: rate what is left first (--residual-likelihood, --residual-severity)")
    if act.accepted == "yes" and person == author:
        wrong.append(f"--accepted yes: expected somebody else than {author}, who made this version")
    wrong += [
        f"--test: expected a control of the policy, found {name!r}{suggest(name, controls)}"
        for name in act.tests
        if name not in controls
    ]
    if wrong:
        raise InputError("\n".join(wrong))


def risk_event(
    act: RecordRisk, *, model: tuple[str, str], code: str, pseudonym: Callable[[str], str], at: str
) -> Event:
    """Return the event of a risk.

    Args:
        act: the risk.
        model: the model's name and version.
        code: pseudonym of who records it.
        pseudonym: gives the pseudonym of a name.
        at: now, RFC 3339 in UTC.
    """
    name, version = model
    fields = {
        "risk": act.risk, "model": name, "version": None if act.every_version else version, "harm": act.harm,
        "likelihood": act.likelihood, "severity": act.severity, "hazard_sha256": sha256_hex(act.hazard.encode()),
        "measures_sha256": sha256_hex(act.measures.encode()) if act.measures else None, "measure": act.measure,
        "residual_likelihood": act.residual_likelihood, "residual_severity": act.residual_severity,
        "accepted": act.accepted, "tests": list(act.tests), "monitors": list(act.monitors),
        "owner": code if act.owner is None else pseudonym(act.owner), "by": code, "role": act.role,
    }  # fmt: skip
    said = {key: value for key, value in fields.items() if value is not None}
    return make_event("risk.recorded", said, claimed_at=at, identity=f"risk_{secrets.token_hex(_ID_BYTES)}")
