"""What is kept of an explanation on this machine: its record, signed and in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.trail_here import record
from assay.lifecycle.explanation_record import (
    explanation_content,
    explanation_events,
    require_recordable,
    signed_explanation,
)
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.recording import one_recorder
from assay.lifecycle.setting import now, whoami
from assay.lifecycle.storing import keep_document

if TYPE_CHECKING:
    from assay.lifecycle.explaining import Papers
    from assay.records.explanation import Explanation


def keep(papers: Papers, found: Explanation, *, key: str = DEFAULT) -> str:
    """Sign an explanation, keep it beside the log, tell the trail, and return where it stands there, in words.

    Raises:
        InputError: where there is no project, no such key, or nothing was explained.
        StorageError: when the disk is full.
    """
    project, at = require_recordable(papers, found), now()
    keyring = Keyring(project.keys)
    content = explanation_content(found)
    signature = signed_explanation(content, found, papers, keyring.signer(key), at=at)
    keep_document(project.state, content)
    keep_document(project.state, signature)
    with one_recorder(project.state):  # a name that is new gets one pseudonym, however many ask at once
        events = explanation_events(content, found, papers, project, by=whoami(keyring, key).identity, at=at)
    return record(events, project, key=key)[0].place
