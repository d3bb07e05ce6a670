"""Events about models, runs and data: registered, trained, imported."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Decimal, Fields, Label, Name, Person, Setting, Sha256, Time


class ModelRegistered(Fields, kw_only=True):
    """A model version enters the inventory; registering it again later tells what has changed.

    Attributes:
        model: the model's name.
        version: its version.
        model_sha256: OpenSSF model-signing root digest of its files.
        owner: who answers for it.
        exposure: how much depends on it.
        purpose: what it decides.
        tier: the tier of materiality that follows.
        author: who made it.
    """

    model: Name
    version: Name
    model_sha256: Sha256
    owner: Person
    exposure: Label
    purpose: Label
    tier: Name | None = None
    author: Person | None = None


class ModelRetired(Fields, kw_only=True):
    """A model version is taken out of use for good.

    Attributes:
        model: the model's name.
        version: its version.
        by: who decided it.
        reason_sha256: digest of the reason, which is kept beside the log.
    """

    model: Name
    version: Name
    by: Person
    reason_sha256: Sha256 | None = None


class RunStarted(Fields, kw_only=True):
    """A run of a job begins: a transformation, a sampling, a quality check, a training, an evaluation, an inference.

    Attributes:
        run: the run's id.
        job: the job's name.
        kind: what the job does.
        code_sha256: digest of the code, or of its commit's id.
        hyperparameters: name to value, numbers as decimal strings.
        inputs: dataset to digest.
        captured_sha256: digest of all that was captured of the run, which is kept beside the log.
    """

    run: Name
    job: Name
    kind: Literal["transformation", "sampling", "quality-check", "training", "evaluation", "inference"]
    code_sha256: Sha256 | None = None
    captured_sha256: Sha256 | None = None
    hyperparameters: dict[Name, Setting] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    inputs: dict[Name, Sha256] = {}  # noqa: RUF012


class RunIterations(Fields, kw_only=True):
    """A training run went on: a batch of its iterations, each held against the policy on a validation set.

    Attributes:
        run: the run's id.
        first: number of the first iteration of the batch.
        last: number of the last one.
        satisfied: iterations that satisfied the policy.
        breached: iterations that breached it.
        undecided: iterations that the validation set could not settle.
        failed: iterations that could not be measured.
        first_breached: the first of those breached.
        metrics: what the last iteration measured, name to value, as decimal strings.
        lines_sha256: digest of the iterations' lines, which are kept beside the log.
    """

    run: Name
    first: Count
    last: Count
    satisfied: Count
    breached: Count
    undecided: Count
    failed: Count
    first_breached: Count | None = None
    metrics: dict[Name, Decimal] = {}  # noqa: RUF012
    lines_sha256: Sha256


class RunFinished(Fields, kw_only=True):
    """A run of a job ends.

    Attributes:
        run: the run's id.
        job: the job's name.
        outcome: how it ended.
        metrics: name to value, as decimal strings.
        outputs: dataset or model to digest.
        record_sha256: digest of the run's own record, where a monitor wrote one.
        kept_iteration: the iteration that was kept, the best that satisfies the policy.
        kept_sha256: digest of its state or file.
        stopped_at: the iteration at which the monitor stopped the run.
    """

    run: Name
    job: Name
    outcome: Literal["complete", "failed", "aborted"]
    metrics: dict[Name, Decimal] = {}  # noqa: RUF012
    outputs: dict[Name, Sha256] = {}  # noqa: RUF012
    record_sha256: Sha256 | None = None
    kept_iteration: Count | None = None
    kept_sha256: Sha256 | None = None
    stopped_at: Count | None = None


class DatasetRegistered(Fields, kw_only=True):
    """A state of a dataset, named by what it holds.

    Attributes:
        dataset: its name.
        dataset_sha256: its digest.
        role: what it is used for, such as ``train`` or ``test``.
        rows: rows it holds.
        source: where it comes from.
    """

    dataset: Name
    dataset_sha256: Sha256
    role: Name | None = None
    rows: Count | None = None
    source: Name | None = None


class ImportBatch(Fields, kw_only=True):
    """History of another system is taken over. What it says is claimed, not witnessed, and stays labelled so.

    Attributes:
        source: the system it comes from.
        source_sha256: digest of the file imported, which is kept beside the log.
        form: how the file is written.
        events: events in it.
        earliest: the first time that it claims.
        latest: the last time that it claims.
        importer: who imported it.
        importer_role: in which role.
    """

    source: Name
    source_sha256: Sha256
    form: Literal["assay-events", "openlineage"]
    events: Count
    earliest: Time | None = None
    latest: Time | None = None
    importer: Person
    importer_role: Label | None = None
