"""Signing a log's checkpoints with the keys in its private folder, and having witnesses cosign them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from assay.adapters.durable_files import read_file
from assay.tlog.checkpoint import parse_checkpoint
from assay.tlog.note import Note, parse_note
from assay.tlog.signer import sign_note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from assay.adapters.log_private import LogPrivate
    from assay.lifecycle.publishing import Cosigner
    from assay.tlog.checkpoint import Checkpoint

MAX_POLICY_BYTES = 256 * 1024


def policy_path(folder: Path) -> Path:
    """Return where a log's trust policy (C2SP tlog-policy) is: where it stands, publishing waits for its quorum."""
    return folder.with_name(f"{folder.name}.policy")


def sign_checkpoint(checkpoint: Checkpoint, private: LogPrivate) -> bytes:
    """Return a checkpoint with the signature of each key that the log has now.

    While they are being replaced the new ones sign beside the old ones, so that both who know the ones and who know the
    others accept it (`assay.adapters.log_succession`).
    """
    following, second_following = private.next_key(), private.next_second_key()  # before those that they replace
    signed = sign_note(checkpoint.text(), [private.key(), *([] if following is None else [following])])
    seconds = [one for one in (private.second_key(), second_following) if one is not None]
    note, now = parse_note(signed), int(time.time())
    return Note(note.text, (*note.signatures, *(one.cosign(note.text, now) for one in seconds))).content()


def cosigner_of(folder: Path) -> Cosigner | None:
    """Return who asks the witnesses of a log's policy; None when it has none."""
    path = policy_path(folder)
    content = read_file(path, MAX_POLICY_BYTES)
    if content is None:
        return None
    from assay.adapters.checkpoint_archive import archive_checkpoint  # noqa: PLC0415 - few logs need it
    from assay.adapters.witness_client import Witnesses  # noqa: PLC0415 - brings sockets, which few logs need
    from assay.tlog.witness_policy import parse_witness_policy  # noqa: PLC0415 - as above

    witnesses = Witnesses(parse_witness_policy(content, name=str(path)))

    def cosign(note: bytes, prove: Callable[[int, int], Sequence[bytes]]) -> bytes:
        cosigned = witnesses(note, prove)
        archive_checkpoint(folder, parse_checkpoint(parse_note(cosigned).text).size, cosigned)
        return cosigned

    return cosign
