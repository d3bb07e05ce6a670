"""What was counted in the datasets of a project before training: small numbers, no rows.

Everything that the data stage measures follows from these. Groups name the values of the protected attributes in the
order of ``DatasetCounts.attributes``; ``None`` stands for people whose value is not known.
"""

from __future__ import annotations

from assay.records.comparison import TableComparison
from assay.records.tally import Frozen, GroupValue

Group = tuple[GroupValue, ...]
"""A value for each protected attribute, in their order."""


class GroupRows(Frozen, kw_only=True):
    """Rows of one group.

    Attributes:
        group: its values.
        rows: rows in it.
    """

    group: Group
    rows: int


class Repeats(Frozen, kw_only=True):
    """Rows of one dataset that repeat others.

    Attributes:
        dataset: its role.
        rows: rows in it.
        repeated: rows equal in every column to an earlier one.
        identified: rows with an identifier; None where no identifier was named.
        identifier_repeated: rows whose identifier an earlier one bears; None where no identifier was named.
        reason: why identifiers were not counted, although one was named.
    """

    dataset: str
    rows: int
    repeated: int
    identified: int | None = None
    identifier_repeated: int | None = None
    reason: str | None = None


class Overlap(Frozen, kw_only=True):
    """Rows of one dataset that are in another.

    Attributes:
        dataset: role of the one whose rows were looked up, such as ``test``.
        other: role of the one they were looked up in, such as ``train``.
        rows: rows looked up.
        same: of them, rows whose features all equal those of a row of the other; None where columns are missing.
        identified: rows with an identifier; None where no identifier was named.
        same_identifier: of them, rows whose identifier is in the other; None where no identifier was named.
        reason: why something was not counted.
    """

    dataset: str
    other: str
    rows: int
    same: int | None = None
    identified: int | None = None
    same_identifier: int | None = None
    reason: str | None = None


class Conflicts(Frozen, kw_only=True):
    """Labels of equal features, in one group.

    Attributes:
        group: its values.
        rows: rows with a label.
        twins: of them, rows whose features another labelled row has, too.
        conflicting: of them, rows of which another with equal features has another label.
    """

    group: Group
    rows: int
    twins: int
    conflicting: int


class NoiseCell(Frozen, kw_only=True):
    """One cell of the confident joint: rows of a group by the label given and the label that the score speaks for.

    Attributes:
        group: its values.
        given: the label in the data, 1 the positive class.
        rows: rows with this label and a probability.
        confident_negative: of them, rows confidently counted to label 0.
        confident_positive: of them, rows confidently counted to label 1.
    """

    group: Group
    given: int
    rows: int
    confident_negative: int
    confident_positive: int


class Noise(Frozen, kw_only=True):
    """What confident learning counts.

    Attributes:
        cells: by group and given label; empty where it could not be counted.
        thresholds: mean probability of the label itself, among the rows that bear it: of 0, then of 1.
        made_by: where the probabilities came from.
        reason: why it was not counted.
    """

    cells: tuple[NoiseCell, ...] = ()
    thresholds: tuple[float, float] | None = None
    made_by: str = ""
    reason: str | None = None


class SourceLabels(Frozen, kw_only=True):
    """Labels of the rows of one source.

    Attributes:
        source: its value; None for rows whose source is not known.
        rows: rows with a label.
        positives: of them, rows with the positive label.
    """

    source: str | None
    rows: int
    positives: int


class MissingCell(Frozen, kw_only=True):
    """Rows of one group without a value in a column."""

    group: Group
    rows: int
    missing: int


class ColumnMissing(Frozen, kw_only=True):
    """Values that are missing in a column, by group; NaN is missing, too."""

    column: str
    cells: tuple[MissingCell, ...]


class FeatureCell(Frozen, kw_only=True):
    """Rows of one value (or bin of values) of a feature, in one half of the rows, of one group and label.

    Attributes:
        bin: number of the value or bin; -1 for rows without a value.
        half: 0 or 1.
        group: its values.
        label: 1 positive, 0 negative, None where there is none.
        rows: how many.
    """

    bin: int
    half: int
    group: Group
    label: int | None
    rows: int


class FeatureCounts(Frozen, kw_only=True):
    """One feature against label and groups.

    Attributes:
        column: its name.
        bins: how many values or bins.
        cells: counts.
        reason: why it was not counted.
    """

    column: str
    bins: int = 0
    cells: tuple[FeatureCell, ...] = ()
    reason: str | None = None


class JointHalf(Frozen, kw_only=True):
    """How all features together foretell one group, on rows that the model had not seen.

    Attributes:
        group: the group that is told from all others, attribute to value.
        inside: rows of the group.
        outside: rows of the others.
        area: area under the ROC curve.
        variance: its variance by DeLong.
    """

    group: dict[str, GroupValue]
    inside: int
    outside: int
    area: float
    variance: float


class Joint(Frozen, kw_only=True):
    """All features together against the protected attributes.

    Attributes:
        groups: one for each group that is large enough.
        made_by: the model and its version.
        reason: why it was not made.
    """

    groups: tuple[JointHalf, ...] = ()
    made_by: str = ""
    reason: str | None = None


class Broken(Frozen, kw_only=True):
    """Rows that break what `assay.yaml` expects of a column.

    Attributes:
        column: its name.
        expectation: what was expected: ``type number``, ``at least 0``, ``allowed values``, ...
        rows: rows looked at.
        broken: rows that break it.
        found: an example of what was found instead.
        reason: why it could not be looked at.
    """

    column: str
    expectation: str
    rows: int
    broken: int = 0
    found: str | None = None
    reason: str | None = None


class Newest(Frozen, kw_only=True):
    """The newest row.

    Attributes:
        column: the column of times.
        rows: rows with a time.
        seconds: seconds from the newest row to now; negative when it lies in the future.
        ahead: rows from the future.
        reason: why it is not known.
    """

    column: str
    rows: int = 0
    seconds: float | None = None
    ahead: int = 0
    reason: str | None = None


class Alignment(Frozen, kw_only=True):
    """Two datasets column by column."""

    dataset: str
    other: str
    comparison: TableComparison


class DatasetCounts(Frozen, kw_only=True):
    """Everything counted in the datasets.

    Attributes:
        measured_on: role of the dataset that all but overlap, repeats and alignment are of.
        attributes: the protected attributes.
        rows: rows of that dataset.
        groups: its rows by group.
        repeats: of every dataset.
        overlaps: of every other dataset with the measured one.
        conflicts: by group; empty with a reason in ``conflicts_reason``.
        conflicts_reason: why there are none.
        noise: of the labels.
        sources: labels by source; empty where no source was named, and then ``sources_reason`` says why.
        sources_reason: why there are none.
        missing: by column.
        features: feature by feature.
        joint: all features together.
        broken: every expectation.
        newest: the newest row; None where no column of times was named.
        alignments: of the measured dataset with every other.
        absent: roles of datasets that assay.yaml names and that are not there yet, with what is not there.
    """

    measured_on: str
    attributes: tuple[str, ...]
    rows: int
    groups: tuple[GroupRows, ...]
    repeats: tuple[Repeats, ...]
    overlaps: tuple[Overlap, ...]
    conflicts: tuple[Conflicts, ...] = ()
    conflicts_reason: str | None = None
    noise: Noise
    sources: tuple[SourceLabels, ...] = ()
    sources_reason: str | None = None
    missing: tuple[ColumnMissing, ...]
    features: tuple[FeatureCounts, ...]
    joint: Joint
    broken: tuple[Broken, ...] = ()
    newest: Newest | None = None
    alignments: tuple[Alignment, ...] = ()
    absent: dict[str, str] = {}


class Expected(Frozen, kw_only=True):
    """What is expected of a column.

    Attributes:
        type: kind of its values.
        min: least value.
        max: greatest value.
        allowed: the only values.
        missing: greatest share of rows without a value.
        unique: whether no value may occur twice.
    """

    type: str | None = None
    min: float | str | None = None
    max: float | str | None = None
    allowed: tuple[str | int | float | bool, ...] | None = None
    missing: float | None = None
    unique: bool = False


class DatasetQuestions(Frozen, kw_only=True):
    """What is asked of the datasets.

    Attributes:
        measured_on: role of the dataset that is measured.
        label: column of the outcome.
        positive: its positive class; None for 1 or true.
        several: whether there may be more than two classes; all but conflicts then tell the positive from the rest.
        protected: the protected attributes.
        features: the columns learnt from; None for every column that has no other role.
        others: columns that are no features: prediction, score, weight.
        identifier: column that names a person or a case.
        time: column of times.
        source: column of sources.
        out_of_sample: column of out-of-sample probabilities of the positive label.
        expect: expectations, by column.
        now: the time of the measurement, RFC 3339.
        minimum_group: smallest group that the features together are held against.
    """

    measured_on: str
    label: str
    positive: str | int | bool | None = None
    several: bool = False
    protected: tuple[str, ...]
    features: tuple[str, ...] | None = None
    others: tuple[str, ...] = ()
    identifier: str | None = None
    time: str | None = None
    source: str | None = None
    out_of_sample: str | None = None
    expect: dict[str, Expected] = {}
    now: str
    minimum_group: int = 30
