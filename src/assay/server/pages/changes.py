"""What is otherwise in one version of a model than in another: policy, data, files, people, findings and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from assay.policy.compare import changes as policy_changes
from assay.records.tally import Frozen
from assay.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.policy import Policy
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding, Verdict

MOST_NUMBERS = 40

Way = Literal["new", "gone", "changed", "loosens", "tightens", "changes", "worse", "better"]


class Changed(Frozen, kw_only=True):
    """One thing that is otherwise.

    Attributes:
        way: how.
        what: what it is.
        words: the difference.
    """

    way: Way
    what: str
    words: str


class Moved(Frozen, kw_only=True):
    """A number that is otherwise.

    Attributes:
        title: the requirement that it is held against.
        about: whom it is about.
        before: with its interval, in words.
        now: as before.
        surely: whether the two intervals lie apart.
        limit: in words.
        status: of the finding now.
    """

    title: str
    about: str
    before: str
    now: str
    surely: bool
    limit: str
    status: str


class Changes(Frozen, kw_only=True):
    """Everything that is otherwise than in the version before.

    Attributes:
        version: the version before.
        decision: what was decided on it.
        policy: what of the policy is otherwise; one line when nobody can tell.
        data: of the datasets, by role.
        files: of the model's files.
        people: of who made and measured it, what it is for, and its code.
        findings: those that came and went.
        numbers: those that moved.
        same: what is just as it was.
    """

    version: str
    decision: str
    policy: tuple[Changed, ...]
    data: tuple[Changed, ...]
    files: tuple[Changed, ...]
    people: tuple[Changed, ...]
    findings: tuple[Changed, ...]
    numbers: tuple[Moved, ...]
    same: tuple[str, ...]


def changes(
    before: tuple[Evidence, Verdict], now: tuple[Evidence, Verdict], policies: tuple[Policy | None, Policy | None]
) -> Changes:
    """Return what is otherwise in a version than in one before.

    Args:
        before: evidence and verdict of the version before.
        now: of the version.
        policies: the policies that the two were decided under, as far as they are here.
    """
    (old, was), (new, is_) = before, now
    found = {
        "policy": tuple(_policy(was, is_, policies)),
        "data": tuple(_digests(_datasets(old), _datasets(new), "rows of")),
        "files": tuple(_digests(_files(old), _files(new), "file")),
        "people": tuple(_people(old, new)),
        "findings": tuple(_findings(was, is_)),
        "numbers": tuple(_numbers(was, is_))[:MOST_NUMBERS],
    }
    return Changes(
        version=was.version,
        decision=was.decision,
        same=tuple(name for name, those in found.items() if not those),
        **found,  # type: ignore[arg-type] # as above
    )


def _policy(was: Verdict, is_: Verdict, policies: tuple[Policy | None, Policy | None]) -> Iterator[Changed]:
    if was.policy.sha256 == is_.policy.sha256:
        return
    old, new = policies
    names = [f"{one.policy.name} {one.policy.version} ({one.policy.sha256[:12]})" for one in (was, is_)]
    yield Changed(way="changed", what="policy", words=f"{names[0]} becomes {names[1]}")
    if old is None or new is None:
        yield Changed(
            way="changed", what="policy", words="one of the two is not here, so nobody can tell what it changes"
        )
        return
    for one in policy_changes(old, new):
        yield Changed(way=one.direction, what=one.what, words=one.words)


def _datasets(evidence: Evidence) -> dict[str, str]:
    return {one.role: one.sha256 for one in evidence.datasets}


def _files(evidence: Evidence) -> dict[str, str]:
    return {one.name: one.sha256 for one in evidence.model.files}


def _digests(old: Mapping[str, str], new: Mapping[str, str], what: str) -> Iterator[Changed]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        way: Way = "new" if before is None else "gone" if after is None else "changed"
        parts = [f"{one[:12]}" for one in (before, after) if one is not None]
        yield Changed(way=way, what=f"{what} {name}", words=" becomes ".join(parts))


def _people(old: Evidence, new: Evidence) -> Iterator[Changed]:
    for what, before, after in (
        ("made by", old.model.author, new.model.author),
        ("measured by", old.measured_by.identity, new.measured_by.identity),
        ("exposure", old.materiality.exposure, new.materiality.exposure),
        ("purpose", old.materiality.purpose, new.materiality.purpose),
        ("code", old.code.commit, new.code.commit),
        ("measured on", old.measured_on, new.measured_on),
        ("tool", old.tool.version, new.tool.version),
    ):
        if before != after:
            yield Changed(way="changed", what=what, words=f"{before or 'not said'} becomes {after or 'not said'}")


def _findings(was: Verdict, is_: Verdict) -> Iterator[Changed]:
    old, new = ({one.id: one for one in verdict.findings} for verdict in (was, is_))
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name), new.get(name)
        if after is None or before is None:
            one = after or before
            if one is not None:
                yield Changed(way="gone" if after is None else "new", what=name, words=f"{one.title}: {one.status}")
        elif before.status != after.status:
            way: Way = "better" if after.status == "pass" else "worse" if before.status == "pass" else "changed"
            yield Changed(way=way, what=name, words=f"{after.title}: {before.status} becomes {after.status}")


def _numbers(was: Verdict, is_: Verdict) -> list[Moved]:
    old = {one.id: one for one in was.findings}
    found = [
        Moved(
            title=after.title, about=words.plain(words.about(after)) if after.metric else "", before=_number(before),
            now=_number(after), surely=_apart(before, after), limit=words.limit_words(after.limit), status=after.status,
        )
        for after in is_.findings
        if (before := old.get(after.id)) is not None and after.measured is not None and before.measured is not None
        and after.measured != before.measured
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.surely, one.title))


def _number(finding: Finding) -> str:
    value = words.number(finding.measured, beside=finding.limit) if finding.measured is not None else "no number"
    return f"{value} ({words.interval_words(finding.interval)})" if finding.interval else value


def _apart(before: Finding, after: Finding) -> bool:
    if before.interval is None or after.interval is None:
        return False
    return before.interval[1] < after.interval[0] or after.interval[1] < before.interval[0]
