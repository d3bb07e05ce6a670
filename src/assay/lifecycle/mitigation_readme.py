"""What stands beside a model that was taken out of a search: what it is, how to load it, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports import mitigation_words as told

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.taken_out import ModelFile
    from assay.diagnosis.mitigation.trying import Answers
    from assay.records.mitigation import Mitigation, Trial


def readme(found: Mitigation, trial: Trial, answers: Answers, file: ModelFile, version: str | None) -> str:
    """Return the text, in Markdown.

    Args:
        found: the search.
        trial: the candidate.
        answers: what it answered.
        file: its model's file.
        version: the version it becomes; None for a table.
    """
    called = f"version {version}" if version else "the model"
    lines = [
        f"# {trial.name}: {called}, mended from {found.subject}",
        "",
        f"{trial.title} Source: {trial.source}.",
        "",
        f"- {told.aim_words(found)}.",
        f"- Learner: {found.estimator}.",
        f"- Settings: {told.settings_words(trial)}; seed {found.seed}.",
        f"- {told.needs_words(trial).capitalize()}.",
        f"- {trial.determinism}",
        f"- Rows: {found.held_out}",
        "",
        "## Load it and predict",
        "",
        *_loading(found, answers, file),
        "",
        "## What got worse",
        "",
        *(f"- {told.change_words(one)}" for one in trial.worse if one.sure),
        *([] if any(one.sure for one in trial.worse) else ["- nothing surely"]),
    ]
    if version is not None:
        lines += [
            "",
            "## Judge it",
            "",
            "`assay run` in this folder measures it under the project's policy, from `predictions.parquet`. The card",
            "that `assay.yaml` names is the denied version's: read it again before you sign anything. Where labels are",
            "not 0 and 1, or groups that the model asks for are no text, `assay.yaml` has no section `robustness`: its",
            "controls stay unknown until you name a model that takes them.",
        ]
    return "\n".join(lines) + "\n"


def _loading(found: Mitigation, answers: Answers, file: ModelFile) -> list[str]:
    needs = ["scikit-learn", "pandas", *answers.needs]
    versions = ", ".join(f"{name} {version}" for name, version in found.tools.items() if name in {*needs, "skops"})
    columns = [*found.features, *answers.asks]
    if file.name.endswith(".skops"):
        load = ["from skops.io import load", "", f'model = load("model/{file.name}", trusted={list(file.trusted)!r})']
    else:
        load = ["import joblib", "", f'model = joblib.load("model/{file.name}")  # a pickle: it runs code']
    asked = f"The protected attribute ({', '.join(answers.asks)}) is text, `not known` where it is not known. "
    return [
        f"It was fitted with {versions}.",
        "",
        "```python",
        *load,
        f"columns = {columns!r}",
        "model.predict(frame[columns])              # 1 for the positive class, 0 otherwise",
        "model.predict_proba(frame[columns])[:, 1]  # the score",
        "```",
        "",
        "`frame` is a pandas frame: numbers and truth values as float64 (true is 1.0), everything else as text, "
        f"missing as NaN. {asked if answers.asks else ''}".rstrip(),
        *([] if file.why is None else ["", f"skops could not hold it ({file.why}), so it is a pickle of joblib."]),
    ]
