"""What a verifier trusts before looking at anything: public keys, people, and whom to believe about the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.attest.trust import Trust, parse_trust
from assay.errors import AssayError, InputError
from assay.lifecycle.keyring import read_public_keys
from assay.lifecycle.log_files import LogFiles, all_log_files
from assay.lifecycle.log_shards import shards
from assay.lifecycle.log_trust import LogTrust, join_trust, parse_log_trust, trust_beside, trust_in_keys
from assay.lifecycle.project import read_file
from assay.lifecycle.retired import retirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.lifecycle.retired import Retirement

TRUST, LOG = "trust.yaml", "log"


@dataclass(frozen=True, slots=True)
class Anchors:
    """What a verifier trusts before looking at a release.

    Attributes:
        keys: trusted public keys by the name they are shown under.
        trust: the people and their roles.
        log: whom to believe about the log; nobody, when no key of it is known.
        source: where these come from, for the reader.
    """

    keys: Mapping[str, PublicKey]
    trust: Trust
    log: LogTrust
    source: str

    def all_keys(self) -> frozenset[PublicKey]:
        """Return every key that may have signed."""
        return frozenset(self.keys.values()) | self.trust.keys()

    def describe(self, key: PublicKey) -> str:
        """Return who a key belongs to, in words."""
        person = self.trust.identity_of(key.key_id)
        if person is not None:
            return f"{person[0]} ({', '.join(person[1])}; key {key.key_id:.16})"
        name = next(name for name, known in self.keys.items() if known == key)
        return f"the key {name!r} ({key.key_id:.16})"


def find_state(folder: Path) -> Path | None:
    """Return the state folder (``.assay``) that a release folder belongs to; None when it stands alone."""
    for parent in folder.resolve().parents:
        if (parent / "keys").is_dir() and (parent.name == ".assay" or (parent / "releases").is_dir()):
            return parent
    return None


def find_log(folder: Path, anchors: Anchors, origin: str | None = None) -> LogFiles | Retirement | None:
    """Return the log of the project that a release folder belongs to, or that it was retired; None when it is not here.

    Args:
        folder: the release folder.
        anchors: whom to believe.
        origin: name of the one that is meant, where the log goes on in others; else the first.

    Raises:
        VerificationError: when one is said to be retired, and no log that goes on says so.
    """
    state = find_state(folder)
    if state is None:
        return None
    for gone in filter(None, (retirement(one, anchors.log) for one in shards(state / LOG))):
        if gone.final.checkpoint.origin == origin:
            return gone
    logs = all_log_files(state / LOG, anchors.log)
    return next((one for one in logs if _origin(one) == origin), logs[0] if logs else None)


def _origin(log: LogFiles) -> str | None:
    """Return a log's name; None where its checkpoint does not hold, which is told by whoever uses it."""
    try:
        return log.signed.checkpoint.origin
    except AssayError:
        return None


def find_anchors(
    folder: Path,
    *,
    trust: Trust | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    vkey: str | None = None,
    log: LogTrust | None = None,
) -> Anchors:
    """Return what to trust: what is given; for what is not, the project that the folder belongs to.

    Raises:
        InputError: when a key or the trust file cannot be read.
    """
    state = find_state(folder)
    source = "given" if trust is not None or keys else "found in the release's own project"
    if trust is None and not keys and state is not None:
        keys = read_public_keys(state / "keys")
        people = state.parent / TRUST
        trust = parse_trust(people.read_bytes(), name=TRUST) if people.is_file() else None
    given = join_trust([*([log] if log else []), *([trust_in_keys([vkey.strip()])] if vkey is not None else [])])
    found = given if state is None else given.filled(trust_beside(state / LOG))
    return Anchors(keys or {}, trust or Trust(), found, source)


def read_trusted(paths: Iterable[Path]) -> tuple[Trust | None, LogTrust]:
    """Read files that say whom to trust; what each is about shows in it.

    People are in YAML (`assay.attest.trust`); witnesses and their quorum in a tlog-policy; the log's keys by size in a
    side file (`assay.tlog.log_keys`); timestamp authorities as certificates in PEM.

    Returns:
        The people, None when no file names any; and whom to believe about the log.

    Raises:
        InputError: when a file cannot be read, or two are about the same.
        DocumentError: when one is wrong.
    """
    people: Trust | None = None
    logs: list[LogTrust] = []
    for path in paths:
        content = read_file(path, "a file that says whom to trust")
        about_logs = parse_log_trust(content, name=path.name)
        if about_logs is not None:
            logs.append(about_logs)
        elif people is not None:
            raise InputError(f"{path}: expected people in one file, found a second one")
        else:
            people = parse_trust(content, name=path.name)
    return people, join_trust(logs)
