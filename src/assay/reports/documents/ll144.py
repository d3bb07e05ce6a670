"""Public summary of a bias audit under New York City's Local Law 144 of 2021 (6 RCNY 5-303).

Software computes; it is not the independent auditor. What only the auditor or the employer can say comes from
``hiring`` in ``dossier.yaml``, and is named as missing where nobody has said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from assay.errors import InputError, suggest
from assay.records.tally import EXACT_ROWS, EXACT_SCORES
from assay.reports.documents.asking import Answer, Asks, Form, Want, asks
from assay.reports.documents.form import Source, Table
from assay.reports.documents.impact_tables import SMALL, Assessed, Row, impact_table, scored_above_median, selected
from assay.reports.words import group_value, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.records.tally import GroupValue
    from assay.reports.documents.asking import Sections
    from assay.reports.documents.dossier import Category
    from assay.reports.documents.material import Material

SEX_CATEGORIES = ("Male", "Female")
RACE_CATEGORIES = (
    "Hispanic or Latino", "White", "Black or African American", "Native Hawaiian or Pacific Islander", "Asian",
    "Native American or Alaska Native", "Two or More Races",
)  # fmt: skip
"""The categories that the rule takes from EEO-1, 6 RCNY 5-300."""

_YEAR = 366
_DECIMALS = 5
"""Of an impact ratio: who rounds what is printed to two or three, as the rule does, gets what the rule gets."""
_NAMES = {
    "sex": ("sex", "gender"),
    "race": ("race", "ethnicity", "race_ethnicity", "race/ethnicity", "race_or_ethnicity"),
}
"""Names of columns that need no saying."""

FRAMEWORK = "nyc-ll144"
_CLAUSES = {"b": (1, 2, 3), "c": (2, 3, 4)}
"""Paragraphs of 5-301(b), on selection, and of 5-301(c), on scores, that a table answers."""
PEOPLE_ONLY = "the independent auditor, or the employer, must say it"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the rule: which one, and its category of a value."""

    name: str
    place: int
    category: Callable[[GroupValue], str | None]


def form() -> Form:
    """Return the written list of the summary."""
    return Form(
        kind="ll144",
        title="Bias audit of an automated employment decision tool: summary of results",
        about=(
            (
                "What section 5-303 of title 6 of the Rules of the City of New York asks to be published before use. "
                "The rates and ratios are computed; that they are a bias audit is for an independent auditor to say. "
                "The law and the rule set no limit, so nothing here says pass or fail."
            ),
            (
                "Impact ratios are divided from unrounded rates. p is that of Fisher's exact test against the category "
                "with the highest rate of the same table; the rule does not ask for it."
            ),
        ),
        law=("NYC Administrative Code 20-870 to 20-874 (Local Law 144 of 2021)", "6 RCNY 5-300 to 5-304"),
        framework=FRAMEWORK,
        sections=sections,
        warn=dates,
    )


def dates(material: Material) -> tuple[str, ...]:
    """Return what is wrong with the days that people gave: no day, or out of order."""
    hiring, told = material.dossier.hiring, []
    days: dict[str, str] = {}
    for key in ("data_from", "data_to", "audit_date", "distribution_date"):
        value = getattr(hiring, key)
        if value is None:
            continue
        try:
            days[key] = date.fromisoformat(value).isoformat()
        except ValueError:
            told.append(f"hiring.{key} is {value!r}: expected a day of the calendar such as 2026-09-01.")
    for first, last in (("data_from", "data_to"), ("data_to", "audit_date")):
        if first in days and last in days and days[first] > days[last]:
            told.append(f"hiring.{first} ({days[first]}) is after hiring.{last} ({days[last]}).")
    if "audit_date" in days and "distribution_date" in days:
        age = date.fromisoformat(days["distribution_date"]) - date.fromisoformat(days["audit_date"])
        if age.days > _YEAR:
            told.append(
                f"The audit ({days['audit_date']}) is more than a year before the tool's use or distribution "
                f"({days['distribution_date']}): Administrative Code 20-871(a)(1) asks for one within the year before."
            )
    return (*told, *_not_left_out(material))


def _not_left_out(material: Material) -> list[str]:
    """Return a sentence for each category that was asked to be left out and was not."""
    hiring = material.dossier.hiring
    if not hiring.excluded:
        return []
    if hiring.auditor is None:
        return ["Categories were to be left out, but no independent auditor is named: none was."]
    return [
        f"{one.category} was to be left out of the ratios: it is left out of those tables alone in which it is less "
        "than 2 percent of the data."
        for one in hiring.excluded
    ]


def sections(material: Material) -> Sections:
    """Return the items of the summary.

    Raises:
        InputError: when a column that was named is not among the protected attributes that were counted.
    """
    columns = {which: _column(which, material) for which in ("sex", "race")}
    letter = "c" if material.dossier.hiring.rate == "scoring" else "b"
    found: dict[str, tuple[Asks, ...]] = {"The audit": _audit(), "The data": _about_data(columns, letter)}
    outcomes: list[Assessed | None] = [*_outcomes(material)]
    for assessed in outcomes or [None]:
        several = f": {assessed.outcome}" if assessed is not None and assessed.outcome != "selected" else ""
        found[f"Rates and impact ratios{several}"] = tuple(
            _table(title, letter, asked, assessed)
            for title, asked in (
                ("By sex", (columns["sex"],)),
                ("By race and ethnicity", (columns["race"],)),
                ("By race and ethnicity, and sex", (columns["race"], columns["sex"])),
            )
        )
    found["Left out of the ratios"] = (_left_out(),)
    return found


def _audit() -> tuple[Asks, ...]:
    return (
        asks("1", "When, and by whom", (f"{FRAMEWORK}:5-303(a)", f"{FRAMEWORK}:5-300.auditor"),
             _said("date of the bias audit", "audit_date"),
             _said("independent auditor", "auditor"),
             _said("why the auditor is independent", "independence")),
        asks("2", "From when the tool is used or distributed", f"{FRAMEWORK}:5-303(a)",
             _said("distribution date", "distribution_date")),
    )  # fmt: skip


def _about_data(columns: Mapping[str, _Column | None], letter: str) -> tuple[Asks, ...]:
    return (
        asks("3", "Source and explanation of the data", (f"{FRAMEWORK}:5-302(a)", f"{FRAMEWORK}:5-302(b)"),
             _said("source of the data", "source"),
             _said("historical or test data, whose, and why these", "explanation"),
             _said("first day of the data", "data_from"),
             _said("last day of the data", "data_to"),
             Want(asked="what was counted", find=_counted)),
        asks("4", "Categories of the rule", f"{FRAMEWORK}:5-300.category",
             _categories("sex", SEX_CATEGORIES, columns["sex"]),
             _categories("race", RACE_CATEGORIES, columns["race"])),
        asks("5", "People of unknown category", f"{FRAMEWORK}:5-301({letter})(5)",
             Want(asked="people assessed who stand in no table",
                  find=lambda material: _unknown(material, columns),
                  remedy="Name the columns of sex and race: hiring.sex and hiring.race in dossier.yaml")),
    )  # fmt: skip


def _said(asked: str, key: str) -> Want:
    """Return a want that the dossier's section ``hiring`` answers."""

    def find(material: Material) -> Answer | None:
        value = getattr(material.dossier.hiring, key)
        if value is None:
            return None
        return Answer(words=(value,), sources=(_hiring(material, key),))

    return Want(asked=asked, find=find, by="people", remedy=f"Write hiring.{key} in dossier.yaml: {PEOPLE_ONLY}")


def _hiring(material: Material, key: str) -> Source:
    return Source(kind="person", name=f"{material.dossier_name} hiring.{key}", sha256=material.dossier.sha256)


def _tally_source(material: Material) -> tuple[Source, ...]:
    return (material.record("tally.json", material.evidence.tally_sha256), material.evidence_source)


def _counted(material: Material) -> Answer | None:
    evidence = material.evidence
    files = [
        f"{one.name} (SHA-256 {one.sha256})"
        for d in evidence.datasets
        if d.role == evidence.measured_on
        for one in d.files
    ]
    told = f"{evidence.rows:,} rows of the {evidence.measured_on} data, counted {evidence.measured_at}"
    return Answer(words=(f"{told}: {', '.join(files)}.",), sources=_tally_source(material))


def _column(which: str, material: Material) -> _Column | None:
    """Return the column of the rule's sex or race; None where there is none."""
    hiring, tally = material.dossier.hiring, material.release.tally
    protected = tally.roles.protected if tally is not None else ()
    named: str | None = getattr(hiring, which)
    if named is not None and tally is not None and named not in protected:
        raise InputError(
            f"{material.dossier_name} $.hiring.{which}: expected a protected attribute that was counted, found "
            f"{named!r}{suggest(named, protected)}; counted: {', '.join(protected) or 'none'}. Add it to "
            "columns.protected in assay.yaml and run again"
        )
    name = named or next((one for one in protected if one.lower() in _NAMES[which]), None)
    if name is None or tally is None:
        return None
    return _Column(name, protected.index(name), _namer(getattr(hiring, f"{which}_categories"), hiring.unknown))


def _namer(categories: tuple[Category, ...], unknown: tuple[GroupValue, ...]) -> Callable[[GroupValue], str | None]:
    """Return what names the category of a value; a value that no category holds is unknown."""
    known = {group_value(value): one.name for one in categories for value in one.values}
    not_known = {group_value(value) for value in unknown}

    def category(value: GroupValue) -> str | None:
        if value is None or group_value(value) in not_known:
            return None
        return known.get(group_value(value)) if categories else group_value(value)

    return category


def _outcomes(material: Material) -> list[Assessed]:
    tally = material.release.tally
    if tally is None:
        return []
    if material.dossier.hiring.rate == "scoring":
        scored = scored_above_median(tally)
        return [] if scored is None else [scored]
    return selected(tally)


def _names(asked: tuple[_Column | None, ...]) -> Callable[[tuple[GroupValue, ...]], str | None] | None:
    columns = [one for one in asked if one is not None]
    if len(columns) < len(asked):
        return None

    def name_of(key: tuple[GroupValue, ...]) -> str | None:
        names = [one.category(key[one.place]) for one in columns]
        return None if None in names else ", ".join(str(name) for name in names)

    return name_of


def _table(title: str, letter: str, asked: tuple[_Column | None, ...], assessed: Assessed | None) -> Asks:
    name_of = _names(asked)

    def find(material: Material) -> Answer | None:
        if name_of is None or assessed is None:
            return None
        counts, unknown = assessed.by(name_of)
        if not counts:
            return None
        rows = impact_table(counts, assessed=assessed.people, left_out=_allowed(counts, assessed.people, material))
        head = ("category", "assessed", assessed.outcome, "rate", "impact ratio", "p", "share of the data")
        told = f"{unknown:,} of {assessed.people:,} people assessed are of unknown category and stand in no row."
        table = Table(caption=title, head=head, rows=tuple(_cells(row) for row in rows))
        return Answer(words=(told,), tables=(table,), sources=_tally_source(material))

    missing = (
        "Count people by sex and by race: columns.protected in assay.yaml, hiring.sex and hiring.race in dossier.yaml"
    )
    if assessed is None:
        missing = (
            f"Run again with predictions, or, for scoring rates, with at most {EXACT_ROWS:,} rows or with scores "
            f"rounded to at most {EXACT_SCORES:,} different ones: assay run"
        )
    clauses = tuple(f"{FRAMEWORK}:5-301({letter})({number})" for number in _CLAUSES[letter])
    return asks(title, title, clauses, Want(asked="rates and impact ratios", find=find, remedy=missing))


def _cells(row: Row) -> tuple[str, ...]:
    without = "left out" if row.left_out else "none: nobody has it"
    ratio = without if row.ratio is None else f"{row.ratio:.{_DECIMALS}f}"
    p = "" if row.p is None else number(row.p)
    return row.category, f"{row.people:,}", f"{row.hits:,}", f"{row.rate:.4f}", ratio, p, f"{row.share * 100:.1f} %"


def _allowed(counts: Mapping[str, tuple[int, int]], assessed: int, material: Material) -> dict[str, str]:
    """Return the exclusions that the rule allows: by a named auditor, of less than 2 percent of the data."""
    hiring = material.dossier.hiring
    if hiring.auditor is None:
        return {}
    small = {name for name, (people, _) in counts.items() if people / assessed < SMALL}
    return {one.category: one.reason for one in hiring.excluded if one.category in small}


def _categories(which: str, of_rule: tuple[str, ...], column: _Column | None) -> Want:
    def find(material: Material) -> Answer | None:
        tally = material.release.tally
        if column is None or tally is None:
            return None
        values = {cell.group[column.place] for cell in tally.cells}
        names = {name for value in values if (name := column.category(value)) is not None}
        if not names or {name.lower() for name in names} - {one.lower() for one in of_rule}:
            return None
        loose = sorted(group_value(value) for value in values if column.category(value) is None)
        told = [f"Column {column.name}: {', '.join(sorted(names))}."]
        told += [f"Counted as unknown: {', '.join(loose)}."] if loose else []
        absent = [one for one in of_rule if one.lower() not in {name.lower() for name in names}]
        told += [f"Nobody in the data: {', '.join(absent)}."] if absent else []
        return Answer(words=tuple(told), sources=_tally_source(material))

    remedy = (
        f"Map the column's values to the categories of the rule ({', '.join(of_rule)}) with hiring.{which}_categories "
        "in dossier.yaml"
    )
    return Want(asked=f"the rule's categories of {which}", find=find, remedy=remedy)


def _unknown(material: Material, columns: Mapping[str, _Column | None]) -> Answer | None:
    outcomes = _outcomes(material)
    if not outcomes or None in columns.values():
        return None
    told = []
    for asked in (("sex",), ("race",), ("race", "sex")):
        name_of = _names(tuple(columns[one] for one in asked))
        if name_of is not None:
            _, unknown = outcomes[0].by(name_of)
            told.append(f"Unknown {' or '.join(asked)}: {unknown:,} of {outcomes[0].people:,} people assessed.")
    told.append(f"Without an output of the tool, and so not assessed: {outcomes[0].without:,}.")
    return Answer(words=tuple(told), sources=_tally_source(material))


def _left_out() -> Asks:
    def find(material: Material) -> Answer:
        hiring = material.dossier.hiring
        told = [f"{one.category}: {one.reason}" for one in hiring.excluded]
        if not told:
            told = ["No category was left out. Only the independent auditor may do so, below 2 percent of the data."]
        elif hiring.auditor is None:
            told.append("No auditor is named, so nothing was left out: the ratios above hold every category.")
        source = (_hiring(material, "excluded"),) if hiring.excluded else _tally_source(material)
        return Answer(words=tuple(told), sources=source)

    want = Want(asked="categories under 2 percent that the auditor left out, and why", find=find)
    return asks("6", "Categories left out", f"{FRAMEWORK}:5-301(d)", want)
