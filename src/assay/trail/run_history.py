"""The history of runs: what was trained or evaluated on what, how it went iteration by iteration, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.trail.view import sentence, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.trail.answers import Answer, Sentence
    from assay.trail.view import Fact, View

RUNS = ("run.started", "run.iterations", "run.finished")
_STATUSES = ("satisfied", "breached", "undecided", "failed")


def runs(view: View, model: str | None = None) -> Answer:
    """Answer which runs began, what their monitored iterations came to, and how they ended, in the log's order.

    Args:
        view: the trail at a size.
        model: of this model alone: its jobs are named after it, or it is among what they made.
    """
    facts = view.facts(*RUNS)
    told: list[Sentence] = []
    rows: list[dict[str, Any]] = []
    for fact in (one for one in facts if one.event.type == "run.started"):
        its = [one for one in facts if one.said.run == fact.said.run]
        batches = [one for one in its if one.event.type == "run.iterations"]
        ended = next((one for one in reversed(its) if one.event.type == "run.finished"), None)
        if model is not None and not _of(model, fact, ended):
            continue
        told.append(sentence(_words(view, fact, batches, ended), *its))
        rows.append(_row(fact, batches, ended, its))
    missing = view.not_counted(*RUNS)
    if model is not None and not rows:
        missing.append(f"no run of {model!r} is in the log")
    asked = {} if model is None else {"model": model}
    return view.answer("runs", asked, told, rows=rows, missing=missing, facts=facts)


def _of(model: str, fact: Fact, ended: Fact | None) -> bool:
    job = fact.said.job
    return model in {job, job.removeprefix("train-"), job.partition("/")[0]} or (
        ended is not None and model in ended.said.outputs
    )


def _counts(batches: Sequence[Fact]) -> dict[str, int]:
    return {status: sum(getattr(one.said, status) for one in batches) for status in _STATUSES}


def _words(view: View, fact: Fact, batches: Sequence[Fact], ended: Fact | None) -> str:
    said = fact.said
    inputs = ", ".join(f"{name} ({short(digest)})" for name, digest in sorted(said.inputs.items()))
    text = f"{view.when(fact)}: {said.kind} run {said.run} of {said.job} began{f' on {inputs}' if inputs else ''}."
    if batches:
        counts = ", ".join(f"{many} {status}" for status, many in _counts(batches).items() if many)
        text += f" Its iterations up to {batches[-1].said.last}: {counts}."
        first = next((one.said.first_breached for one in batches if one.said.first_breached is not None), None)
        text += f" The first that breached the policy was {first}." if first is not None else ""
    if ended is None:
        return f"{text} It did not say how it ended."
    text += f" It ended at {view.when(ended)}: {ended.said.outcome}."
    if ended.said.stopped_at is not None:
        text += f" The monitor stopped it at iteration {ended.said.stopped_at}."
    if ended.said.kept_iteration is not None:
        digest = f" ({short(ended.said.kept_sha256)})" if ended.said.kept_sha256 is not None else ""
        text += f" Iteration {ended.said.kept_iteration} was kept{digest}."
    return text


def _row(fact: Fact, batches: Sequence[Fact], ended: Fact | None, its: Sequence[Fact]) -> dict[str, Any]:
    said = fact.said
    row: dict[str, Any] = {
        "at": fact.at, "run": said.run, "job": said.job, "kind": said.kind, "inputs": dict(said.inputs),
        "hyperparameters": dict(said.hyperparameters), "iterations": _counts(batches) if batches else None,
        "outcome": None, "outputs": {}, "stopped_at": None, "kept_iteration": None,
        "entries": sorted(one.index for one in its),
    }  # fmt: skip
    if ended is not None:
        row |= {"outcome": ended.said.outcome, "outputs": dict(ended.said.outputs),
                "stopped_at": ended.said.stopped_at, "kept_iteration": ended.said.kept_iteration}  # fmt: skip
    return row
