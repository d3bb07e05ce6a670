"""Trust policies for logs (C2SP tlog-policy, https://c2sp.org/tlog-policy, commit 5ba5ee8).

Which logs are accepted, which witnesses are known, and whose cosignatures make a quorum. Line based; fields are
separated by spaces or tabs; ``#`` starts a comment line::

    log example.com/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
    witness w1 sigsum.org+e4ade967+AZuUY6B08pW3QVHu8uvsrxWPcAv9nykap2Nb4oxCee+r https://sigsum.org/witness/
    witness w2 example.com+3753d3de+AebBhMcghIUoavZpjuDofa4sW6fYHyVn7gvwDBfvkvuM
    group both all w1 w2
    quorum both

A witness's key that is written as a plain Ed25519 key (0x01) stands for the cosignature key (0x04) of the same bytes
and name, as in the Go implementations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.errors import DocumentError, InputError, Problem, VerificationError
from assay.tlog.encoding import decode_number, quoted
from assay.tlog.note import parse_note
from assay.tlog.signed_checkpoint import SignedCheckpoint, open_checkpoint
from assay.tlog.vkey import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, VerifierKey, parse_vkey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_POLICY_BYTES = 256 * 1024
"""Cap on a policy file."""

MAX_COMPONENTS = 1024
"""Cap on logs, on witnesses and on groups each; the specification asks for 32."""

_NONE = "none"
_NOT_NAMES = (_NONE, "all", "any")


@dataclass(frozen=True, slots=True)
class Group:
    """Members of which at least ``threshold`` must have signed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """A parsed policy.

    Attributes:
        logs: keys of the logs accepted.
        witnesses: witness name to key.
        groups: group name to group.
        quorum: name of the witness or group that must be satisfied; None when no cosignature is asked for.
        addresses: witness name to the address it is asked at, where the policy gives one.
    """

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, Group]
    quorum: str | None
    addresses: Mapping[str, str] = field(default_factory=dict)

    def satisfied_by(self, keys: Iterable[VerifierKey]) -> bool:
        """Return whether valid cosignatures by these keys make the quorum."""
        signed = set(keys)
        met = {name for name, key in self.witnesses.items() if key in signed}
        for name, group in self.groups.items():  # members are defined on earlier lines
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(name)
        return self.quorum is None or self.quorum in met

    def asked_for(self) -> str:
        """Return the quorum in words: ``'two-of-three' (2 of bank, auditor, board)``; empty when there is none."""
        if self.quorum is None:
            return ""
        group = self.groups.get(self.quorum)
        made = "" if group is None else f" ({group.threshold} of {', '.join(group.members)})"
        return f"{self.quorum!r}{made}"

    def open(self, note: bytes) -> SignedCheckpoint:
        """Open a checkpoint of one of the accepted logs that has the quorum's cosignatures.

        Raises:
            VerificationError: when no accepted log has signed it, a known signature fails, or the quorum is not met.
        """
        signed = self.open_signed(note)
        if not self.satisfied_by(signed.cosigned_by):
            found = ", ".join(key.name for key in signed.cosigned_by) or "none"
            raise VerificationError(f"checkpoint: expected the quorum {self.quorum!r} of witnesses, found {found}")
        return signed

    def open_signed(self, note: bytes) -> SignedCheckpoint:
        """Open a checkpoint of one of the accepted logs, whatever its cosignatures.

        Raises:
            VerificationError: when no accepted log has signed it, or a known signature fails.
        """
        names = {(signature.name, signature.key_id) for signature in parse_note(note).signatures}
        log_key = next((key for key in self.logs if (key.name, key.id) in names), None)
        if log_key is None:
            raise VerificationError("checkpoint: expected a signature by one of the policy's logs, found none")
        return open_checkpoint(note, log_key, self.witnesses.values())


@dataclass(slots=True)
class _Reading:
    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorums: list[str] = field(default_factory=list)
    publics: set[bytes] = field(default_factory=set)
    grouped: set[str] = field(default_factory=set)

    def line(self, fields: list[str]) -> None:
        known = {"log": self.log, "witness": self.witness, "group": self.group, "quorum": self.quorum}
        read = known.get(fields[0])
        if read is None:
            raise InputError(f"expected one of {', '.join(known)}, found {quoted(fields[0])}")
        read(fields[1:])

    def log(self, fields: list[str]) -> None:
        if len(fields) not in {1, 2}:
            raise InputError("expected: log <verifier key> [address]")
        _room(self.logs)
        self.logs.append(self._key(fields[0]))

    def witness(self, fields: list[str]) -> None:
        if len(fields) not in {2, 3}:
            raise InputError("expected: witness <name> <verifier key> [address]")
        _room(self.witnesses)
        self._new_name(fields[0])
        key = self._key(fields[1])
        kind = ED25519_COSIGNATURE if key.kind == ED25519 else key.kind
        if kind not in {ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE}:
            raise InputError(f"expected a cosigner's key (type 4 or 6), found type {key.kind}")
        self.witnesses[fields[0]] = VerifierKey(key.name, kind, key.public)
        if len(fields) > len(("name", "key")):
            self.addresses[fields[0]] = fields[2]

    def group(self, fields: list[str]) -> None:
        if len(fields) < len(("name", "threshold", "member")):
            raise InputError("expected: group <name> all|any|<number> <member>...")
        _room(self.groups)
        name, threshold, *members = fields
        self._new_name(name)
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise InputError(f"expected members defined on earlier lines, found {quoted(member)}")
            if member in self.grouped:
                raise InputError(f"expected each name in at most one group, and once; found {quoted(member)} again")
            self.grouped.add(member)
        self.groups[name] = Group(_threshold(threshold, len(members)), tuple(members))

    def quorum(self, fields: list[str]) -> None:
        if len(fields) != 1:
            raise InputError("expected: quorum <name>|none")
        name = fields[0]
        if name != _NONE and name not in self.witnesses and name not in self.groups:
            raise InputError(f"expected a quorum defined on an earlier line, found {quoted(name)}")
        self.quorums.append(name)
        if len(self.quorums) > 1:
            raise InputError("expected exactly one quorum, found another")

    def _new_name(self, name: str) -> None:
        if name in _NOT_NAMES:
            raise InputError(f"expected a name other than {', '.join(_NOT_NAMES)}, found {quoted(name)}")
        if name in self.witnesses or name in self.groups:
            raise InputError(f"expected a new name, found {quoted(name)} again")

    def _key(self, text: str) -> VerifierKey:
        key = parse_vkey(text)
        if key.public in self.publics:
            raise InputError("expected each public key once, found one again")
        self.publics.add(key.public)
        return key


def _room(found: object) -> None:
    if isinstance(found, list | dict) and len(found) >= MAX_COMPONENTS:
        raise InputError(f"expected at most {MAX_COMPONENTS} of a kind")


def _threshold(text: str, members: int) -> int:
    if text == "all":
        return members
    if text == "any":
        return 1
    try:
        number = decode_number(text, "threshold")
    except VerificationError as error:
        raise InputError(str(error)) from None
    if not 1 <= number <= members:
        raise InputError(f"expected a threshold from 1 to {members}, found {number}")
    return number


def parse_witness_policy(content: bytes, *, name: str = "policy") -> WitnessPolicy:
    """Parse a policy file, strictly.

    Args:
        content: the file; names in it are opaque bytes.
        name: what the user calls it.

    Raises:
        DocumentError: with every problem, each with its line.
    """
    if len(content) > MAX_POLICY_BYTES:
        raise DocumentError([Problem(name, 0, 0, "", f"expected at most {MAX_POLICY_BYTES} bytes")])
    reading, problems = _Reading(), list[Problem]()
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").split("\n"), start=1):
        fields = line.replace("\t", " ").split(" ")
        fields = [part for part in fields if part]
        if not fields or fields[0].startswith("#"):
            continue
        try:
            reading.line(fields)
        except InputError as error:
            problems.append(Problem(name, number, 1, "", str(error)))
    if not reading.quorums and not problems:
        problems.append(Problem(name, 0, 0, "", "expected a line 'quorum <name>' or 'quorum none', found none"))
    if problems:
        raise DocumentError(problems)
    quorum = None if reading.quorums[0] == _NONE else reading.quorums[0]
    return WitnessPolicy(tuple(reading.logs), reading.witnesses, reading.groups, quorum, reading.addresses)
