"""The data stage: measure what a model is about to learn from, before it does."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DocumentError, InputError, Problem
from assay.lifecycle.assessment import NO_FILES, Measured, code_version, dataset_digest, measure_for, sign_evidence
from assay.lifecycle.measuring import count_rows, progress_bar
from assay.lifecycle.project import CONFIG_NAME, read_file
from assay.lifecycle.setting import now
from assay.metrics.datasets import measure_datasets
from assay.policy import plan
from assay.records.canonical import sha256_hex
from assay.records.dataset_counts import DatasetQuestions
from assay.records.evidence import Dataset, Documentation
from assay.records.tally import Roles
from assay.reports.datasheet import examine_datasheet, read_datasheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.lifecycle.assessment import Assessed, Before
    from assay.lifecycle.data_section import DataSection
    from assay.lifecycle.keyring import Keyring
    from assay.lifecycle.project import Project
    from assay.policy import Plan, Policy
    from assay.records.dataset_counts import DatasetCounts
    from assay.records.measurement import Measurement
    from assay.records.tally import FileDigest, Tally


def measure_data(
    project: Project,
    policy: Policy,
    keyring: Keyring,
    *,
    key: str = "default",
    watched: bool = False,
    before: Before | None = None,
) -> Assessed:
    """Count and measure the project's datasets, digest everything, and sign; nothing is written yet.

    Args:
        project: whose data they are.
        policy: whose measurements are made.
        keyring: the keys.
        key: name of the key that signs.
        watched: draw a progress bar for a person who waits.
        before: called when everything is counted and nothing is measured yet; what it returns become facts.

    Raises:
        InputError: when a file is missing or wrong, or assay.yaml does not say what is measured.
    """
    return sign_evidence(project, policy, keyring, _measure(project, policy, watched=watched, before=before), key=key)


def _measure(project: Project, policy: Policy, *, watched: bool, before: Before | None) -> Measured:
    data = _section(project)
    config, at = project.config, now()
    wanted = plan(policy, config.materiality)
    asked = questions(project, data, at=at, minimum_group=min(wanted.minimum_groups))
    with contextlib.chdir(project.root):  # so that files on record bear the names of assay.yaml, no machine's
        section = config.datasets[data.measured_on]
        tally = count_rows(section.path, _roles(project), query=section.query, watched=watched)
        counts, files = _count(project, asked, wanted, watched=watched)
    _require_same(tally, counts, data.measured_on)
    datasets = tuple(
        Dataset(role=one.dataset, sha256=dataset_digest(files[one.dataset]), files=files[one.dataset], rows=one.rows)
        for one in sorted(counts.repeats, key=lambda one: one.dataset)
    )
    _documentation(project, data, ())  # a datasheet that cannot be read is met before anything is said
    told = before(datasets, NO_FILES, code_version(project.root)) if before is not None else {}
    observed = measure_datasets(
        counts,
        data.benchmarks(),
        intersections=wanted.intersections,
        level=wanted.level,
        minimum_group=min(wanted.minimum_groups),
    )
    measurements = (*measure_for(tally, wanted), *observed)
    return Measured(
        stage="data",
        tally=tally,
        measurements=measurements,
        datasets=datasets,
        measured_on=data.measured_on,
        documentation=_documentation(project, data, measurements),
        facts={"data": _facts(data, counts), **told},
    )


def _section(project: Project) -> DataSection:
    data = project.config.data
    if data is not None:
        return data
    message = "expected the section `data`, which says what the data stage measures, found none. Begin with `data: {}`"
    raise DocumentError([Problem(CONFIG_NAME, 0, 0, "$.data", message)])


def questions(project: Project, data: DataSection, *, at: str, minimum_group: int) -> DatasetQuestions:
    """Return what is asked of the datasets, as the engine needs it."""
    columns = project.config.columns
    if columns.label is None:
        raise InputError("expected the column of the outcome (columns.label in assay.yaml), found none")
    return DatasetQuestions(
        measured_on=data.measured_on,
        label=columns.label,
        positive=columns.positive,
        several=columns.task == "multiclass",
        protected=columns.protected,
        features=data.features,
        others=tuple(name for name in (columns.prediction, columns.score, columns.weight) if name is not None),
        identifier=data.identifier,
        time=data.time,
        source=data.source,
        out_of_sample=data.out_of_sample,
        expect=data.expected(),
        now=at,
        minimum_group=minimum_group,
    )


def _roles(project: Project) -> Roles:
    """Return the columns of the tally: labels and groups; there is no prediction yet."""
    columns = project.config.columns
    return Roles(
        label=columns.label, protected=columns.protected, positive=columns.positive, favourable=columns.favourable,
        task=columns.task,
    )  # fmt: skip


def _count(
    project: Project, asked: DatasetQuestions, wanted: Plan, *, watched: bool
) -> tuple[DatasetCounts, Mapping[str, tuple[FileDigest, ...]]]:
    from assay.tabular import Query  # noqa: PLC0415 - the engine is loaded when rows are read
    from assay.tabular.dataset import count_datasets  # noqa: PLC0415

    absent: dict[str, str] = {}
    tables: dict[str, Any] = {}
    for role, section in project.config.datasets.items():
        if role != asked.measured_on and section.query is None and not _is_there(section.path):
            absent[role] = f"the dataset {role!r} is not there yet ({section.path})"
        else:
            tables[role] = section.path if section.query is None else Query(database=section.path, sql=section.query)
    draw, wipe = progress_bar() if watched else (None, None)
    try:
        counts, files = count_datasets(tables, asked, metrics=wanted.metrics, on_progress=draw)
        return msgspec.structs.replace(counts, absent=absent), files
    finally:
        if wipe is not None:
            wipe()


def _is_there(path: str) -> bool:
    return Path(path).exists() or any(True for _ in Path().glob(path))


def _require_same(tally: Tally, counts: DatasetCounts, role: str) -> None:
    """Refuse counts and a tally that were not of the same rows: somebody wrote the file in between."""
    if tally.rows != counts.rows:
        raise InputError(
            f"the dataset {role!r} changed while it was measured: {tally.rows:,} rows, then {counts.rows:,}. Measure "
            "again when nothing writes to it"
        )


def _documentation(project: Project, data: DataSection, measurements: tuple[Measurement, ...]) -> Documentation:
    """Hold the datasheet against its seven sections and the evidence; without one every section is missing."""
    name = data.datasheet
    if name is None or not (project.root / name).exists():
        return examine_datasheet(None, measurements)
    content = read_file(project.root / name, "the datasheet")
    return examine_datasheet(read_datasheet(content, name), measurements, sha256=sha256_hex(content))


def _facts(data: DataSection, counts: DatasetCounts) -> dict[str, Any]:
    """Return what the measurements rest on beside rows: benchmarks with their sources, roles of columns."""
    kept = {
        "benchmark": [msgspec.to_builtins(one) for one in data.benchmarks()],
        "features": [one.column for one in counts.features],
        "attributes": list(counts.attributes),
    }
    named = {key: getattr(data, key) for key in ("identifier", "time", "source", "out_of_sample")}
    return {**kept, **{key: column for key, column in named.items() if column is not None}}
