"""Taking in lineage that pipelines report by OpenLineage: each event once, its names beside the log.

Names of jobs and datasets may be a person's ("vera's notebook", a home folder), and facets may name owners. So the
log holds a run's UUID, its transition, a time, counts, and the digest of what is kept beside it: the event as it came,
under a random salt, without which the digest of a short event could be guessed. What is beside the log can be erased.

Which system an event belongs to, the server's settings say by its namespace; a pipeline reports for its own systems.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from assay.errors import RefusedError
from assay.lifecycle.recording import record
from assay.lifecycle.storing import KEPT, keep_document
from assay.records.canonical import sha256_hex
from assay.trail.events import make_event
from assay.trail.openlineage_in import kept_event, salted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assay.attest.keys import Signer
    from assay.lifecycle.recording import Known
    from assay.lifecycle.setting import Log
    from assay.trail.openlineage_in import Sent

EVENT = "lineage.reported"
ANY = "*"

_SALT_BYTES = 16
_PURPOSE = b"assay lineage id v1"
_ID_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event.

    Attributes:
        index: where it stands in the trail.
        outcome: ``recorded`` now; ``known``: it was sent before; ``differs``: its run, transition and time were sent
            before with other words, and the first ones stand.
    """

    index: int
    outcome: Literal["recorded", "known", "differs"]


def system_of(namespace: str, systems: Mapping[str, str]) -> str | None:
    """Return the system that a namespace belongs to: by its whole name, else by the longest beginning (``spark*``)."""
    if namespace in systems:
        return systems[namespace]
    starts = [one for one in systems if one.endswith(ANY) and namespace.startswith(one.removesuffix(ANY))]
    return systems[max(starts, key=len)] if starts else None


def require_systems(
    events: Sequence[Sent], systems: Mapping[str, str], reaches: Sequence[str] | None, pipeline: str
) -> list[str]:
    """Return the system of each event.

    Args:
        events: what was sent.
        systems: OpenLineage namespace to system, as the server's settings say.
        reaches: the systems that the pipeline may speak for; None: all.
        pipeline: its name.

    Raises:
        RefusedError: when a namespace belongs to no system, or to one that is not the pipeline's.
    """
    found = []
    for event in events:
        system = system_of(event.namespace, systems)
        if system is None:
            known = ", ".join(systems) or "none"
            raise RefusedError(
                f"OpenLineage namespace {event.namespace!r}: expected one that server.yaml gives to a system, found "
                f"none of {known}. Whoever runs the server adds it under lineage"
            )
        if reaches is not None and system not in reaches:
            raise RefusedError(
                f"OpenLineage namespace {event.namespace!r}: it belongs to the system {system}, and {pipeline} reports "
                f"for {', '.join(reaches) or 'no system'}. An administrator gives systems"
            )
        found.append(system)
    return found


def take_in(
    events: Sequence[Sent], systems: Sequence[str], *, pipeline: str, state: Path, log: Log, signer: Signer,
    known: Known,
) -> list[Taken]:  # fmt: skip
    """Record events that are not in the log yet; all of them or none, durable afterwards.

    Args:
        events: what was sent.
        systems: the system of each.
        pipeline: who sent them.
        state: the state folder, which keeps what stands beside the log.
        log: where they are recorded.
        signer: who takes them in.
        known: what is in the log already, all of it; nobody else records meanwhile (`one_recorder`).

    Raises:
        StorageError: when the disk refuses; nothing is recorded then.
    """
    new, taken = {}, {}
    for event, system in zip(events, systems, strict=True):
        identity = _identity(event, signer)
        if identity in taken or identity in new:
            continue
        there = known.with_id(identity)
        if there is not None and there.event is not None:
            held = _kept(state, there.event.fields.reported_sha256)
            same = held is None or _words(held) == _words(event.content)  # what was erased is compared with nothing
            taken[identity] = Taken(there.index, "known" if same else "differs")
            continue
        document = salted(event.content, secrets.token_hex(_SALT_BYTES))
        new[identity] = make_event(EVENT, _fields(event, system, pipeline, sha256_hex(document)), identity=identity,
                                   claimed_at=event.at.strftime("%Y-%m-%dT%H:%M:%SZ"), signed_by="ingest")  # fmt: skip
        keep_document(state, document)
    for done in record(list(new.values()), log, signer, known):
        taken[done.event.id] = Taken(done.index, "recorded")
    return [taken[_identity(event, signer)] for event in events]


def _identity(event: Sent, signer: Signer) -> str:
    """Return an event's id: keyed, since names of a job or a dataset go into it and could be guessed."""
    key = hmac.digest(signer.private.seed, _PURPOSE, sha256)
    text = json.dumps(event.identity).encode()
    return f"l_{hmac.digest(key, text, sha256).hex()[:_ID_DIGITS]}"


def _fields(event: Sent, system: str, pipeline: str, digest: str) -> dict[str, object]:
    return {
        "about": event.about, "system": system, "pipeline": pipeline, "run": event.run,
        "state": event.state.lower() if event.state else None, "reads": len(getattr(event.event, "inputs", ())),
        "writes": len(getattr(event.event, "outputs", ())), "reported_sha256": digest,
    }  # fmt: skip


def _kept(state: Path, digest: str) -> bytes | None:
    path = state / KEPT / digest
    return kept_event(path.read_bytes()) if path.is_file() else None


def _words(content: bytes) -> object:
    return json.loads(content)
