"""A candidate taken out: its fitted estimator as the bytes of a file that scikit-learn loads."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import MissingExtraError

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.trying import Answers


@dataclass(frozen=True)
class ModelFile:
    """A fitted estimator as a file.

    Attributes:
        name: ``model.skops``, or ``model.joblib`` where skops cannot hold it.
        content: its bytes.
        trusted: for skops: types that it asks its loader to trust.
        why: why it is no file of skops; None where it is one.
    """

    name: str
    content: bytes
    trusted: tuple[str, ...] = ()
    why: str | None = None


def model_file(answers: Answers) -> ModelFile:
    """Return a candidate's estimator as a file of skops; as joblib's pickle where skops cannot hold it.

    Raises:
        MissingExtraError: without skops.
    """
    try:
        import skops.io as skops_io  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("skops", "mitigation") from None
    estimator = pickle.loads(answers.estimator)  # noqa: S301 - from the child that this process started
    try:
        content = skops_io.dumps(estimator)
        trusted = tuple(sorted(skops_io.get_untrusted_types(data=content)))
        skops_io.loads(content, trusted=list(trusted))
    except Exception as error:  # noqa: BLE001 - whatever a foreign part of the estimator makes of it
        import joblib  # noqa: PLC0415 - comes with scikit-learn

        kept = io.BytesIO()
        joblib.dump(estimator, kept)
        why = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"
        return ModelFile("model.joblib", kept.getvalue(), why=why)
    return ModelFile("model.skops", content, trusted)
