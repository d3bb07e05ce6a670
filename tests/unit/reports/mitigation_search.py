"""A search for a remedy, as its reports are given it: measured, failed, refused and not tried."""

from __future__ import annotations

from typing import Any

from assay.records.mitigation import Aim, Attempted, Change, Chosen, Mitigation, Performance, Trial
from assay.records.verdict import Finding, Limit, Status

WORSE = Change(
    metric="true_positive_rate", group={"race": "black"}, before=0.71, after=0.55, change=-0.16, interval=(-0.2, -0.1),
    sure=True, n=200,
)  # fmt: skip


def trial(
    name: str, accuracy: float, aim: float, holds: Status, worse: tuple[Change, ...] = (), *, asks: bool = False
) -> Trial:
    found = Finding(id="race-gap/race", control="race-gap", check="group-gap", title="alike", status=holds, reason="r")
    return Trial(
        name=name, method=name, title="It does something.", source="somebody", status="measured", seed=1,
        determinism="Nothing is drawn.", findings=(found,),
        performance=Performance(
            accuracy=accuracy, accuracy_interval=(accuracy - 0.02, accuracy + 0.02), aim=aim,
            aim_interval=(aim - 0.05, aim + 0.05), holds=holds,
        ),
        on_choosing_rows=Chosen(accuracy=accuracy, aim=aim, beyond=0.0, rows=100), holds_widened=holds, worse=worse,
        needs_attribute=asks,
    )  # fmt: skip


def left(name: str, status: Attempted, reason: str) -> Trial:
    return Trial(name=name, method=name, title="t", source="s", status=status, reason=reason, seed=1, determinism="d")


def search(**changes: object) -> Mitigation:
    trials = (
        trial("as_is", 0.92, 0.31, "fail"),
        trial("threshold", 0.9, 0.08, "pass", (WORSE,), asks=True),
        left("grid_search", "failed", "ValueError: no"),
        left("repair_feature.half", "refused", "it needs race"),
        left("repair_feature.whole", "refused", "it needs race"),
        left("more_rows", "not-tried", "the budget was spent"),
    )
    given: dict[str, Any] = {
        "search": "remedies", "subject": "lending 1", "policy_sha256": "0" * 64, "compared_with": "denied",
        "aim": Aim(metric="demographic_parity_difference", over="race", attributes=("race",), limit=Limit(max=0.1),
                   finding="race-gap/race"),
        "before": Performance(accuracy=0.86, aim=0.33, aim_interval=(0.25, 0.4), holds="fail"),
        "estimator": "logistic regression", "features": ("income", "a|b"), "held_out": "Held out.", "crossed": False,
        "multiplicity": "Two were judged.", "rows": {"fit": 10}, "trials": trials, "front": ("as_is", "threshold"),
        "recommended": "threshold", "recommendation": "threshold is the one.", "within": 0.01, "budget_seconds": 60.0,
        "spent_seconds": 12.0, "seed": 1, "searched_at": "2026-11-23T10:00:00Z",
    }  # fmt: skip
    return Mitigation(**{**given, **changes})
