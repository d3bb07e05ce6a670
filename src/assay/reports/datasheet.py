"""``datasheet.yaml``: what only people can say about a dataset, read strictly and held against the evidence.

The seven sections and what they ask are those of Gebru et al. 2021, *Datasheets for Datasets*, Communications of the
ACM 64(12):86-92, section 3 (https://arxiv.org/abs/1803.09010). What a machine can measure (rows, groups, missing
values, duplicates, errors in labels) is not asked here: it is taken from the evidence when the datasheet is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.document import load_yaml
from assay.records.tally import Frozen
from assay.reports.card import Words, examine_sections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.evidence import Documentation
    from assay.records.measurement import Measurement


class Motivation(Frozen, kw_only=True):
    """Why the dataset was made, by whom, and who paid for it."""

    purpose: Words = None
    creators: Words = None
    funding: Words = None


class Composition(Frozen, kw_only=True):
    """What a row is, whether the rows are a sample, and what in them is sensitive or confidential."""

    instances: Words = None
    sampling: Words = None
    label: Words = None
    missing: Words = None
    relationships: Words = None
    splits: Words = None
    errors: Words = None
    confidential: Words = None
    sensitive: Words = None


class CollectionProcess(Frozen, kw_only=True):
    """How the rows were acquired, when, by whom, and whether people knew and consented."""

    acquisition: Words = None
    timeframe: Words = None
    collectors: Words = None
    consent: Words = None
    ethical_review: Words = None


class Preprocessing(Frozen, kw_only=True):
    """What was cleaned, labelled or left out, and whether the raw rows are kept."""

    steps: Words = None
    labelling: Words = None
    raw_kept: Words = None


class Uses(Frozen, kw_only=True):
    """What the dataset has been used for, what it could be, and what it must not be."""

    intended: Words = None
    earlier: Words = None
    out_of_scope: Words = None
    risks: Words = None


class Distribution(Frozen, kw_only=True):
    """To whom it is given, and under which licence and restrictions."""

    recipients: Words = None
    license: Words = None
    restrictions: Words = None


class Maintenance(Frozen, kw_only=True):
    """Who keeps it, how to reach them, how it is updated, and how long rows are kept."""

    owner: Words = None
    contact: Words = None
    updates: Words = None
    retention: Words = None


class Datasheet(Frozen, kw_only=True):
    """What only people can say; an absent section is a finding of the documentation check, not an error."""

    motivation: Motivation = Motivation()
    composition: Composition = Composition()
    collection_process: CollectionProcess = CollectionProcess()
    preprocessing: Preprocessing = Preprocessing()
    uses: Uses = Uses()
    distribution: Distribution = Distribution()
    maintenance: Maintenance = Maintenance()


ONLY_PEOPLE: dict[str, tuple[str, ...]] = {
    "motivation": ("purpose", "creators"),
    "composition": ("instances", "sampling", "sensitive"),
    "collection_process": ("acquisition", "timeframe", "consent"),
    "preprocessing": ("steps", "labelling"),
    "uses": ("intended", "out_of_scope"),
    "distribution": ("license",),
    "maintenance": ("owner", "contact"),
}
"""The fields that nobody can measure and every datasheet must fill, by section."""


def read_datasheet(content: bytes, name: str) -> Datasheet:
    """Parse ``datasheet.yaml``, strictly.

    Args:
        content: the file's bytes.
        name: what the user calls the file.

    Raises:
        DocumentError: with every unknown, duplicate or mistyped key and its place.
    """
    return load_yaml(content, Datasheet, name=name)


def examine_datasheet(
    datasheet: Datasheet | None, measurements: Sequence[Measurement], *, sha256: str | None = None
) -> Documentation:
    """Return what a datasheet lacks: sections and fields that nobody filled, placeholders, contradicted numbers.

    Args:
        datasheet: what people wrote; None when there is none, and then everything is missing.
        measurements: the evidence that its numbers are held against.
        sha256: digest of its file.
    """
    return examine_sections(datasheet, ONLY_PEOPLE, measurements, sha256=sha256)
