"""What `assay verify -` reads from standard input, as a path that can be verified: a zip, a tar, or a bundle.json."""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PIPED_BYTES = 1 << 30
"""More than any release holds; a stream without end stops here."""

_ZIP = b"PK\x03\x04"
_BUNDLE = "bundle.json"
_ADVICE = (
    "Pipe an auditor bundle (assay trail export --output - | assay verify -), a release's folder (tar c FOLDER | assay "
    "verify -), or the bundle.json of a release in the project here"
)


@contextlib.contextmanager
def piped_bundle(content: bytes, releases: Path | None) -> Iterator[Path]:
    """Give a path of what came by standard input; it is gone afterwards, unless it is a release that is here.

    Args:
        content: an auditor bundle (zip), a release's folder (tar), or a ``bundle.json``.
        releases: the folder of releases here, in which the one that a ``bundle.json`` belongs to is looked up.

    Raises:
        InputError: when it is none of the three, or no release here has that ``bundle.json``.
    """
    if not content or len(content) > MAX_PIPED_BYTES:
        raise InputError(
            f"expected 1 to {MAX_PIPED_BYTES:,} bytes on standard input, found {len(content):,}. {_ADVICE}"
        )
    if content.startswith(b"{"):
        yield _release_here(content, releases)
        return
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        place = Path(folder)
        if content.startswith(_ZIP):
            (place / "bundle.zip").write_bytes(content)
            yield place / "bundle.zip"
            return
        yield _unpacked(content, place)


def _release_here(content: bytes, releases: Path | None) -> Path:
    for path in () if releases is None else sorted(releases.glob(f"*/*/{_BUNDLE}")):
        if path.read_bytes() == content:
            return path.parent
    raise InputError(
        f"expected the {_BUNDLE} of a release in the project here, found another: alone it has neither records nor "
        f"proofs. {_ADVICE}"
    )


def _unpacked(content: bytes, place: Path) -> Path:
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(place, filter="data")
    except tarfile.FilterError as error:
        raise InputError(f"expected a tar whose files stay in their folder: {error}. {_ADVICE}") from None
    except (tarfile.TarError, OSError, EOFError):
        raise InputError(f"expected a zip, a tar or a {_BUNDLE} on standard input, found neither. {_ADVICE}") from None
    found = sorted(place.rglob(_BUNDLE))
    if len(found) != 1:
        raise InputError(f"expected one release (a folder with {_BUNDLE}) in the tar, found {len(found)}. {_ADVICE}")
    return found[0].parent
