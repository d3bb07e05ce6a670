"""What images hold, asked of a trail: kept until the log grows or the keys that count change."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from assay.lifecycle.clearing import Built
from assay.lifecycle.known_releases import identity_of
from assay.trail.images import builds_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from assay.lifecycle.asking import Trail
    from assay.lifecycle.known_releases import Identity

OpenTrail: TypeAlias = "Callable[[], AbstractContextManager[Trail]]"

_KEPT = 10_000


class ImageBuilds:
    """What images hold, by digest.

    Args:
        open_trail: opens the trail, its projection brought up to the log's present size.
        watched: files and folders whose change may change an answer: the log's checkpoint, keys, the trust file.
    """

    def __init__(self, open_trail: OpenTrail, watched: Callable[[], tuple[Path, ...]]) -> None:
        self._open = open_trail
        self._watched = watched
        self._lock = Lock()
        self._seen: Identity = ()
        self._known: dict[str, tuple[Built, ...]] = {}

    def __call__(self, image_sha256: str) -> tuple[Built, ...]:
        """Return what an image holds, by entries that count; nothing where no entry says it.

        Raises:
            AssayError: when the log cannot be read, or is not what it has signed.
        """
        seen = identity_of(*self._watched())
        with self._lock:
            if seen != self._seen or len(self._known) >= _KEPT:
                self._seen, self._known = seen, {}
            if image_sha256 not in self._known:
                with self._open() as trail:
                    found = builds_of(trail.connection, image_sha256, size=trail.size)
                self._known[image_sha256] = tuple(
                    Built(
                        image=one.event.fields.image,
                        image_sha256=image_sha256,
                        model=one.event.fields.model,
                        version=one.event.fields.version,
                        model_sha256=one.event.fields.model_sha256,
                        entry=one.index,
                    )
                    for one in found
                    if one.event is not None
                )
            return self._known[image_sha256]
