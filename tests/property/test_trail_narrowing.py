"""For one model the narrowed trail answers as the whole one, whatever stands in the log; so do rows made bit by bit."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.records.canonical import canonical_json, sha256_hex
from assay.records.evidence import Actor
from assay.records.verdict import Finding, PolicyName, Verdict
from assay.trail import projection
from assay.trail.examples import EXAMPLES, of
from assay.trail.exploring import Filter, entries
from assay.trail.histories import alerts, decisions, remediations, validations
from assay.trail.holdings import holdings
from assay.trail.incident_table import incident_standings
from assay.trail.incidents import incidents, still_open
from assay.trail.inventory import inventory
from assay.trail.lineage import lineage
from assay.trail.of_links import incidents_named, remediations_of
from assay.trail.of_version import facts_about, named_facts, newest_about
from assay.trail.questions import LEAVE, production
from assay.trail.reading import CONSENT_DIGEST, NO_FILES, read_entry
from assay.trail.remediations import release_remediations
from assay.trail.risks import risks
from assay.trail.run_history import runs
from assay.trail.serving import CHANGES
from assay.trail.standing import renew
from assay.trail.standing_table import standings
from assay.trail.view import CONSENTS
from unit.trail.memory_trail import MILA, ROSA, STRANGER, TRUST, VERA, MemoryTrail, in_memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from assay.trail.answers import Answer
    from assay.trail.lineage import Lineage
    from assay.trail.reading import Read
    from assay.trail.view import View

MODELS = ("credit", "fraud", "claims")
DAY = "2026-06-01"
PEOPLE = tuple(f"p_{digit * 32}" for digit in "abc")
NAMING = ("by", "second", "owner", "author", "to")
FILES = tuple(of(f"files {number}") for number in range(5))
EVIDENCE = tuple(of(f"evidence {number}") for number in range(3))
ALERTS = ("a-1", "a-2", "a-3")


def _verdict(model: str, version: str, number: int) -> bytes:
    finding = Finding(id="gap", control="gap", check="group-gap", title="gap", status=("pass", "fail")[number % 2],
                      reason="", clauses=("eu-ai-act:10(2)(f)",))  # fmt: skip
    return canonical_json(
        Verdict(
            decision="deny", reason="", system="bank", model=model, version=version, model_sha256=FILES[number % 5],
            datasets={}, policy=PolicyName(name="p", version="1", sha256=of("policy")),
            evidence_sha256=EVIDENCE[number % 3], findings=(finding,), decided_at="2026-01-01T00:00:00Z",
            decided_by=Actor(identity="mila", key="00"),
        )
    )  # fmt: skip


VERDICTS = {
    sha256_hex(content): content
    for number, model in enumerate(MODELS)
    for version in ("1", "2")
    for content in (_verdict(model, version, 2 * number + int(version)),)
}

POOLS: dict[str, tuple[Any, ...]] = {
    "model": MODELS,
    "version": ("1", "2"),
    "model_sha256": (*FILES, NO_FILES),
    "to_model_sha256": (*FILES, None),
    "to_version": ("1", "2", None),
    "evidence_sha256": EVIDENCE,
    "policy_sha256": (of("policy"), of("other policy")),
    "verdict_sha256": tuple(VERDICTS),
    "alert": ALERTS,
    "incident": (*ALERTS, "i-1"),
    "remediation": ("r-1", "r-2", "r-3"),
    "finding": (*ALERTS, "gap"),
    "consent": ("c-1", "c-2"),
    "environment": ("production", "shadow"),
    "outcome": (),
    "run": ("run-1", "run-2"),
    "job": ("train-credit", "fraud/train", "job"),
    "owner": PEOPLE,
    "by": PEOPLE,
    "author": PEOPLE,
    "stage": (None, "data", "monitoring"),
    "how": ("back-within-limit", "remediated", "false-alarm"),
    "monitors": ((), ("a-1",)),
}
KINDS = (
    "model.registered", "model.retired", "validation.criteria", "validation.result", "gate.decision",
    "approval.granted", "approval.denied", "approval.revoked", "waiver.granted", "override.granted",
    "deployment.started", "deployment.finished", "deployment.rolled_back", "monitor.alert", "monitor.ack",
    "monitor.assigned", "monitor.resolved", "remediation.opened", "remediation.assigned", "remediation.acted",
    "remediation.retested", "remediation.closed", "incident.declared", "incident.reported", "risk.recorded",
    "run.started", "run.finished", "review.comment", "dataset.registered", "report.issued",
)  # fmt: skip


@dataclass(repr=False)
class DrawnTrail(MemoryTrail):
    """A trail that is told by its events, one a line."""

    lines: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return the events in short."""
        return "\n".join(["", *self.lines])

    def note(self, kind: str, fields: dict[str, Any], **head: Any) -> None:  # noqa: ANN401 - as `make_event`
        """Keep what is said in short."""
        shown = {name: str(value)[:12] for name, value in (fields | head).items() if name in {*POOLS, "corrects"}}
        self.lines.append(f"{len(self.lines)} {kind} {shown}")


@st.composite
def trails(draw: st.DrawFn) -> MemoryTrail:
    """Draw a trail in which models share files, alerts and ids more often than any real ones do."""
    trail = DrawnTrail(documents=dict(VERDICTS))
    for number in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(KINDS))
        fields = _drawn(draw, kind)
        at = f"2026-{draw(st.integers(1, 5)):02d}-01T00:00:00Z"
        signer = draw(st.sampled_from((MILA, MILA, VERA, ROSA, STRANGER)))
        corrects = draw(st.sampled_from((None, None, None, *range(number))))
        trail.say(kind, at, signer=signer, _corrects=corrects, _id=f"e-{number}", **fields)
        trail.note(kind, fields, corrects=corrects, by_whom=signer.name)
        if draw(st.integers(0, 9)) == 0:
            trail.approve()
            trail.note("approve", {})
    return trail


def _drawn(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    fields = dict(EXAMPLES[kind])
    for name, pool in POOLS.items():
        if name in fields and pool:
            fields[name] = draw(st.sampled_from(pool))
    if kind == "approval.granted":
        fields |= {"model": draw(st.sampled_from((*MODELS, None))), "version": draw(st.sampled_from(("1", None)))}
    if kind in {"gate.decision", "validation.result"}:
        _draw_stage(draw, kind, fields)
    if kind == "remediation.opened":
        fields["verdict_sha256"] = draw(st.sampled_from((None, *VERDICTS)))
    if kind == "run.started":
        fields["inputs"] = {"train": draw(st.sampled_from((*FILES, of("data"))))}
    if kind == "run.finished":
        fields["outputs"] = {draw(st.sampled_from((*MODELS, "data"))): draw(st.sampled_from((*FILES, of("data"))))}
    return fields


def _draw_stage(draw: st.DrawFn, kind: str, fields: dict[str, Any]) -> None:
    """Draw what was decided on; the verdict beside the log is about the model that the entry names."""
    if draw(st.booleans()):
        fields |= {"stage": "data", "model_sha256": NO_FILES}
        fields |= {"verdict_sha256": None} if kind == "gate.decision" else {}
        return
    fields["stage"] = draw(st.sampled_from((None, None, "monitoring")))
    if kind == "gate.decision":
        name = f'"{fields["model"]}"'.encode()
        fields["verdict_sha256"] = draw(st.sampled_from([one for one, held in VERDICTS.items() if name in held]))
        fields["model_sha256"] = json.loads(VERDICTS[fields["verdict_sha256"]])["model_sha256"]


def said(answer: Answer) -> Any:  # noqa: ANN401 - to compare
    """Return what an answer says; what it leaves out of other models is not among it."""
    return answer.rows, answer.sentences, answer.cited


def compare(whole: View, model: str) -> None:
    narrowed = whole.about(model)
    for ask in (inventory, decisions, validations, alerts, remediations, runs):
        few, all_ = ask(narrowed, model), ask(whole, model)
        assert said(few) == said(all_), ask
    for environment in ("production", "shadow"):
        ways = (narrowed, whole.about(model, types=(*CHANGES, *LEAVE)))
        for few in (production(view, model, DAY, environment=environment) for view in ways):
            assert said(few) == said(production(whole, model, DAY, environment=environment))
    assert [one for one in incidents(narrowed) if one.about[0] == model] == [
        one for one in incidents(whole) if one.about[0] == model
    ]
    assert [one for one in release_remediations(narrowed) if one.opened.said.model == model] == [
        one for one in release_remediations(whole) if one.opened.said.model == model
    ]
    held = [holdings(view, DAY, lambda _tier: None)[0] for view in (narrowed, whole)]
    assert [one for one in held[0] if one.model == model] == [one for one in held[1] if one.model == model]
    assert risks(narrowed, model, "1", DAY) == risks(whole, model, "1", DAY)


@settings(max_examples=int(os.environ.get("ASSAY_NARROWING", "30")))
@given(trails(), st.sampled_from(MODELS))
def test_one_model_is_answered_as_by_the_whole_trail(trail: MemoryTrail, model: str) -> None:
    compare(trail.view(), model)


@settings(max_examples=30)
@given(trails(), st.sampled_from(MODELS), st.sampled_from(("1", "2")), st.sampled_from(FILES))
def test_what_is_found_by_the_marks_of_a_version_is_what_a_look_at_every_entry_finds(
    trail: MemoryTrail, model: str, version: str, files: str
) -> None:
    whole = trail.view()
    about = facts_about(whole.facts(*KINDS), model, version, files)
    for most in (2, 200):
        assert newest_about(whole, model, version, files, types=KINDS, most=most) == about[-most:]
    deployed = [fact for fact in about if fact.event.type in CHANGES]
    assert named_facts(whole, model, version, files, types=CHANGES) == deployed
    known = incidents(whole)
    assert incidents_named(whole, [one.name for one in known]) == known
    for one in known:
        assert incidents_named(whole, (one.name,)) == [one]
    assert remediations_of(whole, model, version) == [
        one
        for one in release_remediations(whole)
        if (one.opened.said.model, one.opened.said.version) == (model, version)
    ]


def reached_by(start: set[str], ways: Iterable[tuple[str, str]]) -> set[str]:
    """Return what follows from some nodes, and what leads to all that."""
    found, pairs = set(start), list(ways)
    for forward in (True, False):
        left = True
        while left:
            new = {b for a, b in pairs if a in found} if forward else {a for a, b in pairs if b in found}
            left = not new <= found
            found |= new
    return found


@settings(max_examples=30)
@given(trails(), st.sampled_from(MODELS))
def test_a_lineage_is_the_part_of_the_whole_graph_that_leads_to_the_model_and_follows(
    trail: MemoryTrail, model: str
) -> None:
    view = trail.view()
    everything, found = lineage(view), lineage(view, model)
    assert found == lineage(view.about(model), model)
    ways = {(edge.source, edge.target) for edge in everything.edges}
    start = {node.id for node in found.nodes if node.kind == "model-version" and node.label.startswith(model)}
    reached = reached_by(start, ways)
    assert {node.id for node in found.nodes} == reached
    assert {(edge.source, edge.target) for edge in found.edges} == {
        (a, b) for a, b in ways if a in reached and b in reached
    }
    named = {node.id for node in everything.nodes if node.label.startswith(model) and node.kind == "model-version"}
    assert named == start
    for version in ("1", "2"):
        compare_version(view, found, model, version)


def compare_version(view: View, of_model: Lineage, model: str, version: str) -> None:
    """The lineage of a version is what leads to it and follows in that of its model, nodes and ways alike."""
    one = lineage(view, model, version)
    ways = [(edge.source, edge.target) for edge in of_model.edges]
    start = {node.id for node in of_model.nodes if (node.kind, node.label) == ("model-version", f"{model} {version}")}
    kept = reached_by(start, ways)
    assert {node.id for node in one.nodes} == kept
    assert {(edge.source, edge.target) for edge in one.edges} == {(a, b) for a, b in ways if {a, b} <= kept}
    told = {node.id: (node.kind, node.detail) for node in of_model.nodes if not node.id.startswith("sha256:")}
    assert {node.id: (node.kind, node.detail) for node in one.nodes if not node.id.startswith("sha256:")} == {
        name: said for name, said in told.items() if name in kept
    }
    every = {node.id: set(node.entries) for node in of_model.nodes}
    assert all(set(node.entries) <= every[node.id] for node in one.nodes)


@settings(max_examples=25)
@given(trails(), st.lists(st.integers(1, 24), max_size=4))
def test_rows_made_bit_by_bit_are_those_made_at_once(trail: MemoryTrail, cuts: list[int]) -> None:
    parts, done = in_memory(), 0
    projection.create(parts, "example.com/log", of("keys"))
    whole = trail.view()
    for end in sorted({*(cut for cut in cuts if cut < len(trail.entries)), len(trail.entries)}):
        reads = [read_entry(place, trail.entries[place], TRUST.keys()) for place in range(done, end)]
        projection.project(parts, reads, size=end, root=trail.root(end))
        done = end
        view = trail.view(end)
        renew(type(view)(**{**vars(view), "connection": parts}), most=1000)
    renew(whole, most=1000)
    assert projection.differences(parts, whole.connection) == []
    known = sorted(incidents(whole), key=lambda one: one.over)  # a page begins with what is not over
    page = incident_standings(whole.connection, everything=True, limit=500)
    assert [(one.name, one.model, one.status, one.over) for one in page.rows] == [
        (one.name, one.about[0], one.status, one.over) for one in known
    ]
    assert page.open == incident_standings(whole.connection).total == len(still_open(known))
    rows = standings(whole.connection, today=DAY, limit=500).rows
    listed = inventory(whole).rows
    assert sorted((row.model, row.version or "", row.status) for row in rows) == sorted(
        (row["model"], row["version"] or "", row["status"]) for row in listed
    )


@settings(max_examples=30)
@given(trails(), st.sampled_from((None, *MODELS)), st.sampled_from((None, *PEOPLE)), st.sampled_from((None, *FILES)))
def test_a_page_is_what_a_look_at_every_entry_finds(
    trail: MemoryTrail, model: str | None, person: str | None, subject: str | None
) -> None:
    view = trail.view()
    wanted = Filter(model=model, person=person, subject=subject, since="2026-02-01", until="2026-04-30")
    found = [read.index for read in entries(view, wanted, limit=500).reads]
    held = None if model is None else view.about(model).narrow
    expected = [
        read.index
        for read in projection.select(view.connection, size=view.size)
        if read.event is not None
        and "2026-02-01" <= (read.event.claimed_at or "") < "2026-05-01"
        and (held is None or read.index in held.types)
        and (person is None or person in {getattr(read.event.fields, name, None) for name in NAMING})
        and (subject is None or subject in read.event.subjects.values())
    ]
    assert found == expected[::-1]


class MemorySayings:
    """What the consents at hand say, as an index would tell it (`assay.trail.sayings.Sayings`)."""

    def __init__(self, view: View, unknown: int) -> None:
        digests = list(projection.select(view.connection, CONSENT_DIGEST, size=view.size))
        told = {read.index: view.told(read) for read in digests if read.index % 5 != unknown}
        self._kinds = {read.index: "" if read.index not in told else told[read.index].type for read in digests}
        self._said = {
            str(read.waits_for): (read.type, getattr(read.event.fields, "model", None) or "")
            for read in told.values()
            if read.event is not None
        }

    def of_kinds(self, kinds: Collection[str]) -> list[int]:
        return sorted(index for index, kind in self._kinds.items() if kind in {"", CONSENT_DIGEST, *kinds})

    def said(self, envelope: str) -> tuple[str, str] | None:
        return self._said.get(envelope)


@settings(max_examples=60)
@given(
    trails(),
    st.lists(st.sampled_from(("a", "w", "r")), max_size=12),
    st.sampled_from(
        ((), ("waiver.granted",), ("approval.",), ("approval.revoked", "gate.decision"), (CONSENT_DIGEST,))
    ),
    st.sampled_from((None, *MODELS)),
    st.sampled_from((None, 0, 3)),
)
def test_pages_for_who_sees_some_are_what_they_see_of_all(
    trail: MemoryTrail, acts: list[str], types: tuple[str, ...], model: str | None, unknown: int | None
) -> None:
    consents = [trail.approve(at=f"2026-09-{place + 1:02d}T10:00:00Z") for place, act in enumerate(acts) if act == "a"]
    consents += [trail.waive(expires=f"2026-12-{place + 1:02d}") for place, act in enumerate(acts) if act == "w"]
    for _, consent in consents[: acts.count("r")]:
        trail.revoke(consent, at="2026-10-01T10:00:00Z")
    whole = trail.view()

    def seen(_kind: str, _system: str | None, name: str | None) -> bool:
        return model is None or name == model

    def is_wanted(read: Read) -> bool:
        digests = types == (CONSENT_DIGEST,) and read.type in CONSENTS and read.names
        listed = any(read.type == one or (one.endswith(".") and read.type.startswith(one)) for one in types)
        return not types or listed or bool(digests)

    expected = [
        read.index
        for read in map(whole.told, projection.select(whole.connection, size=whole.size))
        if is_wanted(read) and seen("", None, None if read.event is None else getattr(read.event.fields, "model", None))
    ]
    ways = [whole] if unknown is None else [whole, replace(whole, sayings=MemorySayings(whole, unknown))]
    for view in ways:
        for most in (None, 3):
            found: list[int] = []
            before: int | None = None
            for _ in range(whole.size + 2):
                page = entries(view, Filter(types=types), before=before, limit=2, seen=seen, most=most)
                found += [read.index for read in page.reads]
                before = page.before
                if before is None:
                    break
            assert before is None
            assert found == expected[::-1]
