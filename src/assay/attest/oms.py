"""A model's root digest by the rules of OpenSSF Model Signing 1.0, manifest by files.

Source: https://github.com/ossf/model-signing-spec (commit a0c91e2). Every regular file counts, named relative to the
model's folder with ``/``, byte for byte; Git's own files and the signature at the top of the folder are left out. The
root is the SHA-256 over the files' raw SHA-256 digests, one after the other, in the order of their names' code points.

>>> listed(["weights.bin", ".git/HEAD", "config.json", ".gitignore"])
['config.json', 'weights.bin']
>>> root([])
'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

IGNORED = (".git", ".gitattributes", ".github", ".gitignore")
"""Names at the top of a model's folder that are never part of it."""

SIGNATURE = "model.sig"
"""Name of the model's own OMS signature file, at the top of its folder."""

_HEX = re.compile(r"[0-9a-f]{64}\Z")


def _check(name: str) -> str:
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise InputError(
            f"model file {name!r}: expected a relative, normalised name below the model's folder, found another"
        )
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"model file {name!r}: expected a name in UTF-8, found other bytes; rename the file") from None
    return name


def listed(names: Iterable[str], *, signature: str = SIGNATURE) -> list[str]:
    """Return the names that count as part of a model, in the order in which they are hashed.

    Args:
        names: every regular file below the model's folder, relative to it, with ``/``.
        signature: name of the signature file, which is left out.

    Raises:
        InputError: for a name that is absolute, not normalised, or not UTF-8.
    """
    checked = (_check(name) for name in names)
    return sorted(name for name in checked if name.split("/")[0] not in IGNORED and name != signature)


def root(files: Iterable[tuple[str, str]]) -> str:
    """Return the root digest over (name, hexadecimal SHA-256) pairs, in lower-case hexadecimal.

    The order of the pairs does not matter.

    Raises:
        InputError: for a name that stands twice or may not stand at all, or a digest that is not SHA-256.
    """
    hashed = sha256()
    before: str | None = None
    for name, digest in sorted(files):
        if _check(name) == before:
            raise InputError(f"model file {name!r}: expected each name once, found it twice")
        if not _HEX.match(digest):
            raise InputError(f"model file {name!r}: expected a SHA-256 in lower-case hexadecimal, found {digest!r}")
        hashed.update(bytes.fromhex(digest))
        before = name
    return hashed.hexdigest()
