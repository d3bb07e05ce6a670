"""Tiles in an Azure container with version-level immutability, checkpoint and partials in another: the writing side.

Two containers, because an immutable one keeps every version until its date:

* the locked one, with version-level immutability support: full tiles, full entry bundles, and what is archived for good
  (``checkpoints/<size>``, ``keys/...``, ``policies/...``, ``tail/<size>``). Each is written once (``If-None-Match: *``)
  with an immutability policy, and read back;
* the mutable one: ``checkpoint``, replaced only where it is the old one (``If-Match``), and partial tiles.

A policy is on one *version* of a blob. Whoever may write can lay a later version over it, or make it no longer the
current one: that hides and does not destroy. So what is read here is the first version; `AzureTiles.problems` names
what lies above it. (Microsoft Learn, "Version-level write-once, read-many (WORM) policies for immutable blob data".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.azure_container import ABSENT, ALREADY_THERE, NOT_MET, BlobPolicy, RefusedError
from assay.adapters.folder_tiles import CHECKPOINT, TILE_CAP
from assay.errors import InputError, VerificationError
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.tile import TILE_WIDTH, tile_path, tiles_between

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from assay.adapters.azure_container import BlobVersion, Container

UNLOCKED, LOCKED = "Unlocked", "Locked"
MODES = (UNLOCKED, LOCKED)
"""Weakest first. An unlocked policy can be shortened and taken off; a locked one only extended."""


@dataclass(frozen=True, slots=True)
class ImmutabilityLock:
    """How long what is locked stays.

    Attributes:
        mode: ``Unlocked`` for trials, ``Locked`` for production.
        retain_until: with a zone; the end of the log's shard plus what the retention policy asks.
        legal_hold: also hold each new blob until the hold is lifted, whatever its date.
    """

    mode: str
    retain_until: dt.datetime
    legal_hold: bool = False

    def __post_init__(self) -> None:
        """Refuse a mode that Azure does not know and a date without a zone.

        Raises:
            InputError: for either.
        """
        if self.mode not in MODES:
            raise InputError(f"immutability: expected mode Locked or Unlocked, found {self.mode!r}")
        if self.retain_until.tzinfo is None:
            raise InputError(f"immutability: expected a date with a zone, found {self.retain_until.isoformat()}")

    @property
    def policy(self) -> BlobPolicy:
        """The policy that is put on every new blob; the service keeps whole seconds."""
        return BlobPolicy(self.mode, self.retain_until.replace(microsecond=0))

    def covers(self, found: BlobPolicy | None) -> bool:
        """Say whether a policy that was found is at least this one."""
        if found is None or found.mode not in MODES:
            return False
        return MODES.index(found.mode) >= MODES.index(self.mode) and found.until >= self.policy.until


class AzureTiles:
    """Two containers as a store of tiles (`assay.lifecycle.publishing.TileStore`)."""

    def __init__(self, locked: Container, mutable: Container, *, lock: ImmutabilityLock, prefix: str = "") -> None:
        """Take two containers, after checking that they are fit.

        Args:
            locked: container with version-level immutability, as `assay.adapters.azure_container.connect` makes it.
            mutable: another container, whose blobs can be replaced and removed.
            lock: what is put on every blob of the locked container.
            prefix: put before every name, such as ``credit/2026/``.

        Raises:
            InputError: when a container lacks something; the message names everything that is missing.
            StorageError: when the service cannot be asked.
        """
        self._locked, self._mutable, self._lock, self._prefix = locked, mutable, lock, prefix
        missing = [] if locked.name != mutable.name else ["the locked and the mutable container are one: give two"]
        if not locked.keeps_versions():
            missing.append(
                f"container {locked.name}: version-level immutability is not enabled (az storage container-rm create "
                "--enable-vlw true makes one with it)"
            )
        if mutable.is_immutable():
            missing.append(f"container {mutable.name}: a policy or legal hold is on it, so nothing could be replaced")
        if missing:
            raise InputError("\n".join([*missing, "Nothing was written"]))

    # The port.

    def fetch(self, path: str) -> bytes | None:
        """Return the bytes of a path below the log, or None; from the locked container those of the first version."""
        if _is_mutable(path):
            found = self._get(self._mutable, path)
            return None if found is None else found[0]
        first = self._first(path)
        return None if first is None else self._read(first)

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write new files durably; one that is there already must hold the same bytes, and comes to be locked as well.

        Paths other than ``checkpoint`` and partial tiles are locked. A blob is durable when the service has answered.

        Raises:
            VerificationError: when one holds other bytes, reads back differently, or reads back without its policy.
            StorageError: when the service refuses.
        """
        for path, content in files:
            if path == CHECKPOINT:
                raise InputError(f"{path}: is replaced, never created with the tiles")
            if _is_mutable(path):
                written = self._put_new(self._mutable, path, content)
                self._compare(path, content, self.fetch(path), written=written)
            else:
                self._create_locked(path, content)

    def make_checkpoint(self, note: bytes) -> None:
        """Write the signed checkpoint of a new log; there must be none yet.

        Raises:
            InputError: when there is one.
            StorageError: when the service refuses.
        """
        if not self._put_new(self._mutable, CHECKPOINT, note):
            raise InputError(
                f"expected no log in container {self._mutable.name} yet, found a checkpoint. Choose another prefix"
            )

    def replace_checkpoint(self, old: bytes, new: bytes) -> None:
        """Replace the signed checkpoint where it still is the old one, by the service's own comparison.

        Raises:
            VerificationError: when it is not.
            StorageError: when the service refuses.
        """
        found = self._get(self._mutable, CHECKPOINT)
        changed = VerificationError(f"{self._where(self._mutable, CHECKPOINT)}: changed under the writer")
        if found is None or found[0] != old:
            raise changed
        try:
            self._mutable.put(self._prefix + CHECKPOINT, new, etag=found[1])
        except RefusedError as error:
            if error.code in NOT_MET | ABSENT:
                raise changed from error
            raise

    def sweep(self, old: int, size: int) -> None:
        """Do nothing: a blob is there whole or not at all, so an interrupted `create` leaves nothing beside it."""

    def remove_partials(self, old: int, size: int) -> None:
        """Remove the partial tiles that the growth between two published sizes replaced by full ones.

        Raises:
            StorageError: when the service keeps one.
        """
        for tile in tiles_between(old, size):
            if tile.width != TILE_WIDTH:
                continue
            for name in list(self._mutable.names(f"{self._prefix}{tile_path(tile)}.p/")):
                try:
                    self._mutable.delete(name)
                except RefusedError as error:
                    if error.code not in ABSENT:  # another publisher may have removed it
                        raise

    def collect(self, size: int) -> int:
        """Remove every partial tile whose full one a tree of ``size`` entries has; return how many went."""
        needed = {self._prefix + tile_path(tile) for tile in tiles_between(0, size)}
        names = [name for name in self._mutable.names(f"{self._prefix}tile/") if name.partition(".p/")[0] in needed]
        unneeded = [name for name in names if ".p/" in name]
        for name in unneeded:
            self._mutable.delete(name)
        return len(unneeded)

    # What immutability adds.

    def set_legal_hold(self, path: str, *, on: bool) -> None:
        """Put a legal hold on the first version of a locked path, or lift it. A hold has no end date.

        Raises:
            InputError: when there is no such blob.
            StorageError: when the service refuses.
        """
        first = self._first(path)
        if first is None:
            raise InputError(f"{self._where(self._locked, path)}: expected a blob to hold, found none")
        self._locked.set_hold(first.name, first.version, on=on)

    def paths(self) -> Iterator[str]:
        """Yield every path that is stored, in both containers, in order; what is no longer current is not hidden."""
        locked = {each.name for each in self._locked.versions(self._prefix)}
        both = locked | set(self._mutable.names(self._prefix))
        yield from sorted(name.removeprefix(self._prefix) for name in both)

    def problems(self) -> list[str]:
        """Return what is wrong with the locked container: what hides a first version, and policies that are weak."""
        found: list[str] = []
        kept: dict[str, list[BlobVersion]] = {}
        for each in self._locked.versions(self._prefix):
            kept.setdefault(each.name, []).append(each)
        for name, versions in sorted(kept.items()):
            where = self._where(self._locked, name.removeprefix(self._prefix))
            first, *later = sorted(versions, key=lambda one: one.version)
            found += [f"{where}: a later version ({one.version}) lies over the first" for one in later]
            if not any(one.current for one in versions):
                found.append(f"{where}: no version of it is current, so readers without a version see nothing")
            if not self._lock.covers(first.policy):
                found.append(self._too_weak(first))
        return found

    # Blobs.

    def _where(self, container: Container, path: str) -> str:
        return f"azure://{container.name}/{self._prefix}{path}"

    def _get(self, container: Container, path: str, version: str | None = None) -> tuple[bytes, str] | None:
        try:
            found = container.get(self._prefix + path, version)
        except RefusedError as error:
            if error.code in ABSENT:
                return None
            raise
        cap = MAX_NOTE_BYTES if path == CHECKPOINT else TILE_CAP
        if len(found[0]) > cap:
            raise VerificationError(f"{self._where(container, path)}: expected at most {cap} bytes, found more")
        return found

    def _put_new(self, container: Container, path: str, content: bytes, *, locked: bool = False) -> bool:
        """Write a blob where there is none; return whether there was none."""
        policy = self._lock.policy if locked else None
        try:
            container.put(
                self._prefix + path, content, only_new=True, policy=policy, held=locked and self._lock.legal_hold
            )
        except RefusedError as error:
            if error.code in ALREADY_THERE | NOT_MET:
                return False
            raise
        return True

    def _create_locked(self, path: str, content: bytes) -> None:
        first = self._first(path)  # where no version is current the condition is met, so it alone does not tell
        written = first is None and self._put_new(self._locked, path, content, locked=True)
        first = first or self._first(path)
        self._compare(path, content, None if first is None else self._read(first), written=written)
        if first is not None and not self._lock.covers(first.policy):
            self._strengthen(first)

    def _strengthen(self, first: BlobVersion) -> None:
        """Lock what somebody put there with a weaker policy or none; the stronger half of what it has is kept."""
        wanted, has = self._lock.policy, first.policy
        mode = LOCKED if LOCKED in {wanted.mode, has.mode if has else None} else UNLOCKED
        until = max(wanted.until, has.until) if has else wanted.until
        self._locked.set_policy(first.name, first.version, BlobPolicy(mode, until))
        again = self._first(first.name.removeprefix(self._prefix))
        if again is None or not self._lock.covers(again.policy):
            raise VerificationError(f"{self._too_weak(again or first)}. Nothing was signed")

    def _too_weak(self, one: BlobVersion) -> str:
        has = "no policy" if one.policy is None else f"{one.policy.mode} until {one.policy.until.isoformat()}"
        wanted = f"{self._lock.mode} until {self._lock.policy.until.isoformat()}"
        path = one.name.removeprefix(self._prefix)
        return f"{self._where(self._locked, path)}: expected {wanted}, found {has}"

    def _compare(self, path: str, content: bytes, found: bytes | None, *, written: bool) -> None:
        if found == content:
            return
        if written:
            raise VerificationError(f"{path}: reads back other bytes than were written; check the store")
        raise VerificationError(
            f"{path}: exists with other bytes than follow from the log's entries, though the log ends before it. "
            "Was an older checkpoint restored? Nothing was signed"
        )

    def _first(self, path: str) -> BlobVersion | None:
        name = self._prefix + path
        found = [each for each in self._locked.versions(name) if each.name == name]
        return min(found, key=lambda one: one.version, default=None)

    def _read(self, found: BlobVersion) -> bytes:
        path = found.name.removeprefix(self._prefix)
        stored = self._get(self._locked, path, found.version)
        if stored is None:
            raise VerificationError(f"{self._where(self._locked, path)}: version {found.version} is listed and gone")
        return stored[0]


def _is_mutable(path: str) -> bool:
    return path == CHECKPOINT or ".p/" in path
