"""The server's own TLS: certificate and key from files, read again when they are renewed."""

from __future__ import annotations

import contextlib
import logging
import shutil
import ssl
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.lifecycle.known_releases import identity_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.server.home import Home

LOGGER = logging.getLogger("assay.server")

EVERY_SECONDS = 20.0


def tls_files(home: Home) -> tuple[Path, Path] | None:
    """Return certificate and key, where the settings name them.

    Raises:
        InputError: when one is missing, or they do not belong together.
    """
    tls = home.settings.tls
    if tls is None:
        return None
    certificate, key = home.root / tls.certificate, home.root / tls.key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # an SSLError is one
        raise InputError(
            f"tls: expected a certificate in {certificate} and its key in {key}, both in PEM and readable, found: "
            f"{error.strerror or error}"
        ) from None
    return certificate, key


@contextlib.contextmanager
def renewing(used: ssl.SSLContext | None, files: tuple[Path, Path] | None) -> Iterator[None]:
    """Read certificate and key again when they were renewed; connections that are open keep the old one.

    Args:
        used: what the server's connections are made with; None without TLS.
        files: certificate and key.
    """
    if used is None or files is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(used, files, stop), name="certificate", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(used: ssl.SSLContext, files: tuple[Path, Path], stop: threading.Event) -> None:
    seen = identity_of(*files)
    while not stop.wait(EVERY_SECONDS):
        found = identity_of(*files)
        if found == seen:
            continue
        try:
            _use(used, files)
        except OSError as error:
            LOGGER.error("the renewed certificate cannot be used; the old one is: %s", error)  # noqa: TRY400 - in words
            continue
        seen = found
        LOGGER.info("the renewed certificate is used from now on")


def _use(used: ssl.SSLContext, files: tuple[Path, Path]) -> None:
    """Take a pair that fits; one that does not changes nothing.

    A copy is tried and the same copy is used: whoever renews the files may be between the two.
    """
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = (Path(shutil.copy(one, folder)) for one in files)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
        used.load_cert_chain(certificate, key)
