"""An entry of the trail with all that a browser needs to prove it: what `static/proof.js` takes, and a proof file.

Nothing is decided here: the proof is the log's own, read from its tiles and verified once before it goes out, and the
keys are those that this server knows. Whoever looks computes again (`GET /trail/{index}/proof.json`).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from assay.errors import NotThereError, VerificationError
from assay.lifecycle.log_shards import shards
from assay.lifecycle.log_trust import trust_beside
from assay.records.tally import Frozen
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import parse_note
from assay.tlog.proof import Proof
from assay.tlog.tree import inclusion_proof
from assay.tlog.vkey import ED25519
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.lifecycle.asking import Trail
    from assay.lifecycle.log_trust import LogTrust
    from assay.lifecycle.trail_shards import OpenShard
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.tlog.vkey import VerifierKey
    from assay.trail.reading import Read


class SignerShown(Frozen, kw_only=True):
    """Who signed an entry, as this server knows them.

    Attributes:
        name: the name that the key is known by here.
        key_id: SHA-256 of the key, hexadecimal.
        key: SubjectPublicKeyInfo, base64.
    """

    name: str
    key_id: str
    key: str


class EntryProof(Frozen, kw_only=True):
    """An entry and what proves it; bytes are base64, standard and padded.

    Attributes:
        schema: the record's version.
        trail_index: where the entry stands, counted through all logs of the trail.
        origin: the log that it stands in.
        index: where it stands in that log.
        entry: its bytes.
        leaf_sha256: its leaf hash (RFC 6962 section 2.1), hexadecimal.
        size: entries that the checkpoint covers.
        hashes: the inclusion proof, leaf side first.
        checkpoint: the signed checkpoint, a C2SP signed note, as it is.
        vkey: the log's Ed25519 verifier key for this size.
        witnesses: verifier keys of the others that signed this checkpoint: witnesses, and the log's ML-DSA-44 key.
        signers: who signed the entry; empty when nobody known here has.
        log: where the log's tiles are, below this server.
    """

    schema: str = "assay.entry-proof/v1"
    trail_index: int
    origin: str
    index: int
    entry: str
    leaf_sha256: str
    size: int
    hashes: tuple[str, ...]
    checkpoint: str
    vkey: str
    witnesses: tuple[str, ...] = ()
    signers: tuple[SignerShown, ...] = ()
    log: str

    def tlog_proof(self) -> bytes:
        """Return the proof file (C2SP tlog-proof), which with entry and key can be checked anywhere, for ever."""
        return Proof(self.index, tuple(map(b64decode, self.hashes)), self.checkpoint.encode()).content()


def log_address(number: int) -> str:
    """Return where the tiles of a log of the trail are: ``/log/``; of those that go on, ``/log/shards/<number>/``."""
    return "/log/" if number == 0 else f"/log/shards/{number}/"


def prove_entry(trail: Trail, log: Path, index: int) -> EntryProof:
    """Return an entry of a trail with its proof under the checkpoint that the trail was opened at.

    Args:
        trail: the trail, open.
        log: folder of its first log.
        index: where the entry stands, counted through all logs.

    Raises:
        NotThereError: when there is no such entry.
        VerificationError: when entry, tiles, projection and checkpoint do not agree.
    """
    read = trail.at_index(index) if 0 <= index < trail.size else None
    if read is None:
        raise NotThereError(f"expected an entry from 0 to {trail.size - 1}, found {index}")
    number, shard = next((n, one) for n, one in reversed(list(enumerate(trail.shards))) if one.first <= index)
    place, size = index - shard.first, shard.signed.checkpoint.size
    tree = shard.reader.tree(size)
    entry, hashes = tree.entry(place), tuple(inclusion_proof(place, size, tree.node))
    _require_read(trail, shard, read, entry)
    Proof(place, hashes, shard.signed.note).verify_under(shard.signed, hash_leaf(entry))
    trust = trust_beside(log)
    signed = trust.open(shard.signed.note) if trust.logs else shard.signed
    vkey = _vkey(trust, shard, size)
    return EntryProof(
        trail_index=index,
        origin=signed.checkpoint.origin,
        index=place,
        entry=_text(entry),
        leaf_sha256=read.leaf_sha256,
        size=size,
        hashes=tuple(map(_text, hashes)),
        checkpoint=signed.note.decode(),
        vkey=str(vkey),
        witnesses=tuple(str(key) for key in (*_log_keys(trust, signed, vkey), *signed.cosigned_by)),
        signers=tuple(_signers(trail, shard, read)),
        log=log_address(number),
    )


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _require_read(trail: Trail, shard: OpenShard, read: Read, entry: bytes) -> None:
    """Refuse to show words of the projection that the log does not say."""
    keys = trail.trust.keys() | frozenset(trail.keys.values())
    if read_entry(read.index, entry, keys, own=shard.own, first=shard.first) != read:
        raise VerificationError(
            f"entry {read.index}: the projection says otherwise than the log. Compare with: assay trail check"
        )


def _vkey(trust: LogTrust, shard: OpenShard, size: int) -> VerifierKey:
    """Return the log's Ed25519 key for a size."""
    ranges = next((one.ranges for one in trust.logs if one.origin == shard.signed.checkpoint.origin), ())
    return next((one.key for one in ranges if one.key.kind == ED25519 and one.covers(size)), shard.reader.key)


def _log_keys(trust: LogTrust, signed: SignedCheckpoint, vkey: VerifierKey) -> list[VerifierKey]:
    """Return the log's further keys that have signed the checkpoint: its ML-DSA-44 key, and one that it is leaving."""
    lines = {(one.name, one.key_id) for one in parse_note(signed.note).signatures}
    known = [key for one in trust.logs if one.origin == signed.checkpoint.origin for key in one.keys]
    return [key for key in known if key != vkey and (key.name, key.id) in lines]


def _signers(trail: Trail, shard: OpenShard, read: Read) -> list[SignerShown]:
    known = trail.trust.keys() | frozenset(trail.keys.values()) | _own(shard, read)
    by_id: dict[str, PublicKey] = {key.key_id: key for key in known}
    names = trail.view().signers(read)
    return [
        SignerShown(name=name, key_id=key_id, key=_text(by_id[key_id].der))
        for key_id, name in zip(read.keys, names, strict=True)
    ]


def _own(shard: OpenShard, read: Read) -> frozenset[PublicKey]:
    return frozenset() if read.event is None else shard.own.signing(read.index - shard.first, read.event)


def log_folder(log: Path, number: int) -> Path | None:
    """Return the folder of a log of the trail by its number; None when there is no such log."""
    found = shards(log)
    return found[number] if 0 <= number < len(found) else None
