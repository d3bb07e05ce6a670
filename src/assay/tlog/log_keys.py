r"""Which key may have signed which checkpoints: verifier keys of one log, each for a range of sizes.

C2SP tlog-policy names a log's key and knows no rotation. Beside it stands a side file of ours, which says from which
size on a key is the log's, and up to which; line based, fields separated by spaces or tabs, ``#`` starts a comment::

    key example.com/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k 0 4097
    key example.com/log+<key ID>+<the next key> 4097

The first key is the log's for checkpoints of sizes 0 to 4096, the second from 4097 on. The checkpoint of size 4097, by
which the log was handed from one key to the other, bears both signatures. Whoever holds the old key afterwards can sign
nothing that is accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import DocumentError, InputError, Problem, VerificationError
from assay.tlog.encoding import decode_number, quoted
from assay.tlog.signed_checkpoint import SignedCheckpoint, open_signed_by
from assay.tlog.vkey import ED25519, ML_DSA_44_COSIGNATURE, VerifierKey, parse_vkey

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LOG_KEYS = 256
"""Cap on the keys that one log may have had."""

_WORD = "key"
_KINDS = {ED25519: "Ed25519", ML_DSA_44_COSIGNATURE: "ML-DSA-44"}


@dataclass(frozen=True, slots=True)
class KeyRange:
    """A key, and the sizes of the checkpoints that it may sign.

    Attributes:
        key: the key; its name is the log's origin.
        first: smallest size.
        end: smallest size that is too large; None when there is none yet.
    """

    key: VerifierKey
    first: int = 0
    end: int | None = None

    def covers(self, size: int) -> bool:
        """Return whether the key may sign a checkpoint of a size."""
        return self.first <= size and (self.end is None or size < self.end)

    def words(self) -> str:
        """Return the sizes in words."""
        return f"{self.first} on" if self.end is None else f"{self.first} to {self.end - 1}"

    def line(self) -> str:
        """Return the range as a line of the side file, without its line feed."""
        return " ".join(map(str, (_WORD, self.key, self.first, *(() if self.end is None else (self.end,)))))


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Every key that one log has had.

    Attributes:
        ranges: keys with their sizes, at least one; all of one name, the log's origin.
    """

    ranges: tuple[KeyRange, ...]

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.ranges[0].key.name

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys, in the order of their ranges."""
        return tuple(one.key for one in self.ranges)

    @property
    def newest(self) -> VerifierKey:
        """The key that signs now: the last one of Ed25519, or, where the log has none of that kind, of the other."""
        return max(self.ranges, key=lambda one: (one.key.kind == ED25519, one.first)).key

    def at(self, size: int) -> tuple[VerifierKey, ...]:
        """Return the keys that may sign a checkpoint of a size, at most one of each kind, Ed25519 first."""
        return tuple(sorted((one.key for one in self.ranges if one.covers(size)), key=lambda key: key.kind))

    def open(self, note: bytes, witnesses: Iterable[VerifierKey] = ()) -> SignedCheckpoint:
        """Open a checkpoint that a key of this log has signed while it was the log's.

        Args:
            note: the signed checkpoint.
            witnesses: cosigners' keys that are trusted.

        Raises:
            VerificationError: unless such a signature of each kind that the log has keys of holds, no known one fails,
                and the origin is the log's; a key that signs outside of its range is named.
        """
        signed, signers = open_signed_by(note, self.keys, witnesses)
        size = signed.checkpoint.size
        asked = {one.key.kind for one in self.ranges if one.covers(size)}
        given = {one.key.kind for one in self.ranges if one.covers(size) and one.key in signers}
        if not given:
            raise VerificationError(self._replaced(size, signers))
        if asked - given:
            raise VerificationError(
                f"checkpoint: of size {size}: expected a signature by the {_KINDS[min(asked - given)]} key of "
                f"{self.origin}, too, found none"
            )
        return signed

    def _replaced(self, size: int, signers: Iterable[VerifierKey]) -> str:
        found = [one for one in self.ranges if one.key in signers]
        named = "; ".join(
            f"{one.key.name}+{one.key.id.hex()}, which is its key for sizes {one.words()}" for one in found
        )
        return (
            f"checkpoint: of size {size}, and signed only by {named}: outside of its range. The key was not the log's "
            "then, or not any more: whoever signed this holds a key that was replaced. Ask the log's operator, and "
            "believe nothing that rests on it"
        )

    def content(self) -> bytes:
        """Return the side file."""
        return "".join(f"{one.line()}\n" for one in self.ranges).encode()


def always(*keys: VerifierKey) -> LogKeys:
    """Return keys of one log that may sign checkpoints of any size."""
    return LogKeys(tuple(map(KeyRange, keys)))


def parse_log_keys(content: bytes, *, name: str = "keys") -> LogKeys:
    """Parse a side file, strictly.

    Args:
        content: the file.
        name: what the user calls it.

    Raises:
        DocumentError: with every problem, each with its line.
    """
    found, problems = list[KeyRange](), list[Problem]()
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        fields = [part for part in line.replace("\t", " ").split(" ") if part]
        if not fields or fields[0].startswith("#"):
            continue
        try:
            found.append(_range(fields))
            _check_beside(found[-1], found[:-1])
        except (InputError, VerificationError) as error:
            problems.append(Problem(name, number, 1, "", str(error)))
    if not found and not problems:
        problems.append(
            Problem(name, 0, 0, "", "expected a line 'key <verifier key> <first size> [<end>]', found none")
        )
    if problems:
        raise DocumentError(problems)
    return LogKeys(tuple(found))


def _range(fields: list[str]) -> KeyRange:
    match fields:
        case [word, vkey, first, *ends] if word == _WORD and len(ends) <= 1:
            key = parse_vkey(vkey)
            start = decode_number(first, "first size")
            end = decode_number(ends[0], "end") if ends else None
        case _:
            raise InputError(f"expected: key <verifier key> <first size> [<end>], found {quoted(' '.join(fields))}")
    if key.kind not in _KINDS:
        raise InputError(f"expected a log's key (type 1 or 6), found type {key.kind}")
    if end is not None and end <= start:
        raise InputError(f"expected an end above the first size {start}, found {end}")
    return KeyRange(key, start, end)


def _check_beside(new: KeyRange, others: list[KeyRange]) -> None:
    if len(others) >= MAX_LOG_KEYS:
        raise InputError(f"expected at most {MAX_LOG_KEYS} keys")
    for one in others:
        if one.key.name != new.key.name:
            raise InputError(f"expected keys of one log, {one.key.name}, found one of {quoted(new.key.name)}")
        if one.key.public == new.key.public:
            raise InputError("expected each key once, found one again")
        apart = (one.end is not None and one.end <= new.first) or (new.end is not None and new.end <= one.first)
        if one.key.kind == new.key.kind and not apart:
            raise InputError(f"expected one key a size, found another for sizes {new.words()}")
