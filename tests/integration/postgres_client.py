"""Append events to a PostgreSQL sequencer until killed: the child side of the tests with many processes.

``python postgres_client.py CONNINFO LOG NAME COUNT``: submits ``NAME-<i>`` under the event id of the same words, two at
a time and each of them twice over the run, and prints ``index entry`` for what was acknowledged.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Append and tell."""
    from assay.adapters.postgres_sequencer import PostgresSequencer  # noqa: PLC0415 - the parent sets the path
    from assay.lifecycle.publishing import Submission  # noqa: PLC0415 - the parent sets the path

    conninfo, log, name, count = sys.argv[1:]
    with PostgresSequencer(conninfo, log) as sequencer:
        for i in range(int(count)):
            pair = [f"{name}-{i}".encode(), f"{name}-{i // 2}".encode()]
            indices = sequencer.append([Submission(one, one) for one in pair])
            for index, one in zip(indices, pair, strict=True):
                sys.stdout.write(f"{index} {one.decode()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
