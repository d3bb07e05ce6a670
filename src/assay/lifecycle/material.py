"""Gather what documents are made from: a release's records, the trail at a size, and what people wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from assay.attest.statement import EVIDENCE, VERDICT
from assay.errors import AssayError, InputError
from assay.lifecycle.documents import read_release
from assay.lifecycle.dossier import dossier_of, dossier_path
from assay.lifecycle.obligations import Asked, status_of
from assay.lifecycle.project import read_file
from assay.lifecycle.setting import load_policy
from assay.lifecycle.shelving import open_packs
from assay.packs.dates import Standing
from assay.packs.shelf import Shelf, own_shelf
from assay.packs.status import plan
from assay.records.canonical import sha256_hex
from assay.reports.documents.material import Captured, Clock, IncidentFile, LogEvent, LogReach, Material, Settings
from assay.trail.attestations import attestations, of_version
from assay.trail.incidents import incidents, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.packs.status import Attested
    from assay.policy.form import Policy
    from assay.records.status import FrameworkStatus
    from assay.reports.release import Release
    from assay.trail.incidents import Incident, Running
    from assay.trail.view import Fact, View

_PERSON = ("p_",)
_PSEUDONYM, _COMMITMENT = 34, 43


def gather(folder: Path, project: Project, view: View | None, *, tool: str, status: Collection[str] = ()) -> Material:
    """Return what every document of a release is made from.

    Args:
        folder: the release's folder.
        project: whose it is.
        view: the trail at a size; None where nothing is recorded.
        tool: name and version of what writes.
        status: the frameworks of which documents tell how the version stands.

    Raises:
        InputError: when there is no release, or it is of another stage; also what is wrong in ``dossier.yaml``.
        VerificationError: when the records are not of one release.
    """
    release = _release(folder, project)
    config = project.config
    packs = _packs(project)
    events = () if view is None else tuple(_events(view, release))
    made = Material(
        release=release,
        verdict_sha256=sha256_hex(read_file(folder / VERDICT, "a verdict")),
        dossier=dossier_of(project),
        dossier_name=dossier_path(project).name,
        card_name=config.documentation or "card.yaml",
        log=None if view is None else LogReach(origin=view.origin, size=view.size, root=view.shards[-1].root),
        events=events,
        incidents=() if view is None else tuple(_incidents(view, release)),
        data=_data_stage(folder, project, release),
        policy=_policy(project, release),
        captured=None if view is None else _captured(view, events, release),
        settings=Settings(
            owner=config.model.owner,
            columns=_columns(project),
            protected=config.columns.protected,
            monitoring=_monitoring(project),
            standing={name: one.standing for name, one in config.regulation.items()},
        ),
        shelf=packs,
        tool=tool,
    )
    if view is None:
        return made
    attested, refused = _attested(view, project, made)
    return replace(made, attested=attested, refused=refused, status=_status(view, project, made, status))


def _status(view: View, project: Project, made: Material, frameworks: Collection[str]) -> dict[str, FrameworkStatus]:
    """Return how the version stands before frameworks; of none where the policy, by which evidence ages, is bad."""
    if not frameworks:
        return {}
    try:
        policy = load_policy(project.root / project.config.policy)
    except AssayError:
        return {}  # the document says that it cannot be told
    named = frozenset({*frameworks, *project.config.regulation})
    shelf = own_shelf(named) if project.config.packs is None else open_packs(project)
    asked = Asked(day=made.at[:10], frameworks=tuple(frameworks))
    (found,) = status_of(project, view, shelf, policy, asked, version=made.verdict.version)
    return {one.framework: one for one in found.frameworks}


def _packs(project: Project) -> Callable[[str], Shelf]:
    """Return what gives the packs of a framework; those of Assay alone are read by the framework, which is quicker."""
    if project.config.packs is None:
        return lambda framework: own_shelf(frozenset({framework}))
    shelf = open_packs(project)
    return lambda _framework: shelf


def _attested(view: View, project: Project, made: Material) -> tuple[dict[str, Attested], tuple[str, ...]]:
    """Return what people attest about controls, and a sentence for each attestation that does not count."""
    day, verdict = made.at[:10], made.verdict
    allowed = {name: section.attested_by for name, section in project.config.regulation.items()}
    given, refused = attestations(view, day, allowed)
    digests: dict[str, str] = {}
    for framework in {one.name.partition(":")[0] for one in given}:
        planned = plan(made.pack(framework), made.settings.standing.get(framework, Standing()), day)
        digests |= {one.name: one.sha256 for one in planned.controls}
    attested, lapsed = of_version(given, digests, verdict.model, verdict.model_sha256, day)
    return attested, (*refused, *lapsed)


def _release(folder: Path, project: Project) -> Release:
    if not (folder / EVIDENCE).is_file() or not (folder / VERDICT).is_file():
        raise InputError(
            f"expected a release that was decided at {folder}, found no {EVIDENCE} and {VERDICT} there. Decide one "
            "first: assay run"
        )
    release = read_release(folder, project)
    stage = release.evidence.stage
    if stage != "release":
        raise InputError(
            f"expected evidence about a release, found the stage {stage} at {folder}: these documents are of a "
            "release. Name its folder: .assay/releases/NAME/VERSION"
        )
    return release


def _data_stage(folder: Path, project: Project, release: Release) -> Release | None:
    """Return the data stage that the version learnt from: its own, or the last one about the same training data."""
    trained = {one.sha256 for one in release.evidence.datasets if one.role != release.evidence.measured_on}
    found = []
    for path in sorted(folder.parent.glob("*/data")):
        if not (path / EVIDENCE).is_file() or not (path / VERDICT).is_file():
            continue
        one = read_release(path, project)
        if path.parent == folder or trained & {each.sha256 for each in one.evidence.datasets}:
            found.append((path.parent == folder, one.verdict.decided_at, one))
    return max(found, key=lambda pair: pair[:2])[2] if found else None


def _policy(project: Project, release: Release) -> Policy | None:
    """Return the policy that decided; None when the project's file is another by now, or cannot be read."""
    path = project.root / project.config.policy
    if not path.is_file():
        return None
    try:
        policy = load_policy(path)
    except AssayError:
        return None  # documents tell of the decision; that its policy is not at hand is told by them
    return policy if policy.sha256 == release.verdict.policy.sha256 else None


def _columns(project: Project) -> dict[str, str]:
    columns = project.config.columns
    named = {key: getattr(columns, key) for key in ("label", "prediction", "score", "weight")}
    return {key: name for key, name in named.items() if name is not None}


def _monitoring(project: Project) -> dict[str, str]:
    section = project.config.monitoring
    if section is None:
        return {}
    said = msgspec.to_builtins(section)
    shown = ("reference", "profile", "batch", "identifier", "time", "label_delay_days", "columns")
    told = {key: said[key] for key in shown if said[key] is not None}
    return {key: ", ".join(value) if isinstance(value, list) else str(value) for key, value in told.items()}


def _events(view: View, release: Release) -> Iterator[LogEvent]:
    """Yield the events about this model, its data and its runs; those about others, and of the log itself, are none."""
    from assay.trail.events import FAMILIES  # noqa: PLC0415 - the vocabulary is needed only here

    types = [kind for family, kinds in FAMILIES.items() if family != "log" for kind in kinds]
    name, digest = release.verdict.model, release.verdict.model_sha256
    runs: set[str] = set()
    for fact in view.facts(*types):
        fields = _named(view, fact, msgspec.to_builtins(fact.said))
        if "run" in fields:
            told = {*fields.get("inputs", {}).values(), *fields.get("outputs", {}).values()}
            about = fields["run"] in runs or str(fields.get("job", "")).split("/")[0] == name
            about = about or bool(told & {digest, *(one.sha256 for one in release.evidence.datasets)})
        else:
            about = fields.get("model") in {None, name} and fields.get("dataset", name).split("/")[0] == name
        if about:
            runs |= {fields["run"]} if "run" in fields else set()
            yield LogEvent(
                index=fact.index, type=fact.event.type, at=fact.at, by=view.signers(fact.read), fields=fields
            )


def _captured(view: View, events: tuple[LogEvent, ...], release: Release) -> Captured | None:
    """Return what was captured of the run that the version came from; None where nothing is kept of one."""
    made = [
        event.fields["run"]
        for event in events
        if event.type == "run.finished" and release.verdict.model_sha256 in event.fields.get("outputs", {}).values()
    ]
    begun = [one for one in events if one.type == "run.started" and one.fields["run"] in made]
    for event in reversed(begun):
        kept = view.documents.get(event.fields.get("captured_sha256") or "")
        if kept is not None:
            said = json.loads(kept).get("captured", {})
            return Captured(
                event=event,
                sha256=str(event.fields["captured_sha256"]),
                environment={str(key): str(value) for key, value in said.get("environment", {}).items()},
                hyperparameters={str(key): str(value) for key, value in said.get("hyperparameters", {}).items()},
                seed=None if said.get("seed") is None else str(said["seed"]),
            )
    return None


def _named(view: View, fact: Fact, value: Any) -> Any:  # noqa: ANN401 - the fields of any event
    """Put the names that may be shown in the place of pseudonyms and commitments."""
    if isinstance(value, dict):
        return {key: _named(view, fact, inner) for key, inner in value.items()}
    if isinstance(value, str) and (
        (value.startswith(_PERSON) and len(value) == _PSEUDONYM) or value in fact.read.names or value in view.people
    ):
        return view.person(value, fact)
    return value


def _incidents(view: View, release: Release) -> Iterator[IncidentFile]:
    for one in incidents(view):
        name, version = one.about
        if name == release.verdict.model:
            yield _incident_file(view, one, version)


def _incident_file(view: View, one: Incident, version: str) -> IncidentFile:
    facts = one.facts()
    at = max((fact.at for fact in facts), default="")
    return IncidentFile(
        name=one.name,
        version=version,
        status=one.status,
        severity=one.severity,
        since=one.since,
        events=tuple(_told(view, fact) for fact in facts),
        clocks=tuple(_clock(view, running, at) for running in one.clocks),
    )


def _clock(view: View, running: Running, at: str) -> Clock:
    said = running.declared.said
    return Clock(
        clause=said.clause,
        rule=rule_of(running),
        aware_at=said.aware_at,
        due_at=said.due_at,
        harms=tuple(said.harms),
        status=running.status(at),
        declared=_told(view, running.declared),
        initial=None if running.initial is None else _told(view, running.initial),
        complete=None if running.complete is None else _told(view, running.complete),
    )


def _told(view: View, fact: Fact) -> LogEvent:
    fields = _named(view, fact, msgspec.to_builtins(fact.said))
    return LogEvent(index=fact.index, type=fact.event.type, at=fact.at, by=view.signers(fact.read), fields=fields)
