"""Tiles in an S3 bucket with Object Lock, checkpoint and partial tiles in another bucket: the writing side.

Two buckets, because a locked bucket keeps every version of every object until its date:

* the locked one, with versioning and Object Lock: full tiles, full entry bundles, and what is archived for good
  (``checkpoints/<size>``, ``keys/...``, ``policies/...``, ``tail/<size>``). Each is written once (``If-None-Match: *``)
  with a mode, a date until which nobody removes it, and its SHA-256, and read back;
* the mutable one: ``checkpoint``, replaced only where it is the old one (``If-Match``), and partial tiles.

A lock is on one *version* of an object. Whoever may write to the bucket can still lay another version, or a delete
marker, over it: that hides and does not destroy. So what is read here is the first version, whatever lies above it;
`S3Tiles.problems` names what lies above. (Amazon S3 User Guide, "Locking objects with Object Lock" and "Conditional
requests".)
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.adapters.folder_tiles import CHECKPOINT, TILE_CAP
from assay.adapters.object_lock import COMPLIANCE, GOVERNANCE
from assay.adapters.s3_client import failures, refusal_code
from assay.errors import InputError, StorageError, VerificationError
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.tile import TILE_WIDTH, tile_path, tiles_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.adapters.object_lock import ObjectLock
    from assay.adapters.s3_client import S3Client

_ABSENT = {"NoSuchKey", "NoSuchVersion", "404"}
_TAKEN = {"PreconditionFailed", "412"}
_CONTENDED = {"ConditionalRequestConflict", "409"}
_TRIES = 5
_BATCH = 1000  # keys in one DeleteObjects, at most


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object in the locked bucket: path, name, a delete marker or not, the latest or not."""

    path: str
    version: str
    marker: bool
    latest: bool


class S3Tiles:
    """Two buckets as a store of tiles (`assay.lifecycle.publishing.TileStore`)."""

    def __init__(self, client: S3Client, *, locked: str, mutable: str, lock: ObjectLock, prefix: str = "") -> None:
        """Take two buckets, after checking that they are fit.

        Args:
            client: boto3's, as `assay.adapters.s3_client.connect` makes it.
            locked: bucket with versioning and Object Lock.
            mutable: another bucket, whose objects can be replaced and removed.
            lock: what is put on every object of the locked bucket.
            prefix: put before every key, such as ``credit/2026/``.

        Raises:
            InputError: when a bucket lacks something; the message names everything that is missing.
            StorageError: when the store cannot be asked.
        """
        self._client, self._locked, self._mutable = client, locked, mutable
        self._lock, self._prefix = lock, prefix
        self._failures = failures(client)
        self._check_buckets()

    # The port.

    def fetch(self, path: str) -> bytes | None:
        """Return the bytes of a path below the log, or None; from the locked bucket those of the first version."""
        if self._is_mutable(path):
            with self._told(self._mutable, path):
                found = self._get(self._mutable, path)
            return None if found is None else found["content"]
        first = self._first(path)
        return None if first is None else self._read(first)["content"]

    def create(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Write new files durably; one that is there already must hold the same bytes, and comes to be locked as well.

        Paths other than ``checkpoint`` and partial tiles are locked. An object is durable when the store has answered.

        Raises:
            VerificationError: when one holds other bytes, reads back differently, or reads back without its lock.
            StorageError: when the store refuses.
        """
        for path, content in files:
            if path == CHECKPOINT:
                raise InputError(f"{path}: is replaced, never created with the tiles")
            if self._is_mutable(path):
                self._create_mutable(path, content)
            else:
                self._create_locked(path, content)

    def make_checkpoint(self, note: bytes) -> None:
        """Write the signed checkpoint of a new log; there must be none yet.

        Raises:
            InputError: when there is one.
            StorageError: when the store refuses.
        """
        if not self._put(self._mutable, CHECKPOINT, note, IfNoneMatch="*"):
            raise InputError(
                f"expected no log in bucket {self._mutable} yet, found a checkpoint. Choose another prefix"
            )

    def replace_checkpoint(self, old: bytes, new: bytes) -> None:
        """Replace the signed checkpoint where it still is the old one, by the store's own comparison.

        Raises:
            VerificationError: when it is not.
            StorageError: when the store refuses.
        """
        with self._told(self._mutable, CHECKPOINT):
            found = self._get(self._mutable, CHECKPOINT)
        if (
            found is None
            or found["content"] != old
            or not self._put(self._mutable, CHECKPOINT, new, IfMatch=found["ETag"].strip('"'))
        ):
            raise VerificationError(f"{self._name(self._mutable, CHECKPOINT)}: changed under the writer")

    def sweep(self, old: int, size: int) -> None:
        """Do nothing: an object is there whole or not at all, so an interrupted `create` leaves nothing beside it."""

    def remove_partials(self, old: int, size: int) -> None:
        """Remove the partial tiles that the growth between two published sizes replaced by full ones.

        Raises:
            StorageError: when the store keeps one; its answer to the batch names it, though its status is 200.
        """
        keys: list[str] = []
        for tile in tiles_between(old, size):
            if tile.width == TILE_WIDTH:
                keys += self._keys(f"{tile_path(tile)}.p/")
        self._delete(keys)

    def collect(self, size: int) -> int:
        """Remove every partial tile whose full one a tree of ``size`` entries has; return how many went."""
        keys = [key for key in self._keys("tile/") if ".p/" in key]
        needed = {self._prefix + tile_path(tile) for tile in tiles_between(0, size)}
        unneeded = [key for key in keys if key.partition(".p/")[0] in needed]
        self._delete(unneeded)
        return len(unneeded)

    # What Object Lock adds.

    def set_legal_hold(self, path: str, *, on: bool) -> None:
        """Put a legal hold on the first version of a locked path, or lift it. A hold has no end date.

        Raises:
            InputError: when there is no such object.
            StorageError: when the store refuses.
        """
        first = self._first(path)
        if first is None:
            raise InputError(f"{self._name(self._locked, path)}: expected an object to hold, found none")
        with self._told(self._locked, path):
            self._client.put_object_legal_hold(
                Bucket=self._locked,
                Key=self._prefix + path,
                VersionId=first.version,
                LegalHold={"Status": "ON" if on else "OFF"},
            )

    def locked_versions(self, prefix: str = "") -> Iterator[Version]:
        """Yield every version and delete marker of the locked bucket below a path, those of a path newest first."""
        start: dict[str, str] = {}
        while True:
            with self._told(self._locked, prefix):
                page = self._client.list_object_versions(
                    Bucket=self._locked, Prefix=self._prefix + prefix, MaxKeys=_BATCH, **start
                )
            yield from self._versions(page)
            if not page.get("IsTruncated"):
                return
            start = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def paths(self) -> Iterator[str]:
        """Yield every path that is stored, in both buckets, in order; delete markers hide none."""
        locked = {each.path for each in self.locked_versions() if not each.marker}
        yield from sorted(locked | {key.removeprefix(self._prefix) for key in self._keys("")})

    def problems(self) -> list[str]:
        """Return what is wrong with the locked bucket: what lies over a first version, and locks that are too weak."""
        found: list[str] = []
        firsts: dict[str, Version] = {}
        for each in self.locked_versions():
            if each.marker:
                found.append(f"{self._name(self._locked, each.path)}: a delete marker ({each.version}) hides it")
                continue
            if each.path in firsts:
                newer = firsts[each.path].version
                found.append(f"{self._name(self._locked, each.path)}: a later version ({newer}) lies over the first")
            firsts[each.path] = each
        for first in firsts.values():
            stored = self._read(first)
            if not self._lock.covers(stored.get("ObjectLockMode"), stored.get("ObjectLockRetainUntilDate")):
                found.append(self._too_weak(first.path, stored))
        return found

    # Buckets.

    def _check_buckets(self) -> None:
        missing = [] if self._locked != self._mutable else ["the locked and the mutable bucket are one: give two"]
        if self._ask(self._client.get_bucket_versioning, self._locked).get("Status") != "Enabled":
            missing.append(f"bucket {self._locked}: versioning is not enabled")
        if self._lock_rule(self._locked).get("ObjectLockEnabled") != "Enabled":
            missing.append(
                f"bucket {self._locked}: Object Lock is not enabled (make a bucket with it: aws s3api create-bucket "
                "--object-lock-enabled-for-bucket)"
            )
        if self._lock_rule(self._mutable).get("Rule"):
            missing.append(f"bucket {self._mutable}: has a default retention, so nothing in it could be replaced")
        if missing:
            raise InputError("\n".join([*missing, "Nothing was written"]))

    def _lock_rule(self, bucket: str) -> dict[str, Any]:
        found = self._ask(self._client.get_object_lock_configuration, bucket, "ObjectLockConfigurationNotFoundError")
        return dict(found.get("ObjectLockConfiguration", {}))

    def _ask(self, call: Callable[..., dict[str, Any]], bucket: str, absent: str = "") -> dict[str, Any]:
        with self._told(bucket, ""):
            try:
                return call(Bucket=bucket)
            except self._failures as error:
                code = refusal_code(error)
                if code == "NoSuchBucket":
                    raise InputError(f"bucket {bucket}: expected it to exist, found none") from None
                if not absent or code != absent:
                    raise
                return {}

    # Objects.

    def _is_mutable(self, path: str) -> bool:
        return path == CHECKPOINT or ".p/" in path

    def _name(self, bucket: str, path: str) -> str:
        return f"s3://{bucket}/{self._prefix}{path}"

    @contextlib.contextmanager
    def _told(self, bucket: str, path: str) -> Iterator[None]:
        """Tell what the store refuses."""
        try:
            yield
        except self._failures as error:
            raise StorageError(
                f"{self._name(bucket, path)}: {error}. Nothing that was acknowledged is lost; mend this and run again"
            ) from error

    def _get(self, bucket: str, path: str, **version: str) -> dict[str, Any] | None:
        cap = MAX_NOTE_BYTES if path == CHECKPOINT else TILE_CAP
        try:
            found = self._client.get_object(Bucket=bucket, Key=self._prefix + path, **version)
        except self._failures as error:
            if refusal_code(error) in _ABSENT:
                return None
            raise
        with contextlib.closing(found["Body"]) as body:
            content: bytes = body.read(cap + 1)
        if len(content) > cap:
            raise VerificationError(f"{self._name(bucket, path)}: expected at most {cap} bytes, found more")
        return {**found, "content": content}

    def _put(self, bucket: str, path: str, content: bytes, **conditions: object) -> bool:
        """Put an object under conditions; return whether they were met."""
        checksum = b64encode(hashlib.sha256(content).digest()).decode()
        for attempt in range(_TRIES):
            with self._told(bucket, path):
                try:
                    self._client.put_object(
                        Bucket=bucket, Key=self._prefix + path, Body=content, ChecksumSHA256=checksum, **conditions
                    )
                except self._failures as error:
                    code = refusal_code(error)
                    if code in _TAKEN | _ABSENT:  # an absent object meets no If-Match
                        return False
                    if code not in _CONTENDED or attempt == _TRIES - 1:
                        raise
                    time.sleep(0.05 * 2**attempt)  # another conditional write of this key is under way
                else:
                    return True
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _create_mutable(self, path: str, content: bytes) -> None:
        with self._told(self._mutable, path):
            found = self._get(self._mutable, path)
        written = found is None and self._put(self._mutable, path, content, IfNoneMatch="*")
        self._compare(path, content, self.fetch(path), written=written)

    def _create_locked(self, path: str, content: bytes) -> None:
        first = self._first(path)  # a delete marker meets If-None-Match, so the condition alone does not tell
        if written := first is None:
            hold = {"ObjectLockLegalHoldStatus": "ON"} if self._lock.legal_hold else {}
            written = self._put(
                self._locked,
                path,
                content,
                IfNoneMatch="*",
                ObjectLockMode=self._lock.mode,
                ObjectLockRetainUntilDate=self._lock.retain_until,
                **hold,
            )
            first = self._first(path)
        stored = {} if first is None else self._read(first)
        self._compare(path, content, stored.get("content"), written=written)
        if first is not None and not self._lock.covers(
            stored.get("ObjectLockMode"), stored.get("ObjectLockRetainUntilDate")
        ):
            self._strengthen(first, stored)

    def _strengthen(self, first: Version, stored: dict[str, Any]) -> None:
        """Lock what somebody put there with a weaker lock or none; the stronger half of what it has is kept."""
        until = max(self._lock.retain_until, stored.get("ObjectLockRetainUntilDate") or self._lock.retain_until)
        mode = COMPLIANCE if COMPLIANCE in {self._lock.mode, stored.get("ObjectLockMode")} else GOVERNANCE
        with self._told(self._locked, first.path):
            self._client.put_object_retention(
                Bucket=self._locked,
                Key=self._prefix + first.path,
                VersionId=first.version,
                Retention={"Mode": mode, "RetainUntilDate": until},
            )
        again = self._read(first)
        if not self._lock.covers(again.get("ObjectLockMode"), again.get("ObjectLockRetainUntilDate")):
            raise VerificationError(f"{self._too_weak(first.path, again)}. Nothing was signed")

    def _too_weak(self, path: str, stored: dict[str, Any]) -> str:
        mode, until = stored.get("ObjectLockMode"), stored.get("ObjectLockRetainUntilDate")
        has = f"{mode} until {until.isoformat()}" if mode and until else "no lock"
        wanted = f"{self._lock.mode} until {self._lock.retain_until.isoformat()}"
        return f"{self._name(self._locked, path)}: expected {wanted}, found {has}"

    def _compare(self, path: str, content: bytes, found: bytes | None, *, written: bool) -> None:
        if found == content:
            return
        if written:
            raise VerificationError(f"{path}: reads back other bytes than were written; check the store")
        raise VerificationError(
            f"{path}: exists with other bytes than follow from the log's entries, though the log ends before it. "
            "Was an older checkpoint restored? Nothing was signed"
        )

    def _versions(self, page: dict[str, Any]) -> Iterator[Version]:
        """Yield a page's versions and markers; within a kind newest first, in no order between."""
        for kind, marker in (("Versions", False), ("DeleteMarkers", True)):
            for found in page.get(kind, []):
                path = found["Key"].removeprefix(self._prefix)
                yield Version(path, found["VersionId"], marker, found["IsLatest"])

    def _first(self, path: str) -> Version | None:
        first = None
        for found in self.locked_versions(path):
            if found.path == path and not found.marker:
                first = found
        return first

    def _read(self, found: Version) -> dict[str, Any]:
        with self._told(self._locked, found.path):
            stored = self._get(self._locked, found.path, VersionId=found.version)
        if stored is None:
            raise VerificationError(
                f"{self._name(self._locked, found.path)}: version {found.version} is listed and gone"
            )
        return stored

    def _keys(self, prefix: str) -> list[str]:
        """Return the keys of the mutable bucket below a path."""
        keys: list[str] = []
        start: dict[str, str] = {}
        while True:
            with self._told(self._mutable, prefix):
                page = self._client.list_objects_v2(Bucket=self._mutable, Prefix=self._prefix + prefix, **start)
            keys += [found["Key"] for found in page.get("Contents", [])]
            if not page.get("IsTruncated"):
                return keys
            start = {"ContinuationToken": page["NextContinuationToken"]}

    def _delete(self, keys: list[str]) -> None:
        for start in range(0, len(keys), _BATCH):
            part = [{"Key": key} for key in keys[start : start + _BATCH]]
            with self._told(self._mutable, ""):
                answer = self._client.delete_objects(Bucket=self._mutable, Delete={"Objects": part, "Quiet": True})
            kept = [f"{error.get('Key')} ({error.get('Code')})" for error in answer.get("Errors", [])]
            if kept:
                raise StorageError(
                    f"s3://{self._mutable}: {len(kept)} of {len(part)} partial tiles could not be removed: "
                    f"{', '.join(kept[:3])}{', ...' if len(kept) > 3 else ''}"  # noqa: PLR2004 - the first tell enough
                )
