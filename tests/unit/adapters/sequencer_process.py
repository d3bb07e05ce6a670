"""Append events to a sequencer until killed: the child side of the tests with many processes.

``python sequencer_process.py DATABASE NAME COUNT``: submits ``NAME-<i>`` under the event id of the same words, two at a
time and each of them twice over the run, and prints ``index entry`` for what was acknowledged.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Append and tell."""
    from assay.adapters.sqlite_sequencer import SqliteSequencer  # noqa: PLC0415 - the parent sets the path
    from assay.lifecycle.publishing import Submission  # noqa: PLC0415 - the parent sets the path

    database, name, count = sys.argv[1:]
    with SqliteSequencer(Path(database)) as sequencer:
        for i in range(int(count)):
            pair = [f"{name}-{i}".encode(), f"{name}-{i // 2}".encode()]
            indices = sequencer.append([Submission(one, one) for one in pair])
            for index, one in zip(indices, pair, strict=True):
                sys.stdout.write(f"{index} {one.decode()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
