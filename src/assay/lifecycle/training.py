"""Training: what a monitored run left becomes evidence, about the iteration that made the model.

That is the iteration kept, under ``keep-best``; else the last. A run that was killed, or that failed, made no model
that anybody can name: everything about it is unknown, with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import InputError, VerificationError
from assay.lifecycle.assessment import NO_FILES, Measured, measure_for, read_baseline, read_documentation, sign_evidence
from assay.lifecycle.project import read_file
from assay.lifecycle.run_record import counted_tally, latest_run
from assay.lifecycle.run_recorder import tally_name
from assay.lifecycle.storing import list_model
from assay.policy import plan
from assay.records.canonical import sha256_hex
from assay.records.evidence import Dataset
from assay.records.measurement import Measurement
from assay.records.tally_document import parse_tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.assessment import Assessed, Before
    from assay.lifecycle.keyring import Keyring
    from assay.lifecycle.project import Project
    from assay.lifecycle.run_record import IterationLine, RunRead
    from assay.policy import Policy
    from assay.records.tally import FileDigest, Tally

MOST_POINTS = 300
"""Iterations that a chart shows; of more, some are left out, never the turns."""

_STATUSES = ("satisfied", "breached", "undecided", "failed")


def measure_training(
    project: Project,
    policy: Policy,
    keyring: Keyring,
    *,
    key: str = "default",
    watched: bool = False,  # noqa: ARG001 - as every stage: nobody waits for a few counts
    before: Before | None = None,
) -> Assessed:
    """Measure the training run of the project's model version that began last, and sign; nothing is written yet.

    Raises:
        InputError: when no run of it was monitored.
    """
    config = project.config
    run = latest_run(project.state, config.model.name, config.model.version)
    return sign_evidence(project, policy, keyring, _measured(project, policy, run, before), key=key)


def _measured(project: Project, policy: Policy, run: RunRead, before: Before | None) -> Measured:
    line, why = chosen(run)
    tally, datasets = _tally(run, line), _datasets(run)
    files, sha256 = _produced(project, run)
    baseline, facts = read_baseline(project)
    read_documentation(project, ())  # a card that cannot be read is met before anything is said
    told = before(datasets, sha256, run.about.captured.code) if before is not None else {}
    found = measure_for(tally, plan(policy, project.config.materiality))
    if why:
        found = tuple(msgspec.structs.replace(one, value=None, interval=None, reason=why) for one in found)
    measurements = (*found, *_counts(run))
    return Measured(
        stage="training",
        tally=tally,
        measurements=measurements,
        datasets=datasets,
        measured_on="validation",
        files=files,
        model_sha256=sha256,
        documentation=read_documentation(project, measurements),
        baseline=baseline,
        facts={**facts, **told, "training": {**_told(run, line, why), "series": _series(run)}},
    )


def chosen(run: RunRead) -> tuple[IterationLine | None, str]:
    """Return the iteration that made the model, and why nothing is known of it; empty when it is known."""
    last = run.iterations[-1] if run.iterations else None
    if last is None:
        return None, "no iteration of the run was recorded"
    why = _unfinished(run, last)
    if why or run.end is None:
        return last, why
    line: IterationLine | None = last
    if run.end.kept is not None:
        kept = run.end.kept.iteration
        line = next((one for one in reversed(run.iterations) if one.iteration == kept), None)
        why = "" if line is not None else f"iteration {kept}, which is kept, has no line in the record"
    elif run.end.last != last.iteration:
        why = f"the last iteration could not be recorded; the record ends with iteration {last.iteration}"
    if line is not None and line.status == "failed":
        why = f"iteration {line.iteration} could not be measured: {line.reason}"
    return line, why


def _unfinished(run: RunRead, last: IterationLine) -> str:
    """Return why a run made no model that anybody can name; empty when it ended as it should."""
    if run.end is None:
        return (
            f"the record of the run ends after iteration {last.iteration} without saying how it ended: it was killed, "
            "or runs still, so nobody knows which iteration made the model. Train again, or wait for its end"
        )
    if run.end.outcome in {"failed", "aborted"}:
        return f"the run {run.end.outcome} after iteration {last.iteration}: it made no model to decide on"
    return ""


def _tally(run: RunRead, line: IterationLine | None) -> Tally:
    """Return an iteration's tally, with its scores where they were kept; of nobody where it failed."""
    counted = run.about.counted
    if line is None or not (line.positives or line.tally_sha256):
        return msgspec.structs.replace(counted_tally(counted, [0] * len(counted.cells)), cells=(), rows=0)
    path = run.path.with_name(tally_name(line.iteration))
    if line.tally_sha256:
        content = read_file(path, f"the tally of iteration {line.iteration}")
        if sha256_hex(content) != line.tally_sha256:
            raise VerificationError(f"{path} is not the tally of iteration {line.iteration}: its digest differs")
        return parse_tally(content, name=path.name)
    tally = counted_tally(counted, line.positives)
    if not path.is_file():
        return tally
    kept = parse_tally(read_file(path, "a tally"), name=path.name)
    if kept.cells != tally.cells:
        raise VerificationError(
            f"{path} is not the tally of iteration {line.iteration}: their counts differ. Train again"
        )
    return kept


def _produced(project: Project, run: RunRead) -> tuple[tuple[FileDigest, ...], str]:
    """Return the model's files, where they are those that the run said it made; else none."""
    made = set() if run.end is None else {*run.end.outputs.values()}
    if run.end is not None and run.end.kept is not None and run.end.kept.sha256 is not None:
        made.add(run.end.kept.sha256)
    if not made or not project.model.exists():
        return (), NO_FILES
    try:
        files, sha256 = list_model(project.model)
    except InputError:
        return (), NO_FILES  # an empty folder: there is no model yet
    return (files, sha256) if sha256 in made else ((), NO_FILES)


def _datasets(run: RunRead) -> tuple[Dataset, ...]:
    rows = sum(cell[2] for cell in run.about.counted.cells)
    return tuple(
        Dataset(role=role, sha256=sha256, files=(), rows=rows if role == "validation" else None)
        for role, sha256 in sorted(run.about.captured.datasets.items())
    )


def _counts(run: RunRead) -> Iterator[Measurement]:
    """Yield how many iterations ended in each way; how many failed is not known as a number, but why is."""
    counts = run.end.iterations if run.end is not None else _counted(run)
    total = sum(counts.values())
    for status in _STATUSES:
        many = counts.get(status, 0)
        why = None
        if status == "failed" and many:
            told = "; ".join(
                f"iteration {one.iteration}: {one.reason}" for one in run.iterations if one.status == status
            )
            why = f"{many} of {total} iterations could not be measured, so nothing is known of them: {told[:400]}"
        if run.end is None:
            why = "the run did not say how it ended, so its iterations are not counted to the end"
        yield Measurement(
            metric=f"iterations_{status}",
            value=None if why else float(many),
            interval=None if why else (float(many), float(many)),
            level=0.999999,
            n=total,
            unit="count",
            reason=why,
            method="a count of all iterations: there is nothing to estimate",
        )


def _counted(run: RunRead) -> dict[str, int]:
    return {status: sum(one.status == status for one in run.iterations) for status in _STATUSES}


def _told(run: RunRead, line: IterationLine | None, why: str) -> dict[str, Any]:
    """Return what is said of the run in the evidence: what was captured, and how it went."""
    about, end = run.about, run.end
    told: dict[str, Any] = {
        "id": about.run,
        "action": about.action,
        "best_by": about.best_by,
        "started_at": about.started_at,
        "record_sha256": run.sha256,
        "watched_policy_sha256": about.policy_sha256,
        "captured": msgspec.to_builtins(about.captured),
        "measured_iteration": None if line is None else line.iteration,
        "unknown_because": why or None,
        "ended": None,
    }
    if end is not None:
        told["ended"] = msgspec.to_builtins(end)
    return told


def _series(run: RunRead) -> list[dict[str, Any]]:
    """Return, for each finding that compares a number, its points over the iterations."""
    found: dict[str, dict[str, Any]] = {}
    for line in _thinned(run.iterations):
        for one in line.found:
            held = found.setdefault(
                one.id, {"id": one.id, "metric": one.metric, "limit": list(one.limit), "points": []}
            )
            low, high = one.interval or (None, None)
            held["points"].append([line.iteration, one.value, low, high, one.status])
    return list(found.values())


def _thinned(lines: list[IterationLine]) -> list[IterationLine]:
    stride = -(-len(lines) // MOST_POINTS)
    turns = {at for at in range(1, len(lines)) if lines[at].status != lines[at - 1].status} if lines else set()
    kept = set(sorted(turns)[:MOST_POINTS])
    best = max((at for at, line in enumerate(lines) if line.best), default=-1)
    last = len(lines) - 1
    return [
        line for at, line in enumerate(lines) if stride <= 1 or at % stride == 0 or at in kept or at in {best, last}
    ]
