"""What a store must do to be called write-once: one function a rule, run against the fake and against real stores.

A scenario makes its own buckets. What it may not do must be *refused*: an emulator that answers 200 fails here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.s3_client import refusal_code

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "tile/0/000"
MINUTES = 10


@dataclass
class Store:
    """A store under test.

    Attributes:
        client: boto3's, or the fake.
        now: the store's clock.
        stem: begins the name of every bucket.
    """

    client: Any
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    stem: str = field(default_factory=lambda: f"assay-{uuid.uuid4().hex[:12]}")
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def bucket(self, *, lock: bool) -> str:
        name = f"{self.stem}-{next(self._numbers)}"
        self.client.create_bucket(Bucket=name, **({"ObjectLockEnabledForBucket": True} if lock else {}))
        return name

    def until(self, minutes: float = MINUTES) -> dt.datetime:
        return (self.now() + dt.timedelta(minutes=minutes)).replace(microsecond=0)

    def put(self, bucket: str, content: bytes = b"first", *, mode: str = "COMPLIANCE", **more: object) -> Version:
        lock = {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": self.until()} if mode else {}
        made = self.client.put_object(
            Bucket=bucket, Key=KEY, Body=content, ChecksumSHA256=checksum(content), **lock, **more
        )
        return Version(self, bucket, made["VersionId"])

    def refuses(self, codes: set[str], call: str, **arguments: object) -> None:
        with pytest.raises(self.client.exceptions.ClientError) as refusal:
            getattr(self.client, call)(**arguments)
        assert refusal_code(refusal.value) in codes


DENIED = {"AccessDenied"}


@dataclass
class Version:
    """One version of `KEY`."""

    store: Store
    bucket: str
    version: str

    @property
    def place(self) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": KEY, "VersionId": self.version}

    def content(self) -> bytes:
        content: bytes = self.store.client.get_object(**self.place)["Body"].read()
        return content

    def retention(self) -> tuple[str, dt.datetime]:
        found = self.store.client.get_object_retention(**self.place)["Retention"]
        return found["Mode"], found["RetainUntilDate"].replace(microsecond=0)

    def refuses_removal(self, **more: object) -> None:
        self.store.refuses(DENIED, "delete_object", **self.place, **more)
        assert self.content() == b"first"

    def is_gone(self) -> None:
        self.store.refuses({"NoSuchVersion", "NoSuchKey", "404"}, "get_object", **self.place)

    def retain(self, mode: str, until: dt.datetime) -> dict[str, Any]:
        return {**self.place, "Retention": {"Mode": mode, "RetainUntilDate": until}}


def checksum(content: bytes) -> str:
    return b64encode(hashlib.sha256(content).digest()).decode()


def retention_is_told(store: Store) -> None:
    until = store.until()
    mode, found = store.put(store.bucket(lock=True)).retention()
    assert mode == "COMPLIANCE"
    assert abs(found - until) < dt.timedelta(seconds=30)


def a_delete_is_refused(store: Store) -> None:
    store.put(store.bucket(lock=True)).refuses_removal()


def a_delete_with_bypass_is_refused(store: Store) -> None:
    store.put(store.bucket(lock=True)).refuses_removal(BypassGovernanceRetention=True)


def compliance_is_not_shortened(store: Store) -> None:
    made = store.put(store.bucket(lock=True))
    before = made.retention()
    for bypass in (False, True):
        shorter = made.retain("COMPLIANCE", store.until(MINUTES / 2))
        store.refuses(DENIED, "put_object_retention", **shorter, BypassGovernanceRetention=bypass)
    assert made.retention() == before


def compliance_is_not_weakened(store: Store) -> None:
    made = store.put(store.bucket(lock=True))
    for bypass in (False, True):
        weaker = made.retain("GOVERNANCE", store.until(2 * MINUTES))
        store.refuses(DENIED, "put_object_retention", **weaker, BypassGovernanceRetention=bypass)
    assert made.retention()[0] == "COMPLIANCE"
    made.refuses_removal(BypassGovernanceRetention=True)


def compliance_is_extended(store: Store) -> None:
    made = store.put(store.bucket(lock=True))
    later = store.until(2 * MINUTES)
    store.client.put_object_retention(**made.retain("COMPLIANCE", later))
    assert made.retention() == ("COMPLIANCE", later)


def an_overwrite_keeps_the_old_version(store: Store) -> None:
    bucket = store.bucket(lock=True)
    first, second = store.put(bucket), store.put(bucket, b"second", mode="")
    assert first.version != second.version
    assert (first.content(), second.content()) == (b"first", b"second")
    first.refuses_removal()


def a_delete_marker_hides_and_does_not_destroy(store: Store) -> None:
    made = store.put(store.bucket(lock=True))
    marker = store.client.delete_object(Bucket=made.bucket, Key=KEY)
    assert marker["DeleteMarker"]
    store.refuses({"NoSuchKey", "404"}, "get_object", Bucket=made.bucket, Key=KEY)
    assert made.content() == b"first"
    listed = store.client.list_object_versions(Bucket=made.bucket, Prefix=KEY)
    assert [found["VersionId"] for found in listed["Versions"]] == [made.version]
    assert [found["VersionId"] for found in listed["DeleteMarkers"]] == [marker["VersionId"]]


def a_batch_delete_is_refused_inside_its_answer(store: Store) -> None:
    made = store.put(store.bucket(lock=True))
    asked = {"Objects": [{"Key": KEY, "VersionId": made.version}], "Quiet": True}
    answer = store.client.delete_objects(Bucket=made.bucket, Delete=asked)
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [(KEY, "AccessDenied")]
    assert made.content() == b"first"


def a_legal_hold_holds_until_it_is_lifted(store: Store) -> None:
    made = store.put(store.bucket(lock=True), mode="")
    store.client.put_object_legal_hold(**made.place, LegalHold={"Status": "ON"})
    made.refuses_removal()
    made.refuses_removal(BypassGovernanceRetention=True)
    store.client.put_object_legal_hold(**made.place, LegalHold={"Status": "OFF"})
    store.client.delete_object(**made.place)
    made.is_gone()


def governance_yields_to_bypass_alone(store: Store) -> None:
    made = store.put(store.bucket(lock=True), mode="GOVERNANCE")
    made.refuses_removal()
    store.client.delete_object(**made.place, BypassGovernanceRetention=True)
    made.is_gone()


def a_default_retention_is_for_what_comes_after(store: Store) -> None:
    bucket = store.bucket(lock=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    before = store.put(bucket, mode="")
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    store.client.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)
    after = store.put(bucket, mode="")
    assert after.retention()[0] == "GOVERNANCE"
    after.refuses_removal()
    store.client.delete_object(**before.place)
    before.is_gone()
    empty = store.bucket(lock=True)
    store.client.put_object_lock_configuration(Bucket=empty, ObjectLockConfiguration=configuration)
    store.put(empty, mode="").refuses_removal()


def versioning_is_not_suspended(store: Store) -> None:
    bucket = store.bucket(lock=True)
    status = {"Status": "Suspended"}
    store.refuses({"InvalidBucketState"}, "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=status)
    assert store.client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def a_wrong_checksum_is_refused(store: Store) -> None:
    arguments = {"Bucket": store.bucket(lock=True), "Key": KEY, "Body": b"first"}
    store.client.put_object(**arguments, ChecksumSHA256=checksum(b"first"))
    store.refuses({"BadDigest", "InvalidRequest"}, "put_object", **arguments, ChecksumSHA256=checksum(b"other"))


def a_locked_bucket_creates_once(store: Store) -> None:
    made = store.put(store.bucket(lock=True), IfNoneMatch="*")
    again = {"Bucket": made.bucket, "Key": KEY, "Body": b"again", "ChecksumSHA256": checksum(b"again")}
    store.refuses({"PreconditionFailed"}, "put_object", **again, IfNoneMatch="*")


def a_mutable_bucket_creates_once_and_compares(store: Store) -> None:
    place = {"Bucket": store.bucket(lock=False), "Key": "checkpoint"}
    old = store.client.put_object(**place, Body=b"old", IfNoneMatch="*")["ETag"].strip('"')
    store.refuses({"PreconditionFailed"}, "put_object", **place, Body=b"new", IfNoneMatch="*")
    store.client.put_object(**place, Body=b"new", IfMatch=old)
    store.refuses({"PreconditionFailed"}, "put_object", **place, Body=b"newer", IfMatch=old)
    assert store.client.get_object(**place)["Body"].read() == b"new"


SCENARIOS = (
    retention_is_told,
    a_delete_is_refused,
    a_delete_with_bypass_is_refused,
    compliance_is_not_shortened,
    compliance_is_not_weakened,
    compliance_is_extended,
    an_overwrite_keeps_the_old_version,
    a_delete_marker_hides_and_does_not_destroy,
    a_batch_delete_is_refused_inside_its_answer,
    a_legal_hold_holds_until_it_is_lifted,
    governance_yields_to_bypass_alone,
    a_default_retention_is_for_what_comes_after,
    versioning_is_not_suspended,
    a_wrong_checksum_is_refused,
    a_locked_bucket_creates_once,
    a_mutable_bucket_creates_once_and_compares,
)
