"""Entries that are too long for a log: their bytes in files by SHA-256, their digests in the log.

A log's entry has at most 65,535 bytes (C2SP tlog-tiles). What is longer is kept in ``<log>.evidence/<first two digits>/
<64 digits>``, and the log holds this line in its place (canonical JSON, RFC 8785)::

    {"_type":"https://assay/evidence/v1","sha256":"9f86d0...","size":70000}

The store stands beside the log, not in it: evidence can be erased, and every proof over its digest stays valid.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.durable_files import NewFiles, storage_errors, sync_folder
from assay.errors import InputError, VerificationError
from assay.tlog.entry_bundle import MAX_ENTRY_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

EVIDENCE_TYPE = "https://assay/evidence/v1"

_RECORD = re.compile(rb'\{"_type":"https://assay/evidence/v1","sha256":"([0-9a-f]{64})","size":([1-9][0-9]{0,17})\}')
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class EvidenceDigest:
    """What a log holds in the place of an entry that is too long for it.

    Attributes:
        sha256: digest of its bytes, 64 hexadecimal digits.
        size: how many bytes there are.
    """

    sha256: str
    size: int

    def entry(self) -> bytes:
        """Return the log's entry."""
        document = {"_type": EVIDENCE_TYPE, "sha256": self.sha256, "size": self.size}
        return json.dumps(document, separators=(",", ":")).encode()


def digest_of(content: bytes) -> EvidenceDigest:
    """Return the digest record of some bytes."""
    return EvidenceDigest(hashlib.sha256(content).hexdigest(), len(content))


def read_digest(entry: bytes) -> EvidenceDigest | None:
    """Return the digest record that an entry is; None for every other entry."""
    found = _RECORD.fullmatch(entry)
    return EvidenceDigest(found[1].decode("ascii"), int(found[2])) if found else None


def evidence_folder(log: Path) -> Path:
    """Return where a log's long entries are."""
    return log.with_name(f"{log.name}.evidence")


class EvidenceStore:
    """The long entries of one log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self, contents: Sequence[bytes]) -> list[bytes]:
        """Return what the log holds for each of some contents; those too long are durable here when this returns.

        The caller holds the log's lock.

        Raises:
            StorageError: when the disk refuses.
            VerificationError: when other bytes stand under a digest.
        """
        long = {digest_of(content): content for content in contents if len(content) > MAX_ENTRY_BYTES}
        if long:
            self._put(long)
        return [digest_of(one).entry() if len(one) > MAX_ENTRY_BYTES else one for one in contents]

    def resolve(self, entry: bytes) -> bytes:
        """Return the bytes that an entry of the log stands for, checked against its digest.

        Raises:
            InputError: when they are not here.
            VerificationError: when others are.
        """
        digest = read_digest(entry)
        if digest is None:
            return entry
        path = self._path(digest.sha256)
        if not path.is_file():
            raise InputError(
                f"expected the {digest.size} bytes with SHA-256 {digest.sha256} at {path}, found none: they "
                "were erased, or this is a copy of the log alone. The log proves their digest all the same"
            )
        with storage_errors(path, "Nothing was changed"):
            content = path.read_bytes()
        if digest_of(content) != digest:
            raise VerificationError(f"{path}: its {len(content)} bytes are not those that the log has the digest of")
        return content

    def problems(self) -> tuple[int, list[str]]:
        """Re-hash every file; return how many there are, and what is wrong."""
        paths = sorted(path for path in self._folder.rglob("*") if path.is_file() and path.name[0] != ".")
        return len(paths), [
            f"{self._folder.name}/{path.relative_to(self._folder).as_posix()}: its bytes do not hash to its name"
            for path in paths
            if path != self._path(path.name) or _hash(path) != path.name
        ]

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _put(self, long: dict[EvidenceDigest, bytes]) -> None:
        with storage_errors(self._folder, "Nothing was appended; mend this and run again"):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(self._folder.parent)
            files = NewFiles(self._folder)
            try:
                for digest, content in long.items():
                    if not self._path(digest.sha256).is_file():
                        files.create(self._path(digest.sha256), content)
                files.commit()
            finally:
                files.close()
        for digest in long:
            self.resolve(digest.entry())


def _hash(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()
