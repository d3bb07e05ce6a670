"""``registries:`` of ``server.yaml``: the MLflow registries whose guards ask, and whose webhooks tell.

::

    registries:
      production:
        url: https://mlflow.internal                # to look, and to put back; without it only guards may ask
        webhook_secret_file: /run/secrets/webhook   # what its webhooks are signed with
        token_file: /run/secrets/mlflow             # a token, or USER:PASSWORD; without it nobody is shown
        aliases: [champion, "prod-*"]               # these need a clearance; by default all
"""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from assay.adapters.guard_settings import Governed
from assay.adapters.http_post import check_address
from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DAY_MINUTES = 24 * 60
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\Z")
_OTHERS = stat.S_IROTH | stat.S_IWOTH


class RegistrySection(Governed, kw_only=True):
    """What `server.yaml` says of a registry.

    Attributes:
        url: address of the MLflow server.
        webhook_secret_file: file with the secret of its webhooks; without one none is believed.
        token_file: file with what the MLflow server is shown: a token, or ``USER:PASSWORD``.
        folders: whether artifacts that MLflow does not proxy are in folders that this machine shares with its clients.
        poll_minutes: how often all of it is looked at; 0 for never.
    """

    url: str | None = None
    webhook_secret_file: str | None = None
    token_file: str | None = None
    folders: bool = False
    poll_minutes: int = 15


def registry_problems(registries: Mapping[str, RegistrySection]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong beside the form: JSON path and message."""
    for name, section in registries.items():
        where = f"$.registries.{name}"
        if not _NAME.match(name):
            yield where, f"expected a name of letters, digits and . _ -, up to 63, found {name!r}"
        if section.url is not None:
            try:
                check_address(section.url)
            except InputError as error:
                yield f"{where}.url", str(error)
        elif section.webhook_secret_file is not None:
            yield (
                f"{where}.webhook_secret_file",
                "expected url with it, for a webhook only says where to look, found none",
            )
        if not 0 <= section.poll_minutes <= DAY_MINUTES:
            yield f"{where}.poll_minutes", f"expected 0 to {DAY_MINUTES}, found {section.poll_minutes}"


def read_secret(path: str, root: Path) -> bytes:
    """Read a secret from its file; it is in no log and in no message.

    Args:
        path: the file, relative to the server's folder.
        root: the server's folder.

    Raises:
        InputError: when there is none, or every account of the machine may read it.
    """
    file = root / path
    try:
        mode = file.stat().st_mode
        found = file.read_bytes().strip()
    except OSError as error:
        raise InputError(f"expected a secret in {file}, and it cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise InputError(f"{file}: expected a secret that not everybody may read: chmod 600 {file}")
    if not found:
        raise InputError(f"expected a secret in {file}, found none")
    return found
