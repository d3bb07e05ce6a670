"""Serving equals approved: is what runs the very model version that was released, and does its release still stand?

What runs is named by its digest: the OpenSSF model-signing root over its files, hashed where they lie or reported by
what serves them. It is held against every release on record. A name or a version that somebody wrote proves nothing,
so it only helps to say what was expected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.attest.statement import EVIDENCE, VERDICT
from assay.errors import AssayError
from assay.lifecycle.presenting import read_signed
from assay.lifecycle.project import read_file
from assay.lifecycle.setting import nobody
from assay.lifecycle.verification import verify_release
from assay.policy import decide
from assay.records.canonical import parse_record
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from assay.lifecycle.presenting import SignedEvidence
    from assay.lifecycle.setting import Rules
    from assay.records.verdict import Decision

Status: TypeAlias = Literal["approved", "lapsed", "not-approved", "unknown"]

PASSES = frozenset({"allow", "warn"})
"""Decisions that let a version out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What runs at one place.

    Attributes:
        where: the place, in words: ``folder /srv/model``, ``Deployment prod/credit``.
        sha256: root digest of the model's files; None when it cannot be known.
        model: the name that it goes by there; a claim.
        version: the version that it goes by there; a claim.
        reported: whether the digest is only what the place says of itself, not hashed from files here.
        reason: why the digest is not known.
    """

    where: str
    sha256: str | None
    model: str | None = None
    version: str | None = None
    reported: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of holding one place against the releases.

    Attributes:
        serving: what runs there.
        status: ``approved``; ``lapsed`` when it was, and would not be now; ``not-approved``; ``unknown``.
        words: what that means and what to do, in a sentence or two.
        model: name of the released model; None when no release is about these files.
        version: its version.
        decided_at: when it was released.
    """

    serving: Serving
    status: Status
    words: str
    model: str | None = None
    version: str | None = None
    decided_at: str | None = None


def check_serving(running: Iterable[Serving], state: Path, rules: Rules, *, at: str) -> tuple[Checked, ...]:
    """Hold what runs against the releases on record.

    Args:
        running: what runs, place by place.
        state: the folder that holds the releases (``.assay``).
        rules: today's policy and people; a release decided under this policy is decided again at ``at``.
        at: now, RFC 3339 in UTC.
    """
    releases = list(_releases(state))
    return tuple(_check(one, releases, rules, at) for one in running)


def overall(checked: Sequence[Checked]) -> Decision:
    """Return the worst of it as a decision: deny before undecided; nothing looked at is undecided."""
    found = {one.status for one in checked}
    if found & {"not-approved", "lapsed"}:
        return "deny"
    return "undecided" if "unknown" in found or not found else "allow"


def _releases(state: Path) -> Iterator[tuple[Path, Verdict]]:
    """Yield every decided release, the latest decision first."""
    found = []
    for path in state.glob(f"releases/*/*/{VERDICT}"):
        verdict = parse_record(read_file(path, "a verdict"), Verdict, name=str(path.relative_to(state)))
        if verdict.stage is msgspec.UNSET:
            found.append((path.parent, verdict))
    yield from sorted(found, key=lambda one: (one[1].decided_at, str(one[0])), reverse=True)


def _check(one: Serving, releases: Sequence[tuple[Path, Verdict]], rules: Rules, at: str) -> Checked:
    if one.sha256 is None:
        reason = one.reason or "it gives no reason"
        return Checked(serving=one, status="unknown", words=f"What runs cannot be told: {reason}.")
    about = [(folder, verdict) for folder, verdict in releases if verdict.model_sha256 == one.sha256]
    if not about:
        return Checked(serving=one, status="not-approved", words=_stranger(one, releases))
    judged = [_judge(one, folder, verdict, rules, at) for folder, verdict in about]
    order: tuple[Status, ...] = ("approved", "lapsed", "not-approved")
    return min(judged, key=lambda found: order.index(found.status))


def _stranger(one: Serving, releases: Sequence[tuple[Path, Verdict]]) -> str:
    words = f"No release on record is about these files ({one.sha256:.16}...)."
    named = [v for _, v in releases if v.model == one.model and (one.version is None or v.version == one.version)]
    passed = [verdict for verdict in named if verdict.decision in PASSES]
    if passed:
        words += (
            f" {passed[0].model} {passed[0].version} was released with other files ({passed[0].model_sha256:.16}...): "
            "they changed since, or something else was put there."
        )
    return f"{words} Take it out of service, or put it through: assay run"


def record_problem(folder: Path) -> str | None:
    """Return why the record of a release does not hold, its last problem; None when it does."""
    try:
        verify_release(folder)
    except AssayError as error:
        return error.diagnostics().splitlines()[-1].lstrip("- ")
    return None


def standing(verdict: Verdict, problem: str | None, ended: str | None, *, said: str = "") -> tuple[Status, str]:
    """Say how a release stands that is about the files in question, and in words what that means.

    Args:
        verdict: what was decided.
        problem: why its record does not hold; None when it does.
        ended: why it would not be let out now; None when it would.
        said: who says that these are the files, where it is not known: `` as it reports itself``.
    """
    name = f"{verdict.model} {verdict.version}"
    if verdict.decision not in PASSES:
        return "not-approved", f"It is {name}, which was decided {verdict.decision!r}: {verdict.reason}"
    if problem is not None:
        return "not-approved", f"It is {name}, but the record of its release does not hold: {problem}"
    if ended is not None:
        return "lapsed", f"It is {name}, released at {verdict.decided_at}, and that has lapsed: {ended}"
    return "approved", f"It is{said} {name}, released at {verdict.decided_at} ({verdict.decision})."


def decided_again(signed: SignedEvidence, rules: Rules, at: str) -> Verdict:
    """Decide about evidence once more, under these rules at this time; nothing is signed.

    What runs has the digest over the very files that the evidence names, so these are the files as they are now.

    Raises:
        AssayError: when a consent cannot be read.
    """
    evidence = signed.evidence
    authors = {person.key.key_id for person in rules.trust.people if person.name == evidence.model.author}
    return decide(
        rules.policy,
        evidence,
        evidence_sha256=signed.sha256,
        consents=signed.read_consents(rules),
        trust_sha256=rules.trust_sha256,
        at=at,
        by=nobody(),
        author_keys=authors | {evidence.measured_by.key},
        files_now=evidence.model.files,
    )


def _judge(one: Serving, folder: Path, verdict: Verdict, rules: Rules, at: str) -> Checked:
    passed = verdict.decision in PASSES
    problem = record_problem(folder) if passed else None
    ended = _ended(folder, verdict, rules, at) if passed and problem is None else None
    status, words = standing(verdict, problem, ended, said=" as it reports itself" if one.reported else "")
    return Checked(
        serving=one, status=status, words=words, model=verdict.model, version=verdict.version,
        decided_at=verdict.decided_at,
    )  # fmt: skip


def _ended(folder: Path, verdict: Verdict, rules: Rules, at: str) -> str | None:
    """Return why a release stands no longer; None while it does.

    Under the policy that it was decided under it is decided again, now: evidence ages, and waivers and approvals end.
    Under another policy that cannot be asked; what ended by its own date is still seen.
    """
    if verdict.policy.sha256 != rules.policy.sha256:
        over = [use for use in verdict.consents if use.status == "obeyed" and use.expires and use.expires < at[:10]]
        return f"the waiver of {over[0].control} ended on {over[0].expires}." if over else None
    now = decided_again(read_signed(folder / EVIDENCE, rules), rules, at)
    return None if now.decision in PASSES else now.reason
