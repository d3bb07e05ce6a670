"""The policies that people adopted: a folder a system, and every earlier one by its digest.

::

    systems/<system>/assay.yaml, policy.yaml, ...        in force
    systems/<system>/adopted/<sha256>/...                each that ever was
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assay.errors import AssayError, InputError, NotThereError, StorageError
from assay.lifecycle.project import CONFIG_NAME, Config
from assay.lifecycle.setting import Rules, Setting, load_policy, setting_elsewhere
from assay.lifecycle.storing import publish, staging
from assay.policy import parse_policy
from assay.records.document import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from assay.attest.keys import PublicKey
    from assay.policy import Policy
    from assay.server.home import Home
    from assay.server.inside import Inside

POLICY = "policy.yaml"
ADOPTED = "adopted"
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._+-]{0,127}\Z")


def system_folder(home: Home, system: str) -> Path:
    """Return where a system's policy lies.

    Raises:
        NotThereError: for a name that no folder can bear.
    """
    if not _SAFE.match(system) or ".." in system:
        raise NotThereError(f"expected a system that a folder can be named after, found {system!r}")
    return home.system(system)


def policy_in(folder: Path) -> Policy | None:
    """Return the policy in a folder, with those that it extends; None when there is none."""
    name = _policy_name({path.name: path.read_bytes() for path in folder.glob(CONFIG_NAME)})
    return load_policy(folder / name) if (folder / name).is_file() else None


def policy_of(files: Mapping[str, bytes]) -> Policy:
    """Return the policy that a project's files hold.

    Raises:
        DocumentError: with every problem in it.
        InputError: when a file that it names is not there.
    """

    def read(name: str) -> bytes:
        if name not in files:
            raise InputError(f"expected {name} among the files, found {', '.join(sorted(files)) or 'none'}")
        return files[name]

    return parse_policy(_policy_name(files), read)


def _policy_name(files: Mapping[str, bytes]) -> str:
    content = files.get(CONFIG_NAME)
    if content is None:
        return POLICY
    return load_yaml(content, Config, name=CONFIG_NAME).policy


def earlier(home: Home, system: str, sha256: str) -> Policy | None:
    """Return a policy that was adopted at some time, by its digest."""
    folder = system_folder(home, system) / ADOPTED / sha256
    return policy_in(folder) if folder.is_dir() else None


def put_in_force(home: Home, system: str, files: Mapping[str, bytes]) -> Policy:
    """Put a policy in force for a system, and keep it by its digest; the store and the log are the caller's."""
    policy = policy_of(files)
    folder = system_folder(home, system)
    kept = folder / ADOPTED / policy.sha256
    for place in (kept, folder):
        with staging(place) as stage:
            publish(stage, place, files)
    return policy


def systems(home: Home) -> list[str]:
    """Return the systems that a policy was adopted for."""
    folder = home.root / "systems"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def rules_of(inside: Inside, system: str, measurers: Iterable[PublicKey] = ()) -> Rules | None:
    """Return today's rules of a system: the adopted policy and the people whom the server knows.

    Returns:
        None while nobody has adopted a policy for it.

    Raises:
        StorageError: when the adopted policy cannot be read.
    """
    try:
        policy = policy_in(system_folder(inside.home, system))
    except AssayError as error:
        raise StorageError(f"the policy adopted for {system} cannot be read: {error}") from error
    if policy is None:
        return None
    trust, trust_sha256 = inside.trust()
    return Rules(policy=policy, trust=trust, trust_sha256=trust_sha256, measurers=frozenset(measurers))


def setting_of(inside: Inside, rules: Rules) -> Setting:
    """Return under what, by whom and where the server decides."""
    return setting_elsewhere(rules, inside.home.state)
