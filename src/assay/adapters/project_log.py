"""A project's log, opened or made when its first entry comes: a run that fails before that leaves none behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.folder_log import open_log
from assay.adapters.folder_reader import FolderReader
from assay.lifecycle.log_shards import last_shard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.attest.bundle import Inclusion
    from assay.lifecycle.publishing import Submission


@dataclass(frozen=True)
class ProjectLog:
    """The log in a folder, of a system."""

    folder: Path
    system: str

    def append(self, entries: Sequence[bytes]) -> list[Inclusion]:
        """Append entries in order and return where each one is, with its proof; they are durable by then.

        Raises:
            InputError: when an entry is longer than 65,535 bytes.
            StorageError: when the disk refuses; the log is as it was.
            VerificationError: when the log is not the one that its key last signed.
        """
        return open_log(self.folder, self.system).append(entries)

    def take(self, submissions: Sequence[Submission]) -> tuple[str, list[int]]:
        """Append entries, each once by its event id; return the log's name, and where each one is.

        Raises:
            AssayError: as `append`; also when an event id is that of another content.
        """
        log = open_log(self.folder, self.system)
        return log.origin, log.take(submissions)

    def entries(self, origin: str, first: int, end: int) -> list[bytes] | None:
        """Return entries that were taken; None where they stand in another log than the one that takes entries now."""
        reader = FolderReader.open(last_shard(self.folder))
        return None if reader.key.name != origin else list(reader.entries(first, end))
