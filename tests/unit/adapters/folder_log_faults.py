"""Run one operation of a log and die, or fail, at the n-th file call: the child side of the fault tests.

``python folder_log_faults.py LOG ACTION N COUNT``: the process ends itself by SIGKILL just before the N-th audited file
call below LOG's parent folder (ACTION ``kill``), or that call raises ENOSPC (ACTION ``full``). It appends COUNT entries
``<prefix>-<i>`` and prints what was acknowledged; or, with COUNT ``init``, makes a log of the origin PREFIX.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path

# What the interpreter reports for the file calls that the adapter makes; see "Audit events table" in Python's manual.
# fsync and write are not audited, so the adapter's own names for them are wrapped below.
EVENTS = {"open", "os.mkdir", "os.link", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}


class Fault:
    """Counts file calls and strikes at one of them."""

    def __init__(self, action: str, at: int) -> None:
        self.action, self.at, self.count, self.armed = action, at, 0, False

    def __call__(self, _event: str = "", _arguments: tuple[object, ...] = ()) -> None:
        if not self.armed:
            return
        self.count += 1
        if self.count != self.at:
            return
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def main() -> None:
    """Append under the fault and print the indices that were acknowledged, and the number of calls."""
    folder, action, at, prefix, count = sys.argv[1:]
    from assay.adapters.folder_log import FolderLog  # noqa: PLC0415 - before the fault is armed
    from assay.errors import AssayError  # noqa: PLC0415 - before the fault is armed

    fault = Fault(action, int(at))
    sys.addaudithook(lambda event, arguments: fault(event, arguments) if event in EVENTS else None)
    real = os.fsync

    def fsync(descriptor: int) -> None:
        fault()
        real(descriptor)
        fault()

    setattr(os, "fsync", fsync)  # noqa: B010 - the wrapper takes descriptors alone
    try:
        if count == "init":
            fault.armed = True
            log = FolderLog.init(Path(folder), prefix)
            done = log.extend([])
        else:
            log = FolderLog.open(Path(folder))
            fault.armed = True
            done = log.extend([f"{prefix}-{i}".encode() for i in range(int(count))])
    except AssayError as error:
        fault.armed = False
        print("refused", type(error).__name__, error)  # noqa: T201 - the parent reads it
    else:
        fault.armed = False
        print("done", done.first, fault.count)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main()
