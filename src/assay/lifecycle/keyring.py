"""The keys that sign here: made on first use in a folder that only their owner can read.

``<name>.pem`` is the private key (mode 0600 from its first byte on), ``<name>.pub`` the public one beside it. A
private key that others can read is refused: it may have been copied.

A late ring makes a missing key in memory and writes it just before what it has signed goes to the log
(`Keyring.kept`), so that what fails before leaves none behind.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import TYPE_CHECKING

from assay.attest.keys import (
    MAX_KEY_BYTES,
    PrivateKey,
    PublicKey,
    Signer,
    generate_key,
    parse_private_key,
    parse_public_key,
)
from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.storing import write_new

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DEFAULT = "default"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Keyring:
    """The keys of one folder, such as ``.assay/keys``."""

    def __init__(self, folder: Path, *, late: bool = False) -> None:
        self._folder = folder
        self._late = late
        self._unwritten: dict[str, Signer] = {}

    @property
    def folder(self) -> Path:
        """Where the keys are."""
        return self._folder

    def names(self) -> tuple[str, ...]:
        """Return the names of the keys that can sign here, in order."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(path.stem for path in self._folder.glob("*.pem") if _NAME.match(path.stem)))

    def signer(self, name: str = DEFAULT) -> Signer:
        """Return the key of this name, made now when there is none.

        Raises:
            InputError: for a name that files cannot have, a file that is not a key, or a key that others can read.
            StorageError: when a new key cannot be written.
            VerificationError: when the public key beside it is another's.
        """
        if not _NAME.match(name):
            raise InputError(
                f"key name {name!r}: expected letters, digits, '.', '_', '@' or '-', beginning with a letter or digit"
            )
        private, public = self._folder / f"{name}.pem", self._folder / f"{name}.pub"
        if self._late and not private.exists():
            return self._unwritten.setdefault(name, Signer(name, generate_key()))
        try:
            if not private.exists():
                self._make(private, generate_key())
            key = _read_private(private)
            self._check_public(public, key)
        except OSError as error:
            raise StorageError(f"key {name}: {error.strerror or error} at {error.filename or private}") from error
        return Signer(name, key)

    def public_keys(self) -> frozenset[PublicKey]:
        """Return every public key beside the private ones, and those put here to be trusted."""
        return frozenset(read_public_keys(self._folder).values())

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Write the keys that are in memory alone while what they have signed is recorded; take them back if it fails.

        Entries that are in the log, though nothing covers them yet (`PublishingWaitsError`), keep their key.

        Raises:
            InputError: when another process has made a key of that name meanwhile.
            StorageError: when a key cannot be written.
        """
        before = [folder for folder in (self._folder, *self._folder.parents) if not folder.exists()]
        made = [self._keep(signer) for signer in self._unwritten.values()]
        try:
            yield
        except BaseException as error:
            from assay.lifecycle.publishing import PublishingWaitsError  # noqa: PLC0415 - only when something failed

            if not isinstance(error, PublishingWaitsError):
                _take_back(made, before)
            raise
        self._unwritten.clear()

    def _keep(self, signer: Signer) -> Path:
        private = self._folder / f"{signer.name}.pem"
        try:
            self._make(private, signer.private)
            if _read_private(private).public != signer.public:
                raise InputError(f"another process made the key {signer.name} at the same time; run again")
            self._check_public(private.with_suffix(".pub"), signer.private)
        except OSError as error:
            raise StorageError(
                f"key {signer.name}: {error.strerror or error} at {error.filename or private}"
            ) from error
        return private

    def _make(self, private: Path, key: PrivateKey) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(private, key.pem(), 0o600)

    def _check_public(self, public: Path, key: PrivateKey) -> None:
        if not public.exists():
            write_new(public, key.public.pem().encode("ascii"), 0o644)
        found = parse_public_key(public.read_text("utf-8", "replace"), name=str(public))
        if found != key.public:
            raise VerificationError(
                f"{public} is not the public half of the private key beside it (expected key id "
                f"{key.public.key_id:.16}, found {found.key_id:.16}). Remove it if the private key is "
                "yours; it is then written anew"
            )


def _take_back(made: list[Path], folders: list[Path]) -> None:
    for private in made:
        for path in (private, private.with_suffix(".pub")):
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody has put something there: the folder stays
        for folder in folders:
            folder.rmdir()


def read_public_keys(folder: Path) -> Mapping[str, PublicKey]:
    """Return the public keys of a folder (``*.pub``) by name, in order; none when there is no such folder.

    Raises:
        InputError: for a file that is not a public key.
        StorageError: when one cannot be read.
    """
    if not folder.is_dir():
        return {}
    return {path.stem: read_public_key(path) for path in sorted(folder.glob("*.pub"))}


def read_public_key(path: Path) -> PublicKey:
    """Read one public key, PEM or base64.

    Raises:
        InputError: when there is no such file, or it is not a public key.
        StorageError: when it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_KEY_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"expected a public key at {path}, found nothing there") from None
    except OSError as error:
        raise StorageError(f"cannot read the public key {path}: {error.strerror}") from error
    return parse_public_key(content.decode("utf-8", "replace"), name=str(path))


def _read_private(path: Path) -> PrivateKey:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        content = stream.read(MAX_KEY_BYTES)
    if mode & _OTHERS:
        raise InputError(
            f"{path}: expected a private key that only its owner can read, found mode {mode:04o}. If nobody has copied "
            f"it: chmod 600 {path}"
        )
    return parse_private_key(content, name=str(path))
