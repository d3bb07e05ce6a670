"""Who is behind a pseudonym: one small file a person, in the state folder, which can be erased.

``.assay/people/p_<32 hexadecimal digits>.json`` holds ``{"name": ...}``. The pseudonym is random and stands in the log;
the file is not in the log. When it is removed, the pseudonym leads to nobody, and every proof stays valid.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import ItemsView, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from assay.lifecycle.storing import publish, staging
from assay.records.canonical import canonical_json, parse_record

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "people"
_PSEUDONYM_BYTES = 16
_RACY = 2_000_000_000
"""A folder that changed less than 2 s ago may change again without another time: it is looked into again."""

_CODED = re.compile(r"(p_[0-9a-f]{32}|[A-Za-z0-9_-]{43})\Z")


class _PersonFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


def read_people(state: Path) -> dict[str, str]:
    """Return name by pseudonym, for all that are not erased.

    Raises:
        DocumentError: for a file that is not one of a person.
    """
    return {path.stem: _name_in(path) for path in sorted((state / FOLDER).glob("p_*.json"))}


class People(Mapping[str, str]):
    """Name by pseudonym, read again only where the folder says that something changed; any thread may ask.

    Names are in memory as long as their files are there, and no longer.
    """

    def __init__(self, state: Path) -> None:
        """Take the state folder."""
        self._folder = state / FOLDER
        self._seen = 0
        self._held: dict[str, tuple[tuple[int, ...], str]] = {}

    def _now(self) -> dict[str, tuple[tuple[int, ...], str]]:
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if changed == self._seen:
            return self._held
        held = {}
        for path in self._folder.glob("p_*.json"):
            with contextlib.suppress(FileNotFoundError):  # erased meanwhile
                stat = path.stat()
                stamp = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
                before = self._held.get(path.stem)
                held[path.stem] = before if before is not None and before[0] == stamp else (stamp, _name_in(path))
        self._held = held
        self._seen = changed if time.time_ns() - changed > _RACY else 0
        return held

    def __getitem__(self, pseudonym: str) -> str:
        """Return a person's name."""
        return self._now()[pseudonym][1]

    def __iter__(self) -> Iterator[str]:
        """Yield the pseudonyms that lead to somebody."""
        return iter(sorted(self._now()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._now())

    def items(self) -> ItemsView[str, str]:
        """Return pseudonyms and names, as they are now: the folder is looked at once for all."""
        return {code: name for code, (_, name) in sorted(self._now().items())}.items()


def _name_in(path: Path) -> str:
    return parse_record(path.read_bytes(), _PersonFile, name=path.name).name


def is_coded(text: str) -> bool:
    """Say whether a text is a pseudonym or a commitment already."""
    return bool(_CODED.match(text))


def pseudonym(state: Path, name: str) -> str:
    """Return a person's pseudonym: the one they have, or a new random one, which is kept before it is used.

    Raises:
        StorageError: when it cannot be kept.
    """
    known = {held: coded for coded, held in read_people(state).items()}
    if name in known:
        return known[name]
    coded = f"p_{secrets.token_hex(_PSEUDONYM_BYTES)}"
    folder = state / FOLDER
    with staging(folder) as stage:
        publish(stage, folder, {f"{coded}.json": canonical_json({"name": name})})
    return coded
