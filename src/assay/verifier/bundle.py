"""A whole bundle: manifest, trust, releases, in that order; every failure is told, not only the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ed25519
from .documents import check_documents
from .findings import Findings
from .logged import LogChecker
from .members import MANIFEST, check_manifest
from .quorum import parse_policy
from .release import check_release
from .strict import Refused, sha256_hex
from .timestamp import read_timestamp
from .trust import Trust, parse_trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .note import NoteKey
    from .quorum import WitnessPolicy

TRUST, POLICY = "trust.json", "tlog-policy.txt"


def check_bundle(
    members: dict[str, bytes],
    *,
    trust: Trust | None = None,
    logs: Sequence[NoteKey] = (),
    policy: WitnessPolicy | None = None,
) -> Findings:
    """Check a bundle and return what was found.

    Args:
        members: every file of it, name to content.
        trust: the people and logs that the caller trusts; by default those that the bundle itself names.
        logs: keys of the logs that the caller trusts; by default those of the policy or trust given.
        policy: the witnesses that the caller trusts; by default those that the bundle itself names, if any.
    """
    findings = Findings()
    try:
        contents = check_manifest(members)
        kept = contents.members
        inside = parse_trust(kept[TRUST], TRUST) if TRUST in kept else Trust({}, ())
        witnesses = policy or (parse_policy(kept[POLICY], POLICY) if POLICY in kept else None)
    except Refused as error:
        findings.problems.append(str(error))
        return findings
    findings.problems += contents.problems
    findings.proven.append(
        f"{len(kept)} files are what {MANIFEST} says (its SHA-256: {sha256_hex(members[MANIFEST])})."
    )
    given = list(logs) or [*(policy.logs if policy else ()), *(trust.logs if trust else ())]
    _warn(findings, people=trust is None, log=not given, witnesses=policy is None and witnesses is not None)
    stamps = _stamps(findings, kept)
    log = LogChecker(given or inside.logs, witnesses, stamps)
    if not contents.releases:
        findings.problems.append(f"{MANIFEST}: names no release, so nothing was proven")
    for folder in contents.releases:
        within = {name[len(folder) + 1 :]: one for name, one in kept.items() if name.startswith(f"{folder}/")}
        found = Findings()
        found.attempt(check_release, within, trust or inside, log, found)
        findings.take(found, folder)
    check_documents(kept, trust or inside, log, findings)
    log.conclude(findings)
    _leave(findings, contents.others, stamped=bool(stamps))
    return findings


def _stamps(findings: Findings, kept: dict[str, bytes]) -> dict[bytes, str]:
    """Return what the timestamps state: the SHA-256 of a note to words; each must be about the note it lies beside."""
    found: dict[bytes, str] = {}
    for name, token in kept.items():
        stamp = findings.attempt(read_timestamp, token, name) if name.endswith(".tsr") else None
        if stamp is None:
            continue
        digest, time = stamp
        note = kept.get(name.partition(".")[0])
        if note is None or digest.hex() != sha256_hex(note):
            findings.problems.append(f"{name}: is not about the checkpoint that it lies beside")
        found[digest] = f"{found.get(digest, '')}, which {name} states to have existed at {time}"
    return found


def _warn(findings: Findings, **inside: bool) -> None:
    whose = [name for name, so in inside.items() if so]
    if whose:
        findings.warnings.append(
            f"the keys of {' and '.join(whose)} come from inside the bundle: that proves only that it agrees with "
            "itself. Whoever made it could have made them; get them by another way, and give them"
        )


def _leave(findings: Findings, others: list[str], *, stamped: bool) -> None:
    """Say what was not looked at."""
    if others:
        findings.not_checked.append(f"{', '.join(others)}: not in the manifest, and not looked at")
    if stamped:
        findings.not_checked.append(
            "who signed the timestamps: openssl ts -verify -data timestamps/<size> -in timestamps/<size>.tsr -CAfile "
            "<the authority's certificates, which you got by another way> shows it"
        )
    findings.not_checked.append(f"this verifier itself; it checked signatures by {ed25519.checked_by()}")
