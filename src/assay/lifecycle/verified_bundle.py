"""Verify an auditor bundle with the very verifier that goes with it, under the trust of whoever verifies here.

`assay.verifier` needs no trust from Assay, and knows none: what is trusted here is handed to it in its own words. Only
what bare Python cannot do is added: whose signatures timestamps bear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import VerificationError
from assay.lifecycle.exporting import trust_json
from assay.lifecycle.outside_times import stamped_times
from assay.verifier.bundle import check_bundle
from assay.verifier.members import MANIFEST, read_members
from assay.verifier.note import parse_log_key
from assay.verifier.quorum import parse_policy
from assay.verifier.strict import Refused
from assay.verifier.trust import parse_trust

if TYPE_CHECKING:
    from pathlib import Path

    from assay.lifecycle.anchors import Anchors
    from assay.lifecycle.log_trust import LogTrust
    from assay.tlog.witness_policy import WitnessPolicy

_STAMPS = "timestamps/"


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle that holds.

    Attributes:
        releases: name, version and decision of each release.
        proven: what was proven and by whom, a sentence each.
        not_checked: what was not checked, and why, a sentence each.
        warnings: what to know before believing it.
    """

    releases: tuple[tuple[str, str, str], ...]
    proven: tuple[str, ...]
    not_checked: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def title(self) -> str:
        """What holds, in words."""
        return "; ".join(f"{name} {version}, decided: {decision}" for name, version, decision in self.releases)


def is_auditor_bundle(path: Path) -> bool:
    """Return whether a path is an auditor bundle, as a zip or unpacked; what is damaged is told when it is verified."""
    return (path / MANIFEST).is_file() if path.is_dir() else path.suffix == ".zip"


def verify_auditor_bundle(path: Path, anchors: Anchors) -> VerifiedBundle:
    """Verify a bundle.

    Args:
        path: the zip, or the folder it was unpacked to.
        anchors: whom to trust; what is not given is taken from inside the bundle, and warned of.

    Raises:
        VerificationError: naming everything that does not hold.
    """
    given = anchors.trust.people or anchors.keys
    policy = anchors.log.policy
    try:
        members = read_members(path)
        found = check_bundle(
            members,
            trust=parse_trust(trust_json(anchors), "trust") if given else None,
            logs=[parse_log_key(one.line()) for log in anchors.log.logs for one in log.ranges],
            policy=None if policy is None else parse_policy(policy_content(policy), "policy"),
        )
    except Refused as error:
        raise VerificationError(f"the bundle {path} does not hold:\n- {error}") from None
    proven, problems, left = _stamped(members, anchors.log)
    if found.problems or problems:
        listed = "\n".join(f"- {problem}" for problem in [*found.problems, *problems])
        raise VerificationError(f"the bundle {path} does not hold:\n{listed}")
    not_checked = [one for one in found.not_checked if not (proven and one.startswith("who signed the timestamps"))]
    return VerifiedBundle(tuple(found.releases), (*found.proven, *proven), (*not_checked, *left), tuple(found.warnings))


def policy_content(policy: WitnessPolicy) -> bytes:
    """Return a tlog-policy as a file; without its logs, whose keys are handed over by size."""
    lines = [f"witness {name} {key}" for name, key in policy.witnesses.items()]
    lines += [f"group {name} {one.threshold} {' '.join(one.members)}" for name, one in policy.groups.items()]
    return "".join(f"{line}\n" for line in [*lines, f"quorum {policy.quorum or 'none'}"]).encode()


def _stamped(members: dict[str, bytes], trust: LogTrust) -> tuple[list[str], list[str], list[str]]:
    """Verify whose signatures the timestamps bear; return what was proven, what does not hold, and what is left."""
    proven: list[str] = []
    problems: list[str] = []
    left: list[str] = []
    stamps = [name for name in members if name.startswith(_STAMPS)]
    notes = [name for name in stamps if name.removeprefix(_STAMPS).replace("-", "", 1).isdecimal()]  # 512, 2-512
    for name in notes if trust.roots and trust.logs else []:
        tokens = {one: members[one] for one in members if one.startswith(f"{name}.") and one.endswith(".tsr")}
        try:
            anchors, wrong, undone = stamped_times(trust.open(members[name]), tokens, trust)
        except VerificationError as error:
            problems.append(f"{name}: {error}")
            continue
        proven += [f"The log of {one.size} entries existed before {one.at}, by {one.by}." for one in anchors]
        problems += wrong
        left += undone
    return proven, problems, left
