"""Today's rules of a system: the policy that its people adopted, and the people whom the server knows.

What was adopted is kept whole, by its digest, in ``HOME/systems/<system>/<digest>/``, with a file ``entry`` that names
the one to begin with, and a file ``title``; who adopted what, and which is in force, stands in the store.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from assay.errors import AssayError, InputError, StorageError
from assay.lifecycle.known_releases import identity_of
from assay.lifecycle.project import is_safe_name
from assay.lifecycle.setting import Rules, Setting, load_policy, setting_elsewhere
from assay.lifecycle.storing import publish, staging
from assay.policy import parse_policy
from assay.records.canonical import sha256_hex
from assay.server.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from assay.lifecycle.known_releases import Identity
    from assay.policy import Policy
    from assay.server.home import Home
    from assay.server.serving import Server
    from assay.server.store.deliveries import Adopted

ENTRY, TITLE = "entry", "title"
_DIGITS = 16
_KEPT = 1024
"""So many policies stay in memory, each as long as its files are as they were read."""


def folder_of(home: Home, system: str, sha256: str) -> Path:
    """Return where the files of an adopted policy lie."""
    name = system if is_safe_name(system) else f"system-{sha256_hex(system.encode())[:_DIGITS]}"
    return home.system(name) / sha256


def kept_policy(home: Home, system: str, sha256: str) -> Policy | None:
    """Return a policy that was adopted at some time; None where it is not here, or not whole."""
    folder = folder_of(home, system, sha256)
    if not (folder / ENTRY).is_file():
        return None
    found = _loaded(folder, identity_of(folder))
    return found if found is not None and found.sha256 == sha256 else None


@functools.lru_cache(maxsize=_KEPT)
def _loaded(folder: Path, _identity: Identity) -> Policy | None:
    """Load the policy of a folder; again when one of its files is another one."""
    try:
        return load_policy(folder / (folder / ENTRY).read_text("utf-8"))
    except AssayError:
        return None  # the caller says that it is not here; what is in force is asked for by `rules_of`


def title_of(home: Home, system: str, sha256: str) -> str | None:
    """Return name and version of a policy that was adopted, without reading all of it; None where it is not here."""
    path = folder_of(home, system, sha256) / TITLE
    if path.is_file():
        return path.read_text("utf-8")
    policy = kept_policy(home, system, sha256)  # of one that was kept before there were titles
    return None if policy is None else f"{policy.name} {policy.version}"


def read_from(files: Mapping[str, bytes], taken: dict[str, bytes] | None = None) -> Callable[[str], bytes]:
    """Return what reads a policy and those it extends from some files, and notes which it took, in their order."""

    def read(name: str) -> bytes:
        if name not in files:
            raise InputError(f"expected the policy file {name}, found {', '.join(files) or 'none'}")
        if taken is not None:
            taken[name] = files[name]
        return files[name]

    return read


def keep_policy(home: Home, system: str, files: Mapping[str, bytes]) -> Policy:
    """Keep a policy whole, by its digest; it is not in force by that.

    Args:
        home: the server's folder.
        system: the system.
        files: the policy and those it extends by name, the one to begin with first.
    """
    first = next(iter(files))
    policy = parse_policy(first, read_from(files))
    folder = folder_of(home, system, policy.sha256)
    with staging(folder) as stage:
        title = f"{policy.name} {policy.version}"
        publish(stage, folder, {**files, ENTRY: first.encode(), TITLE: title.encode()})
    return policy


def put_in_force(server: Server, system: str, files: Mapping[str, bytes], *, by: str, at: int) -> Policy:
    """Put a policy in force for a system, and say so in the log; the caller has asked whether they may.

    Args:
        server: the server.
        system: the system.
        files: as for `keep_policy`.
        by: who adopts it.
        at: now, POSIX seconds.

    Raises:
        DocumentError: when the policy is wrong.
        StorageError: when it cannot be kept.
    """
    before = adopted(server, system)
    policy = keep_policy(server.home, system, files)  # first, so that what is adopted is always there
    said = {
        "system": system, "policy": policy.name, "version": policy.version, "policy_sha256": policy.sha256,
        "before_sha256": before[0].sha256 if before else None,
    }  # fmt: skip
    with server.store.writing() as rows:
        deliveries.adopt(rows, system, policy.sha256, by=by, at=at)
        server.outbox.say(rows, "policy.adopted", said, people={"by": by}, at=at)
    return policy


def adopted(server: Server, system: str) -> list[Adopted]:
    """Return what was adopted for a system; the first is in force.

    While the database does not answer, what it said last: only this process adopts (`assay.server.alone`), and needs
    the database to.

    Raises:
        StorageError: when the database does not answer, and never did.
    """
    try:
        with server.store.reading() as rows:
            server.inside.adopted[system] = found = deliveries.adopted(rows, system)
    except StorageError:
        if system not in server.inside.adopted:
            raise
        return server.inside.adopted[system]
    return found


def in_force(server: Server) -> dict[str, Adopted]:
    """Return the policy in force of each system that has one; otherwise as `adopted`."""
    try:
        with server.store.reading() as rows:
            return {one.system: one for one in deliveries.in_force(rows)}
    except StorageError:
        if not server.inside.adopted:
            raise
        return {system: found[0] for system, found in server.inside.adopted.items() if found}


def learn_adopted(server: Server) -> None:
    """Read what was adopted for every system, so that it is known while the database does not answer."""
    for system in in_force(server):
        adopted(server, system)


def rules_of(server: Server, system: str) -> Rules | None:
    """Return today's rules of a system; None while nobody has adopted a policy for it.

    Raises:
        StorageError: when the adopted policy's files are not what was adopted.
    """
    found = adopted(server, system)
    if not found:
        return None
    policy = kept_policy(server.home, system, found[0].sha256)
    if policy is None:
        raise StorageError(
            f"expected the policy {found[0].sha256:.{_DIGITS}} that was adopted for {system}, found another or none: "
            "restore it from a backup, or adopt it again"
        )
    trust, trust_sha256 = server.inside.trust()
    return Rules(policy=policy, trust=trust, trust_sha256=trust_sha256)


def setting_of(server: Server, rules: Rules) -> Setting:
    """Return under what, by whom and where the server decides."""
    return setting_elsewhere(rules, server.home.state)
