"""How the findings of releases are mended: who owns each, what was done, what a later verdict says, who closed it.

A pure function of the log and of the verdicts beside it. Acts are read in the log's order, and one that is out of its
order, or that the later verdict does not bear out, counts for nothing, and is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from assay.errors import AssayError
from assay.records.canonical import parse_record
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.records.verdict import Finding, Limit
    from assay.trail.view import Fact, View

ACTS = (
    "remediation.opened", "remediation.assigned", "remediation.acted", "remediation.retested", "remediation.closed",
)  # fmt: skip
DECIDED, REGISTERED = "gate.decision", "model.registered"


@dataclass(kw_only=True)
class Remediation:
    """The remediation of one finding of a release.

    Attributes:
        opened: the event that opened it.
        assigned: the last one that gave it another owner or day.
        acted: the last one by which its owner says what was done.
        tested: the last re-test since, that counts.
        words: what the later verdict said, in words.
        closed: who closed it.
        ignored: acts that count for nothing, a line each.
    """

    opened: Fact
    assigned: Fact | None = None
    acted: Fact | None = None
    tested: Fact | None = None
    words: str = ""
    closed: Fact | None = None
    ignored: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.opened.said.remediation)

    @property
    def owner(self) -> str:
        """Pseudonym of who mends it."""
        return str((self.assigned or self.opened).said.owner)

    @property
    def due(self) -> str:
        """By when."""
        return str((self.assigned or self.opened).said.due)

    @property
    def status(self) -> str:
        """How it stands: ``open``, ``awaiting-retest``, ``retest-failed``, ``awaiting-close`` or ``closed``."""
        if self.closed is not None:
            return "closed"
        if self.acted is None:
            return "open"
        if self.tested is None:
            return "awaiting-retest"
        return "awaiting-close" if self.tested.said.outcome == "passed" else "retest-failed"

    def overdue(self, at: str) -> bool:
        """Say whether its day is over."""
        return self.closed is None and self.due < at[:10]

    def facts(self) -> list[Fact]:
        """Return the events that count, in the log's order."""
        found = [self.opened, self.assigned, self.acted, self.tested, self.closed]
        return sorted((one for one in found if one is not None), key=lambda one: one.index)


def release_remediations(view: View) -> list[Remediation]:
    """Return the remediations of releases' findings, in the order in which they were opened."""
    found: dict[str, Remediation] = {}
    for fact in view.facts(*ACTS):
        said = fact.said
        if fact.event.type == "remediation.opened":
            if said.verdict_sha256 is not None and said.remediation not in found:
                found[said.remediation] = Remediation(opened=fact)
        elif said.remediation in found:
            why = _take(found[said.remediation], fact, view)
            if why:
                found[said.remediation].ignored.append(f"entry {fact.index} ({fact.event.type}): {why}")
    return list(found.values())


def _take(about: Remediation, fact: Fact, view: View) -> str:
    """Take an act in, or return why it counts for nothing."""
    if about.closed is not None:
        return "it was closed before"
    return _TAKE[fact.event.type](about, fact, view)


def _assign(about: Remediation, fact: Fact, _view: View) -> str:
    about.assigned = fact
    return ""


def _act(about: Remediation, fact: Fact, _view: View) -> str:
    if fact.said.by != about.owner:
        return "not by its owner"
    about.acted, about.tested, about.words = fact, None, ""
    return ""


def _test(about: Remediation, fact: Fact, view: View) -> str:
    outcome, words = retest(view, about, fact.said.evidence_sha256)
    if outcome != fact.said.outcome:
        return words
    about.tested, about.words = fact, words
    return ""


def _close(about: Remediation, fact: Fact, view: View) -> str:
    why = not_to_close(view, about, fact.said.by, fact.read.keys)
    if not why:
        about.closed = fact
    return why


_TAKE = {
    "remediation.assigned": _assign, "remediation.acted": _act, "remediation.retested": _test,
    "remediation.closed": _close,
}  # fmt: skip


def not_to_close(view: View, about: Remediation, by: str, keys: Iterable[str]) -> str:
    """Return why a remediation is not to be closed by somebody; empty when it is.

    Args:
        view: the trail.
        about: the remediation.
        by: pseudonym of who would close it.
        keys: ids of the keys that sign it.
    """
    if about.status != "awaiting-close" or about.acted is None or about.tested is None:
        return f"it is {about.status}, and only what a later verdict has passed is closed"
    if by in {about.owner, about.acted.said.by} or set(keys) & set(about.acted.read.keys):
        return "by whoever owns or mended it, where somebody else has to close it"
    decided = _decided(view, about, about.tested.said.evidence_sha256)
    digests = {one.said.model_sha256 for one in decided}
    authors = {one.said.author for one in view.facts(REGISTERED) if one.said.model_sha256 in digests}
    return "by the author of the version that mended it, where somebody else has to close it" if by in authors else ""


def retest(view: View, about: Remediation, verdict_sha256: str) -> tuple[str | None, str]:
    """Return what a later verdict says about a finding, and why; None where it says nothing.

    It has to be a release's, of the same system and model, decided after the act; it must hold the same finding, and
    hold it against the same limit or a tighter one.

    Args:
        view: the trail.
        about: the remediation.
        verdict_sha256: digest of the later verdict.
    """
    if about.acted is None:
        return None, "nobody has done anything yet that a later verdict could bear out"
    after = [one for one in _decided(view, about, verdict_sha256) if one.index > about.acted.index]
    if not after:
        return None, f"no decision of the log after entry {about.acted.index} is that verdict"
    before, later = (_verdict(view, one) for one in (about.opened.said.verdict_sha256, verdict_sha256))
    if before is None or later is None:
        return None, "one of the two verdicts is not at hand beside the log, so nothing can be compared"
    return _compared(before, later, about.opened.said.finding)


def _compared(before: Verdict, later: Verdict, name: str) -> tuple[str | None, str]:
    if (later.system, later.model) != (before.system, before.model) or later.stage is not msgspec.UNSET:
        return None, f"that verdict is no release of {before.model} in {before.system}"
    old, new = finding_of(before, name), finding_of(later, name)
    if new is None or old is None:
        return (
            None,
            f"{name} is not looked at in the verdict on version {later.version}: what is not tested has not passed",
        )
    if loosened := _loosened(old, new):
        return None, f"{name}: {loosened} since, so that a pass shows nothing"
    if new.status == "pass":
        return "passed", f"version {later.version} passes {name}: {new.reason}"
    waived = " (waived: it stays what it is)" if new.waiver is not None else ""
    return "failed", f"version {later.version} does not pass {name}, it is {new.status}{waived}: {new.reason}"


def finding_of(verdict: Verdict, name: str) -> Finding | None:
    """Return a verdict's finding by its id."""
    return next((one for one in verdict.findings if one.id == name), None)


def _loosened(old: Finding, new: Finding) -> str:
    if (old.check, old.metric) != (new.check, new.metric):
        return f"it is another check now ({new.check} of {new.metric}, before {old.check} of {old.metric})"
    if old.decide == "interval" and new.decide == "point":
        return "the point decides where the interval did"
    if old.limit is not None and (new.limit is None or _wider(old.limit, new.limit)):
        return "the limit was loosened"
    return ""


def _wider(old: Limit, new: Limit) -> bool:
    above = old.max is not None and (new.max is None or new.max > old.max)
    return above or (old.min is not None and (new.min is None or new.min < old.min))


def _decided(view: View, about: Remediation, verdict_sha256: str) -> list[Fact]:
    """Return the decisions about the same model that a verdict is."""
    model = about.opened.said.model
    return [
        one for one in view.facts(DECIDED)
        if one.said.verdict_sha256 == verdict_sha256 and one.said.model == model
    ]  # fmt: skip


def _verdict(view: View, sha256: str) -> Verdict | None:
    content = view.documents.get(sha256)
    try:
        return None if content is None else parse_record(content, Verdict, name="verdict.json")
    except AssayError:
        return None  # a verdict of another version of Assay: told as not at hand
