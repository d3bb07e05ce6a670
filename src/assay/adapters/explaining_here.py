"""Explanations on this machine: of a verdict that was given, or of a table with no policy and no release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.records.explanation import Explanation
    from assay.records.tally import Roles


def explain(
    verdict: Path | str | None = None,
    finding: str | None = None,
    *,
    rows: Any = None,  # noqa: ANN401 - any table
    roles: Roles | None = None,
    metric: str | None = None,
    limit: float | None = None,
    features: Sequence[str] = (),
    train: Any = None,  # noqa: ANN401 - any table
    model: Path | str | None = None,
    trusted: bool = False,
    minimum_group: int = 1,
    watched: bool = False,
) -> Explanation:
    """Say why a finding is not a pass, and what would mend it.

    Give a verdict (its file, its release folder, ``NAME/VERSION``, or ``-``), or rows with a metric and its limit.

    Args:
        verdict: the verdict to explain.
        finding: only this finding of it.
        rows: whatever `tally_rows` takes; then ``roles``, ``metric`` and ``limit`` are needed, and no verdict.
        roles: which column means what.
        metric: a metric between groups.
        limit: at most this for a difference, at least this for a ratio.
        features: the columns that the model decides by.
        train: the rows that the model was fitted on.
        model: its file: ONNX, skops, joblib or pickle.
        trusted: whether a model file may run whatever code it holds.
        minimum_group: groups with fewer rows take no part in comparisons.
        watched: draw a progress bar for a person who waits.

    Raises:
        InputError: when neither or both are given, or something is missing.
        DataError: when rows cannot be read.
    """
    if (verdict is None) == (rows is None):
        raise InputError(
            "expected a VERDICT to explain, or rows (--data FILE) with a metric and its limit: one of both"
        )
    if rows is None:
        from assay.lifecycle.explaining import explain_verdict  # noqa: PLC0415 - only the half that is asked

        return explain_verdict(verdict, finding)
    if roles is None or metric is None or limit is None:
        lacking = [name for name, given in (("roles", roles), ("metric", metric), ("limit", limit)) if given is None]
        raise InputError(f"expected {', '.join(lacking)} beside rows: what is measured, and what it is held against")
    from assay.diagnosis.explaining import explain_rows  # noqa: PLC0415 - the engine is loaded when rows are read
    from assay.diagnosis.question import Question, limit_of  # noqa: PLC0415
    from assay.lifecycle.measuring import progress_bar  # noqa: PLC0415

    question = Question(
        rows=rows, roles=roles, metric=metric, limit=limit_of(metric, limit), features=tuple(features), train=train,
        minimum_group=minimum_group, no_scorer=_no_scorer(model, trusted=trusted),
    )  # fmt: skip
    draw, wipe = progress_bar() if watched else (None, None)
    try:
        return explain_rows(question, on_progress=draw)
    finally:
        if wipe is not None:
            wipe()


def _no_scorer(model: Path | str | None, *, trusted: bool) -> str:
    """Return why a model that was named is not asked."""
    return "" if model is None else f"the model {model} ({'trusted' if trusted else 'not trusted'}): not asked so far"
