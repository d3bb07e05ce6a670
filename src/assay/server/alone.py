"""One server, one folder, one process: the log is in the folder, and what is done at once is put in order in memory.

A second process on the same folder is refused, and so is another folder on the same database: each would have a log of
its own, and the people of the two would see different things decided.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.lifecycle.storing import storage_errors
from assay.server.signing_in import opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.server.home import Home
    from assay.server.store import Store

LOCK = "serving.lock"


@contextlib.contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold a server's folder; the lock goes with the process, however that ends.

    Raises:
        InputError: when another process serves it.
        StorageError: when the folder cannot be written.
    """
    path = home.root / LOCK
    with storage_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.read(descriptor, 32).decode("ascii", "replace").strip() or "not known"
            raise InputError(
                f"{home.root}: expected a folder that no process serves, found that the process {who} does. One "
                "process serves a folder: end that one first, or ask it"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def require_own(store: Store, home: Home) -> None:
    """Require that a database belongs to a server's folder, and that no other process serves it; a new one is taken.

    Raises:
        InputError: when it belongs to another folder, or another process serves it.
        StorageError: when it does not answer.
    """
    folder = opaque.derived(opaque.server_secret(home.root), "folder")
    with store.writing() as rows:
        found = rows.execute("SELECT folder, name FROM belongs WHERE one = 1")
        if not found:
            rows.execute("INSERT INTO belongs VALUES (1, ?, ?)", folder, home.settings.name)
    if found and found[0][0] != folder:
        raise InputError(
            f"{home.root}: expected a database of this folder, found that of another one, the server {found[0][1]}. "
            "The log is in the folder, and two folders would be two logs. Start that folder (restored from a backup, "
            "where it is lost), or give this one a database of its own"
        )
    if not store.serve_alone():
        raise InputError(
            f"{home.root}: expected a database that no process serves, found that another process does, from a copy "
            "of this folder. One process serves a database: end that one first"
        )
