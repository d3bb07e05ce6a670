"""Status of many system versions over all packs: a trail of that many decisions, and the question asked of it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec
from bench.cold_start import COMMAND, small_case
from bench.measured import Row, cost_of

from assay.adapters.here import project_at
from assay.adapters.trail_here import record
from assay.lifecycle.setting import now
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.verdict import Verdict
from assay.trail.events import make_event

VERSIONS = 1000
WANTED = "< 5 s"


def rows(versions: int = VERSIONS) -> list[Row]:
    """Return the CPU of the first status, which reads the trail in, and of the next, of all versions over all packs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small_case(folder)
        many_versions(folder, versions)
        asked = [*COMMAND, "status", "--all", "--format", "json"]
        first = cost_of(asked, cwd=folder, exits=(1, 3), quiet=True)
        again = cost_of(asked, cwd=folder, exits=(1, 3), quiet=True)
        what = f"`assay status --all`: {versions:,} versions, all packs in force"
        return [
            Row(f"{what}, the trail read for the first time", first.cpu, memory=first.memory),
            Row(f"{what}, again", again.cpu, memory=again.memory, wanted=WANTED),
        ]


def many_versions(folder: Path, versions: int) -> None:
    """Decide on many versions: each has evidence and a verdict of its own beside the log, and its entries in it."""
    release = next(folder.glob(".assay/releases/*/*"))
    evidence = parse_record((release / "evidence.json").read_bytes(), Evidence, name="evidence.json")
    verdict = parse_record((release / "verdict.json").read_bytes(), Verdict, name="verdict.json")
    events, at = [], now()
    for number in range(versions - 1):
        version, files = f"x{number}", sha256_hex(str(number).encode())
        stated = msgspec.structs.replace(evidence.model, version=version, sha256=files)
        measured = canonical_json(msgspec.structs.replace(evidence, model=stated))
        about = {"model_sha256": files, "evidence_sha256": sha256_hex(measured), "policy": verdict.policy.name,
                 "policy_sha256": verdict.policy.sha256, "model": verdict.model, "version": version}  # fmt: skip
        decided = canonical_json(
            msgspec.structs.replace(verdict, version=version, model_sha256=files, evidence_sha256=sha256_hex(measured))
        )
        kept = release.with_name(version)
        kept.mkdir()
        (kept / "evidence.json").write_bytes(measured)
        (kept / "verdict.json").write_bytes(decided)
        events.append(make_event("validation.result", {**about, "outcome": "failed"}, claimed_at=at))
        said = {**about, "decision": verdict.decision, "verdict_sha256": sha256_hex(decided)}
        events.append(make_event("gate.decision", said, claimed_at=at))
    record(events, project_at(folder))


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else VERSIONS):
        print(f"{row.work}: {row.cpu:.2f} s of CPU, {row.memory or 0:.0f} MB")
