"""Reasons kept beside the log: signed when they are given, opened and checked when somebody asks later.

::

    .assay/reasons/<batch>/reasons.json                     names nobody; its digest stands in the log
    .assay/reasons/<batch>/reasons.dsse.json                who signed it
    .assay/reasons/<batch>/disclosures/<commitment>.json    one a person, with the salt; erased without harm to the rest
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.statement import make_statement, subject_digest
from assay.errors import InputError, VerificationError, suggest
from assay.lifecycle.storing import publish, staging
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.reasons import Disclosed, PersonReasons, ReasonsGiven
from assay.trail.events import make_event
from assay.trail.people import commitment_of, disclosure_text

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from assay.attest.keys import PublicKey, Signer
    from assay.lifecycle.giving_reasons import Given
    from assay.trail.events import Event
    from assay.trail.view import Fact

FOLDER, RECORD, SIGNATURE, OPENED = "reasons", "reasons.json", "reasons.dsse.json", "disclosures"
PREDICATE = "https://assay/reasons/v1"
EVENT = "reasons.given"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was proven of one person's reasons.

    Attributes:
        record: what they were fixed with.
        person: the reasons.
        proven: what holds, a line each.
    """

    record: ReasonsGiven
    person: PersonReasons
    proven: tuple[str, ...]


def commitment(opened: Disclosed) -> str:
    """Return the salted commitment that a disclosure opens."""
    text = disclosure_text(opened.salt, "reasons", canonical_json(opened.person).decode())
    return commitment_of(text)


def keep_reasons(given: Given, state: Path, signer: Signer) -> Path:
    """Sign reasons and keep them beside the log; all files appear, or none.

    Raises:
        StorageError: when they cannot be written.
    """
    record = given.record
    digest = sha256_hex(given.record_bytes)
    statement = make_statement(
        {record.model: record.model_sha256, RECORD: digest}, PREDICATE,
        {"batch": record.batch, "version": record.version, "decidedAt": record.decided_at, "denied": record.denied},
    )  # fmt: skip
    contents = {RECORD: given.record_bytes, SIGNATURE: dsse.sign(statement, [signer]).content()}
    contents |= {f"{OPENED}/{commitment(one)}.json": canonical_json(one) for one in given.disclosed}
    folder = state / FOLDER / record.batch
    with staging(folder) as stage:
        publish(stage, folder, contents)
    return folder


def given_event(given: Given) -> Event:
    """Return the event that fixes reasons in the log: digests and numbers, no person."""
    record = given.record
    fields = {
        "batch": record.batch, "model": record.model, "version": record.version, "model_sha256": record.model_sha256,
        "reasons_sha256": sha256_hex(given.record_bytes), "mapping_sha256": record.mapping_sha256,
        "method": record.method, "reference": record.reference.applicants, "asked": record.asked,
        "denied": record.denied, "flagged": record.flagged,
    }  # fmt: skip
    return make_event(EVENT, fields, claimed_at=record.decided_at)


def find_batch(state: Path, name: str | None) -> Path:
    """Return the folder of a batch; the only one there is, without a name.

    Raises:
        InputError: when there is none, or several and no name.
    """
    found = sorted(path.parent for path in (state / FOLDER).glob(f"*/{RECORD}"))
    known = [path.name for path in found]
    if not found:
        raise InputError(f"expected reasons in {state / FOLDER}, found none. Give some with: assay reasons give TABLE")
    if name is None and len(found) > 1:
        raise InputError(f"expected --batch, one of {', '.join(known)}, found none")
    if name is not None and name not in known:
        raise InputError(f"expected a batch ({', '.join(known)}), found {name!r}{suggest(name, known)}")
    return found[0] if name is None else state / FOLDER / name


def open_person(folder: Path, identity: str) -> Disclosed:
    """Return what opens the commitment to one person's reasons.

    Raises:
        InputError: when nothing about such a person is kept here.
    """
    opened = [read_disclosed(path) for path in sorted((folder / OPENED).glob("*.json"))]
    found = next((one for one in opened if one.person.id == identity), None)
    if found is None:
        near = suggest(identity, [one.person.id for one in opened])
        raise InputError(
            f"expected reasons of {identity!r} in {folder}, found none{near}: approved, not in this batch, or erased"
        )
    return found


def read_disclosed(path: Path) -> Disclosed:
    """Read what opens a commitment."""
    return parse_record(path.read_bytes(), Disclosed, name=path.name)


def check_reasons(
    opened: Disclosed, folder: Path, keys: Collection[PublicKey], facts: Collection[Fact], *, names: dict[str, str]
) -> Checked:
    """Check that one person's reasons are those that were fixed when the decision was taken.

    Args:
        opened: the reasons, with their salt.
        folder: the batch's.
        keys: the keys that are trusted.
        facts: the events ``reasons.given`` of the trail.
        names: who is behind a key, by its id.

    Raises:
        VerificationError: naming what does not hold.
    """
    content = (folder / RECORD).read_bytes()
    record = parse_record(content, ReasonsGiven, name=RECORD)
    digest = sha256_hex(content)
    if opened.batch != record.batch or commitment(opened) not in record.commitments:
        raise VerificationError(
            f"{opened.person.id}: these are not the reasons that were fixed in {record.batch} on {record.decided_at}: "
            "no commitment there opens with them. Something was changed since"
        )
    envelope = dsse.parse((folder / SIGNATURE).read_bytes(), name=SIGNATURE)
    signed = dsse.verify(envelope, keys)
    if subject_digest(signed.payload, RECORD) != digest:
        raise VerificationError(f"{folder / RECORD}: not the record that was signed. Something was changed since")
    fact = next((one for one in facts if one.said.reasons_sha256 == digest), None)
    if fact is None:
        raise VerificationError(
            f"{folder / RECORD}: no entry of the log holds its digest, so nothing shows that it was there when the "
            "decision was taken"
        )
    by = ", ".join(names.get(key.key_id, key.key_id[:16]) for key in signed.keys)
    proven = (
        f"the reasons of {opened.person.id} are those committed to in {record.batch}",
        f"the record was signed by {by} and not changed since",
        f"entry {fact.index} of the log fixed it, claimed at {record.decided_at}",
        f"they were computed from {record.model} {record.version}, files {record.model_sha256[:16]}...",
        f"the contributions sum to the score within {record.tolerance:g} (greatest difference {record.off_by:.1e})",
    )
    return Checked(record=record, person=opened.person, proven=proven)
