"""What models answer, in the one form that is read: one plain value a row."""

from __future__ import annotations

from typing import Any

from assay.probing.scorer import ScorerError


def one_each(answers: Any) -> list[Any]:  # noqa: ANN401 - an array, a frame, a series, a list
    """Return one value a row; of two probabilities in a row, those of both classes, the second.

    Raises:
        ScorerError: when the answers are no list of rows.
    """
    if hasattr(answers, "to_numpy"):
        answers = answers.to_numpy()
    if hasattr(answers, "tolist"):
        answers = answers.tolist()
    if not isinstance(answers, (list, tuple)):
        raise ScorerError(f"expected an answer a row, found {type(answers).__name__}")
    return [_one(answer) for answer in answers]


def _one(answer: Any) -> Any:  # noqa: ANN401 - as above
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if not isinstance(answer, (list, tuple)):
        return answer
    if len(answer) not in {1, 2}:
        raise ScorerError(f"expected one answer a row, or the probabilities of two classes, found {len(answer)}")
    return answer[-1]


def place_of(classes: Any, positive: object) -> int:  # noqa: ANN401 - an array of numpy
    """Return which of a model's two classes is the positive one.

    Raises:
        ScorerError: when it is none of them, or there are more.
    """
    from assay.probing.asking import written  # noqa: PLC0415 - one call

    found = [written(one) for one in one_each(classes)]
    if len(found) != 2 or written(positive) not in found:  # type: ignore[arg-type] # noqa: PLR2004 - yes and no
        raise ScorerError(
            f"expected a model of two classes, one of them {positive!r} (columns.positive), found {', '.join(found)}"
        )
    return found.index(written(positive))  # type: ignore[arg-type]
