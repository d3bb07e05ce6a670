"""Where a server lives: one folder with its settings, its people, one log for all systems, and their releases.

::

    HOME/server.yaml             settings
    HOME/server.db               accounts, sessions, requests (or PostgreSQL)
    HOME/trust.yaml              the people and their keys, as `assay verify --trust` takes them
    HOME/.assay/                 log, keys, releases: a state folder as a project's
    HOME/systems/<system>/       the policy that the people adopted for a system
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.project_log import ProjectLog
from assay.errors import InputError
from assay.lifecycle.project import KEYS, LOG, read_file
from assay.lifecycle.storing import storage_errors, write_durably
from assay.server.settings import NAME, Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

STATE, TRUST, SYSTEMS = ".assay", "trust.yaml", "systems"
PRIVATE = 0o700
OTHERS = 0o077
"""Rights that nobody but the owner has to anything in the folder."""

FIRST_SETTINGS = """\
# The server that was started here. Every key may be left out; docs/reference/server.md says what each one means.
name: {name}
listen: {listen}
"""


@dataclass(frozen=True)
class Home:
    """A server's folder.

    Attributes:
        root: the folder.
        settings: what its `server.yaml` says.
    """

    root: Path
    settings: Settings

    @property
    def state(self) -> Path:
        """Keys, log and releases."""
        return self.root / STATE

    @property
    def keys(self) -> Path:
        """The keys that sign here."""
        return self.state / KEYS

    @property
    def trust(self) -> Path:
        """The file that names people, their keys and roles."""
        return self.root / TRUST

    @property
    def trust_file(self) -> Path | None:
        """The same, where it was written already."""
        return self.trust if self.trust.is_file() else None

    @property
    def log_folder(self) -> Path:
        """The log's tiles."""
        return self.state / LOG

    @property
    def log(self) -> ProjectLog:
        """The log; it is made when its first entry comes."""
        return ProjectLog(self.log_folder, self.settings.name)

    def system(self, name: str) -> Path:
        """Return where what was adopted for a system lies."""
        return self.root / SYSTEMS / name


def open_home(root: Path, *, name: str = "assay", listen: str | None = None) -> Home:
    """Open a server's folder; an empty or missing one is made, for its owner alone.

    Args:
        root: the folder.
        name: name of a new server.
        listen: address and port of a new server.

    Raises:
        InputError: when the folder holds something else, or others may read it.
        DocumentError: with every problem in its `server.yaml`.
        StorageError: when it cannot be made.
    """
    with storage_errors(root):
        root.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    if not (root / NAME).exists():
        if any(root.iterdir()):
            raise InputError(f"expected an empty folder or one with {NAME} at {root}, found something else there")
        root.chmod(PRIVATE)
        with storage_errors(root):
            write_durably(root / NAME, FIRST_SETTINGS.format(name=name, listen=listen or Settings().listen).encode())
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & OTHERS:
        raise InputError(
            f"{root}: expected a folder that only its owner can open, found mode {mode:04o}: chmod 700 {root}"
        )
    return Home(root.resolve(), read_settings(read_file(root / NAME, "a server's settings"), name=NAME))
