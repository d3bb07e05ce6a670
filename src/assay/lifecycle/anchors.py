"""What a verifier trusts before looking at anything: public keys, people and the log's verifier key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.attest.trust import Trust, parse_trust
from assay.lifecycle.keyring import read_public_keys
from assay.tlog.vkey import VerifierKey, parse_vkey

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.attest.keys import PublicKey

TRUST, LOG_KEY = "trust.yaml", "log.vkey"


@dataclass(frozen=True, slots=True)
class Anchors:
    """What a verifier trusts before looking at a release.

    Attributes:
        keys: trusted public keys by the name they are shown under.
        trust: the people and their roles.
        vkey: verifier key of the log; None when none is known.
        source: where these come from, for the reader.
    """

    keys: Mapping[str, PublicKey]
    trust: Trust
    vkey: VerifierKey | None
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


def find_anchors(
    folder: Path,
    *,
    trust: Trust | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    vkey: str | None = None,
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
    log_key = None if vkey is None else parse_vkey(vkey.strip())
    if log_key is None and state is not None and (state / LOG_KEY).is_file():
        log_key = parse_vkey((state / LOG_KEY).read_text("utf-8", "replace").strip())
    return Anchors(keys or {}, trust or Trust(), log_key, source)
