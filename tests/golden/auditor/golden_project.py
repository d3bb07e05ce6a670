"""The project that the golden auditor bundle is exported from: fixed keys, fixed times, its log made of tiles here.

It uses nothing that may change the bytes: no clock, no random key, no engine.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from assay.attest import dsse, oms, statement
from assay.attest.bundle import Inclusion, leaf_sha256, make_bundle, receipt_content
from assay.attest.consent import consent_entry, consent_id, consent_statement
from assay.attest.keys import PrivateKey, Signer
from assay.records.canonical import canonical_json, sha256_hex
from assay.records.consent import Approval, Bound, Waiver
from assay.records.evidence import Actor, Code, Dataset, Evidence, Materiality, ModelVersion, Tool
from assay.records.tally import FileDigest, Roles, Tally
from assay.records.verdict import ConsentUse, Finding, PolicyName, Verdict
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.growth import Edge, grow
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import Note
from assay.tlog.proof import Proof
from assay.tlog.signer import signer_key
from assay.tlog.tile import tile_path
from assay.tlog.tree import MemoryTree, inclusion_proof

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.attest.consent import Act

ORIGIN = "logs.example.com/golden"
AT = "2026-11-23T04:00:00Z"
ROLES = {"mila": "data-scientist", "vera": "validator", "rosa": "risk-owner"}
COMMENT = "Looked at the intervals by sex."


def seed(name: str) -> bytes:
    """Return a private key of the golden project: published here, and worthless."""
    return sha256(b"assay golden auditor bundle " + name.encode()).digest()


def signer(name: str) -> Signer:
    return Signer(name, PrivateKey(seed(name)))


LOG = signer_key(ORIGIN, seed("log"))
POST_QUANTUM = signer_key(ORIGIN, seed("log"), 6)
WITNESSES = {name: signer_key(f"{name}.example.com", seed(name), 4) for name in ("north", "south")}
POLICY = (
    "".join(f"witness {name} {one.verifier}\n" for name, one in WITNESSES.items())
    + "group both all north south\nquorum both\n"
)


def trust_yaml() -> str:
    lines = ["people:"]
    for name, role in ROLES.items():
        key = "".join(f"      {line}\n" for line in signer(name).public.pem().splitlines())
        lines.append(f"  - name: {name}\n    key: |\n{key}    roles: [{role}]")
    return "\n".join(lines) + "\n"


def _evidence(tally: bytes, actor: Actor) -> Evidence:
    weights = FileDigest(name="weights.bin", sha256=sha256_hex(b"weights"), size=7)
    rows = FileDigest(name="data/test.csv", sha256=sha256_hex(b"rows"), size=4)
    return Evidence(
        system="golden", stage="release",
        model=ModelVersion(
            name="golden", version="1", sha256=oms.root([(weights.name, weights.sha256)]), files=(weights,),
            author="mila",
        ),
        materiality=Materiality(exposure="low", purpose="a golden test", justification="It decides about nobody."),
        datasets=(Dataset(role="test", sha256=rows.sha256, files=(rows,), rows=2),), measured_on="test",
        policy_sha256="c3" * 32, code=Code(reason="no repository"), tally_sha256=sha256_hex(tally), rows=2,
        measurements=(), measured_at=AT, measured_by=actor,
        tool=Tool(version="0.1.0", python="3.11.7", engine="none"),
    )  # fmt: skip


def _consents(evidence: Evidence, content: bytes) -> list[tuple[Act, dsse.Envelope]]:
    bound = Bound(
        model_sha256=evidence.model.sha256, datasets={one.role: one.sha256 for one in evidence.datasets},
        policy_sha256=evidence.policy_sha256, evidence_sha256=sha256_hex(content),
    )  # fmt: skip
    acts: list[Act] = [
        Approval(role="validator", by="vera", bound=bound, comment=COMMENT, at=AT),
        Waiver(
            model="golden", version="1", control="gap", role="risk-owner", by="rosa", reason="Few people.",
            compensating="A person looks at each refusal.", expires="2027-01-01", bound=bound, at=AT,
        ),
    ]  # fmt: skip
    return [(act, dsse.sign(consent_statement(act), [signer(act.by)])) for act in acts]


def _verdict(
    evidence: Evidence, content: bytes, consents: Sequence[tuple[Act, dsse.Envelope]], actor: Actor
) -> Verdict:
    ids = [consent_id(dsse.decode_base64(envelope.payload, "consent")) for _, envelope in consents]
    return Verdict(
        decision="allow", reason="Every control passed, or its risk was accepted.", system="golden", model="golden",
        version="1", model_sha256=evidence.model.sha256,
        datasets={one.role: one.sha256 for one in evidence.datasets},
        policy=PolicyName(name="golden", version="1", sha256=evidence.policy_sha256),
        evidence_sha256=sha256_hex(content),
        findings=(
            Finding(id="auc", control="auc", check="performance-floor", title="A", status="pass", reason="Above."),
            Finding(id="gap/sex", control="gap", check="group-gap", title="B", status="fail", reason="Above."),
        ),
        consents=(
            ConsentUse(id=ids[0], kind="approval", by="vera", role="validator", status="counted", reason="1 of 1"),
            ConsentUse(id=ids[1], kind="waiver", by="rosa", role="risk-owner", status="obeyed", reason="until then"),
        ),
        decided_at="2026-11-23T04:00:01Z", decided_by=actor,
    )  # fmt: skip


def make_project(root: Path) -> Path:
    """Write the project below a folder and return its state folder."""
    mila = signer("mila")
    actor = Actor(identity="mila", key=mila.key_id)
    tally = canonical_json(Tally(roles=Roles(label="approved", prediction="predicted"), rows=2))
    evidence = _evidence(tally, actor)
    content = canonical_json(evidence)
    consents = _consents(evidence, content)
    verdict = _verdict(evidence, content, consents, actor)
    decided = canonical_json(verdict)
    bundle = make_bundle(
        [
            dsse.sign(statement.evidence_statement(evidence, verdict, evidence_sha256=sha256_hex(content)), [mila]),
            dsse.sign(
                statement.verdict_statement(
                    verdict, verdict_sha256=sha256_hex(decided), verifier="https://assay/verifier/0.1.0"
                ),
                [mila],
            ),
        ],
        [mila.public],
    )
    entries = [b"an earlier entry", *(consent_entry(envelope) for _, envelope in consents), *bundle.attestations]
    state = root / ".assay"
    receipt = _write_log(state, entries, bundle.attestations)
    measured = statement.measured_statement(evidence, evidence_sha256=sha256_hex(content))
    files = {
        "tally.json": tally, "evidence.json": content, "verdict.json": decided, "bundle.json": bundle.content(),
        "receipt.json": receipt, "evidence.dsse.json": dsse.sign(measured, [mila]).content(),
        "report.html": b"<!doctype html><title>golden 1</title><p>allow\n",
    }  # fmt: skip
    for act, envelope in consents:
        identity = consent_id(dsse.decode_base64(envelope.payload, "consent"))
        files[f"consents/{identity}.json"] = envelope.content()
        if isinstance(act, Approval):
            files[f"consents/{identity}.txt"] = act.comment.encode()
    _write(state / "releases" / "golden" / "1", files)
    pub = {f"{name}.pub": signer(name).public.pem().encode() for name in (*ROLES, "ci")}
    _write(state / "keys", pub)
    _write(root, {"trust.yaml": trust_yaml().encode()})
    return state


def _write(folder: Path, files: dict[str, Any]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _write_log(state: Path, entries: Sequence[bytes], attested: Sequence[bytes]) -> bytes:
    """Write the tiles and the checkpoint, signed by the log twice and by both witnesses; return the receipt."""
    growth = grow(Edge(), entries)
    text = Checkpoint(ORIGIN, growth.edge.size, growth.edge.root()).text()
    marks = [LOG.sign(text), POST_QUANTUM.cosign(text, 1_795_406_400)]
    marks += [one.cosign(text, 1_795_406_400 + number) for number, one in enumerate(WITNESSES.values(), 1)]
    files = {tile_path(tile): content for tile, content in growth.files}
    _write(state / "log", {**files, "checkpoint": Note(text, tuple(marks)).content()})
    _write(state, {"log.vkey": f"{LOG.verifier}\n".encode()})
    tree = MemoryTree([hash_leaf(entry) for entry in entries])
    note = Note(text, (LOG.sign(text),)).content()
    inclusions = []
    for entry in attested:
        index = entries.index(entry)
        proof = Proof(index, tuple(inclusion_proof(index, len(entries), tree.node)), note)
        inclusions.append(Inclusion(ORIGIN, index, leaf_sha256(entry), proof.content().decode()))
    return receipt_content(inclusions)
