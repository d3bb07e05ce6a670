"""A server's folder with many models and many events, made as real ones are: every entry signed, the log a real log.

What makes it quick is that a statement of each kind is written and checked once, by the code that writes all of them,
and then filled in for each event; each is signed by itself. The same numbers give the same folder, but for the keys.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._many_folders import DECISIONS, ORIGIN, SYSTEMS, Folders
from bench._templates import Template

from assay.adapters.folder_log import FolderLog
from assay.attest import dsse
from assay.attest.consent import consent_entry, consent_id, consent_statement
from assay.attest.statement import make_statement
from assay.records.canonical import sha256_hex
from assay.records.consent import Approval, Bound, Waiver
from assay.trail.events import event_statement, make_event
from assay.trail.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.attest.keys import Signer

MODELS, EVENTS = 10_000, 1_000_000
TODAY = "2026-11-23"
BATCH = 20_000

_PURPOSES = ("credit decision", "fraud alert", "claims triage", "hiring shortlist", "pricing", "churn")
_KINDS = ("credit", "fraud", "claims", "hiring", "pricing", "churn", "demand", "routing")
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_DAYS = 1050
_HEX, _PSEUDONYM = 64, 34
_RESOLVED = 0.99
"""The share of alerts that are over."""

_READ = 0.05
"""The share of what is watched after which somebody reads a page, which is an event, too."""

OLD, VERSIONS = 3, 200
"""The model of which there are most versions: its number, and how many."""


@dataclass(frozen=True)
class Many:
    """What was made.

    Attributes:
        home: the server's folder.
        models: the models' names.
        events: entries of the log.
        people: pseudonyms.
    """

    home: Path
    models: tuple[str, ...]
    events: int
    people: tuple[str, ...]


def make(home: Path, models: int = MODELS, events: int = EVENTS) -> Many:
    """Make a server's folder: people, policies, log, releases with all their files.

    Args:
        home: an empty folder.
        models: models, each with one to three versions; one has 200.
        events: entries of the log.
    """
    folders = Folders(home)
    maker = _Maker(folders, random.Random(7), models, events)  # noqa: S311 - the same folder each time
    log = FolderLog.init(home / ".assay/log", ORIGIN)
    waiting: list[bytes] = []
    for count, entry in enumerate(maker.entries(), 1):
        waiting.append(entry)
        if len(waiting) == BATCH or count == events:
            log.extend(waiting)
            print(f"{count:,} entries", file=sys.stderr)
            waiting = []
        if count == events:
            break
    folders.close()
    return Many(home, tuple(maker.names), events, tuple(folders.codes))


@dataclass
class _Version:
    model: str
    version: str
    system: str
    files: str
    evidence: str
    decision: str
    verdict: str = ""

    @property
    def passes(self) -> bool:
        return self.decision in {"allow", "warn"}


@dataclass
class _Maker:
    folders: Folders
    draw: random.Random
    models: int
    events: int
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.codes, self.signers = self.folders.codes, self.folders.signers
        self.signer = self.signers[-1][1]
        self.names = [f"{_KINDS[number % len(_KINDS)]}-{number:05d}" for number in range(self.models)]
        self.policy = self.folders.policy.sha256
        self.count = 0
        self.templates: dict[str, Template] = {}

    def signed(self, payload: bytes, signer: Signer | None = None) -> bytes:
        """Return an entry: a signed statement."""
        by = signer or self.signer
        return dsse.Envelope(
            base64.b64encode(payload).decode(), dsse.IN_TOTO,
            (dsse.Signature(base64.b64encode(by.sign(dsse.pae(dsse.IN_TOTO, payload))).decode(), by.key_id),),
        ).content()  # fmt: skip

    def say(self, kind: str, at: str, fixed: dict[str, Any] | None = None, /, **values: str) -> bytes:
        """Return an event of a kind, filled in; what is not given is as in its example, or as it is fixed."""
        self.count += 1
        name = f"{kind} {fixed} {' '.join(sorted(values))}"
        if name not in self.templates:
            self.templates[name] = self._template(kind, fixed or {}, values)
        return self.signed(self.templates[name].fill({**values, "_at": at, "_id": f"e_{self.count:032x}"}))

    def _template(self, kind: str, fixed: dict[str, Any], values: dict[str, str]) -> Template:
        marks = {"_at": "2001-01-01T00:00:00Z", "_id": "e_" + "0" * 31 + "9"}
        fields: dict[str, Any] = {**EXAMPLES[kind], **fixed}
        for number, (name, value) in enumerate(sorted(values.items())):
            marks[name] = _mark(number, value)
            if "." in name:
                held, _, key = name.partition(".")
                fields[held] = {key: marks[name]}
            else:
                fields[name] = marks[name]
        event = make_event(kind, fields, claimed_at=marks["_at"], identity=marks["_id"])
        return Template.of(event_statement(event), marks)

    def entries(self) -> Iterator[bytes]:
        """Yield entries: each model's releases first, as time goes on, then what monitoring finds of all of them."""
        versions: list[_Version] = []
        for number, name in enumerate(self.names):
            share = number / len(self.names) * 0.3
            for version in range(1, 1 + VERSIONS if number == OLD else 2 + self.draw.choice((0, 0, 1, 2))):
                one = self._version(name, str(version), f"system-{number % SYSTEMS:03d}")
                versions.append(one)
                yield from self._release(one, share + version * 0.001, number)
        while True:
            yield from self._watched(versions)

    def _at(self, share: float) -> str:
        return (_FIRST + timedelta(days=_DAYS * min(share, 1.0))).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _version(self, model: str, version: str, system: str) -> _Version:
        files = sha256_hex(f"{model} {version}".encode())
        decision = self.draw.choices(tuple(DECISIONS), tuple(DECISIONS.values()))[0]
        values = {"model": model, "version": version, "files": files, "system": system}
        evidence = self.folders.evidence_form.fill(values)
        return _Version(model, version, system, files, sha256_hex(evidence), decision)

    def _release(self, one: _Version, share: float, number: int) -> Iterator[bytes]:
        at = self._at(share)
        about = {"model": one.model, "version": one.version, "model_sha256": one.files}
        who = self.codes[number % len(self.codes)]
        run = f"train-{one.model}-{one.version}"
        data = sha256_hex(f"data {one.model}".encode())
        yield self.say(
            "model.registered", at, **about, owner=who, purpose=_PURPOSES[number % len(_PURPOSES)],
            tier=("low", "medium", "high")[number % 3],
        )  # fmt: skip
        yield self.say("dataset.registered", at, dataset=f"data-{one.model}", dataset_sha256=data)
        yield self.say("run.started", at, run=run, job=f"train-{one.model}", **{"inputs.train": data})
        yield self.say("run.finished", at, run=run, job=f"train-{one.model}", **{"outputs.files": one.files})
        yield self.say("validation.criteria", at, model=one.model, version=one.version, policy_sha256=self.policy)
        yield from self._decided(one, at)
        yield from self._consents(one, at, number)
        yield self.say("risk.recorded", at, model=one.model, version=one.version, risk=f"r-{number}-{one.version}")
        if one.decision == "deny":
            yield self.say(
                "remediation.opened", at, {"finding": "sex-gap/sex"}, model=one.model, version=one.version,
                remediation=f"{one.model}/{one.version}/sex-gap", verdict_sha256=one.verdict, owner=who,
            )  # fmt: skip
        if one.passes:
            deploy = {**about, "deployment": f"d-{one.model}-{one.version}"}
            yield self.say("deployment.started", at, **deploy)
            yield self.say("deployment.finished", self._at(share + 0.002), **deploy)

    def _decided(self, one: _Version, at: str) -> Iterator[bytes]:
        """Write evidence and verdict, and yield test result and decision, as a run has them in its log."""
        values = {"model": one.model, "version": one.version, "files": one.files, "evidence": one.evidence, "at": at,
                  "system": one.system}  # fmt: skip
        one.verdict = self.folders.put(values, one.decision)
        subjects = {one.model: one.files, "dataset:test": sha256_hex(b"test"), "evidence.json": one.evidence}
        named = {"name": self.folders.policy.name, "digest": {"sha256": self.policy}}
        warned = [] if one.decision == "allow" else ["sex-gap/sex"]
        test = {
            "result": "PASSED" if one.decision == "allow" else "WARNED", "failedTests": [], "warnedTests": warned,
            "configuration": [{**named, "name": f"policy:{named['name']}"}], "passedTests": ["files"],
        }  # fmt: skip
        yield self.signed(make_statement(subjects, "https://in-toto.io/attestation/test-result/v0.1", test))
        svr = {
            "verifier": {"id": "https://assay/verifier/0", "policies": [named]}, "timeCreated": at,
            "properties": [] if not one.passes else [f"ASSAY_DECISION_{one.decision.upper()}"],
        }  # fmt: skip
        subjects["verdict.json"] = one.verdict
        yield self.signed(make_statement(subjects, "https://in-toto.io/attestation/svr/v0.2", svr))

    def _consents(self, one: _Version, at: str, number: int) -> Iterator[bytes]:
        bound = Bound(
            model_sha256=one.files, datasets={}, policy_sha256=self.policy, evidence_sha256=one.evidence,
        )  # fmt: skip
        acts: list[tuple[Approval | Waiver, Signer]] = []
        if one.passes:
            signer = self.signers[number % 4][1]
            acts.append((Approval(role="validator", by=signer.name, bound=bound, at=at, salt="0" * 22), signer))
        if one.decision == "warn":
            signer = self.signers[4 + number % 4][1]
            ends = (datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=number % 365)).strftime("%Y-%m-%d")
            acts.append((
                Waiver(model=one.model, version=one.version, control="sex-gap", role="risk-owner", by=signer.name,
                       reason="few", compensating="a second look", expires=ends, bound=bound, at=at),
                signer,
            ))  # fmt: skip
        folder = self.folders.home.state / "releases" / one.model / one.version / "consents"
        for act, signer in acts:
            payload = consent_statement(act)
            envelope = dsse.sign(payload, [signer])
            folder.mkdir(exist_ok=True)
            (folder / f"{consent_id(payload)}.json").write_bytes(envelope.content())
            yield consent_entry(envelope)

    def _watched(self, versions: list[_Version]) -> Iterator[bytes]:
        """Yield what monitoring finds of one version, and what people do about it; some models have much more."""
        one = versions[int(len(versions) * self.draw.random() ** 3)]
        share = 0.31 + 0.69 * self.count / self.events
        at, alert = self._at(share), f"a-{self.count}"
        who, other = self.draw.choice(self.codes), self.draw.choice(self.codes)
        yield self.say("monitor.alert", at, model=one.model, version=one.version, alert=alert)
        yield self.say("monitor.ack", at, alert=alert, by=who)
        if self.draw.random() < 0.1:
            mending = f"m-{self.count}"
            values = {"model": one.model, "version": one.version, "remediation": mending, "finding": alert}
            yield self.say("remediation.opened", at, **values, owner=who)
            yield self.say("remediation.closed", at, remediation=mending, by=who)
            yield self.say("remediation.retested", at, remediation=mending, by=other)
            yield self.say("monitor.resolved", at, alert=alert, by=other)
        elif self.draw.random() < _RESOLVED:
            yield self.say("monitor.resolved", at, {"how": "false-alarm"}, alert=alert, by=who)
        yield self.say("review.comment", at, model=one.model, version=one.version, by=who)
        if self.draw.random() < _READ:
            yield self.say(
                "record.read", at, {"what": "model-version"}, which=f"/models/{one.model}/{one.version}", by=other
            )


def _mark(number: int, value: str) -> str:
    """Return what stands for a value while a statement is checked: of the same form, and found nowhere else."""
    if len(value) == _HEX and all(one in "0123456789abcdef" for one in value):
        return sha256_hex(b"mark %d" % number)
    if value.startswith("p_") and len(value) == 34:
        return f"p_{sha256_hex(b'mark %d' % number)[:32]}"
    return f"xMARK{number}x"


if __name__ == "__main__":
    sizes = [int(one.replace("_", "")) for one in sys.argv[2:]]
    made = make(Path(sys.argv[1]), *sizes)
    print(json.dumps({"home": str(made.home), "models": len(made.models), "events": made.events}))
