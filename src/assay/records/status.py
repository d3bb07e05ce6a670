"""How a system version stands before frameworks: control by control, what shows it, and the proof; no more."""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.records.tally import Frozen

State: TypeAlias = Literal["computed", "attested", "stale", "missing", "not-applicable"]
STATES: tuple[State, ...] = ("computed", "attested", "stale", "missing", "not-applicable")

Outcome: TypeAlias = Literal["pass", "fail", "unknown", "present", "met", "not-met"]
"""pass, fail, unknown: of findings; present: the records asked for are there; met, not-met: as a person attests."""


class Shown(Frozen, kw_only=True):
    """One thing that shows how a control stands, with where to find it.

    Attributes:
        kind: a finding of a verdict, a record that is held, or what a person attests.
        name: the finding's id, the kind of evidence, or who attests and in which role.
        says: what came of it.
        check: the check of a finding.
        sha256: digest of what holds it: ``verdict.json``, ``evidence.json``, an event's statement.
        entry: its entry in the trail, counted through all logs.
        at: when it was, RFC 3339 in UTC.
        until: the last day on which an attestation counts.
        stale: why it no longer counts; empty while it does.
    """

    kind: Literal["finding", "record", "attestation"]
    name: str
    says: str
    check: str | None = None
    sha256: str | None = None
    entry: int | None = None
    at: str | None = None
    until: str | None = None
    stale: str = ""


class ControlStatus(Frozen, kw_only=True):
    """How one control stands.

    Attributes:
        control: ``framework:id``.
        title: what it is about.
        state: computed, attested, stale, missing or not applicable.
        outcome: what came of it; None where nothing did.
        reason: why, in words.
        automation: how far a machine can show it.
        judgement: whether somebody still has to judge what was computed, and attest it.
        lacking: kinds of evidence that the control names and that are not held, whatever else shows it.
        by_people: whether nothing that Assay computes or holds can show it: somebody has to attest it.
        mend: what would settle it, a command each; none where nothing is open.
        since: from which day it applies, where that is known.
        verified: whether its paraphrase was written from a verbatim copy of the text.
        shown: what shows it.
    """

    control: str
    title: str
    state: State
    outcome: Outcome | None = None
    reason: str
    automation: str
    judgement: bool = False
    lacking: tuple[str, ...] = ()
    by_people: bool = False
    mend: tuple[str, ...] = ()
    since: str | None = None
    verified: bool
    shown: tuple[Shown, ...] = ()

    @property
    def in_part(self) -> bool:
        """Whether it is computed, and a person still has to judge it or evidence that it names is not held."""
        return self.state == "computed" and (self.judgement or bool(self.lacking))

    @property
    def open(self) -> bool:
        """Whether something is left to do, or to decide."""
        if self.state == "not-applicable":
            return False
        return self.state in {"stale", "missing"} or self.in_part or self.outcome in {"fail", "unknown", "not-met"}


class FrameworkStatus(Frozen, kw_only=True):
    """How a system version stands before one framework.

    Attributes:
        framework: the framework.
        version: version of its text.
        text: CELEX number or equivalent.
        pack_sha256: digest of the pack.
        roles: roles of the operator.
        route: route of the system; None when nobody has decided.
        counts: how many controls are in each state.
        in_part: how many of the computed ones are so in part: a person still has to judge, or evidence is lacking.
        by_people: of how many stale or missing ones nothing in Assay can be the proof: somebody has to attest them.
        open: of how many something is left to do.
        controls: every control, in the pack's order.
    """

    framework: str
    version: str
    text: str
    pack_sha256: str
    roles: tuple[str, ...]
    route: str | None
    counts: dict[State, int]
    in_part: int
    by_people: int
    open: int
    controls: tuple[ControlStatus, ...]


class SystemStatus(Frozen, kw_only=True):
    """How one system version stands on a day.

    Attributes:
        schema: the record's version.
        system: the AI system.
        model: name of the model.
        version: version of the model.
        model_sha256: its root digest.
        as_of: the day.
        log_size: entries of the trail that this was read from.
        frameworks: the frameworks looked at.
        not_looked_at: frameworks that count on the day, and that `assay.yaml` does not name.
        problems: what is wrong and has to be mended or decided: roles not set, attestations that do not count.
    """

    schema: Literal["assay.status/v1"] = "assay.status/v1"
    system: str
    model: str
    version: str
    model_sha256: str
    as_of: str
    log_size: int
    frameworks: tuple[FrameworkStatus, ...]
    not_looked_at: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
