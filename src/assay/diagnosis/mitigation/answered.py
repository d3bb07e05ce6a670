"""What a candidate answered, as rows that the library counts, and as a model that can be asked."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.cuts import HALF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.diagnosis.mitigation.table import Table
    from assay.diagnosis.mitigation.trying import Answers
    from assay.probing.scorer import Value
    from assay.records.tally import Roles


def answered_rows(table: Table, answers: Answers, roles: Roles) -> Any:  # noqa: ANN401 - a pandas frame
    """Return the rows reported with a candidate's predictions, in the columns that the roles name.

    Classes are written as the label's column writes them.
    """
    import pandas as pd  # noqa: PLC0415 - an extra

    written = {0: table.written.get(False, 0), 1: table.written.get(True, 1)}
    found: dict[str, Any] = {}
    if roles.label is not None:
        found[roles.label] = [None if one < 0 else written[one] for one in table.label.tolist()]
    found[roles.prediction or "prediction"] = [written[one] for one in answers.decisions.tolist()]
    if roles.score is not None:
        found[roles.score] = answers.scores
    for name in roles.protected:
        found[name] = table.groups[name]
    if roles.weight is not None:
        found[roles.weight] = table.weight
    return pd.DataFrame(found)


@dataclass
class FittedScorer:
    """A candidate's fitted estimator, asked as any model is (`assay.probing.scorer.Scorer`).

    It answers with decisions, not with probabilities: where it cuts is its own affair.

    Attributes:
        name: what answers.
    """

    answers: Answers
    like: Table
    name: str = "the candidate"

    def __post_init__(self) -> None:
        """Load the estimator."""
        self._estimator = pickle.loads(self.answers.estimator)  # noqa: S301 - from the child that this process started

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[float]:
        """Return 1 or 0 a row."""
        import pandas as pd  # noqa: PLC0415 - an extra

        kinds, nothing = self.like.features.dtypes, float("nan")
        frame = pd.DataFrame(
            {name: [nothing if one is None else one for one in values] for name, values in columns.items()}
        )
        for name in frame.columns:
            if name in kinds:
                frame[name] = frame[name].astype(kinds[name])
            elif name in self.answers.asks:
                frame[name] = ["not known" if one is None else str(one) for one in columns[name]]
        return [1.0 if one else 0.0 for one in (self._estimator.predict(frame) > HALF).tolist()]
