"""The trail of a project on this machine, open for events and questions: what Python calls."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from assay.adapters.folder_shards import trail_of
from assay.adapters.here import log_of, project_at
from assay.errors import InputError, suggest
from assay.lifecycle import asking
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.log_shards import NOTHING_YET, missing_log
from assay.lifecycle.project import Project
from assay.lifecycle.recording import Nothing, one_recorder
from assay.lifecycle.recording import record as record_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from assay.lifecycle.asking import Trail
    from assay.lifecycle.recording import Recorded
    from assay.trail.events import Event


@contextlib.contextmanager
def open_trail(project: Project | Path | str | None = None, *, rebuild: bool = False) -> Iterator[Trail]:
    """Open a project's trail for questions (`assay.trail.questions`, `assay.trail.inventory`, `assay.trail.lineage`).

    A log that was frozen and goes on in others is one trail: entries and sizes are counted through all of them, and
    each answer names the log and the entry in it. Times that witnesses and timestamp authorities have proven come with
    it; what a restored backup brought back is erased again first (`Trail.replayed`).

    Args:
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        rebuild: read the whole log again, and look at no projection that is kept.

    Raises:
        InputError: when there is no project, or nothing is recorded yet.
        VerificationError: when the log, a checkpoint archived beside it, or a timestamp is not what was signed.
    """
    project = project if isinstance(project, Project) else project_at(project)
    if not (project.log / "checkpoint").is_file():
        raise missing_log(project.log, "the project's log", NOTHING_YET)
    with asking.open_trail(project, trail_of(project.log)[0], rebuild=rebuild) as opened:
        yield opened


def record(
    events: Sequence[Event], project: Project | Path | str | None = None, *, key: str = DEFAULT
) -> list[Recorded]:
    """Sign events (`assay.trail.events.make_event`) and append those that are new to a project's log.

    Args:
        events: what happened.
        project: as for `open_trail`.
        key: name of the key that signs.

    Returns:
        Where each one is, and whether it is new.

    Raises:
        InputError: for a name without a key, or an event that the log cannot take.
    """
    project = project if isinstance(project, Project) else project_at(project)
    keyring = Keyring(project.keys)
    names = keyring.names()
    if key not in names and key != DEFAULT:
        raise InputError(f"expected one of the keys {', '.join(names) or 'none'}, found {key!r}{suggest(key, names)}")
    signer = keyring.signer(key)
    with one_recorder(project.state):
        if not (project.log / "checkpoint").is_file():
            return record_in(events, log_of(project), signer, Nothing())
        with open_trail(project) as opened:
            return record_in(events, log_of(project), signer, opened)
