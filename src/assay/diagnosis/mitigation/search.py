"""Trying candidates within a budget: each in a process that can be stopped, its judging too, the cheapest first."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation import ALTERNATIVE, METHODS, method
from assay.diagnosis.mitigation.lesson import Candidate, candidates_of
from assay.diagnosis.mitigation.process import Worker
from assay.errors import InputError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.diagnosis.mitigation.lesson import Method
    from assay.diagnosis.mitigation.trying import Answers, Work
    from assay.records.mitigation import Attempted

SHARE_OF_WHAT_IS_LEFT = 0.5
"""No candidate may take more than this share of the time that is left: one that hangs leaves time for others."""

LEAST_SECONDS = 0.2
"""With less left nothing more is begun."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one candidate.

    Attributes:
        candidate: the candidate.
        method: its method.
        status: what became of it.
        reason: why there are no answers.
        answers: what it answered.
        judged: what the work's judge made of that.
        seconds: what both took.
    """

    candidate: Candidate
    method: Method
    status: Attempted
    reason: str | None = None
    answers: Answers | None = None
    judged: Any = None
    seconds: float = 0.0


def wanted(search: str, names: Sequence[str] = ()) -> list[tuple[Method, Candidate]]:
    """Return the candidates of a search, in the order in which they are tried.

    Args:
        search: ``remedies`` or ``lda``.
        names: methods or candidates; all of the search's when empty. The learner as it is always comes first.

    Raises:
        InputError: for a name that is neither; the nearest is suggested.
    """
    methods = [method("as_is"), method(ALTERNATIVE)] if search == "lda" else [method(name) for name in METHODS]
    every = [(one, candidate) for one in methods for candidate in candidates_of(one)]
    known = {one.name for one, _candidate in every} | {candidate.name for _one, candidate in every}
    wrong = [f"{name!r}{suggest(name, known)}" for name in names if name not in known]
    if wrong:
        raise InputError(f"expected candidates of the search {search}, found {', '.join(wrong)}. There are: "
                         f"{', '.join(sorted({one.name for one, _candidate in every}))}")  # fmt: skip
    if not names:
        return every
    return [pair for pair in every if {pair[0].name, pair[1].name} & {*names, "as_is"}]


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a search may do.

    Attributes:
        until: when it must be over, by the monotonic clock.
        attribute: whether candidates may need the protected attribute when they predict.
        refuse_attribute: why not, where they may not.
    """

    until: float
    attribute: bool
    refuse_attribute: str = ""


def attempts(
    work: Work,
    pairs: Sequence[tuple[Method, Candidate]],
    allowed: Allowance,
    tell: Callable[[str, float], None] = lambda _name, _share: None,
) -> Iterator[Outcome]:
    """Try candidates one after the other, and say of each what became of it.

    Args:
        work: what all candidates share.
        pairs: the candidates.
        allowed: time, and whether the protected attribute may be asked for.
        tell: told the candidate's name and the share of the whole search that is done.
    """
    with Worker(work) as worker:
        for number, (one, candidate) in enumerate(pairs):
            tell(candidate.name, number / len(pairs))
            if one.needs_attribute and not allowed.attribute:
                yield Outcome(candidate=candidate, method=one, status="refused", reason=allowed.refuse_attribute)
                continue
            began = monotonic()
            left = allowed.until - began
            if left < LEAST_SECONDS:
                yield Outcome(candidate=candidate, method=one, status="not-tried", reason="the budget was spent")
                continue
            seconds = left if number == 0 else left * SHARE_OF_WHAT_IS_LEFT

            def share(done: float, number: int = number, name: str = candidate.name) -> None:
                tell(name, (number + done) / len(pairs))

            said = worker.attempt(candidate, seconds, share)
            yield _outcome(one, candidate, said, monotonic() - began, seconds)


def _outcome(one: Method, candidate: Candidate, said: tuple[str, Any], took: float, allowed: float) -> Outcome:
    kind, what = said
    if kind == "done":
        answers, judged = what
        return Outcome(candidate=candidate, method=one, status="measured", answers=answers, judged=judged, seconds=took)
    if kind == "timed-out":
        why = f"stopped after {allowed:.1f} seconds, the most that was left for it"
        return Outcome(candidate=candidate, method=one, status="timed-out", reason=why, seconds=took)
    status: Attempted = "refused" if kind == "refused" else "failed"
    return Outcome(candidate=candidate, method=one, status=status, reason=str(what), seconds=took)
