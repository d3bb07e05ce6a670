"""How a document is written down: items with what they want, filled from material into a `Document`.

A want has sources in the order in which they are asked: evidence first, then people's words. What none of them answers
is missing, and is named with what would fill it. Words of people that contradict the evidence fill nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.reports.card import is_placeholder
from assay.reports.documents.asked import ASKED
from assay.reports.documents.dossier import NotApplicable
from assay.reports.documents.form import Document, Item, Made, Part, Section, Source, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.packs.status import Attested
    from assay.reports.documents.form import Filled
    from assay.reports.documents.material import Material


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What evidence says to a want.

    Attributes:
        words: paragraphs.
        tables: tables.
        sources: where they come from.
        lacks: what is still missing although something is there; then the part counts as missing.
        filled: how it fills the part; None: as the want says.
    """

    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    sources: tuple[Source, ...]
    lacks: str | None = None
    filled: Filled | None = None


@dataclass(frozen=True, kw_only=True)
class Want:
    """One thing that an item asks for.

    Attributes:
        asked: in a few words.
        find: answers from evidence; None where it cannot.
        said: where people may have said it: ``section.field`` of the dossier, ``card:section.field`` or
            ``datasheet:section.field``; all that are there are told.
        remedy: what would fill it, where evidence would; people's places name themselves.
        by: whose word what ``find`` returns is: people's, where it reads what they wrote.
    """

    asked: str
    find: Callable[[Material], Answer | None] | None = None
    said: tuple[str, ...] = ()
    remedy: str = ""
    by: Literal["evidence", "people"] = "evidence"


def found(asked: str, find: Callable[[Material], Answer | None], remedy: str) -> Want:
    """Return a want that evidence answers."""
    return Want(asked=asked, find=find, remedy=remedy)


def people(asked: str, *said: str) -> Want:
    """Return a want that only people can answer."""
    return Want(asked=asked, said=said)


@dataclass(frozen=True, kw_only=True)
class Asks:
    """One item of a written list: its number, its title, what it maps to and what it wants.

    What people attest about its clauses stands as a part of its own, unless one of its wants tells that already.
    """

    id: str
    title: str
    clauses: tuple[str, ...] = ()
    wants: tuple[Want, ...]
    tells_attested: bool = False


def asks(id_: str, title: str, clause: str | tuple[str, ...], *wants: Want) -> Asks:
    """Return an item of a written list."""
    return Asks(id=id_, title=title, clauses=(clause,) if isinstance(clause, str) else clause, wants=wants)


Sections: TypeAlias = "Mapping[str, tuple[Asks, ...]]"
"""Title of a section, to its items."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The written list of one kind of document.

    Attributes:
        kind: its name on the command line.
        title: its title.
        about: what it is and what it is not.
        law: which parts of the text it is written after.
        framework: the framework whose pack says which text that is on the day of the records; None for none.
        status: whether it tells how each control of its framework stands (`Material.status`).
        sections: the items; or makes them from the material, where how many there are rests on it.
        warn: what a reader must know first.
    """

    kind: str
    title: str
    about: tuple[str, ...]
    law: tuple[str, ...] = ()
    framework: str | None = None
    status: bool = False
    sections: Sections | Callable[[Material], Sections]
    warn: Callable[[Material], tuple[str, ...]] | None = None


def fill(form: Form, material: Material) -> Document:
    """Return a document: each want of its list answered, or named as missing."""
    verdict = material.verdict
    wrong = material.contradicted
    listed = form.sections(material) if callable(form.sections) else form.sections
    return Document(
        kind=form.kind,
        title=form.title,
        about=form.about,
        law=_law(form, material),
        system=verdict.system,
        subject=verdict.model,
        version=verdict.version,
        subject_sha256=verdict.model_sha256,
        decision=verdict.decision,
        at=material.at,
        made=made_from(material),
        warnings=(*_warnings(material), *(() if form.warn is None else form.warn(material))),
        sections=tuple(
            Section(title=title, items=tuple(_item(one, material, wrong) for one in items))
            for title, items in listed.items()
        ),
    )


def made_from(material: Material) -> Made:
    """Return what every document of this material was made from."""
    reach = material.log
    return Made(
        evidence_sha256=material.verdict.evidence_sha256,
        verdict_sha256=material.verdict_sha256,
        dossier_sha256=material.dossier.sha256,
        log=None if reach is None else reach.origin,
        size=None if reach is None else reach.size,
        root=None if reach is None else reach.root,
        tool=material.tool,
    )


def _law(form: Form, material: Material) -> tuple[str, ...]:
    """Return the text that a document is written after, as it counts on the day of the records."""
    if form.framework is None:
        return form.law
    pack = material.pack(form.framework)
    return (f"{pack.text.cite} [{pack.text.id}], as it counts on {material.at[:10]} (pack {pack.name})", *form.law)


def _warnings(material: Material) -> tuple[str, ...]:
    verdict = material.verdict
    told = []
    if verdict.decision != "allow":
        told.append(f"The gate's decision about this version is {verdict.decision}: {verdict.reason}")
    if material.log is None:
        told.append("Nothing of this is recorded in a log: no order in time is proven.")
    return (*told, *material.refused)


def _item(one: Asks, material: Material, wrong: Mapping[str, tuple[str, ...]]) -> Item:
    parts = [_part(want, material, wrong) for want in one.wants]
    for clause in () if one.tells_attested else one.clauses:
        found = material.attested.get(clause)
        parts += [] if found is None else [_attested(clause, found)]
    return Item(id=one.id, title=one.title, clauses=one.clauses, parts=tuple(parts))


_GIVEN: dict[str, Filled] = {"met": "people", "not-applicable": "not-applicable"}
"""What an attestation that counts fills a part with, by what it says."""


def _attested(clause: str, found: Attested) -> Part:
    """Return what people attest about a clause; what lapsed or contradicts itself fills nothing."""
    shown = [one for one in (found.counts, found.lapsed, *found.against) if one is not None]
    told = tuple(
        f"{one.name} attests: {one.says}, until {one.until or 'no day was set'}{f'; {one.stale}' if one.stale else ''}"
        for one in shown
    )
    sources = tuple(Source(kind="event", name="control.attested", sha256=one.sha256, entry=one.entry) for one in shown)
    asked = f"attested about {clause}"
    if found.counts is not None and found.counts.says in _GIVEN:
        return Part(asked=asked, filled=_GIVEN[found.counts.says], words=told, sources=sources)
    why = "They contradict each other: settle it" if found.against else "It does not count any more: attest anew"
    why = "It is attested as not met: mend it, and attest anew" if found.counts is not None else why
    return Part(asked=asked, filled="missing", words=told, sources=sources, remedy=f"{why} (assay attest {clause})")


def _part(want: Want, material: Material, wrong: Mapping[str, tuple[str, ...]]) -> Part:
    answer = want.find(material) if want.find is not None else None
    if answer is not None:
        return Part(
            asked=want.asked, filled=(answer.filled or want.by) if answer.lacks is None else "missing",
            words=answer.words, tables=answer.tables, sources=answer.sources, remedy=answer.lacks,
        )  # fmt: skip
    spoken = [one for one in (_said(place, want, material, wrong) for place in want.said) if one is not None]
    bad = [one for one in spoken if one.filled == "contradicted"]
    if bad or len(spoken) == 1:
        return (bad or spoken)[0]
    if spoken:
        words, sources = [w for one in spoken for w in one.words], [s for one in spoken for s in one.sources]
        return Part(asked=want.asked, filled=spoken[0].filled, words=tuple(words), sources=tuple(sources))
    return Part(asked=want.asked, filled="missing", remedy=_remedy(want, material))


def _remedy(want: Want, material: Material) -> str:
    places = []
    for place in want.said:
        file, _, field = place.rpartition(":")
        name = {"card": material.card_name, "datasheet": "datasheet.yaml"}.get(file, material.dossier_name)
        section, _, key = field.partition(".")
        asked = "" if file else ASKED.get(section, {}).get(key, "")
        places.append(f"{field} in {name}{f' ({asked})' if asked else ''}")
    written = f"Write {' or '.join(places)}" if places else ""
    return ". ".join(part for part in (want.remedy, written) if part)


def _said(place: str, want: Want, material: Material, wrong: Mapping[str, tuple[str, ...]]) -> Part | None:
    """Return what people wrote at a place; None where they wrote nothing, or a placeholder."""
    file, _, field = place.rpartition(":")
    section, _, key = field.partition(".")
    if file:
        record = material.release.card if file == "card" else _datasheet(material)
        said = getattr(getattr(record, section, None), key, None)
        source = _source_of(file, field, material)
    else:
        said = material.dossier.said.get(field)
        source = Source(kind="person", name=f"{material.dossier_name} {field}", sha256=material.dossier.sha256)
    if isinstance(said, NotApplicable):
        told = f"Does not apply, says {said.by}: {said.not_applicable}"
        return Part(asked=want.asked, filled="not-applicable", words=(told,), sources=(source,))
    items = (said,) if isinstance(said, str) else said or ()
    if not items or any(is_placeholder(item) for item in items):
        return None
    against = wrong.get(f"{file}:{field}", ())
    if against:
        remedy = f"Mend the words, or measure again. {' '.join(against)}"
        return Part(asked=want.asked, filled="contradicted", words=tuple(items), sources=(source,), remedy=remedy)
    return Part(asked=want.asked, filled="people", words=tuple(items), sources=(source,))


def _datasheet(material: Material) -> object:
    return material.data.datasheet if material.data is not None else None


def _source_of(file: str, field: str, material: Material) -> Source:
    if file == "card":
        sha256 = material.evidence.documentation.sha256
        return Source(
            kind="person", name=f"{material.card_name} {field}", sha256=sha256,
            entry=material.entry_of(material.verdict.evidence_sha256),
        )  # fmt: skip
    data = material.data
    sha256 = None if data is None else data.evidence.documentation.sha256
    entry = None if data is None else material.entry_of(data.verdict.evidence_sha256)
    return Source(kind="person", name=f"datasheet.yaml {field}", sha256=sha256, entry=entry)
