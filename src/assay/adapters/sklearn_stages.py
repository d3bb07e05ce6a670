"""scikit-learn: measure each stage of a gradient boosting, or each batch of a partial_fit."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

from assay.errors import InputError
from assay.records.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.adapters.fairness_monitor import FairnessMonitor
    from assay.lifecycle.run_judging import Step


def staged(monitor: FairnessMonitor, estimator: Any, features: Any) -> list[Step]:  # noqa: ANN401 - scikit-learn's
    """Measure each stage of a fitted boosting, and end the run; nothing is fitted again.

    Args:
        monitor: the monitor; ``monitor.kept.iteration + 1`` is the number of stages to keep.
        estimator: has ``staged_predict_proba``, or of a regression ``staged_predict``.
        features: of the validation set.

    Raises:
        InputError: for an estimator without stages.
    """
    wanted = "predict" if monitor.task == "regression" else "predict_proba"
    stages = getattr(estimator, f"staged_{wanted}", None)
    if stages is None:
        raise InputError(
            f"expected an estimator with staged_{wanted}, found {type(estimator).__name__}: measure it whole with "
            f"watch.step(estimator.{wanted}(X_valid)), or fit it with watch.partial_fit"
        )
    monitor.describe("scikit-learn", {"estimator": type(estimator).__name__, **estimator.get_params()})
    steps = []
    for at, scores in enumerate(stages(features)):
        steps.append(monitor.step(scores, iteration=at))
        if monitor.should_stop:
            break
    monitor.close()
    return steps


def partial_fit(
    monitor: FairnessMonitor,
    estimator: Any,  # noqa: ANN401 - scikit-learn's own classes
    batches: Iterable[tuple[Any, Any]],
    features: Any,  # noqa: ANN401 - any features
    *,
    classes: Any = (0, 1),  # noqa: ANN401 - any array
) -> Any:  # noqa: ANN401 - scikit-learn's own classes
    """Fit batch by batch, measure after each, end the run, and return the estimator; under keep-best the one kept."""
    monitor.describe("scikit-learn", {"estimator": type(estimator).__name__, **estimator.get_params()})
    kept = estimator
    for batch, labels in batches:
        if monitor.task == "regression":
            estimator.partial_fit(batch, labels)
        else:
            estimator.partial_fit(batch, labels, classes=classes)
        step = monitor.step_by(lambda: _scores(monitor, estimator, features))
        if step.is_best and monitor.action == "keep-best":
            kept = monitor.attempt("keeping a batch", lambda: copy.deepcopy(estimator)) or kept
        if monitor.should_stop:
            break
    if monitor.action == "keep-best" and monitor.kept is not None:
        content = monitor.attempt("the digest of the estimator", lambda: pickle.dumps(kept))
        if content is not None:
            monitor.set_digest(sha256_hex(content), "the estimator, pickled")
        estimator = kept
    monitor.close()
    return estimator


def _scores(monitor: FairnessMonitor, estimator: Any, features: Any) -> Any:  # noqa: ANN401 - scikit-learn's own
    if monitor.task == "regression":
        return estimator.predict(features)
    if not hasattr(estimator, "predict_proba"):
        raise InputError(
            f"expected an estimator with predict_proba, found {type(estimator).__name__}: give it a loss with "
            "probabilities, or call watch.step(predictions=...) in a loop of your own"
        )
    return estimator.predict_proba(features)
