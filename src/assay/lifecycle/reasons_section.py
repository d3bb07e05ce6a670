"""The section ``reasons`` of `assay.yaml`: which model gives reasons, in which words, against whom; read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.errors import suggest
from assay.lifecycle.robustness_section import ScorerSection, scorer_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.project import Config


class ReasonsSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `assay reasons` is told.

    Attributes:
        mapping: the file that puts features into words, relative to `assay.yaml`.
        model: the model that is asked; that of ``robustness`` when left out.
        features: the columns that it is given, in its order; those of ``robustness``, or those of the mapping, when
            left out.
        compared_with: role of the dataset that holds the reference applicants; that of the release when left out.
    """

    mapping: str = "reasons.yaml"
    model: ScorerSection | None = None
    features: tuple[str, ...] | None = None
    compared_with: str | None = None


def reasons_problems(config: Config) -> Iterator[tuple[str, str]]:
    """Yield everything that is wrong in the section: JSON path and message."""
    section = config.reasons
    if section is None:
        return
    if section.model is not None:
        yield from scorer_problems(config, section.model, at="$.reasons.model")
        if section.model.output != "probability":
            yield (
                "$.reasons.model.output",
                "expected probability: reasons rest on a score, found label",
            )
    elif config.robustness is None:
        yield "$.reasons.model", "expected the model that is asked (or the one of robustness), found none"
    if section.compared_with is not None and section.compared_with not in config.datasets:
        near = suggest(section.compared_with, config.datasets)
        yield "$.reasons.compared_with", f"expected one of the datasets, found {section.compared_with!r}{near}"
    if section.features is not None and not section.features:
        yield "$.reasons.features", "expected at least one column, found none"
    if config.columns.task != "binary":
        yield "$.columns.task", f"reasons are of a yes or no; expected task binary, found {config.columns.task}"
