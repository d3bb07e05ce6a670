"""A container of Azure Blob Storage, as much of it as tiles need. Needs the extra ``azure`` to connect.

What is asked of a container is a `Protocol`: a container of azure-storage-blob, as `connect` makes it, or an in-memory
one with the same rules. Refusals come as `RefusedError` with the service's own code, such as ``BlobAlreadyExists``
(https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from assay.errors import InputError, MissingExtraError, StorageError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

TIMEOUT_SECONDS = 20

ALREADY_THERE = frozenset({"BlobAlreadyExists"})
NOT_MET = frozenset({"ConditionNotMet", "TargetConditionNotMet"})
ABSENT = frozenset({"BlobNotFound", "ResourceNotFound"})


class RefusedError(StorageError):
    """The service has refused.

    Attributes:
        code: its code for why; empty when it did not answer.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class BlobPolicy:
    """An immutability policy on one version of a blob.

    Attributes:
        mode: ``Locked``, which nobody removes or shortens, or ``Unlocked``, for trials.
        until: no removal before, with a zone.
    """

    mode: str
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class BlobVersion:
    """One version of a blob.

    Attributes:
        name: the blob's name.
        version: the service's name for it: a time, so that names sort from the first to the last.
        current: whether it is what a reader without a version gets.
        policy: its immutability policy; None when it has none.
        held: whether a legal hold is on it.
    """

    name: str
    version: str
    current: bool
    policy: BlobPolicy | None
    held: bool


class Container(Protocol):
    """What tiles ask of a container; what is refused raises `RefusedError`."""

    @property
    def name(self) -> str:
        """The container's name."""
        ...

    def keeps_versions(self) -> bool:
        """Say whether version-level immutability is enabled, which includes versioning."""
        ...

    def is_immutable(self) -> bool:
        """Say whether a policy or legal hold of the whole container forbids overwriting and removing."""
        ...

    def put(
        self,
        name: str,
        content: bytes,
        *,
        only_new: bool = False,
        etag: str | None = None,
        policy: BlobPolicy | None = None,
        held: bool = False,
    ) -> None:
        """Write a blob: only where there is none (``only_new``), or only in the place of the one with an ETag."""
        ...

    def get(self, name: str, version: str | None = None) -> tuple[bytes, str]:
        """Return content and ETag of a blob, or of one version of it."""
        ...

    def versions(self, prefix: str) -> Iterator[BlobVersion]:
        """Yield every version of every blob below a prefix."""
        ...

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names of the blobs below a prefix that have a current version."""
        ...

    def delete(self, name: str, version: str | None = None) -> None:
        """Remove one version for good; without one the current version is no longer current."""
        ...

    def set_policy(self, name: str, version: str, policy: BlobPolicy) -> None:
        """Put an immutability policy on a version, in the place of the one that it has."""
        ...

    def delete_policy(self, name: str, version: str) -> None:
        """Take the immutability policy off a version; a locked one stays."""
        ...

    def set_hold(self, name: str, version: str, *, on: bool) -> None:
        """Put a legal hold on a version, or lift it."""
        ...


class BlobContainer:
    """A container of azure-storage-blob (`Container`)."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - azure.storage.blob.ContainerClient, an extra
        self._client = client

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self._client.container_name)

    def keeps_versions(self) -> bool:
        """As `Container.keeps_versions`."""
        with _told(self.name):
            return bool(self._client.get_container_properties().immutable_storage_with_versioning_enabled)

    def is_immutable(self) -> bool:
        """As `Container.is_immutable`."""
        with _told(self.name):
            found = self._client.get_container_properties()
        return bool(found.has_immutability_policy or found.has_legal_hold)

    def put(
        self,
        name: str,
        content: bytes,
        *,
        only_new: bool = False,
        etag: str | None = None,
        policy: BlobPolicy | None = None,
        held: bool = False,
    ) -> None:
        """As `Container.put`."""
        from azure.core import MatchConditions  # noqa: PLC0415 - an extra
        from azure.storage.blob import ImmutabilityPolicy  # noqa: PLC0415 - an extra

        more: dict[str, Any] = {}
        if etag is not None:
            more |= {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        if policy is not None:
            more["immutability_policy"] = ImmutabilityPolicy(expiry_time=policy.until, policy_mode=policy.mode)
        if held:
            more["legal_hold"] = True
        with _told(f"{self.name}/{name}"):
            self._client.upload_blob(name, content, overwrite=not only_new, timeout=TIMEOUT_SECONDS, **more)

    def get(self, name: str, version: str | None = None) -> tuple[bytes, str]:
        """As `Container.get`."""
        with _told(f"{self.name}/{name}"):
            which = {} if version is None else {"version_id": version}
            stream = self._client.get_blob_client(name).download_blob(timeout=TIMEOUT_SECONDS, **which)
            return bytes(stream.readall()), str(stream.properties.etag)

    def versions(self, prefix: str) -> Iterator[BlobVersion]:
        """As `Container.versions`."""
        with _told(f"{self.name}/{prefix}"):
            include = ["versions", "immutabilitypolicy", "legalhold"]
            for found in self._client.list_blobs(name_starts_with=prefix, include=include):
                known = found.immutability_policy
                policy = None
                if known is not None and known.policy_mode and known.expiry_time:
                    policy = BlobPolicy(str(known.policy_mode).capitalize(), known.expiry_time)
                yield BlobVersion(
                    found.name, found.version_id or "", bool(found.is_current_version), policy,
                    bool(found.has_legal_hold),
                )  # fmt: skip

    def names(self, prefix: str) -> Iterator[str]:
        """As `Container.names`."""
        with _told(f"{self.name}/{prefix}"):
            for found in self._client.list_blobs(name_starts_with=prefix):
                yield found.name

    def delete(self, name: str, version: str | None = None) -> None:
        """As `Container.delete`."""
        with _told(f"{self.name}/{name}"):
            which = {} if version is None else {"version_id": version}
            self._client.get_blob_client(name).delete_blob(**which)

    def set_policy(self, name: str, version: str, policy: BlobPolicy) -> None:
        """As `Container.set_policy`."""
        from azure.storage.blob import ImmutabilityPolicy  # noqa: PLC0415 - an extra

        with _told(f"{self.name}/{name}"):
            wanted = ImmutabilityPolicy(expiry_time=policy.until, policy_mode=policy.mode)
            self._client.get_blob_client(name).set_immutability_policy(wanted, version_id=version)

    def delete_policy(self, name: str, version: str) -> None:
        """As `Container.delete_policy`."""
        with _told(f"{self.name}/{name}"):
            self._client.get_blob_client(name).delete_immutability_policy(version_id=version)

    def set_hold(self, name: str, version: str, *, on: bool) -> None:
        """As `Container.set_hold`."""
        with _told(f"{self.name}/{name}"):
            self._client.get_blob_client(name).set_legal_hold(on, version_id=version)


def connect(container: str, *, connection: str | None = None, account_url: str | None = None) -> BlobContainer:
    """Return a container of Azure Blob Storage.

    Args:
        container: its name.
        connection: a connection string; best left to the environment and ``account_url``.
        account_url: ``https://<account>.blob.core.windows.net``; credentials are those of the machine
            (azure-identity's ``DefaultAzureCredential``, where that is installed), or a signature in the address.

    Raises:
        MissingExtraError: without azure-storage-blob.
        InputError: for neither or both.
        StorageError: when the client cannot be set up from what it was given.
    """
    try:
        from azure.storage.blob import ContainerClient  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("azure-storage-blob", "azure") from None
    if (connection is None) == (account_url is None):
        raise InputError("Azure: expected either a connection string or the account's address")
    try:
        if connection is not None:
            return BlobContainer(ContainerClient.from_connection_string(connection, container))
        address = account_url or ""
        return BlobContainer(ContainerClient(address, container, credential=_credential(address)))
    except ValueError as error:
        raise StorageError(f"Azure: cannot connect to container {container}: {error}") from error


def _credential(account_url: str) -> Any:  # noqa: ANN401 - what azure-identity makes, or nothing
    if "?" in account_url:
        return None  # the address brings a signature
    try:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - only where it is installed
    except ImportError:
        return None
    return DefaultAzureCredential()


class _told:  # noqa: N801 - used as a function is
    """Tell what the service refuses."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Turn what the SDK raises into `RefusedError`."""
        if error is None or isinstance(error, StorageError):
            return
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - an extra

        if isinstance(error, AzureError):
            code = getattr(error, "error_code", None) or ""  # an enumeration's member where the SDK knows it
            reason = str(error).split("\n", 1)[0].rstrip(".")
            raise RefusedError(
                str(getattr(code, "value", code)),
                f"azure://{self._where}: {reason}. Nothing that was acknowledged is lost; mend this and run again",
            ) from error
