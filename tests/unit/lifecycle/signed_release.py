"""A small release on disk, signed and logged as `assay run` does it, for tests of what verifies it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.folder_log import open_log
from assay.attest import dsse, oms, statement
from assay.attest.bundle import make_bundle, receipt_content
from assay.lifecycle.keyring import Keyring
from assay.records.canonical import canonical_json, sha256_hex
from assay.records.evidence import Actor, Code, Dataset, Evidence, Materiality, ModelVersion, Tool
from assay.records.tally import FileDigest, Roles, Tally
from assay.records.verdict import Finding, PolicyName, Verdict

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Made:
    """Where everything is."""

    root: Path
    folder: Path

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def test(self) -> Path:
        return self.root / "data" / "test.csv"

    def signed_files(self) -> list[Path]:
        return [self.folder / f"{name}.json" for name in ("tally", "evidence", "verdict", "bundle", "receipt")]


def _file(path: Path, name: str) -> FileDigest:
    content = path.read_bytes()
    return FileDigest(name=name, sha256=sha256_hex(content), size=len(content))


def _evidence(made: Made, actor: Actor, version: str, tally: bytes) -> Evidence:
    files = tuple(_file(made.model / name, name) for name in ("config.json", "weights.bin"))
    test = _file(made.test, "data/test.csv")
    return Evidence(
        system="mortgage-approval",
        stage="release",
        model=ModelVersion(
            name="mortgage-approval", version=version, sha256=oms.root((f.name, f.sha256) for f in files), files=files
        ),
        materiality=Materiality(exposure="high", purpose="credit decision", justification="It decides about homes."),
        datasets=(Dataset(role="test", sha256=test.sha256, files=(test,), rows=2),),
        measured_on="test",
        policy_sha256="c3" * 32,
        code=Code(reason="no repository"),
        tally_sha256=sha256_hex(tally),
        rows=2,
        measurements=(),
        measured_at="2026-11-23T04:00:00Z",
        measured_by=actor,
        tool=Tool(version="0.1.0", python="3.11.7", engine="duckdb 1.4"),
    )


def _verdict(evidence: Evidence, evidence_sha256: str, actor: Actor) -> Verdict:
    return Verdict(
        decision="deny",
        reason="One control failed.",
        system=evidence.system,
        model=evidence.model.name,
        version=evidence.model.version,
        model_sha256=evidence.model.sha256,
        datasets={one.role: one.sha256 for one in evidence.datasets},
        policy=PolicyName(name="lending", version="1", sha256=evidence.policy_sha256),
        evidence_sha256=evidence_sha256,
        findings=(
            Finding(id="a", control="a", check="group_gap", title="A", status="pass", reason="Within the limit."),
            Finding(id="b", control="b", check="group_gap", title="B", status="fail", reason="Above the limit."),
            Finding(
                id="c", control="c", check="group_gap", title="C", status="unknown", enforcement="warn", reason="Few."
            ),
        ),
        decided_at="2026-11-23T04:00:01Z",
        decided_by=actor,
    )


def make_release(root: Path, *, version: str = "1", weights: bytes = b"weights") -> Made:
    """Write model, data, state and one signed, logged release below a folder."""
    made = Made(root, root / ".assay" / "releases" / "mortgage-approval" / version)
    for folder in (made.model, made.test.parent, made.folder):
        folder.mkdir(parents=True, exist_ok=True)
    (made.model / "weights.bin").write_bytes(weights)
    (made.model / "config.json").write_text("{}")
    made.test.write_text("approved,predicted\n1,1\n0,1\n")
    signer = Keyring(root / ".assay" / "keys").signer()
    actor = Actor(identity=signer.name, key=signer.key_id)
    tally = canonical_json(Tally(roles=Roles(label="approved", prediction="predicted"), rows=2))
    evidence = _evidence(made, actor, version, tally)
    evidence_bytes = canonical_json(evidence)
    verdict = _verdict(evidence, sha256_hex(evidence_bytes), actor)
    verdict_bytes = canonical_json(verdict)
    measured = statement.measured_statement(evidence, evidence_sha256=sha256_hex(evidence_bytes))
    bundle = make_bundle(
        [
            dsse.sign(
                statement.evidence_statement(evidence, verdict, evidence_sha256=sha256_hex(evidence_bytes)), [signer]
            ),
            dsse.sign(
                statement.verdict_statement(
                    verdict, verdict_sha256=sha256_hex(verdict_bytes), verifier="https://assay/verifier/0.1.0"
                ),
                [signer],
            ),
        ],
        [signer.public],
    )
    inclusions = open_log(root / ".assay" / "log", "mortgage-approval").append(bundle.attestations)
    written = {
        "tally.json": tally,
        "evidence.json": evidence_bytes,
        "verdict.json": verdict_bytes,
        "bundle.json": bundle.content(),
        "receipt.json": receipt_content(inclusions),
        "evidence.dsse.json": dsse.sign(measured, [signer]).content(),
        "notes.md": b"# Somebody's notes\n",
    }
    for name, content in written.items():
        (made.folder / name).write_bytes(content)
    return made
