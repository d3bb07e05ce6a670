"""May this run? From the digest of an image or of a model's files, or a name, to a clearance with its reason.

There is one truth about what may run, `assay.lifecycle.serving`: a release about these very files was let out, its
record verifies, and decided again at this time, under the policy that its people have adopted, it would be let out
now. What cannot be told is not cleared. An image is known by what its pipeline has signed into the log
(``image.built``), never by a label or an annotation that anybody may write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from assay.attest.statement import EVIDENCE, VERDICT
from assay.errors import AssayError, suggest
from assay.lifecycle.anchors import LOG, TRUST
from assay.lifecycle.known_releases import RELEASES, KnownReleases, identity_of
from assay.lifecycle.log_trust import AUTHORITIES, SECOND_VKEY, VKEY
from assay.lifecycle.log_trust import KEYS as KEYS_BY_SIZE
from assay.lifecycle.log_trust import POLICY as WITNESS_POLICY
from assay.lifecycle.presenting import read_signed
from assay.lifecycle.project import KEYS, read_file, release_folder
from assay.lifecycle.serving import PASSES, Status, decided_again, record_problem, standing
from assay.records.canonical import parse_record, sha256_hex
from assay.records.tally import Frozen
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.known_releases import Identity
    from assay.lifecycle.setting import Rules

SHOWN_DIGITS = 16
_KEPT = 20_000
_TO_THE_MINUTE = len("2026-10-01T09:30")
_BETTER: tuple[Status, ...] = ("approved", "lapsed", "not-approved", "unknown")


class Asked(Frozen, kw_only=True):
    """What it is asked about: one of an image, a model's files, and a model version by name.

    Attributes:
        image_sha256: digest of an image's manifest, 64 hexadecimal digits.
        model_sha256: root digest of a model's files; with a name it must be that version's.
        model: name of the registered model.
        version: its version; with ``model``.
    """

    image_sha256: str | None = None
    model_sha256: str | None = None
    model: str | None = None
    version: str | None = None


class Built(Frozen, kw_only=True):
    """That an image holds a model version, as an entry of the log says which a known key has signed.

    Attributes:
        image: name of the image's repository, as it was built.
        image_sha256: digest of the image's manifest.
        model: name of the registered model in it.
        version: its version.
        model_sha256: root digest of its files.
        entry: where it stands in the trail.
    """

    image: str
    image_sha256: str
    model: str
    version: str
    model_sha256: str
    entry: int


class Clearance(Frozen, kw_only=True):
    """Whether something may run, and why.

    Attributes:
        allowed: whether it may; what cannot be told may not.
        status: as `assay.lifecycle.serving` has it.
        words: why, and what a person can do.
        decision: the decision as it is now; None where there is none, or it may not run.
        system: the AI system that it belongs to.
        model: name of the registered model.
        version: its version.
        model_sha256: root digest of its files.
        verdict_sha256: digest of the verdict that let it out.
        decided_at: when that was.
    """

    allowed: bool
    status: Status
    words: str
    decision: Literal["allow", "warn"] | None = None
    system: str | None = None
    model: str | None = None
    version: str | None = None
    model_sha256: str | None = None
    verdict_sha256: str | None = None
    decided_at: str | None = None


RulesFor: TypeAlias = Callable[[str], "Rules | None"]
"""Today's policy and people of a system; None where nobody has adopted a policy for it."""

Builds: TypeAlias = Callable[[str], Sequence[Built]]
"""What the log says that an image of a digest holds: entries that count, and were not corrected since."""


def no_builds(_image_sha256: str) -> Sequence[Built]:
    """Return nothing: where no log is looked at, no image is known."""
    return ()


_Again: TypeAlias = tuple[Literal["allow", "warn"] | None, str | None]
"""The decision as it is now where it passes, else why it does not."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """A release as it was last looked at: what took long, and of which files it was true."""

    identity: Identity
    verdict: Verdict
    verdict_sha256: str
    problem: str | None


class Clearings:
    """What may run by the releases of one state folder; kept open, it answers in milliseconds.

    A release is verified again when one of its files, or of those that say whom to trust, was changed. It is decided
    again each minute, and at once when its files, the policy or the people were changed.

    Args:
        state: the folder of releases, keys and log (``.assay``).
        rules_for: today's rules of a system.
        builds: what images hold.
    """

    def __init__(self, state: Path, rules_for: RulesFor, *, builds: Builds = no_builds) -> None:
        self._state = state
        self._rules_for = rules_for
        self._builds = builds
        self._known = KnownReleases(state)
        self._lock = Lock()
        self._looked: dict[Path, _Looked] = {}
        self._decided: dict[Path, tuple[tuple[object, ...], _Again]] = {}

    def look_again(self, models: Iterable[str] | None = None) -> None:
        """Take notice of what has just been written: a release that came, or was decided again.

        Args:
            models: of which models; by default it is looked at all of them.
        """
        if models is None:
            self._known.look_again(now=True)
        else:
            self._known.look_at(models)

    def clear(self, asked: Asked, *, at: str) -> Clearance:
        """Say whether something may run now.

        Args:
            asked: what.
            at: now, RFC 3339 in UTC.
        """
        if asked.image_sha256 is not None:
            return self._image(asked.image_sha256, at)
        if asked.model is not None and asked.version is not None:
            return self._named(asked.model, asked.version, asked.model_sha256, at)
        if asked.model_sha256 is not None:
            return self._files(asked.model_sha256, at)
        return _refused("unknown", "What should run cannot be told: expected a digest, or a model and its version.")

    def _image(self, image_sha256: str, at: str) -> Clearance:
        try:
            built = self._builds(image_sha256)
        except (AssayError, OSError) as error:
            return _refused("unknown", f"What the image holds cannot be told: the log cannot be read: {error}")
        if not built:
            return _refused(
                "unknown",
                f"No signed entry of the log says which model the image sha256:{image_sha256:.{SHOWN_DIGITS}}... "
                "holds. Have the pipeline that builds it record it (assay trail append image.built), or, where it "
                "holds no model, have its repository exempted.",
            )
        held = [
            self._named(one.model, one.version, one.model_sha256, at) for one in built
        ]  # not another's of these files
        worst = max(held, key=lambda one: _BETTER.index(one.status))
        told = {one.model_sha256: f"{one.model} {one.version}" for one in built}
        if len(told) > 1:
            words = f"It holds {len(told)} models ({', '.join(sorted(told.values()))}). {worst.words}"
            return msgspec.structs.replace(worst, words=words)
        return worst

    def _files(self, model_sha256: str, at: str) -> Clearance:
        found = self._best(model_sha256, at)
        if not found.allowed and self._known.look_again():  # a release that has just come must not wait
            found = self._best(model_sha256, at)
        return found

    def _best(self, model_sha256: str, at: str) -> Clearance:
        judged = [self._release(folder, at, model_sha256) for folder in self._known.with_files(model_sha256)]
        about = [one for one in judged if one is not None]
        if about:
            return min(about, key=lambda one: _BETTER.index(one.status))
        unreadable = self._known.unreadable
        words = f"No release on record is about these files ({model_sha256:.{SHOWN_DIGITS}}...). "
        if unreadable:
            words += f"The verdict of {', '.join(unreadable[:3])} ({len(unreadable)} in all) cannot be read. "
        return _refused("not-approved", f"{words}Put the version through: assay run", sha256=model_sha256)

    def _named(self, model: str, version: str, model_sha256: str | None, at: str) -> Clearance:
        try:
            folder = release_folder(self._state, model, version)
        except AssayError as error:
            return _refused("unknown", f"What should run cannot be told: {error}")
        if not (folder / VERDICT).is_file():
            return _refused("not-approved", self._no_such(model, version, folder), name=model, version=version)
        found = self._release(folder, at, model_sha256)
        if found is None:
            words = (
                f"{model} {version} was decided with other files than these ({model_sha256:.{SHOWN_DIGITS}}...): they "
                "changed since, or something else was put there. Put the version through: assay run"
            )
            return _refused("not-approved", words, name=model, version=version, sha256=model_sha256)
        return found

    def _no_such(self, model: str, version: str, folder: Path) -> str:
        models = [one.name for one in (self._state / RELEASES).glob("*")]
        if model not in models:
            return f"No model {model} is on record{suggest(model, models)}. Put the version through: assay run"
        there = sorted(one.parent.name for one in folder.parent.glob(f"*/{VERDICT}"))
        told = f"; there are {', '.join(there[-5:])}" if there else ""
        return f"No release of {model} {version} is on record{told}. Put the version through: assay run"

    def _release(self, folder: Path, at: str, model_sha256: str | None) -> Clearance | None:
        """Return how the release in a folder stands; None when it is about other files."""
        try:
            looked = self._look(folder)
        except (AssayError, OSError) as error:
            words = f"The record of {folder.parent.name} {folder.name} cannot be read: {error}"
            return _refused("unknown", words, name=folder.parent.name, version=folder.name)
        verdict = looked.verdict
        if verdict.stage is not msgspec.UNSET or (model_sha256 is not None and verdict.model_sha256 != model_sha256):
            return None
        passed = verdict.decision in PASSES and looked.problem is None
        now, ended = self._again(folder, looked, at) if passed else (None, None)
        status, words = standing(verdict, looked.problem, ended)
        allowed = status == "approved" and now is not None
        return Clearance(
            allowed=allowed,
            status=status,
            words=words if allowed else f"{words} {_what_to_do(status, folder)}",
            decision=now if allowed else None,
            system=verdict.system,
            model=verdict.model,
            version=verdict.version,
            model_sha256=verdict.model_sha256,
            verdict_sha256=looked.verdict_sha256,
            decided_at=verdict.decided_at,
        )

    def _look(self, folder: Path) -> _Looked:
        identity = identity_of(folder, folder / "consents", *_anchors(self._state))
        before = self._looked.get(folder)
        if before is not None and before.identity == identity:
            return before
        content = read_file(folder / VERDICT, "a verdict")
        verdict = parse_record(content, Verdict, name=VERDICT)
        problem = record_problem(folder) if verdict.decision in PASSES else None
        looked = _Looked(identity, verdict, sha256_hex(content), problem)
        with self._lock:
            if len(self._looked) >= _KEPT:
                self._looked.clear()
            self._looked[folder] = looked
        return looked

    def _again(self, folder: Path, looked: _Looked, at: str) -> _Again:
        """Decide again, under the policy adopted now."""
        try:
            rules = self._rules_for(looked.verdict.system)
            if rules is None:
                return None, f"nobody has adopted a policy for the system {looked.verdict.system}; have one adopted."
            minute = at[:_TO_THE_MINUTE]
            grounds = (looked.identity, rules.policy.sha256, rules.trust_sha256, rules.evidence_keys(), minute)
            before = self._decided.get(folder)
            if before is not None and before[0] == grounds:
                return before[1]
            found = _decided_now(folder, looked.verdict, rules, at)
        except AssayError as error:
            return None, f"it cannot be decided again: {error}"
        with self._lock:
            if len(self._decided) >= _KEPT:
                self._decided.clear()
            self._decided[folder] = (grounds, found)
        return found


def _decided_now(folder: Path, verdict: Verdict, rules: Rules, at: str) -> _Again:
    now = decided_again(read_signed(folder / EVIDENCE, rules), rules, at)
    if now.decision in {"allow", "warn"}:
        return now.decision, None
    if rules.policy.sha256 == verdict.policy.sha256:
        return None, now.reason
    return None, (
        f"the policy adopted now ({now.policy.name} {now.policy.version}) is another than the one it was released "
        f"under, and under it: {now.reason}"
    )


def clear(asked: Asked, state: Path, rules_for: RulesFor, *, at: str, builds: Builds = no_builds) -> Clearance:
    """Say whether something may run now, once; who asks often keeps `Clearings` open.

    Args:
        asked: what.
        state: the folder of releases, keys and log (``.assay``).
        rules_for: today's rules of a system.
        at: now, RFC 3339 in UTC.
        builds: what images hold.
    """
    return Clearings(state, rules_for, builds=builds).clear(asked, at=at)


def _anchors(state: Path) -> tuple[Path, ...]:
    """Return the files that say whom to trust about a release of this state folder (`assay.lifecycle.anchors`)."""
    beside = (VKEY, SECOND_VKEY, KEYS_BY_SIZE, WITNESS_POLICY, AUTHORITIES)
    of_logs = sorted(path for path in state.glob(f"{LOG}*") if path.name.endswith(tuple(f".{one}" for one in beside)))
    return (state.parent / TRUST, state / KEYS, *of_logs)


def _refused(
    status: Status, words: str, *, name: str | None = None, version: str | None = None, sha256: str | None = None
) -> Clearance:
    return Clearance(allowed=False, status=status, words=words, model=name, version=version, model_sha256=sha256)


def _what_to_do(status: Status, folder: Path) -> str:
    if status == "lapsed":
        return "Measure it again, or renew the consent that ended, and gate it: assay run"
    return f"See why, and what would mend it: assay explain .assay/{RELEASES}/{folder.parent.name}/{folder.name}"
