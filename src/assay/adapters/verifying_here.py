"""Verification on this machine, where everything is a file: what command line and Python call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.adapters.folder_reader import FolderReader
from assay.attest.trust import Trust
from assay.errors import InputError, VerificationError
from assay.lifecycle.anchors import Anchors, read_trusted
from assay.lifecycle.keyring import read_public_key
from assay.lifecycle.log_files import CHECKPOINT, Archived, LogFiles, read_archived
from assay.lifecycle.log_trust import LogTrust, join_trust, trust_beside, trust_given
from assay.lifecycle.outside_times import check_times
from assay.lifecycle.project import CONFIG_NAME
from assay.lifecycle.retired import retirement
from assay.lifecycle.setting import EVIDENCE_SIGNATURE
from assay.lifecycle.verification import Verified, verify_release
from assay.lifecycle.verified_document import SUFFIXES, VerifiedDocument, verify_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from assay.lifecycle.verified_bundle import VerifiedBundle

_RECORDS = frozenset({
    "bundle.json", "receipt.json", "evidence.json", "verdict.json", "tally.json", "documents.json",
    "documents-receipt.json", EVIDENCE_SIGNATURE,
})  # fmt: skip
"""The files of a release folder that stand for the release."""


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log that holds.

    Attributes:
        origin: its name.
        size: its entries.
        proven: what was proven and by whom, a sentence each.
        not_checked: what was not checked, and why, a sentence each.
    """

    origin: str
    size: int
    proven: tuple[str, ...]
    not_checked: tuple[str, ...]

    @property
    def title(self) -> str:
        """What holds, in words."""
        return f"the log {self.origin} of {self.size} entries"


def verify(
    path: Path | str,
    *,
    trust: Iterable[Path | str] = (),
    keys: Mapping[str, Path | str] | None = None,
    vkey: Path | str | None = None,
    model: Path | str | None = None,
    data: Mapping[str, Path | str] | None = None,
    seen: Iterable[Path | str] = (),
) -> Verified | VerifiedBundle | VerifiedLog | VerifiedDocument:
    """Verify a release, an auditor bundle, a log, or a document, offline; say in words what was proven, and what not.

    Args:
        path: a release's folder or its ``bundle.json``; a bundle's zip, or the folder it was unpacked to; a log's
            folder; a document (HTML, PDF, Markdown, JSON), of the project that it lies in, or that the working folder
            belongs to.
        trust: files that say whom you trust (`assay.lifecycle.anchors.read_trusted`); by default the project's, the
            bundle's own (which is warned of), or those beside the log.
        keys: name to public key file, further keys that may have signed.
        vkey: the log's verifier key, or a file of its keys.
        model: the model's file or folder; for a release.
        data: role to dataset; for a release.
        seen: checkpoints of the log that you got elsewhere, timestamps beside them as ``<file>.tsr``; for a release
            and a log.

    Raises:
        VerificationError: naming everything that does not hold.
        InputError: when there is no such path, or a file of trust is wrong.
    """
    from assay.lifecycle.verified_bundle import is_auditor_bundle, verify_auditor_bundle  # noqa: PLC0415 - heavier

    if is_document(Path(path)):
        return _verify_document(Path(path))
    path, notes = Path(path), [read_archived(Path(one), str(one)) for one in seen]
    people, named = read_trusted(Path(one) for one in trust)
    log = join_trust([named, *([trust_given(vkey)] if vkey is not None else [])])
    public = {name: read_public_key(Path(one)) for name, one in (keys or {}).items()}
    if not is_auditor_bundle(path) and not _is_log(path):
        return verify_release(path, trust=people, keys=public or None, model=model, data=data, log=log, seen=notes)
    if model is not None or data:
        raise InputError(f"{path}: model and data are compared with a release; this is a bundle or a log")
    if _is_log(path):
        return _verify_log(path, log, notes)
    if notes or not path.exists():
        raise InputError(
            f"{path}: expected an auditor bundle, and no checkpoint to compare: that is for releases and logs"
        )
    return verify_auditor_bundle(path, Anchors(public, people or Trust(), log, "given"))


def is_document(path: Path) -> bool:
    """Say whether a path is a file that `assay report` may have written, and no part of a release's own records."""
    return path.is_file() and path.suffix.lower() in SUFFIXES and path.name not in _RECORDS


def _verify_document(path: Path) -> VerifiedDocument:
    """Find a document in the trail of the project that it lies in, or else of the one here."""
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only for a document

    found = next(
        (folder for start in (path.resolve(), Path.cwd() / "any") for folder in start.parents
         if (folder / CONFIG_NAME).is_file()),
        None,
    )  # fmt: skip
    if found is None:
        raise InputError(
            f"{path}: expected the project that recorded it, found no {CONFIG_NAME} above it or here: a document "
            "verifies against its project's log. Run this in the project's folder"
        )
    with open_trail(found) as trail:
        return verify_document(path.read_bytes(), path.name, trail)


def _is_log(path: Path) -> bool:
    return (path / CHECKPOINT).is_file() and not (path / "bundle.json").exists()


def _verify_log(folder: Path, given: LogTrust, seen: list[Archived]) -> VerifiedLog:
    """Re-hash every stored byte of a log, and hear its witnesses and timestamp authorities."""
    trust = given.filled(trust_beside(folder))
    log = LogFiles(folder, trust)
    signed = log.signed
    gone = retirement(folder, trust)
    if gone is not None:
        kept, words = signed.checkpoint, f"T{gone.words()[1:]}."
        return VerifiedLog(kept.origin, kept.size, (words,), (f"the log's keys: they were {trust.source}",))
    keys = next(one for one in trust.logs if one.origin == signed.checkpoint.origin)
    report = FolderReader(folder, keys).check()
    times = check_times(folder, trust)
    problems = [*report.problems, *times.problems]
    for one in seen:
        wrong = log.contradiction(trust.open(one.note).checkpoint, one.name)
        problems += [] if wrong is None else [wrong]
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise VerificationError(f"the log in {folder} does not hold:\n{listed}")
    now, asked = signed.checkpoint, trust.asks()
    proven = [f"{now.size} entries in {report.files} files hash to the checkpoint that the log's key has signed."]
    proven += [f"{one[0].upper()}{one[1:]}." for one in times.words()]
    proven += [f"It continues the checkpoint in {one.name}." for one in seen]
    proven += [f"The quorum {asked} of witnesses, {trust.source}, has cosigned the checkpoint."] if asked else []
    left = list(times.not_checked)
    if not asked:
        left.append(
            "witnesses: no quorum was asked for; that the log shows everybody the same history rests on its operator. "
            "Ask with --trust and a tlog-policy"
        )
    if not seen:
        left.append("a tail that was cut shows only against a checkpoint that somebody else kept: --checkpoint")
    return VerifiedLog(now.origin, now.size, tuple(proven), (*left, f"the log's keys: they were {trust.source}"))
