"""The datasets of a project in, counts out: what the data stage is measured from, without loading a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.records.dataset_counts import Alignment, DatasetCounts
from assay.tabular.comparison import compare_typed
from assay.tabular.dataset_columns import count_broken, count_missing, count_newest
from assay.tabular.dataset_features import count_features
from assay.tabular.dataset_rows import count_conflicts, count_groups, count_overlap, count_repeats, count_sources
from assay.tabular.dataset_table import open_dataset
from assay.tabular.engine import session
from assay.tabular.foretelling import Foreteller, count_joint
from assay.tabular.label_noise import count_noise

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from assay.records.dataset_counts import DatasetQuestions, Joint, Noise
    from assay.records.tally import FileDigest
    from assay.tabular.dataset_table import DatasetTable

MEMORY = "1GB"
"""The engine's budget; beyond it, it spills to disk."""

LEARNT = ("label_noise_share", "joint_attribute_auc")
"""Metrics that a model is fitted for, and only when somebody asks."""


def count_datasets(
    datasets: Mapping[str, Any],
    asked: DatasetQuestions,
    *,
    metrics: Collection[str] = LEARNT,
    memory: str = MEMORY,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[DatasetCounts, dict[str, tuple[FileDigest, ...]]]:
    """Count everything that is asked of the datasets.

    Args:
        datasets: role to table, whatever `tally_rows` takes; ``asked.measured_on`` is among them.
        asked: what the columns mean.
        metrics: what will be decided on; a model is fitted only for those of `LEARNT`.
        memory: the engine's budget.
        on_progress: called with the share done.

    Returns:
        The counts, and the files of each dataset by role.

    Raises:
        DataError: when a dataset cannot be read or has no rows.
        DocumentError: naming the columns that assay.yaml names and the measured dataset has not.
    """
    with session(memory=memory) as engine:
        told = _Progress(on_progress, steps=7 + 3 * len(datasets))
        measured = open_dataset(engine, asked.measured_on, datasets[asked.measured_on], asked)
        told()
        others = []
        for role, rows in sorted(datasets.items()):
            if role != asked.measured_on:
                others.append(open_dataset(engine, role, rows, asked, features=measured.features))
                told()
        return _count(measured, others, metrics, told), {table.role: table.typed.files for table in (measured, *others)}


class _Progress:
    """Tells the share of the steps done."""

    def __init__(self, tell: Callable[[float], None] | None, *, steps: int) -> None:
        self.tell, self.steps, self.done = tell, steps, 0

    def __call__(self) -> None:
        self.done += 1
        if self.tell is not None:
            self.tell(min(1.0, self.done / self.steps))


def _count(
    measured: DatasetTable, others: list[DatasetTable], metrics: Collection[str], told: _Progress
) -> DatasetCounts:
    groups, missing = count_groups(measured), count_missing(measured)
    told()
    conflicts, no_conflicts = count_conflicts(measured)
    sources, no_sources = count_sources(measured)
    told()
    features = count_features(measured)
    told()
    noise, joint = _foretell(measured, metrics)
    told()
    repeats, overlaps, alignments = [count_repeats(measured)], [], []
    for other in others:
        repeats.append(count_repeats(other))
        overlaps.append(count_overlap(other, measured))
        alignments.append(_align(measured, other))
        told()
    return DatasetCounts(
        measured_on=measured.role,
        attributes=measured.asked.protected,
        rows=measured.typed.rows,
        groups=groups,
        repeats=tuple(repeats),
        overlaps=tuple(overlaps),
        conflicts=conflicts,
        conflicts_reason=no_conflicts,
        noise=noise,
        sources=sources,
        sources_reason=no_sources,
        missing=missing,
        features=features,
        joint=joint,
        broken=count_broken(measured),
        newest=count_newest(measured),
        alignments=tuple(alignments),
    )


def _foretell(measured: DatasetTable, metrics: Collection[str]) -> tuple[Noise, Joint]:
    """Count what needs a model, which is fitted once and only when somebody asks."""
    own_model = measured.asked.out_of_sample is None and "label_noise_share" in metrics
    jointly = "joint_attribute_auc" in metrics
    foreteller = Foreteller(measured) if own_model or jointly else None
    noise = count_noise(measured, foreteller if own_model else None)
    smallest = measured.asked.minimum_group
    return noise, count_joint(measured, foreteller if jointly else None, minimum_group=smallest)


def _align(measured: DatasetTable, other: DatasetTable) -> Alignment:
    """Compare the columns that both have, the measured dataset as the reference; an identifier has no distribution."""
    identifier = measured.asked.identifier
    compared = [name for name in measured.columns if name in other.typed.types and name != identifier]
    comparison = compare_typed(measured.session, measured.typed, other.typed, columns=compared)
    return Alignment(dataset=other.role, other=measured.role, comparison=comparison)
