"""Who attests in a project: their keys wait for an administrator, and count for attestations alone once accepted.

A project's trust file gives people the roles in which they attest how a control stands. The server does not know these
people: a delivery shows the keys of those who have attested in it, and an administrator accepts one, or refuses it, for
the deliveries of that pipeline and in that role. It opens nothing else: no approval, no erasure, no other event counts
by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from assay.attest.keys import PUBLISHED_TEST_KEYS, parse_public_key
from assay.attest.trust import Person, Trust
from assay.errors import StorageError
from assay.server.store import project_keys
from assay.trail.attestations import ATTESTED
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.attest.keys import PublicKey
    from assay.lifecycle.receiving_checks import Pipeline
    from assay.records.delivery import Delivery
    from assay.server.serving import Server
    from assay.server.store.project_keys import ProjectKey
    from assay.trail.reading import Read
    from assay.trail.view import View

_TOLD = {
    "waits": "waits for an administrator of this server (People, Logs)",
    "refused": "was refused by an administrator of this server",
}
_DIGITS = 8


def shown(delivery: Delivery, pipeline: Pipeline) -> dict[PublicKey, tuple[str, ...]]:
    """Return the keys of attesters that a delivery shows, with their roles: of none that is no person's.

    Raises:
        InputError: when one is no key.
    """
    found = {parse_public_key(one.key, name="attesters"): one.roles for one in delivery.attesters}
    own = {one.key_id for one in pipeline.keys} | PUBLISHED_TEST_KEYS
    return {key: roles for key, roles in found.items() if key.key_id not in own}


def let_wait(server: Server, delivery: Delivery, keys: dict[PublicKey, tuple[str, ...]], *, pipeline: str) -> None:
    """Keep the keys that have signed attestations in a delivery, for an administrator to look at.

    Args:
        server: the server, which has taken the delivery.
        delivery: the delivery.
        keys: the keys that it shows, with their roles.
        pipeline: who delivers.
    """
    trust, _ = server.inside.trust()
    unknown = {key.key_id: key for key in keys if trust.identity_of(key.key_id) is None}
    if not unknown:
        return
    reads = (read_entry(index, entry, tuple(unknown.values())) for index, entry in enumerate(delivery.entries))
    attested = {
        (key, read.event.fields.role)
        for read in reads if read.type == ATTESTED and read.event is not None
        for key in read.keys
    }  # fmt: skip
    with server.entrance.store.writing() as rows:
        for key_id, role in sorted(attested):
            if role in keys[unknown[key_id]]:
                made = project_keys.ProjectKey(
                    pipeline=pipeline, role="attester", title=role, name=key_id, key=unknown[key_id].pem(),
                    standing="waits", by=None, at=server.entrance.at(),
                )  # fmt: skip
                project_keys.let_wait(rows, made)


def of_pipeline(server: Server, pipeline: str) -> tuple[ProjectKey, ...]:
    """Return the attesters' keys of a pipeline; while the database does not answer, those that it named last.

    Raises:
        StorageError: when it does not answer, and never did.
    """
    try:
        with server.store.reading() as rows:
            server.inside.attesters = tuple(project_keys.every(rows, "attester"))
    except StorageError:
        if server.inside.attesters is None:
            raise
    return tuple(one for one in server.inside.attesters if one.pipeline == pipeline)


def attested_by(server: Server, view: View, keys: Sequence[ProjectKey]) -> View:
    """Return a trail in which the attestations of accepted attesters count, and the others' say what they wait for.

    Args:
        server: the server.
        view: its trail, narrowed to a model.
        keys: the attesters' keys of the pipeline that has delivered the version.
    """
    public = {one.name: parse_public_key(one.key, name=f"attester of {one.pipeline}") for one in keys}
    if not public:
        return view
    stands = {(one.name, one.title): one.standing for one in keys}
    trail = server.inside.trail()
    again = {read.index: trail.read_again(read, tuple(public.values())) for read in view.unsigned(ATTESTED)}
    people = [
        Person(f"attester {name:.{_DIGITS}} of {keys[0].pipeline}", key, roles)
        for name, key in public.items()
        if (roles := tuple(one.title for one in keys if (one.name, one.standing) == (name, "accepted")))
    ]
    return replace(
        view,
        attesters=Trust(tuple(people)),
        again={index: _counted(read, stands) for index, read in again.items() if read.counts},
    )


def _counted(read: Read, stands: Mapping[tuple[str, str], str]) -> Read:
    """Return an attestation as it is where its key is accepted in its role; else with what it waits for."""
    role = "" if read.event is None else read.event.fields.role
    how = [stands.get((key, role), "") for key in read.keys]
    if "accepted" in how:
        return read
    told = next((_TOLD[one] for one in how if one in _TOLD), f"was not shown as one that attests as {role}")
    return msgspec.structs.replace(
        read, signature="unknown-key", keys=(), told=f"its key {read.keys[0]:.{_DIGITS}} {told}"
    )
