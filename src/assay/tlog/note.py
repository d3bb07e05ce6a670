r"""Signed notes (C2SP signed-note 1.0.0, https://c2sp.org/signed-note).

A text that ends in a line feed, an empty line, and signature lines: an em dash, a space, the key's name, a space, and
the base64 of key ID and signature::

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

Signatures by unknown keys are ignored. A signature by a known key that does not hold makes the whole note invalid, and
so does the want of any signature by a known key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.tlog.encoding import decode_base64, encode_base64, quoted
from assay.tlog.vkey import KEY_ID_SIZE, VerifierKey, is_key_name

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NOTE_BYTES = 1_000_000
"""Cap on a whole note, as in Go's ``note`` package."""

MAX_SIGNATURES = 100
"""Cap on signature lines, as in Go's ``note`` package; the specification asks for at least 16."""

_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line.

    Attributes:
        name: name of the key that claims to have signed.
        key_id: its key ID, four bytes.
        body: what follows: the signature, in the form of the key's type.
    """

    name: str
    key_id: bytes
    body: bytes

    def line(self) -> bytes:
        """Return the line, with its line feed."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.body)}\n".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note; nothing is verified yet.

    Attributes:
        text: the signed text, with its last line feed.
        signatures: the signature lines in their order, repeated lines once.
    """

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def content(self) -> bytes:
        """Return the whole note."""
        return self.text + b"\n" + b"".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note with at least one signature that holds, and none by a known key that does not.

    Attributes:
        text: the signed text.
        signed_by: the keys whose signatures hold, in the order of the note.
        ignored: names in signature lines whose keys are not known.
    """

    text: bytes
    signed_by: tuple[VerifierKey, ...]
    ignored: tuple[str, ...]


def _parse_signature(line: str) -> NoteSignature:
    fields = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(fields) != len(("name", "signature")) or not is_key_name(fields[0]):
        raise VerificationError(f"note: expected a line '{_DASH}<name> <signature>', found {quoted(line)}")
    content = decode_base64(fields[1], "note signature")
    if len(content) <= KEY_ID_SIZE:
        raise VerificationError(f"note signature: expected key ID and signature, found {len(content)} bytes")
    return NoteSignature(fields[0], content[:KEY_ID_SIZE], content[KEY_ID_SIZE:])


def parse_note(content: bytes) -> Note:
    """Parse a note, strictly.

    Raises:
        VerificationError: when it is not one.
    """
    if len(content) > MAX_NOTE_BYTES:
        raise VerificationError(f"note: expected at most {MAX_NOTE_BYTES} bytes, found {len(content)}")
    try:
        whole = content.decode()
    except UnicodeDecodeError as error:
        raise VerificationError(f"note: expected UTF-8, found byte {content[error.start]:#04x}") from None
    if any(c < " " and c != "\n" for c in whole):
        raise VerificationError("note: expected no control character but the line feed, found one")
    border = whole.rfind("\n\n")
    if border < 0:
        raise VerificationError("note: expected an empty line between text and signatures, found none")
    lines = whole[border + 2 :].split("\n")
    if lines.pop() != "" or not lines:
        raise VerificationError("note: expected signature lines, each ended by a line feed")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationError(f"note: expected at most {MAX_SIGNATURES} signatures, found {len(lines)}")
    signatures = dict.fromkeys(_parse_signature(line) for line in lines)
    return Note(whole[: border + 1].encode(), tuple(signatures))


def open_note(content: bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """Parse a note and verify every signature by a known key.

    Args:
        content: the whole note.
        keys: the keys that are trusted.

    Raises:
        VerificationError: when a known key's signature fails, or no known key has signed.
    """
    note = parse_note(content)
    known = {(key.name, key.id): key for key in keys}
    signed_by: dict[VerifierKey, None] = {}
    ignored: dict[str, None] = {}
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            ignored[f"{signature.name}+{signature.key_id.hex()}"] = None
            continue
        key.verify(note.text, signature.body)
        signed_by[key] = None
    if not signed_by:
        expected = ", ".join(f"{name}+{id_.hex()}" for name, id_ in known) or "no key at all"
        raise VerificationError(
            f"note: expected a signature by a trusted key ({expected}), found only {', '.join(ignored)}"
        )
    return OpenedNote(note.text, tuple(signed_by), tuple(ignored))
