"""Release: decide on evidence under a policy, attest, record, report. `run` is assess and then this."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import msgspec

from assay import __version__
from assay.attest import dsse
from assay.attest.bundle import make_bundle, receipt_content
from assay.attest.statement import EVIDENCE, TALLY, VERDICT, evidence_statement, verdict_statement
from assay.errors import InputError, NotAllowedError
from assay.lifecycle.consenting import consent_files
from assay.lifecycle.documents import release_of, render_documents
from assay.lifecycle.issuing import CARD, EXPLANATION, ISSUED, ISSUED_RECEIPT, REPORT, issue, kept_documents
from assay.lifecycle.presenting import SignedEvidence
from assay.lifecycle.project import read_file, release_folder
from assay.lifecycle.setting import EVIDENCE_SIGNATURE, nobody, now, whoami
from assay.lifecycle.storing import compare_model, keep_document, publish, staging
from assay.policy import decide
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.explanation import Explanation
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Log, Rules, Setting
    from assay.records.evidence import Actor, Evidence, Stage
    from assay.records.tally import FileDigest
    from assay.reports.release import Release

BUNDLE, RECEIPT = "bundle.json", "receipt.json"
ROOM_BYTES = 1 << 18
"""Room that verdict, bundle, receipt and the log's tiles need at most; asked for before anything is said."""

VERIFIER = f"https://assay/verifier/{__version__}"


@dataclass(frozen=True)
class Decided:
    """A decision, and everything reports are made from. Nothing signed it, unless it was `Released`."""

    report: Release

    @property
    def verdict(self) -> Verdict:
        """The decision with its grounds."""
        return self.report.verdict

    @property
    def evidence(self) -> Evidence:
        """What it rests on."""
        return self.report.evidence


@dataclass(frozen=True)
class Released(Decided):
    """A decision that is signed and in the log, and the folder it is in."""

    folder: Path


D = TypeVar("D", bound=Decided)


def require(decided: D) -> D:
    """Return a decision that lets a version out; raise for any other, so that a pipeline's step fails.

    Raises:
        NotAllowedError: when it was denied, or is undecided.
    """
    verdict = decided.verdict
    if verdict.decision in {"allow", "warn"}:
        return decided
    where = f" {decided.folder}" if isinstance(decided, Released) else ""
    raise NotAllowedError(
        f"{verdict.model} {verdict.version}: expected a verdict that lets it out, found {verdict.decision!r}: "
        f"{verdict.reason} See why, and what would mend it: assay explain{where}"
    )


def decide_only(
    signed: SignedEvidence,
    rules: Rules,
    *,
    model: Path | None = None,
    files: tuple[FileDigest, ...] | None = None,
    at: str | None = None,
    by: Actor | None = None,
) -> Decided:
    """Decide on signed evidence; nothing is signed, recorded or written.

    Args:
        signed: the evidence, its signature looked at.
        rules: under what is decided.
        model: the model's files, to compare; by default the project's, if it is about this version.
        files: the model's files as somebody else has compared them, where they are not at hand.
        at: the time of the decision; by default now.
        by: who decides; by default nobody whom a key stands for.

    Raises:
        InputError: when the model is missing.
        VerificationError: when the tally or the model is not what was measured.
    """
    evidence = signed.evidence
    tally = signed.read_tally()
    verdict = decide(
        rules.policy,
        evidence,
        evidence_sha256=signed.sha256,
        consents=signed.read_consents(rules),
        trust_sha256=rules.trust_sha256,
        at=at or now(),
        by=by or nobody(),
        author_keys=_author_keys(rules.trust, evidence),
        files_now=files or _files_now(model or _model_of(rules.project, evidence), evidence),
    )
    return Decided(release_of(rules.project, evidence, verdict, tally))


def gate(
    signed: SignedEvidence,
    setting: Setting,
    log: Log,
    *,
    folder: Path | None = None,
    model: Path | None = None,
    files: tuple[FileDigest, ...] | None = None,
    first: Sequence[bytes] = (),
) -> Released:
    """Decide on signed evidence, attest the verdict, record evidence and verdict in the log, and write them.

    Args:
        signed: the evidence, its signature looked at.
        setting: under what, by whom and where is decided.
        log: where evidence and verdict are recorded.
        folder: the release folder; by default where the evidence lies, or that of its version in the state folder.
        model: the model's files, to compare; by default the project's, if it is about this version.
        files: the model's files as somebody else has compared them, where they are not at hand.
        first: entries that go into the log before them, in the same append.

    Raises:
        InputError: when the model is missing; nothing is written then.
        VerificationError: when the tally or the model is not what was measured.
        StorageError: when the disk is full; what was there before is unchanged.
    """
    about = signed.evidence.model
    folder = folder or signed.folder or release_folder(setting.state, about.name, about.version)
    _require_tally(signed, folder)
    decided = decide_only(signed, setting, model=model, files=files, by=whoami(setting.keyring, setting.key))
    report = _explained(decided.report, setting) if signed.fresh else decided.report
    documents = _documents(report, signed, setting, folder)
    _record(signed, decided.verdict, setting, log, folder=folder, documents=documents, first=first)
    return Released(report, folder)


def run(project: Project, setting: Setting, log: Log, *, stage: Stage = "release", watched: bool = False) -> Released:
    """Assess, decide, attest, record and report one stage: the one line for CI.

    Raises:
        InputError: when anything named is missing or wrong; nothing is written then.
        VerificationError: when something changed while it ran.
        StorageError: when the disk is full; what was there before is unchanged.
    """
    from assay.lifecycle.chronicle import Chronicle  # noqa: PLC0415 - only where something is measured
    from assay.lifecycle.stages import measure_stage  # noqa: PLC0415 - the engine, only when rows are read

    chronicle = Chronicle(project, setting, log, stage=stage)
    with chronicle.told():
        found = measure_stage(stage, project, setting, watched=watched, before=chronicle.begin)
        signed = SignedEvidence(
            evidence=found.evidence,
            content=found.contents[EVIDENCE],
            signature=found.contents[EVIDENCE_SIGNATURE],
            tally=found.contents[TALLY],
            consents=consent_files([found.folder / "consents"]),
            folder=found.folder.resolve(),
            fresh=True,
        )
        return gate(signed, setting, log, first=chronicle.finished(signed.evidence, evidence_sha256=signed.sha256))


def _documents(report: Release, signed: SignedEvidence, setting: Setting, folder: Path) -> dict[str, bytes]:
    """Return card and report of a decision: new ones, those that still tell the truth, or none where there were none.

    A report that tells another decision than the verdict, or that is not the one that was logged, is written anew.
    """
    if signed.fresh:
        return render_documents(_with_since(report, setting))
    if not any((folder / name).exists() for name in (CARD, REPORT, ISSUED)):
        return {}
    same = _same_substance(_verdict_before(folder / VERDICT), report.verdict)
    kept = kept_documents(folder, setting.evidence_keys()) if same else None
    if kept is None:
        return render_documents(_with_since(_explained(report, setting), setting))
    return kept | ({EXPLANATION: _bound(kept[EXPLANATION], report.verdict)} if EXPLANATION in kept else {})


def _with_since(report: Release, setting: Setting) -> Release:
    """Return a report of a release that tells what the trail holds about the version beside its decision."""
    if setting.since is None or report.evidence.stage != "release":
        return report
    return replace(report, since=setting.since(report.verdict.model, report.verdict.version))


def _bound(explanation: bytes, verdict: Verdict) -> bytes:
    """Return an explanation that still tells the truth, bound to the verdict of the same substance."""
    found = parse_record(explanation, Explanation, name=EXPLANATION)
    return canonical_json(msgspec.structs.replace(found, verdict_sha256=sha256_hex(canonical_json(verdict))))


def _explained(report: Release, setting: Setting) -> Release:
    """Return a report that says why, where the decision does not allow."""
    if report.verdict.decision == "allow":
        return report
    from assay.lifecycle.explaining import explain_release  # noqa: PLC0415 - only where something is explained

    verdict_sha256 = sha256_hex(canonical_json(report.verdict))
    explanation = explain_release(report, verdict_sha256=verdict_sha256, policy=setting.policy)
    return replace(report, explanation=explanation)


def _require_tally(signed: SignedEvidence, folder: Path) -> None:
    """A release that is recorded keeps the counts that its evidence was measured from."""
    if signed.tally is None and not (folder / TALLY).is_file():
        raise InputError(
            f"expected {TALLY} beside the evidence, found none: what is recorded keeps the counts that it was measured "
            "from. Bring the file along, or name it with --tally FILE"
        )


def _model_of(project: Project | None, evidence: Evidence) -> Path | None:
    """Return the project's model; none when the project is about another version, or there was no model yet."""
    if project is None or not evidence.model.files or project.config.model.name != evidence.model.name:
        return None
    return project.model if project.config.model.version == evidence.model.version else None


def _files_now(model: Path | None, evidence: Evidence) -> tuple[FileDigest, ...] | None:
    """Hash a model's files again and hold them against the evidence."""
    return None if model is None else compare_model(model, evidence.model.sha256, evidence.model.files)


def _author_keys(trust: Trust, evidence: Evidence) -> set[str]:
    """Return the keys that the author, or who measured, signs with; none of them can consent."""
    return {person.key.key_id for person in trust.people if person.name == evidence.model.author} | {
        evidence.measured_by.key
    }


def _verdict_before(path: Path) -> Verdict | None:
    return parse_record(read_file(path, "a verdict"), Verdict, name=path.name) if path.is_file() else None


def _same_substance(before: Verdict | None, verdict: Verdict) -> bool:
    """Say whether two verdicts differ in nothing but when and by whom they were reached."""
    if before is None:
        return False
    return msgspec.structs.replace(before, decided_at=verdict.decided_at, decided_by=verdict.decided_by) == verdict


def _record(
    signed: SignedEvidence,
    verdict: Verdict,
    setting: Setting,
    log: Log,
    *,
    folder: Path,
    documents: Mapping[str, bytes],
    first: Sequence[bytes],
) -> None:
    """Sign evidence and verdict, append both to the log, and write verdict, bundle, receipt and documents together."""
    signer = setting.keyring.signer(setting.key)
    content = canonical_json(verdict)
    envelopes = [
        dsse.sign(evidence_statement(signed.evidence, verdict, evidence_sha256=signed.sha256), [signer]),
        dsse.sign(verdict_statement(verdict, verdict_sha256=sha256_hex(content), verifier=VERIFIER), [signer]),
    ]
    bundle = make_bundle(envelopes, [signer.public])
    issued = issue(documents, signer, verdict_sha256=sha256_hex(content), at=verdict.decided_at)
    written = {**signed.files_for(folder), **documents, VERDICT: content, BUNDLE: bundle.content()}
    with staging(folder) as stage:
        # A full disk is met here, before the log says anything.
        (stage / "room").write_bytes(b"\0" * (ROOM_BYTES + sum(map(len, written.values()))))
        (stage / "room").unlink()
        keep_document(setting.state, content)  # the next verdict replaces this one; the trail tells of both
        with setting.keyring.kept():
            entries = [*first, *bundle.attestations, *(issued.attestations if issued else ())]
            inclusions = log.append(entries)[len(first) :]
        count = len(bundle.attestations)
        if issued is not None:
            written |= {ISSUED: issued.content(), ISSUED_RECEIPT: receipt_content(inclusions[count:])}
        stale = {EXPLANATION} - documents.keys()  # of a verdict that is not this one
        publish(stage, folder, {**written, RECEIPT: receipt_content(inclusions[:count])}, without=stale)
