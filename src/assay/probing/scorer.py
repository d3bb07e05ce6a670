"""The port to a model: columns of features in, one answer a row out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from assay.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value: TypeAlias = str | float | bool | None
"""A feature's value; a whole number is an int, and None stands for a missing one."""


class ScorerError(AssayError):
    """A model cannot be loaded or asked, or answers in another shape."""


class LateScorerError(ScorerError):
    """A model did not answer in time."""


class Scorer(Protocol):
    """A model that answers, wherever it runs.

    Attributes:
        name: what answers, with its version where it has one; goes into the evidence.
    """

    name: str

    def score(self, columns: Mapping[str, Sequence[Value]]) -> Sequence[Any]:
        """Return an answer a row: the probability of the positive class, or a label.

        Args:
            columns: the features by name, all of one length, in the order of ``assay.yaml``.

        Raises:
            ScorerError: when it cannot be asked, or not in time.
            Exception: whatever the model itself raises; the caller counts it.
        """
        ...
