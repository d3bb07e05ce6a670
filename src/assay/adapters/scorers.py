"""Opens the model that `assay.yaml` names (robustness.model), by its kind; each kind is a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.probing.asking import told_error
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from assay.lifecycle.robustness_section import ScorerSection
    from assay.probing.scorer import Scorer


def open_scorer(section: ScorerSection, positive: str | int | bool) -> Scorer:
    """Return the model, ready to be asked. Paths and modules are found from the working folder.

    Args:
        section: the model.
        positive: the positive class.

    Raises:
        ScorerError: when it cannot be loaded, or may not: a file that runs code needs ``trusted: true``.
    """
    try:
        return _open(section, positive)
    except ScorerError:
        raise
    except Exception as error:  # noqa: BLE001 - somebody else's file and package: what it raised is the message
        where = section.path or section.callable or section.url
        raise ScorerError(f"the model {where} (kind {section.kind}) could not be loaded: {told_error(error)}") from None


def _open(section: ScorerSection, positive: str | int | bool) -> Scorer:
    wanted: dict[str, Any] = {"output": section.output, "positive": positive}
    where = section.path or ""
    if section.kind == "callable":
        from assay.adapters.scorer_callable import CallableScorer  # noqa: PLC0415 - only the kind that is asked

        return CallableScorer(section.callable or "", section.path)
    if section.kind == "http":
        from assay.adapters.scorer_http import EndpointScorer  # noqa: PLC0415

        return EndpointScorer(section.url or "", form=section.form, timeout_s=section.timeout_seconds)
    if section.kind == "onnx":
        from assay.adapters.scorer_onnx import OnnxScorer  # noqa: PLC0415

        return OnnxScorer(where, **wanted)
    if section.kind == "mlflow":
        from assay.adapters.scorer_mlflow import MlflowScorer  # noqa: PLC0415

        return MlflowScorer(where, trusted=section.trusted)
    from assay.adapters.scorer_sklearn import SklearnScorer  # noqa: PLC0415

    return SklearnScorer(where, trusted=section.trusted, **wanted)
