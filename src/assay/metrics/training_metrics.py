"""What is counted of a monitored training run: its iterations, by what came of them; `lifecycle.training` counts."""

from __future__ import annotations

from assay.metrics.metric import INFINITY, Metric


def _of_run(name: str, title: str, *, higher_is_better: bool) -> Metric:
    return Metric(
        name=name, title=title, unit="count", scope="observed", higher_is_better=higher_is_better, high=INFINITY,
        formula="a count of all iterations", source="a count",
    )  # fmt: skip


METRICS = (
    _of_run("iterations_satisfied", "iterations that satisfied the policy", higher_is_better=True),
    _of_run("iterations_breached", "iterations that breached the policy", higher_is_better=False),
    _of_run("iterations_undecided", "iterations that the validation set could not settle", higher_is_better=False),
    _of_run("iterations_failed", "iterations that could not be measured", higher_is_better=False),
)
