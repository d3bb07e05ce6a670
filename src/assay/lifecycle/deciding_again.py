"""Deciding again: what a pipeline's gate decided is evidence; what the server decides, by its people's policy, counts.

The verdict is reached as every other (`assay.lifecycle.release.gate`), on the evidence that was delivered, under the
policy that the server's people adopted for the system, and with the consents of people whom the server knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.attest.statement import EVIDENCE, TALLY, VERDICT
from assay.errors import AssayError, InputError
from assay.lifecycle import release
from assay.lifecycle.consenting import CONSENTS, consent_files
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.people import FOLDER as PEOPLE
from assay.lifecycle.presenting import SignedEvidence
from assay.lifecycle.project import release_folder
from assay.lifecycle.receiving_checks import keys_of
from assay.lifecycle.setting import EVIDENCE_SIGNATURE, Setting
from assay.lifecycle.storing import publish, staging
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.delivery import Outcome
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from assay.lifecycle.keyring import Keyring
    from assay.lifecycle.received import Delivered, Kept, Place
    from assay.lifecycle.setting import Log, Rules
    from assay.records.tally import FileDigest

_FILES_CHECK = "files-unchanged"
_SHOWN = 16


class Judge:
    """Decides on delivered releases, in a server's state folder.

    Args:
        kept: what was delivered.
        log: the server's log.
        keyring: the keys that sign here.
        rules_for: today's policy and people of a system; None where nobody has adopted a policy for it.
        was_adopted: says whether a system's people adopted the policy of a digest at some time.
        key: name of the key that signs.
    """

    def __init__(
        self,
        kept: Kept,
        log: Log,
        keyring: Keyring,
        *,
        rules_for: Callable[[str], Rules | None],
        was_adopted: Callable[[str, str], bool],
        key: str,
    ) -> None:
        self._kept, self._log, self._keyring, self._key = kept, log, keyring, key
        self._rules_for, self._was_adopted = rules_for, was_adopted

    def decide(self, place: Place) -> Outcome:
        """Decide on a delivered release, as things stand now: after its delivery, a consent, or a policy's adoption.

        Returns:
            The decision, or why it waits.

        Raises:
            InputError: when no such release was delivered.
        """
        with self._kept.versions(place.model):
            one = self._kept.release(place)
            if one is None:
                raise InputError(f"expected a delivered release, found none of {place.model} {place.version}")
            try:
                found = self._decided(one)
            except AssayError as error:
                found = _waiting(one, f"the server could not decide: {error.diagnostics()}"), one.verdict_sha256
            outcome, verdict_sha256 = found
            self._kept.write_release(msgspec.structs.replace(one, outcome=outcome, verdict_sha256=verdict_sha256))
            return outcome

    def waiting(self, system: str | None = None, *, models: Iterable[str] | None = None) -> Iterator[Delivered]:
        """Yield the releases that nobody has decided on, of all systems or of one.

        Args:
            system: the system.
            models: where it is known which models are the system's: only what was delivered of these is read.
        """
        for one in self._kept.releases(models):
            if one.outcome.outcome == "waits" and system in {None, one.system}:
                yield one

    def decide_waiting(self, system: str, *, models: Iterable[str] | None = None) -> list[Outcome]:
        """Decide on every release of a system that waits (as `waiting`): what follows when a policy is adopted."""
        return [self.decide(one.place) for one in list(self.waiting(system, models=models))]

    def folder(self, place: Place) -> Path:
        """Return the release folder that the server's own decision lies in."""
        return release_folder(self._kept.state, place.model, place.version) / place.within

    def know(self, releases: Iterable[Delivered], people: Mapping[str, str]) -> None:
        """Put the public keys of pipelines where verifying finds them, and the names that were disclosed."""
        folder = self._kept.state / "keys"
        known = {key.key_id for key in read_public_keys(folder).values()}
        new = {}
        for one in releases:
            for key in keys_of(one.keys):
                if key.key_id not in known:
                    new[f"pipeline.{_plain(one.pipeline)}.{key.key_id:.8}.pub"] = key.pem().encode("ascii")
        names = {f"{code}.json": canonical_json({"name": name}) for code, name in people.items()}
        for where, files in ((folder, new), (self._kept.state / PEOPLE, names)):
            missing = {name: content for name, content in files.items() if not (where / name).is_file()}
            if missing:
                with staging(where) as stage:
                    publish(stage, where, missing)

    def _decided(self, one: Delivered) -> tuple[Outcome, str | None]:
        rules = self._rules_for(one.system)
        if rules is None:
            self._lay_out(one)
            return _waiting(one, f"nobody has adopted a policy for {one.system}"), None
        if one.policy_sha256 != rules.policy.sha256 and not self._was_adopted(one.system, one.policy_sha256):
            self._lay_out(one)
            words = (
                f"it was measured under {one.policy} ({one.policy_sha256:.{_SHOWN}}...), which nobody has adopted; "
                f"adopted is {rules.policy.name} ({rules.policy.sha256:.{_SHOWN}}...)"
            )
            return _waiting(one, words), None
        signed, verdict = self._signed(one), self._read(one, VERDICT)
        setting = Setting(
            policy=rules.policy,
            trust=rules.trust,
            trust_sha256=rules.trust_sha256,
            measurers=rules.measurers | frozenset(keys_of(one.keys)),
            project=rules.project,
            state=self._kept.state,
            keyring=self._keyring,
            key=self._key,
        )
        files = _compared(parse_record(verdict, Verdict, name=VERDICT), signed.evidence)
        found = release.gate(signed, setting, self._log, folder=self.folder(one.place), files=files).verdict
        outcome = Outcome(
            **msgspec.to_builtins(one.place), outcome="decided", decision=found.decision, words=found.reason
        )
        return outcome, sha256_hex(canonical_json(found))

    def _lay_out(self, one: Delivered) -> None:
        """Put the evidence where people look for it; without a verdict beside it nothing finds it allowed."""
        folder = self.folder(one.place)
        if not (folder / VERDICT).is_file():
            with staging(folder) as stage:
                publish(stage, folder, self._signed(one).files_for(folder))

    def sources(self, place: Place) -> dict[str, bytes]:
        """Return the project's own files as they came with a release: `assay.yaml`, the policy and those it extends."""
        one = self._kept.release(place)
        found = {} if one is None else {name: self._kept.document(sha256) for name, sha256 in one.sources.items()}
        return {name: content for name, content in found.items() if content is not None}

    def _signed(self, one: Delivered) -> SignedEvidence:
        """Return the evidence with the consents that came with it, and those that were given here."""
        content = self._read(one, EVIDENCE)
        brought = {name: self._read(one, name) for name in one.files if name.startswith(f"{CONSENTS}/")}
        return SignedEvidence(
            evidence=parse_record(content, Evidence, name=EVIDENCE),
            content=content,
            signature=self._read(one, EVIDENCE_SIGNATURE),
            tally=self._read(one, TALLY),
            consents={**brought, **consent_files([self.folder(one.place) / CONSENTS])},
        )

    def _read(self, one: Delivered, name: str) -> bytes:
        content = self._kept.document(one.files[name])
        if content is None:
            raise InputError(
                f"{name} of {one.place.model} {one.place.version}: expected it in evidence/ by its digest, found none: "
                "it was erased, or the folder is not whole"
            )
        return content


def _compared(delivered: Verdict, evidence: Evidence) -> tuple[FileDigest, ...] | None:
    """Return the model's files where the pipeline compared them when it decided, and found them to be those measured.

    The model does not come to the server. What runs is held against its digest, file by file, where it runs.
    """
    found = {one.status for one in delivered.findings if one.check == _FILES_CHECK}
    return evidence.model.files if found == {"pass"} else None


def _waiting(one: Delivered, words: str) -> Outcome:
    return Outcome(**msgspec.to_builtins(one.place), outcome="waits", words=f"waits, and may not go out: {words}")


def _plain(name: str) -> str:
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in name)[:24]
