"""Who is behind a pseudonym: one small file a person, in the state folder, which can be erased.

``.assay/people/p_<32 hexadecimal digits>.json`` holds ``{"name": ...}``. The pseudonym is random and stands in the log;
the file is not in the log. When it is removed, the pseudonym leads to nobody, and every proof stays valid.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import msgspec

from assay.lifecycle.storing import publish, staging
from assay.records.canonical import canonical_json, parse_record

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "people"
_PSEUDONYM_BYTES = 16
_CODED = re.compile(r"(p_[0-9a-f]{32}|[A-Za-z0-9_-]{43})\Z")


class _PersonFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


def read_people(state: Path) -> dict[str, str]:
    """Return name by pseudonym, for all that are not erased.

    Raises:
        DocumentError: for a file that is not one of a person.
    """
    return {
        path.stem: parse_record(path.read_bytes(), _PersonFile, name=path.name).name
        for path in sorted((state / FOLDER).glob("p_*.json"))
    }


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
