"""The release folders of a project as they are delivered: their files, and the last entry of theirs in a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.attest.bundle import parse_receipt
from assay.lifecycle.consenting import CONSENTS
from assay.lifecycle.verified_erasures import ERASURES
from assay.records.canonical import sha256_hex
from assay.records.delivery import SIGNED_FILES, DeliveredRelease, is_release_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_RECEIPTS = ("receipt.json", "documents-receipt.json")


@dataclass(frozen=True)
class ReleaseAtHand:
    """A release folder at hand, and the last entry of its own in a log."""

    delivered: DeliveredRelease
    origin: str
    last: int
    contents: Mapping[str, bytes]

    @property
    def consents(self) -> set[str]:
        """The digests of the consents in it."""
        return {sha for name, sha in self.delivered.files.items() if name.startswith(f"{CONSENTS}/")}

    @property
    def erasures(self) -> bool:
        """Whether something in it was erased."""
        return any(name.startswith(f"{ERASURES}/") for name in self.delivered.files)


def release_folders(state: Path) -> Iterator[tuple[Path, str, str, str]]:
    """Yield every release folder of a state folder, with model, version and where in the version's folder it is."""
    for folder in sorted((state / "releases").glob("*/*")):
        inner = [folder, folder / "data", folder / "training", *sorted((folder / "monitoring").glob("*"))]
        for one in inner:
            if all((one / name).is_file() for name in SIGNED_FILES):
                within = one.relative_to(folder).as_posix()
                yield one, folder.parent.name, folder.name, "" if within == "." else within


def release_at(folder: Path, model: str, version: str, within: str, last: tuple[str, int]) -> ReleaseAtHand:
    """Return a release folder as it is delivered; its last entry is given (`last_entry`)."""
    contents = dict(_files(folder))
    files = {name: sha256_hex(content) for name, content in contents.items()}
    return ReleaseAtHand(DeliveredRelease(model=model, version=version, within=within, files=files), *last, contents)


def last_entry(folder: Path) -> tuple[str, int] | None:
    """Return the last entry that a release stands in: the log's name, and the index."""
    places = [
        (place.origin, place.index)
        for name in _RECEIPTS
        if (folder / name).is_file()
        for place in parse_receipt((folder / name).read_bytes(), name=name)
    ]
    return max(places, key=lambda one: one[1]) if places else None


def has_consent(folder: Path, named: set[str]) -> bool:
    """Say whether a release folder holds a consent of one of some digests."""
    return any(sha256_hex(path.read_bytes()) in named for path in (folder / CONSENTS).glob("*.json"))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and is_release_file(name):
            yield name, path.read_bytes()
