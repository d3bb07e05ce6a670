"""The command: ``python verify.pyz [BUNDLE] [--trust FILE] [--vkey KEY] [--policy FILE] [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .bundle import check_bundle
from .findings import Findings
from .members import MANIFEST, read_members
from .note import parse_log_key
from .quorum import parse_policy
from .strict import Refused, decode_text
from .trust import parse_trust

if TYPE_CHECKING:
    from collections.abc import Sequence

HOLDS, DOES_NOT_HOLD, WRONG = 0, 1, 2


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify.pyz",
        description="Check an auditor bundle offline, and say what was proven, by whom, and what was not checked.",
        epilog="Exit codes: 0 everything that was checked holds, 1 something does not, 2 wrong command or input.",
    )
    parser.add_argument("bundle", nargs="?", type=Path, help="zip file or folder (default: where you are, or I am)")
    parser.add_argument("--trust", type=Path, help="trust.json that you got by another way than in the bundle")
    parser.add_argument("--vkey", action="append", default=[], help="the log's verifier key, or a file of its keys")
    parser.add_argument("--policy", type=Path, help="tlog-policy: whose cosignatures you ask for")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _vkeys(text: str) -> list[str]:
    path = Path(text)
    lines = decode_text(path.read_bytes(), text).splitlines() if "+" not in text or path.is_file() else [text]
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _place(given: Path | None) -> Path:
    """Return the bundle asked for; else the working folder, or the one that this program lies in."""
    found = given or next((one for one in (Path(), Path(sys.argv[0]).parent) if (one / MANIFEST).is_file()), None)
    if found is None:
        raise Refused(f"expected a bundle: name its zip file, or the folder it was unpacked to; here is no {MANIFEST}")
    return found


def verify(arguments: Sequence[str] | None = None) -> tuple[Findings, bool]:
    """Check what the command line names; return what was found, and whether JSON was asked for."""
    asked = _arguments().parse_args(arguments)
    place = _place(asked.bundle)
    trust = parse_trust(asked.trust.read_bytes(), str(asked.trust)) if asked.trust else None
    policy = parse_policy(asked.policy.read_bytes(), str(asked.policy)) if asked.policy else None
    logs = [parse_log_key(line) for text in asked.vkey for line in _vkeys(text)]
    try:
        members = read_members(place)
    except Refused as error:
        return Findings(problems=[str(error)]), asked.json
    return check_bundle(members, trust=trust, logs=logs, policy=policy), asked.json


def told(found: Findings, *, as_json: bool) -> str:
    """Return what was found, for a person or as JSON."""
    holds = not found.problems
    if as_json:
        releases = [
            {"model": model, "version": version, "decision": decision} for model, version, decision in found.releases
        ]
        lists = {name: getattr(found, name) for name in ("problems", "warnings", "proven", "not_checked")}
        return json.dumps({"holds": holds, "releases": releases, **lists}, indent=1)
    said = "decided" if holds else "said to be decided"
    named = "; ".join(f"{name} {version}, {said}: {decision}" for name, version, decision in found.releases)
    lines = [f"{'HOLDS' if holds else 'DOES NOT HOLD'}: {named or 'no release could be read'}", ""]
    for title, sentences in (("wrong", found.problems), ("warning", found.warnings), ("proven", found.proven)):
        lines += [f"{title:<13}{one}" for one in sentences]
    return "\n".join([*lines, *(f"{'not checked':<13}{one}" for one in found.not_checked)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        found, as_json = verify(arguments)
    except (Refused, OSError) as error:
        sys.stderr.write(f"verify: {error}\n")
        return WRONG
    sys.stdout.write(f"{told(found, as_json=as_json)}\n")
    return DOES_NOT_HOLD if found.problems else HOLDS


if __name__ == "__main__":
    sys.exit(main())
