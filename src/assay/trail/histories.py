"""Histories, each a pure function of the log at a size: decisions, validations, alerts, remediations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import suggest
from assay.trail.reading import NO_FILES
from assay.trail.remediation_telling import about_words, status_words
from assay.trail.remediations import ACTS, Remediation, release_remediations
from assay.trail.view import Fact, View, sentence, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from assay.trail.answers import Answer, Question, Sentence

DECISIONS = (
    "gate.decision", "approval.granted", "approval.denied", "approval.revoked", "waiver.granted", "override.granted",
)  # fmt: skip
VALIDATIONS = ("validation.criteria", "validation.result", "validation.challenge", "review.comment")
ALERTS = ("monitor.alert", "monitor.ack", "monitor.resolved")
REMEDIATIONS = ACTS
OVER = ("mended", "closed")
"""Statuses of a remediation about which nothing is left to do."""


def _names_of(view: View) -> dict[str, tuple[str, str | None]]:
    """Return model and version by the digest of the files, as far as any event says both; see `_named_by`."""
    found: dict[str, tuple[str, str | None]] = {}
    for fact in view.facts("model.registered", "gate.decision", "deployment.started", "deployment.finished"):
        said = fact.said
        digest = _named_by(said)
        if digest is not None and (said.version is not None or digest not in found):
            found[digest] = (said.model, said.version)
    return found


def _named_by(said: Any) -> str | None:  # noqa: ANN401 - the fields of any type of event
    """Return the digest that tells which version is meant: that of its files; before it has any, of the evidence."""
    digest: str | None = getattr(said, "model_sha256", None)
    evidence: str | None = getattr(said, "evidence_sha256", None)
    return evidence if digest == NO_FILES else digest


def _about(fact: Fact, names: dict[str, tuple[str, str | None]]) -> tuple[str | None, str | None]:
    said = fact.said
    name, version = names.get(_named_by(said) or "", (None, None))
    return getattr(said, "model", None) or name, getattr(said, "version", None) or version


def _title(name: str | None, version: str | None) -> str:
    return f"{name or 'a model not named'} {version or '(version not stated)'}"


def _wanted(facts: Iterable[tuple[Fact, str | None]], model: str | None) -> list[Fact]:
    return [fact for fact, name in facts if model is None or name == model]


def _history(
    view: View,
    question: Question,
    types: tuple[str, ...],
    model: str | None,
    tell: Callable[[Fact, str], str],
) -> Answer:
    names = _names_of(view)
    facts = view.facts(*types)
    consents = {getattr(fact.said, "consent", None): _about(fact, names) for fact in facts if _about(fact, names)[0]}
    about = {
        fact.index: consents.get(fact.said.consent, (None, None))
        if fact.event.type == "approval.revoked"
        else _about(fact, names)
        for fact in facts
    }
    wanted = _wanted([(fact, about[fact.index][0]) for fact in facts], model)
    told = [sentence(tell(fact, _title(*about[fact.index])), fact) for fact in wanted]
    rows = [
        {"at": fact.at, "event": fact.event.type, "model": about[fact.index][0], "version": about[fact.index][1],
         **_plain(view, fact), "entries": [fact.index]}
        for fact in wanted
    ]  # fmt: skip
    missing = [*view.not_counted(*types), *_no_such(model, [name for name, _ in about.values()], wanted)]
    return view.answer(question, _asked(model), told, rows=rows, missing=missing, facts=facts)


def _asked(model: str | None) -> dict[str, str]:
    return {} if model is None else {"model": model}


def _no_such(model: str | None, names: Iterable[str | None], wanted: list[Fact]) -> list[str]:
    known = sorted({name for name in names if name})
    if model is None or wanted:
        return []
    return [f"nothing about {model!r} is in the log{suggest(model, known)}. It tells of: {', '.join(known) or 'none'}"]


_IN_ROWS = (
    "decision", "policy", "policy_sha256", "evidence_sha256", "model_sha256", "outcome", "role", "control", "expires",
    "consent", "comment_sha256",
)  # fmt: skip


def _plain(view: View, fact: Fact) -> dict[str, Any]:
    said = fact.said
    row = {name: getattr(said, name) for name in _IN_ROWS if hasattr(said, name)}
    return row | ({"by": view.person(said.by, fact)} if hasattr(said, "by") else {})


def decisions(view: View, model: str | None = None) -> Answer:
    """Answer what was decided, consented to, refused, accepted and taken back, in the log's order."""

    def tell(fact: Fact, title: str) -> str:
        said, kind, when = fact.said, fact.event.type, view.when(fact)
        if kind == "gate.decision":
            word = (
                "no pass (the word is in verdict.json, not at hand)" if said.decision == "not-stated" else said.decision
            )
            of_stage = f" of the {said.stage} stage" if said.stage is not None else ""
            under = f"{said.policy} ({short(said.policy_sha256)})"
            return f"{when}: the gate{of_stage} decided {word} about {title} under {under}."
        who = view.person(said.by, fact)
        acts = {
            "approval.granted": lambda: f"approved {title} as {said.role}",
            "approval.denied": lambda: f"refused {title} as {said.role}",
            "approval.revoked": lambda: f"took back the consent {said.consent} about {title}",
            "waiver.granted": lambda: f"accepted the risk of {said.control} of {title} until {said.expires}",
            "override.granted": lambda: f"let {title} pass against the decision ({said.decision})",
        }
        return f"{when}: {who} {acts[kind]()}."

    return _history(view, "decisions", DECISIONS, model, tell)


def _challenged(said: Any) -> str:  # noqa: ANN401 - the fields of validation.challenge
    parts = [f"{said.people:,} people, {said.outcome}{f' (margin {said.margin})' if said.margin else ''}"]
    parts += [f"worse: {', '.join(said.worse)}"] if said.worse else []
    parts += [f"better: {', '.join(said.better)}"] if said.better else []
    return "; ".join(parts)


def validations(view: View, model: str | None = None) -> Answer:
    """Answer what was tested, with what outcome, and whether the criteria had been fixed before."""
    criteria = view.facts("validation.criteria")

    def tell(fact: Fact, title: str) -> str:
        said, kind, when = fact.said, fact.event.type, view.when(fact)
        if kind == "validation.criteria":
            return f"{when}: {view.person(said.by, fact)} fixed the criteria for {title}: {said.policy}."
        if kind == "validation.challenge":
            return f"{when}: {view.person(said.by, fact)} held {title} against {said.champion}: {_challenged(said)}."
        if kind == "review.comment":
            return f"{when}: {view.person(said.by, fact)} commented on {said.about} of {title}."
        before = any(
            (one.said.model, one.said.policy_sha256) == (said.model, said.policy_sha256) and one.index < fact.index
            for one in criteria
        )
        fixed = "fixed before the test" if before else "not shown to have been fixed before the test"
        failed = f"; failed: {', '.join(said.failed)}" if said.failed else ""
        return f"{when}: {title} {said.outcome} under {said.policy}, criteria {fixed}{failed}."

    return _history(view, "validations", VALIDATIONS, model, tell)


def _latest(facts: Iterable[Fact], kind: str, name: str, identity: str) -> Fact | None:
    found = [fact for fact in facts if fact.event.type == kind and getattr(fact.said, name) == identity]
    return found[-1] if found else None


def _end_of(view: View, alert: Fact, facts: Iterable[Fact]) -> Fact | None:
    """Return what ended an alert: the last resolution after it; ``remediated`` only where somebody tested it again."""
    over = _latest(facts, "monitor.resolved", "alert", alert.said.alert)
    if over is None or over.index < alert.index:
        return None
    if over.said.how != "remediated":
        return over
    acts = view.facts(*REMEDIATIONS)
    opened = [
        one for one in acts
        if one.event.type == "remediation.opened" and one.said.verdict_sha256 is None
        and one.said.finding == alert.said.alert
    ]  # fmt: skip
    closed = {one.index: _latest(acts, "remediation.closed", "remediation", one.said.remediation) for one in opened}
    tested = {one.index: _latest(acts, "remediation.retested", "remediation", one.said.remediation) for one in opened}
    done = [mended(view, closed[one.index], tested[one.index])[0] == "mended" for one in opened]
    return over if done and all(done) else None


def alerts(view: View, model: str | None = None) -> Answer:
    """Answer what monitoring found, who took care of it, and how it ended."""
    facts = view.facts(*ALERTS)
    told: list[Sentence] = []
    rows: list[dict[str, Any]] = []
    opened = [fact for fact in facts if fact.event.type == "monitor.alert"]
    wanted = _wanted([(fact, fact.said.model) for fact in opened], model)
    for fact in wanted:
        said = fact.said
        ack = _latest(facts, "monitor.ack", "alert", said.alert)
        over = _end_of(view, fact, facts)
        status = "resolved" if over else "acknowledged" if ack else "open"
        group = ", ".join(f"{key}={value}" for key, value in said.group.items())
        where = "".join(f" of {part}" for part in (group, said.column) if part)
        seen = f" {view.person(ack.said.by, ack)} took it up at {view.when(ack)}." if ack else " Nobody took it up."
        ended = f" It ended at {view.when(over)}: {over.said.how}." if over else " It is not resolved."
        text = (
            f"{view.when(fact)}: {said.kind} alert {said.alert} ({said.severity}) on {said.model} {said.version}: "
            f"{said.metric}{where} was {said.measured}, limit {said.limit}.{seen}{ended}"
        )
        told.append(sentence(text, fact, ack, over))
        rows.append(
            {"at": fact.at, "alert": said.alert, "model": said.model, "version": said.version, "kind": said.kind,
             "metric": said.metric, "group": said.group, "column": said.column, "measured": said.measured,
             "limit": said.limit, "severity": said.severity, "status": status,
             "entries": sorted(one.index for one in (fact, ack, over) if one)}
        )  # fmt: skip
    missing = [*view.not_counted(*ALERTS), *_no_such(model, [fact.said.model for fact in opened], wanted)]
    return view.answer("alerts", _asked(model), told, rows=rows, missing=missing, facts=facts)


def remediations(view: View, model: str | None = None) -> Answer:
    """Answer what had to be mended, who mended it, and whether somebody else has tested it again."""
    facts = view.facts(*REMEDIATIONS)
    told: list[Sentence] = []
    rows: list[dict[str, Any]] = []
    opened = [fact for fact in facts if fact.event.type == "remediation.opened"]
    wanted = _wanted([(fact, fact.said.model) for fact in opened], model)
    of_releases = {one.opened.index: one for one in release_remediations(view)}
    for fact in wanted:
        if fact.index in of_releases:
            about = of_releases[fact.index]
            told.append(_of_release(view, about))
            rows.append(_release_row(view, about))
            continue
        said = fact.said
        closed = _latest(facts, "remediation.closed", "remediation", said.remediation)
        tested = _latest(facts, "remediation.retested", "remediation", said.remediation)
        status, words = mended(view, closed, tested)
        text = (
            f"{view.when(fact)}: {said.remediation} was opened about {said.finding} of {said.model} {said.version} "
            f"({said.severity}), owner {view.person(said.owner, fact)}, due {said.due}. {words}"
        )
        told.append(sentence(text, fact, closed, tested))
        rows.append(
            {"remediation": said.remediation, "model": said.model, "version": said.version, "finding": said.finding,
             "severity": said.severity, "owner": view.person(said.owner, fact), "due": said.due, "opened_at": fact.at,
             "closed_at": closed.at if closed else None, "status": status,
             "entries": sorted(one.index for one in (fact, closed, tested) if one)}
        )  # fmt: skip
    missing = [*view.not_counted(*REMEDIATIONS), *_no_such(model, [fact.said.model for fact in opened], wanted)]
    return view.answer("remediations", _asked(model), told, rows=rows, missing=missing, facts=facts)


def _of_release(view: View, about: Remediation) -> Sentence:
    said = about.opened.said
    owner = view.person(about.owner, about.assigned or about.opened)
    text = (
        f"{view.when(about.opened)}: {about.name} was opened about {about_words(about)} ({said.severity}), owner "
        f"{owner}, due {about.due}. {status_words(view, about)}"
    )
    return sentence(text, *about.facts())


def _release_row(view: View, about: Remediation) -> dict[str, Any]:
    said = about.opened.said
    return {
        "remediation": about.name, "model": said.model, "version": said.version, "finding": said.finding,
        "severity": said.severity, "owner": view.person(about.owner, about.assigned or about.opened), "due": about.due,
        "opened_at": about.opened.at, "closed_at": about.closed.at if about.closed else None, "status": about.status,
        "entries": [one.index for one in about.facts()],
    }  # fmt: skip


def mended(view: View, closed: Fact | None, tested: Fact | None) -> tuple[str, str]:
    """Return the status of a remediation and the sentence that says why."""
    if closed is None:
        return "open", "It is open."
    done = f"{view.person(closed.said.by, closed)} closed it at {view.when(closed)}."
    if tested is None or tested.index < closed.index:
        return "awaiting-retest", f"{done} Nobody else has tested it since, so it stays open."
    who = view.person(tested.said.by, tested)
    if tested.said.by == closed.said.by or set(tested.read.keys) & set(closed.read.keys):
        return "awaiting-retest", f"{done} Only who closed it has tested it, which counts for nothing."
    if tested.said.outcome == "failed":
        return "retest-failed", f"{done} {who} tested it again at {view.when(tested)}: it is not mended."
    return "mended", f"{done} {who} tested it again at {view.when(tested)}: it is mended."
