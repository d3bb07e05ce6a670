"""A profile after the NIST AI RMF, and a statement of applicability after ISO/IEC 42001 Annex A: a row a control.

The rows are those of the pack in force; nothing here lists them again. Of each the status is told first, as
`assay status` has it on the day of the records: computed, attested, stale, missing or not applicable, with what shows
it. What people wrote in the dossier stands beside it, and is nobody's signature. A row that does not apply needs a
reason and who says so; a row that nobody has spoken of is missing, never assumed to apply or not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.reports.documents.asking import Answer, Form, Want, asks, found, people
from assay.reports.documents.form import Source, Table
from assay.reports.documents.tested import findings_tables
from assay.reports.status import counts_words, standing_words, why_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.packs.form import PackControl
    from assay.records.status import ControlStatus, FrameworkStatus, Shown
    from assay.reports.documents.asking import Asks, Sections
    from assay.reports.documents.dossier import Standing
    from assay.reports.documents.form import Filled
    from assay.reports.documents.material import Material

NIST, ISO = "nist-ai-rmf", "iso-42001"
_SHOWN = 3
_FILLED: Mapping[str, Filled] = {
    "computed": "evidence", "attested": "people", "not-applicable": "not-applicable", "stale": "missing",
    "missing": "missing",
}  # fmt: skip


def nist_profile() -> Form:
    """Return the written list of the profile."""
    return Form(
        kind="nist-profile",
        title="NIST AI RMF profile",
        about=(
            (
                "How each subcategory stands, with what shows it, and its current and target state in the words of "
                "people. The framework is voluntary. Two dated profiles, and the difference between them, are a gap "
                "report."
            ),
        ),
        framework=NIST,
        status=True,
        sections=lambda material: {
            "Before the list": (_overview(material, NIST),),
            **_sections(material, NIST, "nist", _of_function, _state),
        },
    )


def statement_of_applicability() -> Form:
    """Return the written list of the statement."""
    return Form(
        kind="statement-of-applicability",
        title="Statement of applicability (ISO/IEC 42001, Annex A)",
        about=(
            ("Each control by its id and a label of our own: how it stands, what shows it, whether it applies, why, "
            "and how it is implemented."),
            ("The text of the standard is not reproduced, and was not read. It gives no presumption of conformity with "
            "the EU AI Act."),
        ),
        framework=ISO,
        status=True,
        sections=lambda material: {
            "Before the list": (
                asks("0", "Scope and approval", (),
                     people("scope of the management system", "organisation.scope"),
                     people("approved by, and when", "organisation.approved")),
                _overview(material, ISO),
            ),
            **_sections(material, ISO, "iso42001", _of_group, _applicability),
        },
    )  # fmt: skip


def _of_function(control: PackControl) -> str:
    return control.id.partition("-")[0]


def _of_group(control: PackControl) -> str:
    return ".".join(control.id.split(".")[:2])


def _sections(
    material: Material, framework: str, part: str, group: Callable[[PackControl], str],
    state: Callable[[str, str], Want],
) -> Sections:  # fmt: skip
    listed: dict[str, tuple[Asks, ...]] = {}
    status = material.status.get(framework)
    rows = {} if status is None else {one.control: one for one in status.controls}
    for control in material.pack(framework).controls:
        name = f"{framework}:{control.id}"
        wants = [*_stands(rows.get(name)), state(part, control.id)]
        if _findings(control)(material) is not None:
            wants.append(found("findings that bear on it", _findings(control), ""))
        item = asks(control.id, f"{control.title}: {control.says}", name, *wants)
        listed[group(control)] = (*listed.get(group(control), ()), replace(item, tells_attested=True))
    return listed


def _overview(material: Material, framework: str) -> Asks:
    """Return the item that tells how all controls stand, before they are told one by one."""
    status = material.status.get(framework)

    def find(_material: Material) -> Answer | None:
        return None if status is None else _counted(material, status)

    remedy = "Nothing is recorded, or the policy, by which evidence ages, cannot be read: assay run, assay policy lint"
    return asks("Overview", "How the controls stand", (), found("status of each control", find, remedy))


def _counted(material: Material, status: FrameworkStatus) -> Answer:
    rows = tuple(
        (one.control.partition(":")[2], one.title, standing_words(one), _showing(one)) for one in status.controls
    )
    caption = f"{len(rows)} controls of {status.framework}@{status.version} on {material.at[:10]}"
    return Answer(
        words=(f"On {material.at[:10]}: {counts_words(status)}.",),
        tables=(Table(caption=caption, head=("control", "about", "status", "shown by"), rows=rows),),
        sources=(Source(kind="file", name=f"pack {status.framework}@{status.version}", sha256=status.pack_sha256),),
    )


def _showing(row: ControlStatus) -> str:
    told = [shown.name for shown in row.shown[:_SHOWN]]
    more = len(row.shown) - len(told)
    return ", ".join([*told, f"and {more} more"] if more else told) or "nothing"


def _stands(row: ControlStatus | None) -> list[Want]:
    """Return a want for how a control stands, and one for what of it is left to people where it is computed in part."""
    asked = "how it stands"
    if row is None:
        return [found(asked, lambda _material: None, "It cannot be told: see the overview")]
    missing = _FILLED[row.state] == "missing"
    mend = "; or ".join(row.mend)
    told = Answer(
        words=(f"{standing_words(row).capitalize()}: {why_words(row)}.",),
        sources=tuple(_proof(shown) for shown in row.shown[:_SHOWN]),
        lacks=f"To settle it: {mend}" if missing else None,
        filled=_FILLED[row.state],
    )
    wants = [found(asked, lambda _material: told, "")]
    if row.in_part:
        left = Answer(sources=(), lacks=f"It is computed in part. To settle it: {mend}")
        wants.append(found("what is left to people", lambda _material: left, ""))
    return wants


def _proof(shown: Shown) -> Source:
    kind = "event" if shown.kind == "attestation" else shown.kind
    return Source(kind=kind, name=shown.name, sha256=shown.sha256, entry=shown.entry)


def _findings(control: PackControl) -> Callable[[Material], Answer | None]:
    def find(material: Material) -> Answer | None:
        chosen = [
            one for one in material.verdict.findings if one.check in control.checks and one.status != "not-applicable"
        ]
        if not chosen:
            return None
        tables = findings_tables(f"Findings that bear on {control.id}", chosen)[:1]
        return Answer(tables=tables, sources=material.finding_sources(chosen))

    return find


def _spoken(material: Material, part: str, control: str) -> Standing | None:
    said: Mapping[str, Standing] = getattr(material.dossier, part)
    return said.get(control)


def _source(material: Material, part: str, control: str) -> tuple[Source, ...]:
    name = f"{material.dossier_name} {part}.{control}"
    return (Source(kind="person", name=name, sha256=material.dossier.sha256),)


def _state(part: str, control: str) -> Want:
    def find(material: Material) -> Answer | None:
        said = _spoken(material, part, control)
        if said is None:
            return None
        told = _words(said, ("current", "target", "priority", "owner", "due"))
        lacking = [key for key in ("current", "target", "owner") if getattr(said, key) is None] if said.applies else []
        lacks = _lacks(said, lacking, part, control)
        return _answer(said, told, _source(material, part, control), lacks)

    remedy = f"Write {part}: {{{control}: {{current: ..., target: ..., owner: ...}}}} in dossier.yaml"
    return Want(asked="current and target state", find=find, by="people", remedy=remedy)


def _applicability(part: str, control: str) -> Want:
    def find(material: Material) -> Answer | None:
        said = _spoken(material, part, control)
        if said is None:
            return None
        told = _words(said, ("current", "owner"))
        lacking = [key for key in ("reason", "current", "owner") if getattr(said, key) is None] if said.applies else []
        return _answer(said, told, _source(material, part, control), _lacks(said, lacking, part, control))

    remedy = f"Write {part}: {{{control}: {{applies: true, reason: ..., current: ..., owner: ...}}}} in dossier.yaml"
    return Want(asked="applicable, why, and how implemented", find=find, by="people", remedy=remedy)


def _answer(said: Standing, told: tuple[str, ...], sources: tuple[Source, ...], lacks: str | None) -> Answer:
    return Answer(words=told, sources=sources, lacks=lacks, filled=None if said.applies else "not-applicable")


def _words(said: Standing, keys: tuple[str, ...]) -> tuple[str, ...]:
    told = ["Applies." if said.applies else f"Does not apply, says {said.by or 'nobody'}."]
    told += [f"Reason: {said.reason}"] if said.reason else []
    return (*told, *(f"{key.capitalize()}: {getattr(said, key)}" for key in keys if getattr(said, key)))


def _lacks(said: Standing, lacking: list[str], part: str, control: str) -> str | None:
    if not said.applies and not (said.reason and said.by):
        return f"What does not apply needs a reason and who says so: {part}.{control} in dossier.yaml"
    return f"Write {', '.join(lacking)} of {part}.{control} in dossier.yaml" if lacking else None
