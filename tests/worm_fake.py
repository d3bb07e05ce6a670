"""A strict in-memory S3 with Object Lock: the rules as Amazon documents them, and nothing that it does not document.

It answers like ``boto3.client("s3")``, with the clock in the test's hand. What popular stand-ins get wrong is refused
here: shortening COMPLIANCE, weakening it to GOVERNANCE, suspending versioning, a locked PUT without a checksum.
`worm_scenarios` is run against it and against real stores, so that it cannot drift from them.
"""

# ruff: noqa: N803, N806 - the names of arguments are S3's own

from __future__ import annotations

import datetime as dt
import hashlib
import io
import itertools
from base64 import b64encode
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MODES = ("GOVERNANCE", "COMPLIANCE")


class ClientError(Exception):
    """A refusal, shaped as botocore's."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"An error occurred ({code}): {message}")
        self.response = {"Error": {"Code": code, "Message": message}}


@dataclass
class Stored:
    """One version of an object, or a delete marker."""

    version: str
    content: bytes
    marker: bool = False
    mode: str | None = None
    until: dt.datetime | None = None
    held: bool = False

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass
class Bucket:
    """A bucket; the versions of a key are kept oldest first."""

    lock: bool
    versioning: str | None
    rule: dict[str, Any] | None = None
    keys: dict[str, list[Stored]] = field(default_factory=dict)


class WormFake:
    """What `assay.adapters.s3_tiles` and the scenarios call of an S3 client."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, *, page: int = 3) -> None:
        self.now, self.page = NOW, page  # few keys a page, so that a reader must turn them
        self.buckets: dict[str, Bucket] = {}
        self.calls: list[str] = []
        self._numbers = itertools.count(1)

    # Buckets.

    def create_bucket(self, *, Bucket: str, ObjectLockEnabledForBucket: bool = False) -> dict[str, Any]:
        if Bucket in self.buckets:
            raise ClientError("BucketAlreadyOwnedByYou")
        self.buckets[Bucket] = _bucket(ObjectLockEnabledForBucket)
        return {}

    def put_bucket_versioning(self, *, Bucket: str, VersioningConfiguration: dict[str, str]) -> dict[str, Any]:
        bucket = self._bucket(Bucket)
        if bucket.lock and VersioningConfiguration["Status"] != "Enabled":
            raise ClientError("InvalidBucketState", "Object Lock is enabled: versioning cannot be suspended")
        bucket.versioning = VersioningConfiguration["Status"]
        return {}

    def get_bucket_versioning(self, *, Bucket: str) -> dict[str, Any]:
        status = self._bucket(Bucket).versioning
        return {"Status": status} if status else {}

    def put_object_lock_configuration(self, *, Bucket: str, ObjectLockConfiguration: dict[str, Any]) -> dict[str, Any]:
        bucket = self._bucket(Bucket)
        if bucket.versioning != "Enabled":
            raise ClientError("InvalidBucketState", "Versioning must be 'Enabled' on the bucket")
        bucket.lock, bucket.rule = True, ObjectLockConfiguration.get("Rule")
        return {}

    def get_object_lock_configuration(self, *, Bucket: str) -> dict[str, Any]:
        bucket = self._bucket(Bucket)
        if not bucket.lock:
            raise ClientError("ObjectLockConfigurationNotFoundError")
        rule = {"Rule": bucket.rule} if bucket.rule else {}
        return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}

    # Objects.

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        IfNoneMatch: str | None = None,
        IfMatch: str | None = None,
        ChecksumSHA256: str | None = None,
        ObjectLockMode: str | None = None,
        ObjectLockRetainUntilDate: dt.datetime | None = None,
        ObjectLockLegalHoldStatus: str = "OFF",
    ) -> dict[str, Any]:
        self.calls.append(f"put {Key}")
        bucket = self._bucket(Bucket)
        held = ObjectLockLegalHoldStatus == "ON"
        if ObjectLockMode or ObjectLockRetainUntilDate or held:
            if not bucket.lock:
                raise ClientError("InvalidRequest", "Bucket is missing Object Lock Configuration")
            if ChecksumSHA256 is None:
                raise ClientError("InvalidRequest", "a checksum header is required for a PUT with Object Lock")
        if ObjectLockMode or ObjectLockRetainUntilDate:
            self._check_lock(ObjectLockMode, ObjectLockRetainUntilDate)
        elif bucket.rule:
            retention = bucket.rule["DefaultRetention"]
            ObjectLockMode = retention["Mode"]
            ObjectLockRetainUntilDate = self.now + dt.timedelta(days=retention["Days"])
        if ChecksumSHA256 not in {None, b64encode(hashlib.sha256(Body).digest()).decode()}:
            raise ClientError("BadDigest", "the SHA256 did not match")
        self._check_conditions(_current(bucket, Key), IfNoneMatch, IfMatch)
        stored = Stored(self._version(bucket), Body, False, ObjectLockMode, ObjectLockRetainUntilDate, held)
        kept = bucket.keys.setdefault(Key, [])
        if not bucket.versioning:
            kept.clear()
        kept.append(stored)
        return {"ETag": stored.etag, "VersionId": stored.version}

    def get_object(self, *, Bucket: str, Key: str, VersionId: str | None = None) -> dict[str, Any]:
        self.calls.append(f"get {Key}")
        stored = self._stored(Bucket, Key, VersionId)
        lock = {"ObjectLockMode": stored.mode, "ObjectLockRetainUntilDate": stored.until} if stored.mode else {}
        hold = {"ObjectLockLegalHoldStatus": "ON"} if stored.held else {}
        return {"Body": io.BytesIO(stored.content), "ETag": stored.etag, "VersionId": stored.version, **lock, **hold}

    def delete_object(
        self, *, Bucket: str, Key: str, VersionId: str | None = None, BypassGovernanceRetention: bool = False
    ) -> dict[str, Any]:
        bucket = self._bucket(Bucket)
        kept = bucket.keys.get(Key, [])
        if VersionId is None and bucket.versioning:
            marker = Stored(self._version(bucket), b"", marker=True)
            bucket.keys.setdefault(Key, []).append(marker)
            return {"DeleteMarker": True, "VersionId": marker.version}
        for stored in [each for each in kept if VersionId in {None, each.version}]:
            self._check_removable(stored, bypass=BypassGovernanceRetention)
            kept.remove(stored)
        if not kept:
            bucket.keys.pop(Key, None)
        return {}

    def delete_objects(
        self, *, Bucket: str, Delete: dict[str, Any], BypassGovernanceRetention: bool = False
    ) -> dict[str, Any]:
        errors = []
        if len(Delete["Objects"]) > 1000:
            raise ClientError("MalformedXML")
        for each in Delete["Objects"]:
            try:
                self.delete_object(Bucket=Bucket, **each, BypassGovernanceRetention=BypassGovernanceRetention)
            except ClientError as error:
                errors.append({**each, **error.response["Error"]})
        return {"Errors": errors} if errors else {}

    # Locks.

    def put_object_retention(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str,
        Retention: dict[str, Any],
        BypassGovernanceRetention: bool = False,
    ) -> dict[str, Any]:
        stored = self._lockable(Bucket, Key, VersionId)
        mode, until = Retention["Mode"], Retention["RetainUntilDate"]
        self._check_lock(mode, until)
        if stored.until is not None and stored.until > self.now:
            weaker = until < stored.until or MODES.index(mode) < MODES.index(stored.mode or mode)
            if weaker and not (stored.mode == "GOVERNANCE" and BypassGovernanceRetention):
                raise ClientError("AccessDenied", "protected by object lock")
        stored.mode, stored.until = mode, until
        return {}

    def get_object_retention(self, *, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:
        stored = self._lockable(Bucket, Key, VersionId)
        if stored.mode is None:
            raise ClientError("NoSuchObjectLockConfiguration")
        return {"Retention": {"Mode": stored.mode, "RetainUntilDate": stored.until}}

    def put_object_legal_hold(
        self, *, Bucket: str, Key: str, VersionId: str, LegalHold: dict[str, str]
    ) -> dict[str, Any]:
        self._lockable(Bucket, Key, VersionId).held = LegalHold["Status"] == "ON"
        return {}

    # Lists.

    def list_object_versions(
        self, *, Bucket: str, Prefix: str = "", MaxKeys: int = 1000, KeyMarker: str = "", VersionIdMarker: str = ""
    ) -> dict[str, Any]:
        rows = [
            (key, stored, stored is kept[-1])
            for key, kept in sorted(self._bucket(Bucket).keys.items())
            if key.startswith(Prefix)
            for stored in reversed(kept)
        ]
        start = 0
        if KeyMarker:
            start = 1 + next(
                at for at, (key, stored, _) in enumerate(rows) if (key, stored.version) == (KeyMarker, VersionIdMarker)
            )
        page: dict[str, Any] = {"IsTruncated": start + min(self.page, MaxKeys) < len(rows)}
        for key, stored, latest in rows[start : start + min(self.page, MaxKeys)]:
            kind = "DeleteMarkers" if stored.marker else "Versions"
            page.setdefault(kind, []).append({"Key": key, "VersionId": stored.version, "IsLatest": latest})
            page |= {"NextKeyMarker": key, "NextVersionIdMarker": stored.version}
        return page

    def list_objects_v2(self, *, Bucket: str, Prefix: str = "", ContinuationToken: str = "") -> dict[str, Any]:
        bucket = self._bucket(Bucket)
        keys = [key for key in sorted(bucket.keys) if key.startswith(Prefix) and _current(bucket, key)]
        rest = [key for key in keys if key > ContinuationToken]
        page = [{"Key": key} for key in rest[: self.page]]
        more = len(rest) > self.page
        token = {"NextContinuationToken": page[-1]["Key"]} if more else {}
        return {"IsTruncated": more, **({"Contents": page} if page else {}), **token}

    # The rules.

    def _bucket(self, name: str) -> Bucket:
        if name not in self.buckets:
            raise ClientError("NoSuchBucket")
        return self.buckets[name]

    def _version(self, bucket: Bucket) -> str:
        return f"v{next(self._numbers)}" if bucket.versioning else "null"

    def _stored(self, bucket: str, key: str, version: str | None) -> Stored:
        kept = self._bucket(bucket).keys.get(key, [])
        if version is None:
            current = _current(self._bucket(bucket), key)
            if current is None:
                raise ClientError("NoSuchKey")
            return current
        for stored in kept:
            if stored.version == version:
                if stored.marker:
                    raise ClientError("MethodNotAllowed")
                return stored
        raise ClientError("NoSuchVersion")

    def _lockable(self, bucket: str, key: str, version: str) -> Stored:
        if not self._bucket(bucket).lock:
            raise ClientError("InvalidRequest", "Bucket is missing Object Lock Configuration")
        return self._stored(bucket, key, version)

    def _check_lock(self, mode: str | None, until: dt.datetime | None) -> None:
        if mode not in MODES or until is None:
            raise ClientError("InvalidArgument", "mode and retain-until date belong together")
        if until <= self.now:
            raise ClientError("InvalidArgument", "the retain until date must be in the future")

    def _check_removable(self, stored: Stored, *, bypass: bool) -> None:
        retained = stored.until is not None and stored.until > self.now
        if stored.held or (retained and not (stored.mode == "GOVERNANCE" and bypass)):
            raise ClientError("AccessDenied", "protected by object lock")

    def _check_conditions(self, current: Stored | None, none_match: str | None, match: str | None) -> None:
        if none_match is not None and (none_match != "*" or current is not None):
            raise ClientError("PreconditionFailed" if none_match == "*" else "NotImplemented")
        if match is not None and current is None:
            raise ClientError("NoSuchKey")
        if match is not None and current is not None and match.strip('"') != current.etag.strip('"'):
            raise ClientError("PreconditionFailed")


def _bucket(lock: bool) -> Bucket:
    return Bucket(lock=lock, versioning="Enabled" if lock else None)


def _current(bucket: Bucket, key: str) -> Stored | None:
    kept = bucket.keys.get(key)
    return None if not kept or kept[-1].marker else kept[-1]
