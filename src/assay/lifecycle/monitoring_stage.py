"""The monitoring stage: measure a window of served rows against what was approved."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from assay.errors import DocumentError, InputError, Problem
from assay.lifecycle.assessment import Measured, code_version, dataset_digest, measure_for, sign_evidence
from assay.lifecycle.chronicle import WINDOW
from assay.lifecycle.monitoring_state import Counted, asked_of, rates_of, read_state, take_window
from assay.lifecycle.monitoring_state import Window as Came
from assay.lifecycle.project import CONFIG_NAME, is_safe_name, read_file
from assay.lifecycle.setting import now
from assay.lifecycle.storing import list_model
from assay.metrics.distributions import distributions
from assay.metrics.monitoring import Before, measure_window
from assay.metrics.severity import severity
from assay.policy import plan
from assay.records.canonical import parse_record, sha256_hex
from assay.records.evidence import Dataset, Evidence
from assay.records.profile import parse_profile
from assay.records.tally_document import parse_tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.lifecycle.assessment import Assessed
    from assay.lifecycle.assessment import Before as Told
    from assay.lifecycle.keyring import Keyring
    from assay.lifecycle.monitoring_section import LateSection, MonitoringSection
    from assay.lifecycle.project import Project
    from assay.policy import Policy
    from assay.records.measurement import Measurement
    from assay.records.tally import FileDigest, Tally
    from assay.tabular.window import CountedWindow


class _Approved(NamedTuple):
    """The release that a window is held against: its evidence and its counts; or why there is none."""

    evidence: Evidence | None
    tally: Tally | None
    why: str


def measure_monitoring(
    project: Project,
    policy: Policy,
    keyring: Keyring,
    *,
    key: str = "default",
    watched: bool = False,  # noqa: ARG001 - as every stage is called
    before: Told | None = None,
) -> Assessed:
    """Count and measure a window, digest everything, and sign; nothing is written yet.

    Args:
        project: whose window it is.
        policy: whose measurements are made.
        keyring: the keys.
        key: name of the key that signs.
        watched: draw a progress bar for a person who waits.
        before: called when everything is counted and nothing is measured yet; what it returns become facts.

    Raises:
        InputError: when a file is missing or wrong, or assay.yaml does not say what is measured.
    """
    section = _section(project)
    with contextlib.chdir(project.root):  # so that files on record bear the names of assay.yaml, no machine's
        reference, profile = _reference(project, section)
        counted = _count(project, section, reference)
    window = _window(section, counted)
    approved = _approved(project)
    wanted = plan(policy, project.config.materiality)
    asked = asked_of(policy, project)
    datasets = tuple(_datasets(counted, profile))
    model = approved.evidence.model if approved.evidence is not None else None
    files, root = list_model(project.model) if model is None else (model.files, model.sha256)
    told = before(datasets, root, code_version(project.root)) if before is not None else {}
    measured = measure_for(counted.tally, wanted)
    state = read_state(project)
    observed = measure_window(
        counted.counts, counted.comparison, (counted.tally, counted.predicted), measured,
        Before(
            tally=approved.tally, why=approved.why, window=state.before(window.name),
            measurements=None if approved.evidence is None else approved.evidence.measurements,
        ),
        predictions=counted.predictions, level=wanted.level,
    )  # fmt: skip
    came = Counted(window=window, tally=counted.tally, counts=counted.counts)
    _, watching = take_window(state, came, policy, asked)
    found = Measured(
        stage="monitoring",
        tally=counted.tally,
        measurements=(*measured, *observed),
        datasets=datasets,
        measured_on=WINDOW,
        files=files,
        model_sha256=root,
        facts={"monitoring": {**_facts(window, counted, observed, profile), **watching}, **told},
    )
    return sign_evidence(project, policy, keyring, found, key=key, within=window.name)


def _section(project: Project) -> MonitoringSection:
    section = project.config.monitoring
    if section is None:
        message = "expected the section `monitoring`, which says what a window is held against, found none"
        raise DocumentError([Problem(CONFIG_NAME, 0, 0, "$.monitoring", message)])
    if section.batch is None:
        raise InputError("expected the window's rows, found none: name them with --batch FILE, or monitoring.batch")
    if section.window is not None and not is_safe_name(section.window):
        raise InputError(
            f"expected a window's name of letters, digits and . _ + - (it names a folder), found {section.window!r}"
        )
    return section


def _reference(project: Project, section: MonitoringSection) -> tuple[Any, tuple[str, bytes] | None]:
    """Return what columns are held against: rows, or a profile with its name and bytes."""
    if section.profile is not None:
        content = read_file(project.root / section.profile, "the reference's profile")
        return parse_profile(content, name=section.profile), (section.profile, content)
    dataset = project.config.datasets[section.reference or project.config.measured_on]
    return _rows(dataset.path, dataset.query), None


def _rows(path: str, query: str | None) -> Any:  # noqa: ANN401 - any table
    from assay.tabular import Query  # noqa: PLC0415 - the engine is loaded when rows are read

    return path if query is None else Query(database=path, sql=query)


def _count(project: Project, section: MonitoringSection, reference: Any) -> CountedWindow:  # noqa: ANN401 - any table
    from assay.tabular.window import Late, WindowQuestions, count_window  # noqa: PLC0415 - the engine

    columns = project.config.columns

    def late(role: str, part: LateSection | None, names: Sequence[str]) -> Iterator[Late]:
        if part is not None and names and _is_there(part):
            yield Late(rows=_rows(part.path, part.query), key=part.key, columns=tuple(names), role=role)

    labels = () if columns.label is None else (columns.label,)
    attributes = section.late_attributes or columns.protected
    asked = WindowQuestions(
        roles=project.roles(), identifier=section.identifier, time=section.time,
        delay_days=section.label_delay_days, columns=section.columns, now=now(),
        late=(*late("labels", section.labels, labels), *late("protected", section.protected, attributes)),
    )  # fmt: skip
    batch = section.batch or ""
    if batch == "-":
        return count_window(read_file(Path("-"), "the window's rows"), reference, asked, name="-")
    return count_window(_rows(batch, section.query), reference, asked)


def _is_there(part: LateSection) -> bool:
    """Say whether late values have come at all; a database answers for itself."""
    return part.query is not None or Path(part.path).exists() or any(True for _ in Path().glob(part.path))


def _window(section: MonitoringSection, counted: CountedWindow) -> Came:
    span, tally = counted.counts.span, counted.tally
    name = section.window
    if name is None:
        digest = dataset_digest(counted.files[WINDOW]) if counted.files[WINDOW] else tally.sources[0].rows_sha256
        name = span.end.replace(":", "-") if span is not None else f"rows-{digest or '':.16}"
    return Came(
        name=name, start=None if span is None else span.start, end=None if span is None else span.end,
        rows=tally.rows, rates=rates_of(tally),
    )  # fmt: skip


def _approved(project: Project) -> _Approved:
    """Return the release's evidence and counts; a window of a version that was never assessed has nothing before."""
    folder = project.release()
    if not (folder / "evidence.json").is_file():
        why = f"version {project.config.model.version} was never assessed for release: assay run"
        return _Approved(None, None, why)
    evidence = parse_record(read_file(folder / "evidence.json", "evidence"), Evidence, name="evidence.json")
    content = read_file(folder / "tally.json", "the release's counts")
    if sha256_hex(content) != evidence.tally_sha256:
        raise InputError(f"{folder / 'tally.json'}: expected the counts that the evidence names, found others")
    tally = parse_tally(content, name="tally.json")
    then, task = tally.roles.task, project.config.columns.task
    if then != task:
        why = f"version {project.config.model.version} was released as a {then} outcome; columns.task is now {task}"
        return _Approved(None, None, why)
    return _Approved(evidence, tally, "")


def _datasets(counted: CountedWindow, profile: tuple[str, bytes] | None) -> Iterator[Dataset]:
    found: Mapping[str, tuple[FileDigest, ...]] = counted.files
    for role, files in sorted(found.items()):
        rows = counted.counts.rows if role == WINDOW else None
        digest = dataset_digest(files) if files else counted.tally.sources[0].rows_sha256
        if digest is not None:
            yield Dataset(role=role, sha256=digest, files=files, rows=rows)
    if profile is not None:
        name, content = profile
        file = _file(name, content)
        yield Dataset(role="profile", sha256=file.sha256, files=(file,))


def _file(name: str, content: bytes) -> FileDigest:
    from assay.records.tally import FileDigest  # noqa: PLC0415 - one record

    return FileDigest(name=name, sha256=sha256_hex(content), size=len(content))


def _facts(
    window: Came, counted: CountedWindow, observed: Sequence[Measurement], profile: tuple[str, bytes] | None
) -> dict[str, Any]:
    """Return what the report tells beside the measurements: the window, severities, what waits, distributions."""
    counts = counted.counts
    severities = {
        one.about["column"]: severity(one)
        for one in observed
        if one.metric == "psi" and one.about is not msgspec.UNSET
    }  # fmt: skip
    waits = dict.fromkeys(
        f"{one.metric}: {one.reason}" for one in observed if one.value is None and one.reason and not one.group
    )
    return {
        "window": {"name": window.name, "start": window.start, "end": window.end, "rows": window.rows},
        "reference": "profile" if profile is not None else "dataset",
        "labelled": counts.labelled, "due": counts.due, "overdue": counts.overdue, "known": counts.known,
        "errors": counts.errors,
        "severity": severities, "waits": list(waits),
        "distributions": distributions(counted.comparison, counted.predictions),
    }  # fmt: skip
