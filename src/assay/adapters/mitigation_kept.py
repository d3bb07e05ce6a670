"""What is kept of a search on this machine: its record, signed and in the trail; a candidate, as a new version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.adapters.trail_here import record
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.mitigation_choice import (
    SEARCH,
    SIGNATURE,
    Taken,
    require_choice,
    require_empty,
    search_content,
    take_out,
)  # fmt: skip
from assay.lifecycle.mitigation_record import keep_search, search_events, signed_search
from assay.lifecycle.recording import one_recorder
from assay.lifecycle.setting import whoami
from assay.lifecycle.storing import publish, staging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.lifecycle.mitigating import Searched
    from assay.lifecycle.mitigation_project import Release
    from assay.lifecycle.project import Project


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was kept.

    Attributes:
        taken: the candidate that was taken out; None where none was.
        place: where the search stands in the log, in words; None where it was not recorded.
    """

    taken: Taken | None
    place: str | None


def keep(
    searched: Searched,
    *,
    out: Path | str | None = None,
    choose: str | None = None,
    new_version: str | None = None,
    key: str = DEFAULT,
    recorded: bool = True,
) -> Kept:
    """Keep a search, and take a candidate out of it.

    The search of a project is signed, kept beside the log by its digest, and told to the trail; with a candidate that
    is taken out the trail is told of the run that made the new version from the denied one. The search of a table is
    only written.

    Args:
        searched: the search.
        out: folder for the candidate and for the search's record; it must not exist, or be empty.
        choose: the candidate that is taken out; None: only the record is kept.
        new_version: the new version's name; by default the next number.
        key: name of the key that signs.
        recorded: whether a project's trail is told.

    Raises:
        InputError: for a candidate that was not measured, or a folder that holds something; nothing is kept then.
        StorageError: when the disk is full.
    """
    folder, case = None if out is None else Path(out), searched.case
    if folder is not None:
        require_empty(folder)
    if choose is not None:
        require_choice(searched, choose)
    content = search_content(searched)
    taken = take_out(searched, choose, folder, version=new_version) if choose is not None and folder else None
    if case.project is None or case.release is None:
        _write(folder, {SEARCH: content})
        return Kept(taken=taken, place=None)
    if not recorded:
        _write(folder, {SEARCH: content})
        return Kept(taken=taken, place=None)
    signature, place = _record((case.project, case.release), searched, content, taken=taken, key=key)
    _write(folder, {SEARCH: content, SIGNATURE: signature})
    return Kept(taken=taken, place=place)


def _record(
    about: tuple[Project, Release], searched: Searched, content: bytes, *, taken: Taken | None, key: str
) -> tuple[bytes, str]:
    """Sign a search, keep it beside the log, and tell the trail."""
    project, release = about
    keyring = Keyring(project.keys)
    signature = signed_search(content, searched, release, keyring.signer(key))
    keep_search(project, content, signature)
    with one_recorder(project.state):  # a name that is new gets one pseudonym, however many ask at once
        events = search_events(content, searched, release, project, by=whoami(keyring, key).identity, taken=taken)
    return signature, record(events, project, key=key)[0].place


def _write(folder: Path | None, contents: Mapping[str, bytes]) -> None:
    if folder is None:
        return
    with staging(folder) as stage:
        publish(stage, folder, contents)
