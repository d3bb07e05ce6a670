"""Two Azure containers that a log's tiles are published to: what of them is kept beside the log, and no secret."""

from __future__ import annotations

import datetime as dt
import os
import re
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.errors import InputError

if TYPE_CHECKING:
    from assay.adapters.azure_container import Container
    from assay.adapters.azure_tiles import AzureTiles, ImmutabilityLock

CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
"""The environment variable that holds the connection string, as Azure's own tools name it."""

_CONTAINER = re.compile(r"([a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){2,62})(?:/([^/].*?)?/?)?")


class InAzure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Two containers that a log's tiles are published to.

    Attributes:
        locked: container with version-level immutability: full tiles and what is archived.
        head: container of the checkpoint and of partial tiles.
        prefix: put before every name; empty or ending in ``/``.
        mode: of the immutability policies.
        retain_until: RFC 3339 date until which blobs are locked; or None, and then
        retain_days: each blob is locked for as many days from when it is written.
        account: ``https://<account>.blob.core.windows.net``; by default the environment's connection string says it.
    """

    locked: str
    head: str
    prefix: str
    mode: Literal["Locked", "Unlocked"]
    retain_until: dt.datetime | None = None
    retain_days: int | None = None
    account: str | None = None

    def lock(self) -> ImmutabilityLock:
        """Return the lock that a blob gets which is written now."""
        return self._lock(self.retain_until or dt.datetime.now(dt.UTC) + dt.timedelta(days=self.retain_days or 0))

    def least_lock(self) -> ImmutabilityLock:
        """Return the lock that every blob must have; counted in days its end differs from blob to blob."""
        return self._lock(self.retain_until or dt.datetime(1970, 1, 1, tzinfo=dt.UTC))

    def _lock(self, until: dt.datetime) -> ImmutabilityLock:
        from assay.adapters.azure_tiles import ImmutabilityLock  # noqa: PLC0415 - few logs need it

        return ImmutabilityLock(self.mode, until)

    def tiles(self, lock: ImmutabilityLock | None = None) -> AzureTiles:
        """Return the containers as a store of tiles, after checking that they are fit.

        Args:
            lock: what blobs must have; by default what one gets that is written now.

        Raises:
            MissingExtraError: without azure-storage-blob.
            InputError: when a container lacks something, or nothing says which account.
            StorageError: when the service cannot be asked.
        """
        from assay.adapters.azure_tiles import AzureTiles  # noqa: PLC0415 - few logs need it

        return AzureTiles(
            self._container(self.locked), self._container(self.head), lock=lock or self.lock(), prefix=self.prefix
        )

    def _container(self, name: str) -> Container:
        from assay.adapters import azure_container  # noqa: PLC0415 - few logs need it

        if self.account is not None:
            return azure_container.connect(name, account_url=self.account)
        connection = os.environ.get(CONNECTION)
        if not connection:
            raise InputError(
                f"Azure: expected the account's connection string in the environment variable {CONNECTION}, found "
                "none. It is never kept; or make the log with --account https://ACCOUNT.blob.core.windows.net, and the "
                "machine's credentials"
            )
        return azure_container.connect(name, connection=connection)


def parse_container(text: str, what: str) -> tuple[str, str]:
    """Return container and prefix of ``CONTAINER/PREFIX``; the prefix is empty or ends in ``/``.

    Raises:
        InputError: when it is not such a name.
    """
    found = _CONTAINER.fullmatch(text)
    if found is None:
        raise InputError(
            f"{what}: expected CONTAINER or CONTAINER/PREFIX, the container 3 to 63 of a-z, 0-9 and single -, found "
            f"{text!r}"
        )
    return found[1], f"{found[2]}/" if found[2] else ""


def parse_account(url: str) -> str:
    """Return an account's address; one with a signature is refused, for it would be kept.

    Raises:
        InputError: when it is not such an address.
    """
    if not re.fullmatch(r"https://[^/?#@\s]+(/[^?#\s]*)?", url):
        raise InputError(
            "--account: expected https://ACCOUNT.blob.core.windows.net without a signature, found something else. A "
            f"connection string goes into {CONNECTION}"
        )
    return url
