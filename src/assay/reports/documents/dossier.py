"""``dossier.yaml``: what only people can say about a system, read strictly; a placeholder says nothing.

Every field of `ASKED` takes a text, a list of texts, or the reasoned word of a named person that it does not apply::

    system:
      product_pictures: {not_applicable: It is no part of a product., by: rosa}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from assay.records.canonical import sha256_hex
from assay.records.document import load_yaml
from assay.records.tally import Frozen, GroupValue
from assay.reports.card import is_placeholder
from assay.reports.documents.asked import ASKED
from assay.reports.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "dossier.yaml"


class NotApplicable(Frozen, kw_only=True):
    """A reasoned word that something does not apply, and whose word it is."""

    not_applicable: str
    by: str


Said: TypeAlias = str | tuple[str, ...] | NotApplicable


class Category(Frozen, kw_only=True):
    """A category of the rule, and the values of a column that stand for it."""

    name: str
    values: tuple[GroupValue, ...]


class Excluded(Frozen, kw_only=True):
    """A category that the independent auditor left out of the ratios, and why."""

    category: str
    reason: str


class Hiring(Frozen, kw_only=True):
    """What Local Law 144 asks of people, and which column means what.

    Attributes:
        sex: the column of sex.
        race: the column of race and ethnicity.
        rate: whether the tool selects, or scores: which rate is published.
        sex_categories: the rule's categories and the column's values; by default each value is one.
        race_categories: likewise.
        unknown: values that mean that a category is not known, beside missing ones.
        source: where the data come from.
        explanation: what the data are: historical or test data, of which employers and times, and why these.
        data_from: first day of the data.
        data_to: last day of the data.
        audit_date: day of the bias audit.
        distribution_date: day from which the tool was used or distributed.
        auditor: the independent auditor.
        independence: why the auditor is independent.
        excluded: categories under 2 percent that the auditor left out of the ratios.
    """

    sex: str | None = None
    race: str | None = None
    rate: Literal["selection", "scoring"] = "selection"
    sex_categories: tuple[Category, ...] = ()
    race_categories: tuple[Category, ...] = ()
    unknown: tuple[GroupValue, ...] = ()
    source: str | None = None
    explanation: str | None = None
    data_from: str | None = None
    data_to: str | None = None
    audit_date: str | None = None
    distribution_date: str | None = None
    auditor: str | None = None
    independence: str | None = None
    excluded: tuple[Excluded, ...] = ()


class IncidentWords(Frozen, kw_only=True):
    """What only people can say about one serious incident.

    Attributes:
        place: where it happened, with the Member State.
        people: who was affected, and how many; nobody by name.
        happened: what happened.
        causal_link: how the system is linked to it, and since when that is known.
        measures: measures taken at once.
        cause: the root cause.
        correction: corrective action.
        recipients: who was told, with receipts.
    """

    place: str | None = None
    people: str | None = None
    happened: str | None = None
    causal_link: str | None = None
    measures: str | None = None
    cause: str | None = None
    correction: str | None = None
    recipients: str | None = None


class Standing(Frozen, kw_only=True):
    """How a row of a profile or of a statement of applicability stands.

    Attributes:
        applies: whether it applies; a no needs ``reason`` and ``by``.
        reason: why, or why not.
        by: who says so.
        current: the current state.
        target: the state aimed at.
        priority: how much it matters.
        owner: who answers for it.
        due: by when.
    """

    applies: bool = True
    reason: str | None = None
    by: str | None = None
    current: str | None = None
    target: str | None = None
    priority: str | None = None
    owner: str | None = None
    due: str | None = None


_TYPED: dict[str, tuple[Any, Any]] = {
    "hiring": (Hiring, Hiring()),
    "incidents": (dict[str, IncidentWords], msgspec.field(default_factory=dict)),
    "nist": (dict[str, Standing], msgspec.field(default_factory=dict)),
    "iso42001": (dict[str, Standing], msgspec.field(default_factory=dict)),
}
"""The parts of the file that are more than texts."""


@cache
def _kind() -> type[msgspec.Struct]:
    """Return the record that the file must be: one struct a section of `ASKED`, and the typed parts."""
    kinds: list[Any] = [(name, kind, default) for name, (kind, default) in _TYPED.items()]
    for section, fields in ASKED.items():
        struct = msgspec.defstruct(
            section.title(), [(name, Said | None, None) for name in fields], frozen=True, kw_only=True,
            forbid_unknown_fields=True,
        )  # fmt: skip
        kinds.append((section, struct, msgspec.field(default_factory=struct)))
    return msgspec.defstruct("Dossier", kinds, frozen=True, kw_only=True, forbid_unknown_fields=True)


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """What people wrote.

    Attributes:
        sha256: digest of the file; None when there is none.
        said: ``section.field`` to what was written.
        hiring: for Local Law 144.
        incidents: by the incident's id.
        nist: by subcategory.
        iso42001: by control.
    """

    sha256: str | None = None
    said: Mapping[str, Said] = field(default_factory=dict)
    hiring: Hiring = field(default_factory=Hiring)
    incidents: Mapping[str, IncidentWords] = field(default_factory=dict)
    nist: Mapping[str, Standing] = field(default_factory=dict)
    iso42001: Mapping[str, Standing] = field(default_factory=dict)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield every text that people wrote, with its JSON path; placeholders are none."""
        for path, said in self.said.items():
            items = (said.not_applicable,) if isinstance(said, NotApplicable) else said
            for text in (items,) if isinstance(items, str) else items:
                yield f"$.{path}", text
        for name, incident in self.incidents.items():
            for key in incident.__struct_fields__:
                text = getattr(incident, key)
                if text:
                    yield f"$.incidents.{name}.{key}", text
        for key in ("source", "explanation", "independence"):
            if getattr(self.hiring, key):
                yield f"$.hiring.{key}", getattr(self.hiring, key)


def read_dossier(content: bytes, name: str = NAME) -> Dossier:
    """Parse ``dossier.yaml``, strictly.

    Args:
        content: the file's bytes.
        name: what the user calls the file.

    Raises:
        DocumentError: with every unknown, duplicate or mistyped key and its place.
    """
    read: Any = load_yaml(content, _kind(), name=name)
    said = {
        f"{section}.{key}": getattr(getattr(read, section), key)
        for section, fields in ASKED.items()
        for key in fields
        if _spoken(getattr(getattr(read, section), key))
    }
    typed = {key: getattr(read, key) for key in _TYPED}
    typed["hiring"] = _without_placeholders(typed["hiring"])
    typed["incidents"] = {key: _without_placeholders(one) for key, one in typed["incidents"].items()}
    return Dossier(sha256=sha256_hex(content), said=said, **typed)


def _spoken(said: Said | None) -> bool:
    if said is None:
        return False
    if isinstance(said, NotApplicable):
        return not is_placeholder(said.not_applicable) and not is_placeholder(said.by)
    items = (said,) if isinstance(said, str) else said
    return bool(items) and not any(is_placeholder(item) for item in items)


def _without_placeholders(record: Any) -> Any:  # noqa: ANN401 - one of the typed parts
    changed = {
        key: None
        for key in record.__struct_fields__
        if isinstance(getattr(record, key), str) and is_placeholder(getattr(record, key))
    }
    return msgspec.structs.replace(record, **changed)


def starter_dossier(name: str) -> str:
    """Return a commented ``dossier.yaml`` whose placeholders count as missing until they are replaced.

    Args:
        name: name of the system; used in a comment.
    """
    lines = [
        f"# What only people can say about {plain(name)}, once, for every document that asks for it.",
        "# Each TODO is named as missing wherever a document needs it. A field may be a text, a list of texts, or",
        "# {not_applicable: why, by: who says so}. What the card and the datasheet say is not asked again.",
        "",
    ]
    for section, fields in ASKED.items():
        lines += [f"{section}:", *(f'  {key}: "TODO: {asked}"' for key, asked in fields.items()), ""]
    return "\n".join([*lines, *_TYPED_LINES]) + "\n"


_TYPED_LINES = (
    "# hiring:                             # for assay report ll144",
    "#   sex: sex                          # the column of sex",
    "#   race: race                        # the column of race and ethnicity",
    "#   race_categories: [{name: Hispanic or Latino, values: [hispanic]}, {name: White, values: [white]}]",
    "#   source: where the data come from",
    "#   explanation: historical or test data, of whom, and why these",
    "#   data_from: 2026-01-01",
    "#   data_to: 2026-06-30",
    "#   audit_date: 2026-09-01",
    "#   distribution_date: 2026-10-01",
    "#   auditor: the independent auditor",
    "#   independence: why they are independent",
    "#   excluded: []                      # categories under 2 percent that the auditor left out of the ratios",
    "# incidents: {ID: {place: ..., people: ..., happened: ..., cause: ..., correction: ..., recipients: ...}}",
    '# nist: {"GOVERN 1.1": {current: ..., target: ..., priority: ..., owner: ..., due: ...}}',
    '# iso42001: {"A.2.2": {applies: true, reason: ..., current: ..., owner: ...}}',
)
