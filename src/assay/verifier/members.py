"""The members of a bundle, from a zip file or the folder it was unpacked to, held against its manifest."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .strict import Refused, field, of_type, parse_json, quoted, sha256_hex, texts

MANIFEST = "MANIFEST.json"
SCHEMA = "assay.auditor-bundle/v1"
MAX_BYTES = 2**30


@dataclass(frozen=True)
class Contents:
    """A bundle held against its manifest.

    Attributes:
        members: the files that are what the manifest says.
        releases: folders of the releases.
        problems: what is missing or was changed.
        others: files that the manifest does not name.
    """

    members: dict[str, bytes]
    releases: list[str]
    problems: list[str]
    others: list[str]


def read_members(path: Path) -> dict[str, bytes]:
    """Read every file of a bundle: name to content. What leads out of it, or is there twice, is refused."""
    if path.is_dir():
        files = {one.relative_to(path).as_posix(): one for one in sorted(path.rglob("*")) if one.is_file()}
        _check_names([(name, one.stat().st_size) for name, one in files.items()])
        return {name: one.read_bytes() for name, one in files.items()}
    try:
        with zipfile.ZipFile(path) as archive:
            listed = [one for one in archive.infolist() if not one.is_dir()]
            _check_names([(one.filename, one.file_size) for one in listed])
            return {one.filename: archive.read(one) for one in listed}
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Refused(f"{path}: expected a bundle, found a damaged or other file: {error}") from None


def _check_names(listed: list[tuple[str, int]]) -> None:
    names = [name for name, _ in listed]
    if len(set(names)) != len(names) or sum(size for _, size in listed) > MAX_BYTES:
        raise Refused(f"bundle: expected each name once, and at most {MAX_BYTES} bytes")
    wrong = [name for name in names if "\\" in name or name[:1] == "/" or ".." in PurePosixPath(name).parts]
    if wrong:
        raise Refused(f"bundle: expected names below its folder, found {quoted(wrong)}")


def check_manifest(members: dict[str, bytes]) -> Contents:
    """Hold the files of a bundle against its manifest."""
    if MANIFEST not in members:
        raise Refused(f"bundle: expected {MANIFEST}, found none")
    document = parse_json(members[MANIFEST], MANIFEST)
    if document.get("schema") != SCHEMA:
        raise Refused(f"{MANIFEST}: expected the schema {SCHEMA}, found something else")
    listed = texts(document, "members", MANIFEST)
    releases = [of_type(one, str, f"{MANIFEST}: releases") for one in field(document, "releases", list, MANIFEST)]
    kept = {name: one for name, one in sorted(members.items()) if listed.get(name) == sha256_hex(one)}
    problems = [f"{name}: missing, or changed: it is not what {MANIFEST} names" for name in listed if name not in kept]
    return Contents(kept, releases, problems, sorted(members.keys() - listed.keys() - {MANIFEST}))
