"""A project's log, opened or made when its first entry comes: a run that fails before that leaves none behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.folder_log import open_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.attest.bundle import Inclusion


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
