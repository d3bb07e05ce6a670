"""The trust file as JSON: who people are, by which keys, in which roles; and which keys the log signs with.

::

    {"schema": "assay.auditor-trust/v1", "people": [{"name": "rosa", "roles": ["risk-owner"], "key": "<base64>"}],
     "logs": ["example.com/log+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"]}

After a log's key may stand the first size, and the end of the sizes, of the checkpoints that it may sign. A person's
key is the base64 of its SubjectPublicKeyInfo, as between the two lines of PEM. A key without roles is a machine's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .keys import PublicKey
from .note import parse_log_key
from .strict import Refused, decode_base64, field, objects, of_type, parse_json

if TYPE_CHECKING:
    from .note import NoteKey

SCHEMA = "assay.auditor-trust/v1"


@dataclass(frozen=True)
class Person:
    """Who a key belongs to."""

    name: str
    roles: tuple[str, ...]
    key: PublicKey

    def __str__(self) -> str:
        """Return the name with roles and key, in words."""
        roles = f"{', '.join(self.roles)}; " if self.roles else ""
        return f"{self.name} ({roles}key {self.key.key_id[:16]})"


@dataclass(frozen=True)
class Trust:
    """The people by the ids of their keys, and the keys of the logs."""

    people: dict[str, Person]
    logs: tuple[NoteKey, ...]


def parse_trust(content: bytes, what: str) -> Trust:
    """Parse a trust file; a name or a key that stands twice is refused."""
    document = parse_json(content, what)
    if document.get("schema") != SCHEMA:
        raise Refused(f"{what}: expected the schema {SCHEMA}, found something else")
    people: dict[str, Person] = {}
    for one in objects(document, "people", what):
        roles = tuple(of_type(role, str, f"{what}: roles") for role in field(one, "roles", list, what))
        key = PublicKey(decode_base64(field(one, "key", str, what), f"{what}: key"))
        person = Person(field(one, "name", str, what), roles, key)
        if key.key_id in people or any(person.name == other.name for other in people.values()):
            raise Refused(f"{what}: expected each name and each key once, found those of {person.name!r} again")
        people[key.key_id] = person
    logs = tuple(parse_log_key(of_type(text, str, f"{what}: logs")) for text in field(document, "logs", list, what))
    return Trust(people, logs)
