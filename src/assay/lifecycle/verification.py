"""Verify a release folder, offline and without a clock, and say in words what was proven, by whom, and what was not.

A release holds when all of this does: each attestation is signed by a trusted key; the bytes of ``tally.json``,
``evidence.json`` and ``verdict.json`` are the ones that were signed; verdict and evidence name the same model, data and
policy; each attestation stands in the log, under a checkpoint that the log's key has signed; model and data, where they
are at hand, are the ones that were measured. Every failure is told, not only the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from assay.attest import dsse, statement
from assay.attest.bundle import parse_bundle, parse_receipt
from assay.attest.keys import parse_public_key
from assay.errors import AssayError, InputError, VerificationError
from assay.lifecycle.anchors import Anchors, find_anchors, find_log
from assay.lifecycle.issuing import DOCUMENTS, check_documents
from assay.lifecycle.storing import compare_dataset, compare_model
from assay.lifecycle.verified_consents import CONSENTS, check_consents
from assay.lifecycle.verified_erasures import ERASURES, check_erasures
from assay.lifecycle.verified_log import RECEIPT, LoggedEntry, check_receipt, included
from assay.records.canonical import parse_record
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict
from assay.trail.erasures import Erasures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.attest.bundle import Inclusion
    from assay.attest.keys import PublicKey
    from assay.attest.trust import Trust
    from assay.lifecycle.log_files import Archived
    from assay.lifecycle.log_trust import LogTrust

_NO_MODEL = "model files: there was no model yet; the decision is about the data alone, and releases no model"
P = ParamSpec("P")
T = TypeVar("T")

BUNDLE, EVIDENCE_SIGNATURE = "bundle.json", "evidence.dsse.json"

_SIGNED_FILES = (statement.TALLY, statement.EVIDENCE, statement.VERDICT)
_CHECKED_FILES = {*_SIGNED_FILES, BUNDLE, RECEIPT, EVIDENCE_SIGNATURE, CONSENTS, ERASURES, *DOCUMENTS}
_KINDS = {
    statement.TEST_RESULT: "the test result about the evidence",
    statement.VERIFICATION_RESULT: "the verification result about the verdict",
}


@dataclass(frozen=True, slots=True)
class Verified:
    """A release that holds.

    Attributes:
        model: name of the model.
        version: version of the model.
        decision: what was decided; a denial that verifies is still a denial.
        proven: what was proven and by whom, a sentence each.
        not_checked: what was not checked, and why, a sentence each.
        logged: where its attestations stand in the log, who cosigned that, and by when they were there.
    """

    model: str
    version: str
    decision: str
    proven: tuple[str, ...]
    not_checked: tuple[str, ...]
    logged: tuple[LoggedEntry, ...] = ()

    @property
    def title(self) -> str:
        """What holds, in words."""
        return f"{self.model} {self.version}, decided: {self.decision}"

    @property
    def ok(self) -> bool:
        """True: a release that does not hold is an error."""
        return True


@dataclass(slots=True)
class _Run:
    folder: Path
    anchors: Anchors
    seen: Sequence[Archived]
    logged: list[LoggedEntry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    erasures: Erasures = field(default_factory=Erasures)
    not_checked: list[str] = field(default_factory=list)

    def signed_digest(self, content: bytes | None) -> str | None:
        """Return a content's SHA-256; where an erasure put it in the place of another one, the SHA-256 of that."""
        digest = None if content is None else sha256(content).hexdigest()
        before = None if digest is None else self.erasures.before(digest)
        return digest if before is None else before[0]

    def attempt(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Run a step; what it raises is one more problem."""
        try:
            return step(*args, **kwargs)
        except AssayError as error:
            self.problems += error.diagnostics().split("\n")
        except OSError as error:
            self.problems.append(f"{error.filename}: cannot be read: {error.strerror}")
        return None

    def read(self, name: str) -> bytes | None:
        path = self.folder / name
        if not path.is_file():
            self.problems.append(f"{name}: missing")
            return None
        return self.attempt(path.read_bytes)


@dataclass(frozen=True, slots=True)
class _Attested:
    """A statement whose signature holds."""

    statement: statement.Statement
    digests: Mapping[str, str]
    signers: tuple[PublicKey, ...]


def verify_release(
    folder: Path | str,
    *,
    trust: Trust | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    model: Path | str | None = None,
    data: Mapping[str, Path | str] | None = None,
    vkey: str | None = None,
    log: LogTrust | None = None,
    seen: Sequence[Archived] = (),
) -> Verified:
    """Verify the release in a folder.

    Args:
        folder: the release folder, or the ``bundle.json`` in it.
        trust: the people who may have signed; by default ``trust.yaml`` of the project the folder belongs to.
        keys: further keys that may have signed, by the name to show; by default those of ``.assay/keys``.
        model: the model's file or folder, where it is at hand.
        data: role to the dataset's file or folder, where they are at hand.
        vkey: the log's verifier key; by default ``.assay/log.vkey``.
        log: whom to believe about the log: keys by size, witnesses and their quorum, timestamp authorities; what it
            does not say, the project does (``.assay/log.keys``, ``log.policy``, ``log.tsa.pem``).
        seen: signed checkpoints of the log that you got elsewhere, such as from a witness, with the timestamps
            over them.

    Returns:
        What was proven, and what was not checked.

    Raises:
        VerificationError: naming everything that does not hold.
        InputError: when there is no such folder, or a key given is not one.
    """
    folder = Path(folder)
    folder = folder.parent if folder.is_file() else folder
    if not folder.is_dir():
        raise InputError(f"expected a release's folder at {folder}, found none")
    anchors = find_anchors(folder, trust=trust, keys=keys, vkey=vkey, log=log)
    run = _Run(folder, anchors, seen)
    run.erasures = check_erasures(folder, run.anchors, run.problems)
    contents = {name: run.read(name) for name in _SIGNED_FILES}
    attested = _attestations(run)
    for kind, words in _KINDS.items():
        if kind not in attested and not run.problems:
            run.problems.append(f"{BUNDLE}: expected {words} ({kind}), found none")
    _compare_files(run, contents, attested)
    evidence = _parse(run, contents[statement.EVIDENCE], Evidence, statement.EVIDENCE)
    verdict = _parse(run, contents[statement.VERDICT], Verdict, statement.VERDICT)
    if evidence is not None and verdict is not None:
        _compare_records(run, contents, evidence, verdict)
        _compare_statements(run, contents, attested, evidence, verdict)
    if verdict is not None:
        _take(run, run.attempt(check_consents, run.folder, verdict, run.anchors.trust, run.erasures))
    _documents(run, contents[statement.VERDICT])
    if evidence is not None:
        _compare_model(run, None if model is None else Path(model), evidence)
        _compare_data(run, {role: Path(path) for role, path in (data or {}).items()}, evidence)
        _measured(run, contents[statement.EVIDENCE])
    _others(run)
    if run.problems or verdict is None:
        listed = "\n".join(f"- {problem}" for problem in run.problems)
        raise VerificationError(f"the release in {folder} does not hold:\n{listed}")
    told = tuple(run.proven), tuple(run.not_checked), tuple(run.logged)
    return Verified(verdict.model, verdict.version, verdict.decision, *told)


def _parse(run: _Run, content: bytes | None, kind: type[T], name: str) -> T | None:
    return None if content is None else run.attempt(parse_record, content, kind, name=name)


def _attestations(run: _Run) -> dict[str, _Attested]:
    """Verify signatures and log entries; return the statements that hold, by what they say."""
    content, receipt = run.read(BUNDLE), run.read(RECEIPT)
    bundle = None if content is None else run.attempt(parse_bundle, content, name=BUNDLE)
    inclusions = None if receipt is None else run.attempt(parse_receipt, receipt, name=RECEIPT)
    if bundle is None:
        return {}
    found: dict[str, _Attested] = {}
    for position, envelope in enumerate(bundle.envelopes()):
        one = run.attempt(_open, run.anchors, envelope)
        if one is None:
            continue
        kind = one.statement.predicate_type
        if kind in found or kind not in {*_KINDS, statement.MEASURED}:
            run.problems.append(f"{BUNDLE}: attestation {position} says {kind!r}, which is unknown here or said twice")
            continue
        found[kind] = one
        by = ", ".join(run.anchors.describe(key) for key in one.signers)
        run.proven.append(f"{_KINDS.get(kind, 'the measured evidence')} is signed by {by}.")
    _compare_hints(run, bundle.public_keys, found)
    if inclusions is not None:
        _logged(run, bundle.attestations, inclusions)
    return found


def _open(anchors: Anchors, envelope: dsse.Envelope) -> _Attested:
    verified = dsse.verify(envelope, anchors.all_keys(), threshold=len(envelope.signatures))
    hinted = {signature.keyid for signature in envelope.signatures}
    if hinted != {key.key_id for key in verified.keys}:
        raise VerificationError("envelope: names other keys than the ones that signed: it was edited")
    parsed = statement.parse_statement(verified.payload)
    return _Attested(parsed, parsed.digests(), verified.keys)


def _compare_hints(run: _Run, hints: tuple[str, ...], found: Mapping[str, _Attested]) -> None:
    signers = {key for one in found.values() for key in one.signers}
    for hint in hints:
        key = run.attempt(parse_public_key, hint, name=f"{BUNDLE} publicKeys")
        if key is not None and found and key not in signers:
            run.problems.append(f"{BUNDLE}: names the public key {key.key_id:.16}, which has signed nothing in it")


def _logged(run: _Run, entries: tuple[bytes, ...], inclusions: tuple[Inclusion, ...]) -> None:
    log = run.attempt(find_log, run.folder, run.anchors, next((one.origin for one in inclusions), None))
    found = check_receipt(entries, inclusions, run.anchors.log, log=log, seen=run.seen)
    run.problems += found.problems
    run.proven += found.proven
    run.not_checked += found.not_checked
    run.logged += found.logged


def _compare_files(run: _Run, contents: Mapping[str, bytes | None], attested: Mapping[str, _Attested]) -> None:
    """Compare the stored bytes with the digests that were signed."""
    for name, content in contents.items():
        if content is None:
            continue
        digest = run.signed_digest(content) or ""
        signed = {one.digests[name] for one in attested.values() if name in one.digests}
        if not signed and attested:
            run.problems.append(f"{name}: no attestation is about it")
        elif signed - {digest}:
            run.problems.append(
                f"{name}: was changed after it was signed: its SHA-256 is {digest:.16}..., signed was "
                f"{min(signed - {digest}):.16}..."
            )
        elif signed and digest != sha256(content).hexdigest():
            run.proven.append(f"{name} {run.erasures.left_of(digest)}.")
            run.not_checked.append(f"{name}: that nothing else was changed in it rests on who erased")
        elif signed:
            run.proven.append(f"{name} is, byte for byte, what was signed (SHA-256 {digest:.16}...).")


def _compare_records(run: _Run, contents: Mapping[str, bytes | None], evidence: Evidence, verdict: Verdict) -> None:
    """Compare what evidence and verdict say about each other."""
    datasets = {one.role: one.sha256 for one in evidence.datasets}
    compared: list[tuple[str, Any, Any]] = [
        ("evidence", verdict.evidence_sha256, run.signed_digest(contents[statement.EVIDENCE])),
        ("tally", evidence.tally_sha256, run.signed_digest(contents[statement.TALLY])),
        ("system", verdict.system, evidence.system),
        ("model", (verdict.model, verdict.version), (evidence.model.name, evidence.model.version)),
        ("model digest", verdict.model_sha256, evidence.model.sha256),
        ("datasets", verdict.datasets, datasets),
    ]
    wrong = [what for what, left, right in compared if right is not None and left != right]
    run.problems += [f"{what}: verdict, evidence and tally do not name the same one" for what in wrong]
    if not wrong:
        run.proven.append(
            f"Decision {verdict.decision!r} at {verdict.decided_at} (time as claimed) under the policy "
            f"{verdict.policy.name} {verdict.policy.version} ({verdict.policy.sha256:.16}...) is about {verdict.model} "
            f"{verdict.version} at the stage {evidence.stage}, and about the evidence, data and policy named here."
        )


def _compare_statements(
    run: _Run,
    contents: Mapping[str, bytes | None],
    attested: Mapping[str, _Attested],
    evidence: Evidence,
    verdict: Verdict,
) -> None:
    """Compare subjects and predicates with what the files say."""
    policy, measured = {f"policy:{verdict.policy.name}": verdict.policy.sha256}, contents[statement.EVIDENCE]
    expected = {
        statement.TEST_RESULT: (
            statement.measured_subjects(evidence, evidence_sha256=run.signed_digest(measured) or ""),
            statement.test_result(verdict.findings, policy, stage=evidence.stage),
        ),
        statement.VERIFICATION_RESULT: (
            statement.verdict_subjects(verdict, verdict_sha256=run.signed_digest(contents[statement.VERDICT]) or ""),
            {"timeCreated": verdict.decided_at, "properties": statement.verified_properties(verdict)},
        ),
    }
    for kind, (subjects, predicate) in expected.items():
        one = attested.get(kind)
        if one is None:
            continue
        untold = {*subjects, *one.digests} - {*_SIGNED_FILES}
        names = sorted(name for name in untold if subjects.get(name) != one.digests.get(name))
        run.problems += [f"{name}: {_KINDS[kind]} is about another one" for name in names]
        said = {key: one.statement.predicate.get(key) for key in predicate}
        if said != predicate:
            run.problems.append(f"{_KINDS[kind]} does not say what {statement.VERDICT} says")
    decided = attested.get(statement.VERIFICATION_RESULT)
    if decided is not None and verdict.decided_by.key not in {key.key_id for key in decided.signers}:
        run.problems.append(
            f"{statement.VERDICT}: says that the key {verdict.decided_by.key:.16} decided; another one signed"
        )


def _compare_model(run: _Run, model: Path | None, evidence: Evidence) -> None:
    if model is None or not model.exists():
        where = "no place was given" if model is None else f"nothing is at {model}"
        told = f"model files: {where}; that a model is this one can be checked with its folder"
        run.not_checked.append(_NO_MODEL if evidence.stage == "data" else told)
        return
    before = len(run.problems)
    run.attempt(compare_model, model, evidence.model.sha256, evidence.model.files)
    if len(run.problems) == before:
        run.proven.append(f"The model at {model} is the one that was measured ({evidence.model.sha256:.16}...).")


def _compare_data(run: _Run, data: Mapping[str, Path], evidence: Evidence) -> None:
    known = {one.role: one for one in evidence.datasets}
    run.problems += [f"dataset {role}: the evidence names no such dataset" for role in data if role not in known]
    for role, dataset in known.items():
        path = data.get(role)
        if path is None or not path.exists():
            where = "no place was given" if path is None else f"nothing is at {path}"
            run.not_checked.append(f"dataset {role}: {where}")
        elif run.attempt(compare_dataset, path, dataset):
            run.proven.append(f"The dataset {role} at {path} is the one that was named.")


def _measured(run: _Run, evidence: bytes | None) -> None:
    """Check the signature that the evidence got when it was measured."""
    content = run.read(EVIDENCE_SIGNATURE)
    if content is None:
        return
    one = run.attempt(_open_measured, run.anchors, content)
    if one is None:
        return
    if one.digests.get(statement.EVIDENCE) != run.signed_digest(evidence):
        run.problems.append(f"{EVIDENCE_SIGNATURE}: is about another {statement.EVIDENCE}")
        return
    by = ", ".join(run.anchors.describe(key) for key in one.signers)
    run.proven.append(f"The evidence was signed when it was measured, by {by}.")


def _open_measured(anchors: Anchors, content: bytes) -> _Attested:
    try:
        envelope = dsse.parse(content, name=EVIDENCE_SIGNATURE)
        found = _open(anchors, envelope)
    except VerificationError as error:
        raise VerificationError(f"{EVIDENCE_SIGNATURE}: {error}") from None
    if envelope.content() != content:
        raise VerificationError(f"{EVIDENCE_SIGNATURE}: expected the form that Assay writes, found another")
    return found


def _documents(run: _Run, verdict: bytes | None) -> None:
    """Compare model card and report with what was logged; that no log's key is known is told already."""
    if run.anchors.log.logs:
        by = lambda envelope: ", ".join(map(run.anchors.describe, _open(run.anchors, envelope).signers))  # noqa: E731 - one line
        where, digest = partial(included, run.anchors.log), run.signed_digest(verdict)
        _take(run, run.attempt(check_documents, run.folder, digest, run.erasures, signers=by, included=where))


def _take(run: _Run, found: tuple[list[str], list[str], list[str]] | None) -> None:
    """Add what was found beside the records: problems, what was proven, what was not checked."""
    if found is not None:
        run.problems += found[0]
        run.proven += found[1]
        run.not_checked += found[2]


def _others(run: _Run) -> None:
    names = sorted(path.name for path in run.folder.iterdir() if path.name not in _CHECKED_FILES)
    if names:
        run.not_checked.append(f"{', '.join(names)}: not of the release, and signed by nobody")
    run.not_checked.append(
        f"keys: they were {run.anchors.source}; a verifier who trusts nobody gives keys of their own"
    )
