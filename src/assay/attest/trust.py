"""The trust file: who people are, by which keys, in which roles.

::

    people:
      - name: risk.officer
        key: |
          -----BEGIN PUBLIC KEY-----
          MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
          -----END PUBLIC KEY-----
        roles: [risk-officer, validator]

Strict: unknown keys are errors, a name stands once, a public key stands once, and keys whose private half is published
(test keys of specifications) are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import msgspec

from assay.attest.keys import PUBLISHED_TEST_KEYS, PublicKey, parse_public_key
from assay.errors import DocumentError, InputError, Problem
from assay.records.document import load_yaml


class _Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    key: str
    roles: tuple[str, ...]


class _TrustDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    people: tuple[_Person, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the trust file knows them."""

    name: str
    key: PublicKey
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Trust:
    """Who is trusted; nobody, when there is no trust file."""

    people: tuple[Person, ...] = ()

    @cached_property
    def _by_key(self) -> dict[str, Person]:
        return {person.key.key_id: person for person in self.people}

    def keys(self) -> frozenset[PublicKey]:
        """Return every trusted key."""
        return frozenset(person.key for person in self.people)

    def identity_of(self, key_id: str) -> tuple[str, tuple[str, ...]] | None:
        """Return the name and roles of the person whose key has this id; None when nobody's has."""
        person = self._by_key.get(key_id)
        return None if person is None else (person.name, person.roles)


def parse_trust(content: bytes, *, name: str = "trust.yaml") -> Trust:
    """Parse a trust file.

    Raises:
        DocumentError: with every problem in it.
    """
    document = load_yaml(content, _TrustDocument, name=name)
    people: list[Person] = []
    problems: list[Problem] = []
    for position, entry in enumerate(document.people):
        path = f"$.people[{position}]"
        try:
            person = Person(entry.name, parse_public_key(entry.key, name="key"), entry.roles)
        except InputError as error:
            problems.append(Problem(name, 0, 0, f"{path}.key", str(error)))
            continue
        problems += [Problem(name, 0, 0, f"{path}{where}", message) for where, message in _wrong(person, people)]
        people.append(person)
    if problems:
        raise DocumentError(problems)
    return Trust(tuple(people))


def _wrong(person: Person, others: list[Person]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if not person.name.strip():
        found.append((".name", "expected a name, found none"))
    if not person.roles or not all(role.strip() for role in person.roles):
        found.append((".roles", "expected at least one role, and no empty one"))
    if any(person.name == other.name for other in others):
        found.append((".name", f"expected each name once, found {person.name!r} again"))
    if any(person.key == other.key for other in others):
        found.append((".key", "expected each public key once, found one again: two people cannot share a key"))
    if person.key.key_id in PUBLISHED_TEST_KEYS:
        found.append((".key", "this is a published test key; everybody can sign with it. Make a new one"))
    return found
