"""Signed notes, verifier keys and checkpoints (https://c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature).

Keys of three kinds are checked here: Ed25519 (0x01), as logs sign, and cosignatures with Ed25519 (0x04), as witnesses
do, and with ML-DSA-44 (0x06), as both may. Signature lines by other keys, of other kinds as well, are ignored, as the
specification asks; by a known key a signature that does not hold makes the whole note invalid.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from . import ed25519, ml_dsa
from .strict import MAX_NUMBER, Refused, decode_base64, decode_hash, decode_number, decode_text, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

ED25519, COSIGNATURE, ML_DSA_44 = 0x01, 0x04, 0x06
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100

_ID_SIZE, _TIME_SIZE = 4, 8
_KINDS = {ED25519: "Ed25519", ML_DSA_44: "ML-DSA-44"}
_MAX_NAME = 255
_DASH = "\u2014 "
_CHECKPOINT_LINES = 3
_MOST_SIZES = 2


def _is_name(name: str) -> bool:
    return bool(name) and not any(c == "+" or c.isspace() for c in name)


@dataclass(frozen=True)
class NoteKey:
    """A key that signs notes: its name, the type of its signatures, and its public bytes.

    A log's key is the log's for checkpoints of sizes from `first` on, and below `end`, if there is one; it is the same
    key without.
    """

    name: str
    kind: int
    public: bytes
    first: int = field(default=0, compare=False)
    end: int | None = field(default=None, compare=False)

    @property
    def id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_SIZE]

    def open(self, text: bytes, body: bytes) -> int | None:
        """Check what follows the key ID; return the time of a cosignature (POSIX seconds), None for a plain one.

        Raises:
            Refused: when the signature does not hold.
        """
        time, message, signature = None, text, body
        if self.kind != ED25519:
            time, signature = int.from_bytes(body[:_TIME_SIZE], "big"), body[_TIME_SIZE:]
            if not 1 <= time <= MAX_NUMBER:
                raise Refused(f"cosignature by {self.name}: expected a time, found {time}")
            message = _cosigned(text, self, time)
        holds = ml_dsa.holds if self.kind == ML_DSA_44 else ed25519.holds
        if not holds(self.public, signature, message):
            raise Refused(f"the signature by {self.name}+{self.id.hex()} does not match the text")
        return time

    def covers(self, size: int) -> bool:
        """Return whether a log's key may sign a checkpoint of a size."""
        return self.first <= size and (self.end is None or size < self.end)


def parse_vkey(text: str) -> NoteKey:
    """Parse a verifier key, ``<name>+<8 hexadecimal digits>+<base64>``; the printed key ID must be the key's."""
    name, _, rest = text.partition("+")
    printed, plus, encoded = rest.partition("+")
    if not plus or not _is_name(name):
        raise Refused(f"verifier key: expected <name>+<key ID>+<base64 key>, found {quoted(text)}")
    content = decode_base64(encoded, "verifier key")
    kind, public = int.from_bytes(content[:1], "big"), content[1:]
    if kind in {ED25519, COSIGNATURE}:
        ed25519.check_key(public)
    elif kind != ML_DSA_44 or len(public) != ml_dsa.PUBLIC_SIZE:
        raise Refused(f"verifier key of {name}: expected type 1, 4 or 6, found {kind} with {len(public)} bytes")
    found = NoteKey(name, kind, public)
    if printed != found.id.hex():
        raise Refused(f"verifier key: expected the key ID {found.id.hex()} of {name}, found {quoted(printed)}")
    return found


def parse_log_key(line: str) -> NoteKey:
    """Parse a log's key: a verifier key, then the first size and the end of those it is for; all, where none stand."""
    vkey, *numbers = line.removeprefix("key ").split(" ")
    sizes = [decode_number(one, "size that a log's key is for") for one in numbers]
    if len(sizes) > _MOST_SIZES or sizes != sorted(set(sizes)):
        raise Refused(f"log's key: expected <verifier key> [<first size> [<end>]], found {quoted(line)}")
    first, end = (*sizes, None, None)[:2]
    return replace(parse_vkey(vkey), first=first or 0, end=end)


def _signature(line: str) -> tuple[str, bytes]:
    """Return the name in a signature line, and key ID and body."""
    start, _, rest = line.partition(_DASH)
    name, space, encoded = rest.partition(" ")
    if start or not space or not _is_name(name):
        raise Refused(f"note: expected a line '{_DASH}<name> <signature>', found {quoted(line)}")
    content = decode_base64(encoded, "note signature")
    if len(content) <= _ID_SIZE:
        raise Refused(f"note signature: expected key ID and signature, found {len(content)} bytes")
    return name, content


def parse_note(content: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Parse a note into its text and the (name, key ID and body) of its signature lines; nothing is verified yet."""
    if len(content) > MAX_NOTE_BYTES:
        raise Refused(f"note: expected at most {MAX_NOTE_BYTES} bytes, found {len(content)}")
    whole = decode_text(content, "note")
    if any(c < " " and c != "\n" for c in whole):
        raise Refused("note: expected no control character but the line feed, found one")
    text, blank, signatures = whole.rpartition("\n\n")
    *lines, last = signatures.split("\n")
    if not blank or last or not lines:
        raise Refused("note: expected a text, an empty line, and signature lines, each ended by a line feed")
    if len(lines) > MAX_SIGNATURES:
        raise Refused(f"note: expected at most {MAX_SIGNATURES} signatures, found {len(lines)}")
    return f"{text}\n".encode(), [_signature(line) for line in lines]


def open_note(content: bytes, keys: Iterable[NoteKey]) -> tuple[bytes, dict[NoteKey, int | None]]:
    """Verify a note; return its text, and the keys that have signed with the time of each cosignature."""
    text, signatures = parse_note(content)
    known = {(key.name, key.id): key for key in keys}
    signed: dict[NoteKey, int | None] = {}
    for name, body in signatures:
        key = known.get((name, body[:_ID_SIZE]))
        if key is not None:
            signed[key] = key.open(text, body[_ID_SIZE:])
    if not signed:
        raise Refused(
            f"note: expected a signature by a trusted key, found only {quoted([one[0] for one in signatures])}"
        )
    return text, signed


@dataclass(frozen=True)
class Checkpoint:
    """A log's claim about itself: at this size, this root; and the cosigners with the times that they state."""

    origin: str
    size: int
    root: bytes
    cosigned: tuple[tuple[NoteKey, int], ...] = ()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Parse the text of a checkpoint."""
    *lines, last = decode_text(text, "checkpoint").split("\n")
    if last or len(lines) < _CHECKPOINT_LINES or not all(lines):
        raise Refused("checkpoint: expected the lines origin, size and root, each ended by a line feed, none empty")
    size, root = decode_number(lines[1], "checkpoint size"), decode_hash(lines[2], "checkpoint root")
    if size == 0 and root != sha256(b"").digest():
        raise Refused("checkpoint: size 0 has one root, SHA-256 of nothing; found another")
    return Checkpoint(lines[0], size, root)


def _cosigned(text: bytes, key: NoteKey, time: int) -> bytes:
    """Return what is cosigned: with Ed25519 time and text, with ML-DSA-44 who, when, and what the text says."""
    if key.kind == COSIGNATURE:
        return b"cosignature/v1\ntime %d\n" % time + text
    found = parse_checkpoint(text)
    names = [one.encode() for one in (key.name, found.origin)]
    if text.count(b"\n") != _CHECKPOINT_LINES or max(map(len, names)) > _MAX_NAME:
        raise Refused(f"checkpoint: expected three lines and short names; no more is covered by {quoted(key.name)}")
    who, origin = (bytes([len(one)]) + one for one in names)
    start_and_end = bytes(8) + found.size.to_bytes(8, "big")
    return b"subtree/v1\n\0" + who + time.to_bytes(8, "big") + origin + start_and_end + found.root


def open_checkpoint(note: bytes, logs: Iterable[NoteKey], witnesses: Iterable[NoteKey] = ()) -> Checkpoint:
    """Verify a signed checkpoint: by a log whose keys' name is the origin; cosignatures alone do not make one.

    Of a log that has keys of two kinds, one of each must have signed: who can forge the one gains nothing.
    """
    witnesses = list(witnesses)
    logs = list(logs)
    text, signed = open_note(note, [*logs, *witnesses])
    found = parse_checkpoint(text)
    own = [key for key in logs if key.name == found.origin]
    signers = [key for key in own if key in signed]
    if not signers:
        raise Refused(f"checkpoint: expected a signature by the log {quoted(found.origin)} itself, found none")
    given = {key.kind for key in signers if key.covers(found.size)}
    if not given:
        raise Refused(
            f"checkpoint: of size {found.size}, signed by {found.origin}+{signers[0].id.hex()} alone, which is the "
            f"log's key from size {signers[0].first} up to, not including, {signers[0].end}: the signer is not the log"
        )
    missing = {key.kind for key in own if key.covers(found.size)} - given
    if missing:
        raise Refused(
            f"checkpoint: of size {found.size}: expected a signature by the {_KINDS[missing.pop()]} key of "
            f"{found.origin}, too, found none"
        )
    cosigned = tuple((key, time) for key, time in signed.items() if time is not None and key in witnesses)
    return Checkpoint(found.origin, found.size, found.root, cosigned)
