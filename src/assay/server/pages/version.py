"""One model version: what was decided and why, what was measured, who consented, and all that happened to it since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar.params import FromPath

from assay.records.tally import Frozen
from assay.records.verdict import ApprovalStep, ConsentUse, Decision, Finding
from assay.reports import words
from assay.server.page import page
from assay.server.pages.consents import May, consents_open_to
from assay.server.pages.in_time import WITHOUT_PDF, sets_pdf
from assay.server.pages.regulators import Issued, Regulators, issued, regulators
from assay.server.pages.reports import Report, Section, Window, card_sections, in_words, reports, windows
from assay.server.pages.timeline import MOST, TYPES_TOLD, Happened, timeline
from assay.server.pages.version_files import Download, downloads
from assay.server.permits import may as can
from assay.server.serving import By, Here
from assay.trail.incident_table import of_version
from assay.trail.incident_telling import incident_row
from assay.trail.marks import MODEL
from assay.trail.of_links import incidents_named, remediations_of
from assay.trail.of_version import named_facts, newest_about
from assay.trail.registry_standing import MOVES, Against, against
from assay.trail.remediation_telling import about_words, status_words
from assay.trail.serving import CHANGES, spells

if TYPE_CHECKING:
    from assay.reports.charts import Chart
    from assay.reports.release import Release
    from assay.reports.why import Told
    from assay.server.acting import Actor
    from assay.server.inside import Held
    from assay.trail.view import View

MOST_LISTED = 50
"""So many alerts, and so many remediations, are listed: what is left to do first."""

_MOST_PASSED = 200
_MOST_TOLD = 6
"""So many findings are told with their causes; of more, the report tells."""


class ShownCause(Frozen, kw_only=True):
    """A cause, in words."""

    kind: str
    title: str
    strength: str
    detail: str
    evidence: tuple[str, ...]


class ShownChart(Frozen, kw_only=True):
    """A chart: its picture is a file of its own, its numbers are here."""

    name: str
    title: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class ShownSection(Frozen, kw_only=True):
    """Charts that belong together, or why there are none."""

    title: str
    lead: str
    absent: str
    charts: tuple[ShownChart, ...]


class ShownFinding(Frozen, kw_only=True):
    """A finding as a person reads it.

    Attributes:
        finding: the record.
        status: in words.
        does: what it does to the decision.
        numbers: what was measured, its interval, the limit, the people it rests on and whom it is about, as
            (name, in words).
        told: more in words: in people, what would have to change, how sure.
        causes: the likeliest first.
        remedies: the cheapest first: (what to do, the line that tries it).
        limit_set: who set the limit, when, after what and why.
        waiver: the waiver that accepts it.
        may: who may accept the risk, and whether that is the reader.
        charts: of its causes, and of what other cuts would come to.
        less: whether the report tells more of it.
    """

    finding: Finding
    status: str
    does: str
    numbers: tuple[tuple[str, str], ...]
    told: tuple[tuple[str, str], ...]
    causes: tuple[ShownCause, ...]
    remedies: tuple[tuple[str, str], ...]
    limit_set: str
    waiver: ConsentUse | None
    may: May | None
    charts: tuple[ShownChart, ...]
    less: bool = False


class ShownStep(Frozen, kw_only=True):
    """A step of consent, and whether the reader may give it."""

    step: ApprovalStep
    words: str


class ShownConsent(Frozen, kw_only=True):
    """A consent and what became of it."""

    use: ConsentUse
    words: str
    ended: bool


class ShownServing(Frozen, kw_only=True):
    """Where and when a version served, with the entries that say so."""

    environment: str
    since: str
    until: str | None
    entries: tuple[int, ...]


class ShownRemediation(Frozen, kw_only=True):
    """A remediation of a finding."""

    name: str
    words: str
    entries: tuple[int, ...]


class VersionPage(Frozen, kw_only=True):
    """A model version, as its page shows it.

    Attributes:
        decision: the word; None while nothing was decided here.
        words: the decision in a few words.
        reason: why.
        failing: findings that do not pass, in the policy's order.
        passed: those that do: (title, measured, limit, about whom, id).
        approve: whether the reader may approve, and if not, why; None where no approval is waited for.
        verdict_sha256: digest of the verdict that is shown; a consent is to this one.
        revocable: ids of the consents that the reader may take back.
        registries: what registries let it do against the verdict, or were not let to do.
        people: who may be given a finding to mend.
        regulators: documents for regulators that can be written.
        without_pdf: what is to be installed for them to be PDF, too; empty where it is.
        issued: those that the project has issued, or that came back signed.
        today: the day on which that can be due at the earliest.
        more_incidents: alerts and incidents that are over and not listed here; the trail has them all.
        more_remediations: remediations, the same.
        again: whether another policy is in force now, and the reader may have it decided again.
    """

    system: str
    model: str
    version: str
    author: str | None
    model_sha256: str
    decision: Decision | None
    words: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    failing: tuple[ShownFinding, ...] = ()
    passed: tuple[tuple[str, str, str, str, str], ...] = ()
    more_passed: int = 0
    aside: int = 0
    card: tuple[Section, ...] = ()
    card_missing: tuple[str, ...] = ()
    steps: tuple[ShownStep, ...] = ()
    consents: tuple[ShownConsent, ...] = ()
    approve: May | None = None
    verdict_sha256: str = ""
    revocable: tuple[str, ...] = ()
    again: bool = False
    serving: tuple[ShownServing, ...] = ()
    windows: tuple[Window, ...] = ()
    incidents: tuple[dict[str, Any], ...] = ()
    registries: tuple[Against, ...] = ()
    people: tuple[str, ...] = ()
    today: str = ""
    more_incidents: int = 0
    remediations: tuple[ShownRemediation, ...] = ()
    more_remediations: int = 0
    timeline: tuple[Happened, ...] = ()
    reports: tuple[Report, ...] = ()
    regulators: tuple[Regulators, ...] = ()
    without_pdf: str = ""
    issued: tuple[Issued, ...] = ()
    files: tuple[Download, ...] = ()


class ChartsPage(Frozen, kw_only=True):
    """The charts of a version, with the numbers behind them."""

    model: str
    version: str
    sections: tuple[ShownSection, ...]


@page("/models/{model:str}/{version:str}", template="version.html", act="models.read", noted="model-version")
def version(server: Here, actor: By, model: FromPath[str], version: FromPath[str]) -> VersionPage:
    """Show a model version."""
    held = server.inside.release(actor, model, version)
    about = held.evidence.model
    view, at = server.inside.view(), server.clock()
    mine = (model, version, about.sha256)
    names, alerts = of_version(view.connection, model, version, limit=MOST_LISTED)  # what is left to do first
    mending = sorted(remediations_of(view, model, version), key=lambda one: one.closed is not None)
    happened = newest_about(view, *mine, types=TYPES_TOLD, most=MOST)
    files = downloads(held.folder)
    return VersionPage(
        system=held.evidence.system, model=model, version=version, author=held.author, model_sha256=about.sha256,
        **_decided(server, actor, held), facts=_facts(held), card=card_sections(held.card),
        card_missing=tuple(map(in_words, held.evidence.documentation.missing)),
        serving=_serving(view, mine), registries=tuple(against(named_facts(view, *mine, types=MOVES))),
        people=tuple(sorted(one.name for one in view.trust.people)),
        today=at[:10], incidents=tuple(incident_row(view, one, at) for one in incidents_named(view, names)),
        more_incidents=alerts - len(names), more_remediations=max(len(mending) - MOST_LISTED, 0),
        remediations=tuple(_remediation(view, one) for one in mending[:MOST_LISTED]),
        windows=windows(held), timeline=timeline(view, happened), reports=reports(held), files=files,
        regulators=regulators(held), without_pdf="" if sets_pdf() else WITHOUT_PDF, issued=issued(held, view),
    )  # fmt: skip


@page("/models/{model:str}/{version:str}/charts", template="charts.html", act="models.read")
def charts(server: Here, actor: By, model: FromPath[str], version: FromPath[str]) -> ChartsPage:
    """Show the charts of a version, with the numbers behind them."""
    held = server.inside.release(actor, model, version)
    why = tuple(_chart(one) for told in held.why for one in told.charts)
    of_why = ShownSection(
        title="Why it is not allowed", lead="Causes, and what other cuts would come to.", absent="", charts=why
    )
    sections = [
        ShownSection(title=one.title, lead=one.lead, absent=one.absent, charts=tuple(map(_chart, one.charts)))
        for one in held.sections
    ]
    return ChartsPage(model=model, version=version, sections=(*([of_why] if why else []), *sections))


def _decided(server: Here, actor: Actor, held: Held) -> dict[str, Any]:
    """Return what there is to say once something was decided."""
    if held.report is None:
        waits = "It was delivered, and nothing is decided on it here yet"
        return {"decision": None, "words": "not decided", "reason": f"{waits}: the people adopt a policy first."}
    report, verdict, today = held.report, held.report.verdict, server.clock()[:10]
    may = consents_open_to(server, actor, held)
    why = {told.found.finding: told for told in held.why}
    passed = report.with_status("pass")
    return {
        "decision": verdict.decision,
        "words": words.decision_words(verdict),
        "reason": words.plain(verdict.reason),
        "failing": tuple(
            _finding(report, one, why.get(one.id), may.waive.get(one.id), less=place >= _MOST_TOLD)
            for place, one in enumerate(report.with_status("fail", "unknown"))
        ),
        "passed": tuple(_passed(one) for one in passed[:_MOST_PASSED]),
        "more_passed": max(len(passed) - _MOST_PASSED, 0),
        "aside": len(report.with_status("not-applicable")),
        "steps": tuple(ShownStep(step=one, words=words.approval_words(one)) for one in verdict.approvals),
        "consents": tuple(
            ShownConsent(
                use=one,
                words=words.plain(words.terms_words(one)),
                ended=one.expires is not None and one.expires < today,
            )
            for one in verdict.consents
        ),
        "approve": may.approve,
        "verdict_sha256": held.verdict_sha256,
        "revocable": may.revoke,
        "again": may.again and can(actor, "approve"),
    }


def _finding(report: Release, finding: Finding, told: Told | None, may: May | None, *, less: bool) -> ShownFinding:
    measured = report.measurement_of(finding)
    numbers = [
        (words.metric_words(finding.metric or "measured"), words.number(finding.measured, beside=finding.limit))
        if finding.measured is not None
        else ("measured", "no number"),
        (f"interval, {words.level_words(measured.level)}" if measured else "interval",
         words.interval_words(finding.interval) if finding.interval else ""),
        ("limit", words.limit_words(finding.limit) if finding.limit else ""),
        ("rests on", words.people(finding.n) if finding.n is not None and finding.metric else ""),
        ("about", words.about(finding) if finding.metric else ""),
    ]  # fmt: skip
    set_ = finding.provenance
    return ShownFinding(
        finding=finding,
        status=words.STATUSES[finding.status],
        does=words.does_words(finding, report.verdict),
        numbers=tuple((name, words.plain(said)) for name, said in numbers if said),
        told=tuple((name, said) for name, said in told.lines if name != "The limit") if told else (),
        causes=_causes(told) if told and not less else (),
        remedies=told.remedies if told and not less else (),
        limit_set=f"{set_.set_by} on {set_.when} after {set_.source}: {set_.why}" if set_ else "",
        waiver=report.waiver_of(finding),
        may=may,
        charts=tuple(map(_chart, told.charts)) if told and not less else (),
        less=less and told is not None,
    )


def _causes(told: Told) -> tuple[ShownCause, ...]:
    return tuple(
        ShownCause(kind=kind, title=title, strength=strength, detail=detail, evidence=evidence)
        for kind, title, strength, detail, evidence in told.causes
    )


def _chart(chart: Chart) -> ShownChart:
    return ShownChart(name=chart.id, title=chart.title, caption=chart.caption, head=chart.head, rows=chart.rows)


def _passed(finding: Finding) -> tuple[str, str, str, str, str]:
    measured = words.measured_words(finding) if finding.measured is not None else ""
    whom = words.about(finding) if finding.metric else ""
    return (finding.title, words.plain(measured), words.limit_words(finding.limit), words.plain(whom), finding.id)


def _facts(held: Held) -> tuple[tuple[str, str], ...]:
    evidence = held.evidence
    material = evidence.materiality
    verdict = held.verdict
    tier = f", tier {verdict.policy.tier}" if verdict and verdict.policy.tier else ""
    found = [
        ("System", evidence.system),
        ("Materiality", f"exposure {material.exposure}, purpose {material.purpose}{tier}: {material.justification}"),
        ("Made by", evidence.model.author or "not said"),
        ("Measured", f"{evidence.measured_at} by {evidence.measured_by.identity}, {evidence.rows:,} rows"),
        ("Code", evidence.code.commit or evidence.code.reason or "not known"),
    ]
    if verdict is not None:
        policy = verdict.policy
        found += [
            ("Policy", f"{policy.name} {policy.version}, {policy.sha256}"),
            ("Decided", f"{verdict.decided_at} by {verdict.decided_by.identity}"),
        ]
    found += [(f"Data: {one.role}", f"{one.rows or 'uncounted'} rows, {one.sha256}") for one in evidence.datasets]
    found += [("Model files", evidence.model.sha256), ("Evidence", verdict.evidence_sha256 if verdict else "")]
    return tuple((name, words.plain(said)) for name, said in found if said)


def _serving(view: View, mine: tuple[str, str, str]) -> tuple[ShownServing, ...]:
    model, version, _ = mine
    places = sorted(
        {fact.said.environment for fact in named_facts(view, *mine, types=CHANGES) if hasattr(fact.said, "environment")}
    )
    changes = view.bearing((f"{MODEL}{model}",), *CHANGES)
    return tuple(
        ShownServing(
            environment=place, since=one.start, until=one.end,
            entries=tuple(fact.index for fact in (one.begun, one.ended) if fact is not None),
        )
        for place in places for one in spells(changes, model, place)[0] if one.version == version
    )  # fmt: skip


def _remediation(view: View, one: Any) -> ShownRemediation:  # noqa: ANN401 - as above
    return ShownRemediation(
        name=one.name,
        words=f"{about_words(one)}, due {one.due}. {status_words(view, one)}",
        entries=tuple(fact.index for fact in one.facts()),
    )


ROUTES = [*version, *charts]
