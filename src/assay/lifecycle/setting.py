"""Under what, by whom and where something is decided: policy, people, keys, clock and log."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from assay.attest.trust import Trust, parse_trust
from assay.errors import InputError, suggest
from assay.lifecycle.keyring import DEFAULT, Keyring, read_public_key
from assay.lifecycle.project import CONFIG_NAME, KEYS, read_file
from assay.policy import Policy, parse_policy
from assay.records.canonical import sha256_hex
from assay.records.evidence import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from assay.attest.bundle import Inclusion
    from assay.attest.keys import PublicKey
    from assay.lifecycle.project import Project
    from assay.lifecycle.robustness import OpenScorer
    from assay.reports.since import Since


EVIDENCE_SIGNATURE = "evidence.dsse.json"
"""Signature of who measured, beside the evidence."""


TIME = "%Y-%m-%dT%H:%M:%SZ"
"""RFC 3339 in UTC, whole seconds."""


class Log(Protocol):
    """Where decisions are recorded: entries are durable, and covered by a checkpoint, when ``append`` returns."""

    def append(self, entries: Sequence[bytes]) -> list[Inclusion]:
        """Append entries in order and return where each one is, with its proof."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Under what a decision is made: all that it takes where nothing is signed.

    Attributes:
        policy: the policy decided under.
        trust: the people, their keys and roles.
        trust_sha256: digest of the trust file; None when there is none.
        measurers: further keys whose signature on evidence counts.
        project: the project, when one was found: its model is compared with the evidence.
    """

    policy: Policy
    trust: Trust
    trust_sha256: str | None
    measurers: frozenset[PublicKey] = frozenset()
    project: Project | None = None

    def evidence_keys(self) -> frozenset[PublicKey]:
        """Return the keys whose signature on evidence counts."""
        return self.trust.keys() | self.measurers


@dataclass(frozen=True, kw_only=True)
class Setting(Rules):
    """Under what, by whom and where a decision is made that is signed and recorded.

    Attributes:
        state: the folder of keys, log and releases.
        keyring: the keys that sign here.
        key: the name of the key that signs.
        scorers: opens the model that a release probes; None where nothing can.
        since: what the trail tells of a version, by its model's name and its own; None where nothing looks.
    """

    state: Path
    keyring: Keyring
    key: str = DEFAULT
    scorers: OpenScorer | None = None
    since: Callable[[str, str], Since | None] | None = None

    def evidence_keys(self) -> frozenset[PublicKey]:
        """Return the keys whose signature on evidence counts: those that sign here, too."""
        return super().evidence_keys() | self.keyring.public_keys()


def now() -> str:
    """Return the time as RFC 3339 in UTC, whole seconds."""
    return datetime.now(UTC).strftime(TIME)


def require_time(text: str, name: str) -> None:
    """Check that a text is a time in the form that `now` gives.

    Raises:
        InputError: when it is none.
    """
    try:
        found = datetime.strptime(text, TIME)  # noqa: DTZ007 - Z is UTC
    except ValueError:
        found = None
    if found is None or found.strftime(TIME) != text:
        raise InputError(f"{name}: expected a time in UTC such as 2026-10-01T09:30:00Z, found {text!r}")


def load_policy(path: Path) -> Policy:
    """Read a policy and those it extends, each beside the one that names it."""
    return parse_policy(path.name, lambda name: read_file(path.parent / name, "a policy"))


def whoami(keyring: Keyring, key: str = DEFAULT) -> Actor:
    """Return the identity that signs here: the key's name and digest, and the account or CI job as a claim."""
    signer = keyring.signer(key)
    return Actor(identity=signer.name, key=signer.key_id, runner=_runner())


def nobody() -> Actor:
    """Return who decides where nothing is signed: an identity that no key stands for."""
    return Actor(identity="nobody: not signed", key="0" * 64, runner=_runner())


def _runner() -> str | None:
    runner = os.environ.get("GITHUB_WORKFLOW_REF") or os.environ.get("CI_JOB_URL")
    if runner is not None:
        return runner
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None  # a container's user may have no name; the key is the identity, this is only a claim


def setting_of(
    project: Project,
    *,
    policy: Path | None = None,
    trust: Path | None = None,
    key: str = DEFAULT,
    scorers: OpenScorer | None = None,
    since: Callable[[str, str], Since | None] | None = None,
) -> Setting:
    """Return the setting that a project describes, save for what is given.

    Raises:
        DocumentError: when the policy or the trust file is wrong.
        InputError: when there is no key of that name; only the default one is made on first use.
    """
    keyring = _ring(project.keys, key)
    named = project.root / project.config.trust if project.config.trust else None
    people, trust_sha256 = read_trust(trust or named)
    return Setting(
        policy=load_policy(policy or project.root / project.config.policy),
        trust=people,
        trust_sha256=trust_sha256,
        project=project,
        state=project.state,
        keyring=keyring,
        key=key,
        scorers=scorers,
        since=since,
    )


def _ring(folder: Path, key: str) -> Keyring:
    keyring = Keyring(folder, late=True)
    if key != DEFAULT and key not in keyring.names():
        raise InputError(
            f"expected a key of the name {key!r} in {keyring.folder}, found none{suggest(key, keyring.names())}. "
            f"Make one with: assay keys new {key}"
        )
    return keyring


def rules_elsewhere(policy: Path | None, trust: Path | None, measured_by: Sequence[Path] = ()) -> Rules:
    """Return under what is decided where there is no project: the caller gives it.

    Args:
        policy: the policy.
        trust: the file that names people, their keys and roles.
        measured_by: public keys of those who may have measured, beside the people of the trust file.

    Raises:
        DocumentError: when the policy or the trust file is wrong.
        InputError: when something is not given.
    """
    missing = [] if policy is not None else ["--policy FILE: the rules to decide under"]
    if trust is None and not measured_by:
        missing.append("--trust FILE (or --measured-by KEY): whose signature on the evidence counts")
    if policy is None or missing:
        raise InputError(
            f"expected a project ({CONFIG_NAME}) here or above, found none. To decide without one, give "
            f"{'; and '.join(missing)}"
        )
    people, trust_sha256 = read_trust(trust)
    return Rules(
        policy=load_policy(policy),
        trust=people,
        trust_sha256=trust_sha256,
        measurers=frozenset(map(read_public_key, measured_by)),
    )


def setting_elsewhere(rules: Rules, state: Path, *, key: str = DEFAULT) -> Setting:
    """Return the setting of a decision without a project that is signed and recorded in a state folder.

    Raises:
        InputError: when there is no key of that name; only the default one is made on first use.
    """
    return Setting(
        policy=rules.policy,
        trust=rules.trust,
        trust_sha256=rules.trust_sha256,
        measurers=rules.measurers,
        state=state,
        keyring=_ring(state / KEYS, key),
        key=key,
    )


def read_trust(path: Path | None) -> tuple[Trust, str | None]:
    """Read the file that names people; nobody is trusted when there is none."""
    if path is None:
        return Trust(), None
    content = read_file(path, "the file that names people, their keys and roles")
    return parse_trust(content, name=path.name), sha256_hex(content)
