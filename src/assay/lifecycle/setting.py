"""Under what, by whom and where something is decided: policy, people, keys, clock and log."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from assay.attest.trust import Trust, parse_trust
from assay.errors import InputError, suggest
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.project import read_file
from assay.policy import Policy, parse_policy
from assay.records.canonical import sha256_hex
from assay.records.evidence import Actor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.attest.bundle import Inclusion
    from assay.lifecycle.project import Project


EVIDENCE_SIGNATURE = "evidence.dsse.json"
"""Signature of who measured, beside the evidence."""


class Log(Protocol):
    """Where decisions are recorded: entries are durable, and covered by a checkpoint, when ``append`` returns."""

    def append(self, entries: Sequence[bytes]) -> list[Inclusion]:
        """Append entries in order and return where each one is, with its proof."""
        ...


@dataclass(frozen=True)
class Setting:
    """Under what, by whom and where a decision is made.

    Attributes:
        policy: the policy decided under.
        trust: the people, their keys and roles.
        trust_sha256: digest of the trust file; None when there is none.
        keyring: the keys that sign here.
        key: the name of the key that signs.
        project: the project, when one was found: its model is compared with the evidence.
    """

    policy: Policy
    trust: Trust
    trust_sha256: str | None
    keyring: Keyring
    key: str = "default"
    project: Project | None = None


def now() -> str:
    """Return the time as RFC 3339 in UTC, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def load_policy(path: Path) -> Policy:
    """Read a policy and those it extends, each beside the one that names it."""
    return parse_policy(path.name, lambda name: read_file(path.parent / name, "a policy"))


def whoami(keyring: Keyring, key: str = "default") -> Actor:
    """Return the identity that signs here: the key's name and digest, and the account or CI job as a claim."""
    signer = keyring.signer(key)
    runner = os.environ.get("GITHUB_WORKFLOW_REF") or os.environ.get("CI_JOB_URL")
    if runner is None:
        try:
            runner = getpass.getuser()
        except (KeyError, OSError):
            runner = None  # a container's user may have no name; the key is the identity, this is only a claim
    return Actor(identity=signer.name, key=signer.key_id, runner=runner)


def setting_of(project: Project, *, policy: Path | None = None, key: str = "default") -> Setting:
    """Return the setting that a project describes.

    Raises:
        DocumentError: when the policy or the trust file is wrong.
        InputError: when there is no key of that name; only the default one is made on first use.
    """
    keyring = Keyring(project.keys)
    if key != DEFAULT and key not in keyring.names():
        raise InputError(
            f"expected a key of the name {key!r} in {keyring.folder}, found none{suggest(key, keyring.names())}. "
            f"Make one with: assay keys new {key}"
        )
    trust, trust_sha256 = read_trust(project.root / project.config.trust if project.config.trust else None)
    return Setting(
        policy=load_policy(policy or project.root / project.config.policy),
        trust=trust,
        trust_sha256=trust_sha256,
        keyring=keyring,
        key=key,
        project=project,
    )


def read_trust(path: Path | None) -> tuple[Trust, str | None]:
    """Read the file that names people; nobody is trusted when there is none."""
    if path is None:
        return Trust(), None
    content = read_file(path, "the file that names people, their keys and roles")
    return parse_trust(content, name=path.name), sha256_hex(content)
