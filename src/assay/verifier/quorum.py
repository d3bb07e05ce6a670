"""Witness policies (https://c2sp.org/tlog-policy): which cosignatures make a checkpoint one that others have seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .note import COSIGNATURE, ED25519, NoteKey, parse_vkey
from .strict import Refused, decode_number, decode_text, quoted

if TYPE_CHECKING:
    from collections.abc import Collection

NO_QUORUM = "none"
_NOT_NAMES = (NO_QUORUM, "all", "any")


@dataclass
class WitnessPolicy:
    """A parsed policy: logs accepted, witnesses by name, groups as (threshold, members), and the quorum's name."""

    logs: list[NoteKey] = field(default_factory=list)
    witnesses: dict[str, NoteKey] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str | None = None

    def met_by(self, keys: Collection[NoteKey]) -> bool:
        """Return whether valid cosignatures by these keys make the quorum."""
        met = {NO_QUORUM} | {name for name, key in self.witnesses.items() if key in keys}
        for name, (threshold, members) in self.groups.items():  # members stand on earlier lines
            if len(met.intersection(members)) >= threshold:
                met.add(name)
        return self.quorum in met

    def read(self, line: str) -> None:
        """Take in one line."""
        match [part for part in line.replace("\t", " ").split(" ") if part]:
            case ["log", key] | ["log", key, _]:
                self.logs.append(self._key(key))
            case ["witness", name, key] | ["witness", name, key, _]:
                found = self._key(key)
                kind = COSIGNATURE if found.kind == ED25519 else found.kind
                self.witnesses[self._new(name)] = NoteKey(found.name, kind, found.public)
            case ["group", name, threshold, *members] if members:
                self.groups[self._new(name)] = (self._group(threshold, members), tuple(members))
            case ["quorum", name] if self.quorum is None and (name == NO_QUORUM or self._known(name)):
                self.quorum = name
            case [word, *_] if not word.startswith("#"):
                raise Refused(
                    f"expected log, witness, group or one quorum, of names defined before; found {quoted(line)}"
                )

    def _group(self, threshold: str, members: list[str]) -> int:
        names = [*members, *(member for _, others in self.groups.values() for member in others)]
        if len(set(names)) != len(names) or not all(self._known(member) for member in members):
            raise Refused("expected members that are defined on earlier lines, once, and in no other group")
        words = {"all": len(members), "any": 1}
        number = words[threshold] if threshold in words else decode_number(threshold, "threshold")
        if not 1 <= number <= len(members):
            raise Refused(f"expected a threshold from 1 to {len(members)}, found {number}")
        return number

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _new(self, name: str) -> str:
        if name in _NOT_NAMES or self._known(name):
            raise Refused(f"expected a new name, and none of {', '.join(_NOT_NAMES)}; found {quoted(name)}")
        return name

    def _key(self, text: str) -> NoteKey:
        key = parse_vkey(text)
        if any(key.public == other.public for other in [*self.logs, *self.witnesses.values()]):
            raise Refused("expected each public key once, found one again")
        return key


def parse_policy(content: bytes, what: str) -> WitnessPolicy:
    """Parse a policy file; the first line that is wrong is named."""
    found = WitnessPolicy()
    for number, line in enumerate(decode_text(content, what).split("\n"), start=1):
        try:
            found.read(line)
        except Refused as error:
            raise Refused(f"{what}:{number}: {error}") from None
    if found.quorum is None:
        raise Refused(f"{what}: expected a line 'quorum <name>' or 'quorum none', found none")
    return found
