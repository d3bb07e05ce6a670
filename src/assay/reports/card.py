"""``card.yaml``: what only people can say about a model, read strictly and held against the evidence.

The nine sections and their fields are those of Mitchell et al. 2019, *Model Cards for Model Reporting*, section 4
(https://arxiv.org/abs/1810.03993). What a machine can measure (metrics, groups, datasets, digests) is not asked here:
it is taken from the evidence when the model card is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from assay.records.document import load_yaml
from assay.records.evidence import Documentation
from assay.records.tally import Frozen, GroupValue
from assay.reports.card_claims import contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import msgspec

    from assay.records.measurement import Measurement
    from assay.reports.datasheet import Datasheet

Words: TypeAlias = str | tuple[str, ...] | None
"""A text, or a list of texts."""


class ModelDetails(Frozen, kw_only=True):
    """Who made the model, what kind it is, under which licence, and whom to ask."""

    developed_by: Words = None
    type: Words = None
    training: Words = None
    license: str | None = None
    contact: Words = None
    paper: Words = None
    citation: Words = None


class IntendedUse(Frozen, kw_only=True):
    """What the model is for, who uses it, and what it must not be used for."""

    primary_uses: Words = None
    primary_users: Words = None
    out_of_scope: Words = None


class Factors(Frozen, kw_only=True):
    """Groups, instruments and environments that matter to how the model behaves."""

    relevant: Words = None
    evaluation: Words = None


class Metrics(Frozen, kw_only=True):
    """Why these measures, where the decision threshold lies, and how variation was handled."""

    measures: Words = None
    decision_thresholds: Words = None
    variation: Words = None


class EvaluationData(Frozen, kw_only=True):
    """Which data the model was evaluated on, why, and how it was prepared."""

    description: Words = None
    motivation: Words = None
    preprocessing: Words = None


class TrainingData(Frozen, kw_only=True):
    """Which data the model learned from, and how it was prepared."""

    description: Words = None
    preprocessing: Words = None


class QuantitativeAnalyses(Frozen, kw_only=True):
    """Remarks on the measured results; the results themselves come from the evidence."""

    unitary: Words = None
    intersectional: Words = None


class EthicalConsiderations(Frozen, kw_only=True):
    """Sensitive data, effects on lives, mitigations, risks and harms, fraught uses."""

    sensitive_data: Words = None
    human_life: Words = None
    mitigations: Words = None
    risks_and_harms: Words = None
    fraught_uses: Words = None


class Caveats(Frozen, kw_only=True):
    """What the evaluation leaves open, and what is recommended."""

    caveats: Words = None
    recommendations: Words = None


class Claim(Frozen, kw_only=True):
    """A number that the author states; it must be what was measured.

    Attributes:
        metric: a metric's name.
        group: the group it is about; everybody when absent.
        over: the attribute compared, for a metric between groups.
        value: the number claimed.
        tolerance: how far the measured value may lie from it.
    """

    metric: str
    group: dict[str, GroupValue] = {}  # noqa: RUF012 - msgspec copies an empty default
    over: str | None = None
    value: float
    tolerance: float = 0.005


class Card(Frozen, kw_only=True):
    """What only people can say; an absent section is a finding of the documentation check, not an error."""

    model_details: ModelDetails = ModelDetails()
    intended_use: IntendedUse = IntendedUse()
    factors: Factors = Factors()
    metrics: Metrics = Metrics()
    evaluation_data: EvaluationData = EvaluationData()
    training_data: TrainingData = TrainingData()
    quantitative_analyses: QuantitativeAnalyses = QuantitativeAnalyses()
    ethical_considerations: EthicalConsiderations = EthicalConsiderations()
    caveats_and_recommendations: Caveats = Caveats()
    claims: tuple[Claim, ...] = ()


ONLY_PEOPLE: dict[str, tuple[str, ...]] = {
    "model_details": ("developed_by", "type", "license", "contact"),
    "intended_use": ("primary_uses", "primary_users", "out_of_scope"),
    "factors": ("relevant",),
    "metrics": ("measures", "decision_thresholds"),
    "evaluation_data": ("motivation", "preprocessing"),
    "training_data": ("description",),
    "ethical_considerations": ("sensitive_data", "human_life", "mitigations", "risks_and_harms"),
    "caveats_and_recommendations": ("caveats", "recommendations"),
}
"""The fields nobody can measure, by section. Quantitative analyses are not among them: they come from the evidence."""

_PLACEHOLDER = re.compile(
    r"""(?x)
      \bTODO\b | \bFIXME\b | \bXXX+\b | (?i:\b(tbd|tbc|tba)\b) | (?i:lorem\ ipsum)
    | (?i:\bfill\ (this|me)\ in\b | \bfill\ in\ (later|here|this)\b | \A\W*fill\ in\b)
    | (?i:\bto\ be\ (completed|determined|defined|written|filled|added|announced)\b)
    | (?i:\breplace\ (this|me)\b) | (?i:\bcoming\ soon\b) | (?i:\bplaceholder\b) | (?i:@example\.(com|org|net)\b)
    | (?i:\byour\ (name|team|organi[sz]ation|company|e-?mail|model)(\ here)?\b)
    | (?i:\[(more\ information\ needed|insert[^\]]*|\.\.\.|…)\]) | \{\{.*?\}\}
    | <(?!(?i:https?:|mailto:))[A-Za-z][^<>@\n]{0,80}>
    | \A[\s.…_?\-\u2013\u2014*x]*\Z | (?i:\A\s*(n/?a|none\ yet|unknown|see\ above)\.?\s*\Z)
    """,
)


def read_card(content: bytes, name: str) -> Card:
    """Parse ``card.yaml``, strictly.

    Args:
        content: the file's bytes.
        name: what the user calls the file.

    Raises:
        DocumentError: with every unknown, duplicate or mistyped key and its place.
    """
    return load_yaml(content, Card, name=name)


def texts(card: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Yield every text a person wrote with its JSON path, in the order of the sections."""
    for section in card.__struct_fields__:
        if section == "claims":
            continue
        written = getattr(card, section)
        for field in written.__struct_fields__:
            found: Words = getattr(written, field)
            if isinstance(found, str):
                yield f"$.{section}.{field}", found
            for index, item in enumerate(found if isinstance(found, tuple) else ()):
                yield f"$.{section}.{field}[{index}]", item


def is_placeholder(text: str) -> bool:
    """Return whether a text stands where words should: ``TODO``, ``TBD``, ``...``, ``<name>``, bare ``N/A``, blank."""
    return _PLACEHOLDER.search(text) is not None


def _filled(found: Words) -> bool:
    items = (found,) if isinstance(found, str) else found or ()
    return bool(items) and not any(is_placeholder(item) for item in items)


def examine(card: Card | None, measurements: Sequence[Measurement], *, sha256: str | None = None) -> Documentation:
    """Return what a card lacks: sections and fields that nobody filled, placeholders, contradicted numbers.

    Args:
        card: the card; None when there is none, and then everything is missing.
        measurements: the evidence that its numbers are held against.
        sha256: digest of the card file.

    Returns:
        ``missing`` names a section when none of its fields is filled, and ``section.field`` when one is not.
    """
    return examine_sections(card, ONLY_PEOPLE, measurements, sha256=sha256)


def examine_sections(
    card: Card | Datasheet | None,
    wanted: Mapping[str, Sequence[str]],
    measurements: Sequence[Measurement],
    *,
    sha256: str | None = None,
) -> Documentation:
    """Return what a document of sections lacks, as `examine` does for a card.

    Args:
        card: the document; None when there is none.
        wanted: section to the fields that only people can fill.
        measurements: the evidence that its numbers are held against.
        sha256: digest of its file.
    """
    present, missing = [], []
    for section, fields in wanted.items():
        written = getattr(card, section, None)
        empty = [field for field in fields if not _filled(getattr(written, field, None))]
        if not empty:
            present.append(section)
        elif len(empty) == len(fields):
            missing.append(section)
        else:
            missing.extend(f"{section}.{field}" for field in empty)
    if card is None:
        return Documentation(sha256=sha256, missing=tuple(missing))
    return Documentation(
        sha256=sha256,
        present=tuple(present),
        missing=tuple(missing),
        placeholders=tuple(path for path, text in texts(card) if is_placeholder(text)),
        contradictions=contradictions(getattr(card, "claims", ()), texts(card), measurements),
    )
