"""Explanations on this machine: of a verdict that was given, or of a table with no policy and no release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.lifecycle.explaining import Papers
    from assay.probing.scorer import Scorer
    from assay.records.explanation import Explanation
    from assay.records.tally import Roles


MODEL_SECONDS = 15.0
"""What asking the model may take, where nobody says otherwise."""


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
    with_rows: bool = False,
    model_seconds: float = MODEL_SECONDS,
    recorded: bool = False,
    key: str = "default",
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
        with_rows: of a verdict: go back to the project's rows and model, too.
        model_seconds: what asking the model may take, of each finding; what it has answered by then is used, and told.
        recorded: of a verdict: sign the explanation, keep it beside the project's log, and tell the trail.
        key: name of the key that signs.

    Raises:
        InputError: when neither or both are given, or something is missing.
        DataError: when rows cannot be read.
    """
    if (verdict is None) == (rows is None):
        raise InputError(
            "expected a VERDICT to explain, or rows (--data FILE) with a metric and its limit: one of both"
        )
    if verdict is not None:
        return _of_verdict(
            verdict, finding, with_rows=with_rows, watched=watched, seconds=model_seconds, key=key if recorded else None
        )
    if roles is None or metric is None or limit is None:
        named = (("roles", roles), ("--metric", metric), ("--limit", limit))
        lacking = ", ".join(name for name, given in named if given is None)
        raise InputError(f"expected {lacking} beside the rows: what is measured, and what it is held against")
    from assay.diagnosis.explaining import explain_rows  # noqa: PLC0415 - the engine is loaded when rows are read
    from assay.diagnosis.question import Question, limit_of  # noqa: PLC0415
    from assay.lifecycle.measuring import progress_bar  # noqa: PLC0415

    _require_files(train, model)
    positive = 1 if roles.positive is None else roles.positive
    scorer, why = _scorer(model, trusted=trusted, positive=positive, seconds=model_seconds)
    question = Question(
        rows=rows, roles=roles, metric=metric, limit=limit_of(metric, limit), features=_once(features), train=train,
        scorer=scorer, no_scorer=why, minimum_group=minimum_group, seconds=model_seconds,
        mitigate=_mitigate_line(
            rows, roles, metric=metric, limit=limit, features=_once(features), train=train, minimum_group=minimum_group
        ),
    )  # fmt: skip
    draw, wipe = progress_bar() if watched else (None, None)
    try:
        return explain_rows(question, on_progress=draw)
    finally:
        if wipe is not None:
            wipe()


def _mitigate_line(
    rows: Any,  # noqa: ANN401 - any table
    roles: Roles,
    *,
    metric: str,
    limit: float,
    features: tuple[str, ...],
    train: Any,  # noqa: ANN401 - any table
    minimum_group: int,
) -> str:
    """Return the line that tries remedies on the same rows, up to its candidates; empty where no line can name them."""
    from pathlib import Path  # noqa: PLC0415 - one call
    from shlex import quote  # noqa: PLC0415

    from assay.records.measurement import joined  # noqa: PLC0415

    named = isinstance(rows, (str, Path)) and (train is None or isinstance(train, (str, Path)))
    if not named or roles.label is None:
        return ""

    told = {
        "data": rows, "train": train, "label": roles.label, "prediction": roles.prediction, "score": roles.score,
        "protected": joined(roles.protected), "features": joined(features) or None, "positive": roles.positive,
        "favourable": roles.favourable, "weight": roles.weight, "metric": metric, "limit": f"{limit:g}",
        "minimum-group": None if minimum_group == 1 else minimum_group,
    }  # fmt: skip
    parts = [f"--{name} {quote(str(value))}" for name, value in told.items() if value is not None]
    return " ".join(["assay mitigate", *parts])


def _once(features: Sequence[str]) -> tuple[str, ...]:
    """Return the features, each of them once.

    Raises:
        InputError: when one is named twice.
    """
    twice = sorted({name for name in features if list(features).count(name) > 1})
    if twice:
        raise InputError(f"--features: expected each column once, found {', '.join(twice)} more often")
    return tuple(features)


def _require_files(train: Any, model: Path | str | None) -> None:  # noqa: ANN401 - any table
    """Refuse a model that is not there before any row is read; the engine says so of rows."""
    from pathlib import Path  # noqa: PLC0415 - one call

    if model is not None and not Path(model).exists():
        raise InputError(f"--model: expected a file of ONNX, skops, joblib or pickle at {model}, found nothing there")
    if isinstance(train, (str, Path)):
        from assay.tabular.files import expand  # noqa: PLC0415 - one call

        expand(train)


def _scorer(
    model: Path | str | None, *, trusted: bool, positive: str | int | bool, seconds: float
) -> tuple[Scorer | None, str]:
    """Return a model that can be asked, or why it cannot: then causes are looked for without it."""
    if model is None:
        return None, ""
    from time import monotonic  # noqa: PLC0415

    from assay.adapters.model_files import open_model  # noqa: PLC0415 - only where a model is named
    from assay.diagnosis.in_time import within  # noqa: PLC0415
    from assay.probing.scorer import ScorerError  # noqa: PLC0415

    late = f"it was not loaded within the budget of {seconds:g} seconds"
    try:
        opened: Scorer = within(
            lambda: open_model(model, trusted=trusted, positive=positive), monotonic() + seconds, late
        )
    except ScorerError as error:
        return None, f"the model was not asked: {error}"
    return opened, ""


def _of_verdict(
    verdict: Path | str, finding: str | None, *, with_rows: bool, watched: bool, seconds: float, key: str | None
) -> Explanation:
    """Explain a verdict from its records, or from the project's rows and model, too; with a key it is recorded."""
    from assay.lifecycle.explaining import explain_papers, read_papers  # noqa: PLC0415 - only the half that is asked

    papers = read_papers(verdict)
    if with_rows:
        found = _with_rows(papers, finding, watched=watched, seconds=seconds)
    else:
        found = explain_papers(papers, finding)
    if key is None:
        return found
    import msgspec  # noqa: PLC0415 - only where it is recorded

    from assay.adapters.explanation_kept import keep  # noqa: PLC0415

    place = keep(papers, found, key=key)
    return msgspec.structs.replace(found, remarks=(*found.remarks, f"Recorded in the trail: {place}."))


def _with_rows(papers: Papers, finding: str | None, *, watched: bool, seconds: float) -> Explanation:
    from assay.adapters.scorers import open_scorer  # noqa: PLC0415 - only where a model is asked
    from assay.lifecycle.explaining_rows import explain_with_rows  # noqa: PLC0415
    from assay.lifecycle.measuring import progress_bar  # noqa: PLC0415

    draw, wipe = progress_bar() if watched else (None, None)
    try:
        return explain_with_rows(papers, finding, open_scorer=open_scorer, on_progress=draw, seconds=seconds)
    finally:
        if wipe is not None:
            wipe()
