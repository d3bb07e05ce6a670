"""A server's folder for many models: its people and their keys, a policy for each system, and each version's files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from bench._templates import Template
from bench.cold_start import small_case

from assay.lifecycle.keyring import Keyring
from assay.lifecycle.received import Delivered, Place
from assay.records.canonical import canonical_json, parse_record, sha256_hex
from assay.records.delivery import Outcome
from assay.records.evidence import Evidence
from assay.records.explanation import Explanation
from assay.records.verdict import ApprovalStep, Verdict
from assay.server.entrance import Entrance
from assay.server.home import open_home
from assay.server.store import accounts, deliveries, open_store
from assay.server.today import keep_policy

if TYPE_CHECKING:
    from assay.attest.keys import Signer
    from assay.server.acting import Role
    from assay.server.home import Home

ORIGIN = "bench.example.com/console"
SYSTEMS, PEOPLE = 200, 200
DECISIONS = {"allow": 68, "warn": 20, "deny": 8, "undecided": 4}
"""How often each is decided, in a hundred."""

AT = 1_700_000_000
_SIGNING: dict[str, tuple[int, Role]] = {
    "validator": (4, "validator"), "risk-owner": (4, "approver"), "data-scientist": (8, "validator"),
}  # fmt: skip
"""The roles that the policy names: how many people have each, and their role at the server."""

_SAME = ("tally.json", "model-card.md", "report.html", "bundle.json", "receipt.json")
_DIGEST = "d" * 64
_FORM_AT = "2001-01-01T00:00:00Z"


class Folders:
    """What lies in a server's folder beside its log.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.home: Home = open_home(root, name=ORIGIN)
        self.signers: list[tuple[str, Signer]] = []
        self.codes = [f"p_{number:032x}" for number in range(PEOPLE)]
        self._kept = tempfile.TemporaryDirectory()
        case = Path(self._kept.name)
        small_case(case)
        self._release = next(case.glob(".assay/releases/*/*"))
        self._read_forms()
        policy = {"policy.yaml": (case / "policy.yaml").read_bytes()}
        with contextlib.closing(Entrance(self.home, open_store(None, root))) as entrance:
            self._make_people(entrance)
            adopted = [(f"system-{one:03d}", keep_policy(self.home, f"system-{one:03d}", policy)) for one in
                       range(SYSTEMS)]  # fmt: skip
            with entrance.store.writing() as rows:
                for system, kept in adopted:
                    deliveries.adopt(rows, system, kept.sha256, by="validator-0", at=AT)

    def _make_people(self, entrance: Entrance) -> None:
        ring = Keyring(self.home.keys)
        ring.signer()
        for title, (many, role) in _SIGNING.items():
            for number in range(many):
                name = f"{title}-{number}"
                account = accounts.Account(
                    name=name,
                    roles=(role,),
                    titles=(title,) if title != role else (),
                    created_by="administrator",
                    created_at=AT,
                    changed_at=AT,
                )
                entrance.people.add(account, at=AT)
                self.signers.append((title, ring.signer(name)))
        entrance.people.write_trust()
        folder = self.home.state / "people"
        folder.mkdir(exist_ok=True)
        for number, code in enumerate(self.codes):
            (folder / f"{code}.json").write_bytes(canonical_json({"name": f"person.{number:03d}"}))

    def _read_forms(self) -> None:
        """Take the records of a real small release as the form of all others."""
        evidence = parse_record((self._release / "evidence.json").read_bytes(), Evidence, name="evidence.json")
        verdict = parse_record((self._release / "verdict.json").read_bytes(), Verdict, name="verdict.json")
        why = parse_record((self._release / "explanation.json").read_bytes(), Explanation, name="explanation.json")
        self.policy = verdict.policy
        files = "f" * 64
        about = msgspec.structs.replace(evidence.model, name="xMODELx", version="xVERSIONx", sha256=files)
        marks = {"model": "xMODELx", "version": "xVERSIONx", "files": files, "system": "xSYSTEMx"}
        self.evidence_form = Template.of(
            canonical_json(msgspec.structs.replace(evidence, model=about, system="xSYSTEMx")), marks
        )
        marks |= {"evidence": "e" * 64, "at": _FORM_AT}
        self.verdict_forms = {
            word: Template.of(canonical_json(msgspec.structs.replace(
                verdict, model="xMODELx", version="xVERSIONx", model_sha256=files, evidence_sha256="e" * 64,
                system="xSYSTEMx", decision=word, decided_at=_FORM_AT,
                approvals=(ApprovalStep(role="validator", needed=1),) if word == "undecided" else (),
            )), marks)
            for word in DECISIONS
        }  # fmt: skip
        told = msgspec.structs.replace(why, verdict_sha256=_DIGEST, subject="xMODELx/xVERSIONx")
        self.why_form = Template.of(
            canonical_json(told), {"verdict": _DIGEST, "model": "xMODELx", "version": "xVERSIONx"}
        )
        self._same = {name: self._release / name for name in _SAME}
        self._linked = False

    def put(self, values: dict[str, str], decision: str) -> str:
        """Write the files of a version, and the record of its delivery; return the digest of its verdict.

        Args:
            values: model, version, files, system, evidence (its digest) and at.
            decision: what was decided.
        """
        verdict = self.verdict_forms[decision].fill(values)
        digest = sha256_hex(verdict)
        folder = self.home.state / "releases" / values["model"] / values["version"]
        folder.mkdir(parents=True)
        (folder / "evidence.json").write_bytes(self.evidence_form.fill(values))
        (folder / "verdict.json").write_bytes(verdict)
        (folder / "explanation.json").write_bytes(self.why_form.fill(values | {"verdict": digest}))
        self._put_same(folder)
        self._deliver(values, decision, digest)
        return digest

    def _put_same(self, folder: Path) -> None:
        """Put files there that all versions have alike; of a thousand versions one is written, the others are links."""
        try:
            for name, first in self._same.items():
                os.link(first, folder / name)
        except OSError:  # another disk, or as many links as a file may have
            for name, first in self._same.items():
                (folder / name).unlink(missing_ok=True)
                (folder / name).write_bytes(first.read_bytes())
            self._same = {name: folder / name for name in _SAME}

    def _deliver(self, values: dict[str, str], decision: str, verdict_sha256: str) -> None:
        model, version = values["model"], values["version"]
        one = Delivered(
            place=Place(model=model, version=version), system=values["system"], origin=f"logs.example.com/{model}",
            pipeline="ci", keys=(), files={"evidence.json": values["evidence"]}, sources={},
            model_sha256=values["files"], policy=self.policy.name, policy_sha256=self.policy.sha256, decision="allow",
            delivered_at=values["at"], verdict_sha256=verdict_sha256,
            outcome=Outcome(
                model=model, version=version, outcome="decided", decision=decision, words="decided",  # type: ignore[arg-type]
            ),
        )  # fmt: skip
        path = self.home.state / "deliveries/releases" / model / version / "release.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(canonical_json(one))

    def close(self) -> None:
        """Let the small release go that gave the forms."""
        self._kept.cleanup()
