"""Files on disk: what a model consists of, and writing several files so that all of them appear or none."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from assay.attest import oms
from assay.errors import InputError, StorageError, VerificationError
from assay.records.tally import FileDigest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assay.records.evidence import Dataset

_CHUNK = 1 << 20


def hash_file(path: Path, name: str) -> FileDigest:
    """Return a file's SHA-256 and size, read in chunks."""
    hashed, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
            size += len(chunk)
    return FileDigest(name=name, sha256=hashed.hexdigest(), size=size)


def list_model(path: Path) -> tuple[tuple[FileDigest, ...], str]:
    """Hash a model's files and return them, ordered by name, with the OpenSSF model-signing root digest.

    Source: OpenSSF Model Signing 1.0, manifest by files (https://github.com/ossf/model-signing-spec).

    Raises:
        InputError: when the model is missing, empty, or holds something that is not a regular file.
    """
    if path.is_file():
        alone = hash_file(path, path.name)
        return (alone,), oms.root([(alone.name, alone.sha256)])
    if not path.is_dir():
        raise InputError(f"expected the model's files at {path}, found nothing there. Check model.path in assay.yaml")
    names = [str(entry.relative_to(path).as_posix()) for entry in _walk(path)]
    files = tuple(hash_file(path / name, name) for name in sorted(oms.listed(names)))
    if not files:
        raise InputError(f"expected the model's files in {path}, found an empty folder")
    return files, oms.root([(file.name, file.sha256) for file in files])


def _walk(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.rglob("*")):
        if entry.is_symlink():
            raise InputError(f"expected regular files in the model, found the symbolic link {entry}: copy the file in")
        if entry.is_file():
            yield entry
        elif not entry.is_dir():
            raise InputError(f"expected regular files in the model, found {entry}, which is neither file nor folder")


def compare_model(path: Path, expected: str, expected_files: tuple[FileDigest, ...]) -> tuple[FileDigest, ...]:
    """Check that a model on disk is the one that evidence is about, and return its files.

    Raises:
        InputError: when it is missing.
        VerificationError: naming the files that were added, removed or changed.
    """
    files, root = list_model(path)
    if root == expected:
        return files
    then = {file.name: file.sha256 for file in expected_files}
    now = {file.name: file.sha256 for file in files}
    changes = [f"changed: {name}" for name in sorted(then.keys() & now.keys()) if then[name] != now[name]]
    changes += [f"added: {name}" for name in sorted(now.keys() - then.keys())]
    changes += [f"removed: {name}" for name in sorted(then.keys() - now.keys())]
    raise VerificationError(
        f"the model at {path} is not the one that was measured ({'; '.join(changes)}): "
        f"expected root digest {expected[:16]}, found {root[:16]}. Measure it again with: assay run"
    )


def compare_dataset(path: Path, dataset: Dataset) -> bool:
    """Check that a dataset on disk is the one that evidence names.

    Raises:
        VerificationError: when it is not.
    """
    files = [path] if path.is_file() else [found for found in sorted(path.rglob("*")) if found.is_file()]
    found = sorted(hash_file(file, file.name).sha256 for file in files)
    if found != sorted(file.sha256 for file in dataset.files):
        raise VerificationError(f"dataset {dataset.role}: the files at {path} are not the ones that were measured")
    return True


@contextlib.contextmanager
def storage_errors(where: Path) -> Iterator[None]:
    """Turn a full disk or a forbidden folder into a message.

    Raises:
        StorageError: for any error of the file system.
    """
    try:
        yield
    except OSError as error:
        reason = (
            "the disk is full"
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            else (error.strerror or str(error))
        )
        raise StorageError(
            f"could not write in {where}: {reason}. What was there before is unchanged; make room or mend the "
            "folder, and run again"
        ) from error


@contextlib.contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give a fresh folder beside the target to write in; what is left in it afterwards is removed.

    Everything is written there first, so that a full disk is met before anything in ``folder`` has changed.
    """
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def write_durably(path: Path, content: bytes) -> None:
    """Write a new file and have it on the disk before returning."""
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that appears whole or not at all; one that another process made meanwhile stays.

    It has its mode from its first byte on, and is on the disk, name and all, before this returns.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
    synchronise(path.parent)


def publish(stage: Path, folder: Path, contents: Mapping[str, bytes], *, without: Iterable[str] = ()) -> None:
    """Put files into a folder: all are written and synchronised in ``stage`` first, then renamed into place.

    A name may have folders in it: ``consents/<id>.json``. The files named in ``without`` go first.
    """
    with storage_errors(folder):
        for name, content in contents.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            write_durably(stage / name, content)
        for name in without:
            (folder / name).unlink(missing_ok=True)
        for name in contents:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).replace(folder / name)
        for changed in {folder, *((folder / name).parent for name in contents)}:
            synchronise(changed)


def synchronise(folder: Path) -> None:
    """Have a folder's names on the disk before returning."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rewrite(path: Path, content: bytes) -> None:
    """Put other bytes in the place of a file's, and overwrite the old ones as `shred` does."""
    with storage_errors(path.parent), path.open("r+b") as old:
        with staging(path.parent / path.name) as stage:
            publish(stage, path.parent, {path.name: content})
        _overwrite(old)  # it has no name any more


def shred(path: Path) -> None:
    """Overwrite a file with zeros, as far as its file system writes in place, and remove it; none is no error."""
    with storage_errors(path.parent), contextlib.suppress(FileNotFoundError):
        with path.open("r+b") as stream:
            _overwrite(stream)
        path.unlink()
        synchronise(path.parent)


def _overwrite(stream: BinaryIO) -> None:
    size = os.fstat(stream.fileno()).st_size
    stream.writelines(bytes(min(_CHUNK, size - start)) for start in range(0, size, _CHUNK))
    stream.flush()
    os.fsync(stream.fileno())


KEPT = "evidence"
"""Folder of a project's state that keeps documents by their digest."""


def keep_document(state: Path, content: bytes) -> str:
    """Keep a document beside the log, by its digest, and return the digest.

    Raises:
        StorageError: when it cannot be written.
    """
    digest, folder = hashlib.sha256(content).hexdigest(), state / KEPT
    with staging(folder) as stage:
        publish(stage, folder, {digest: content})
    return digest
