"""A profile after the NIST AI RMF, and a statement of applicability after ISO/IEC 42001 Annex A: a row a control.

The rows are those of the pack in force; nothing here lists them again. A row that does not apply needs a reason and who
says so; a row that nobody has spoken of is missing, never assumed to apply or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents.asking import Answer, Asks, Form, Want, asks, found, people
from assay.reports.documents.form import Source
from assay.reports.documents.tested import findings_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.packs.form import PackControl
    from assay.reports.documents.asking import Sections
    from assay.reports.documents.dossier import Standing
    from assay.reports.documents.material import Material

NIST, ISO = "nist-ai-rmf", "iso-42001"


def nist_profile() -> Form:
    """Return the written list of the profile."""
    return Form(
        kind="nist-profile",
        title="NIST AI RMF profile",
        about=(
            (
                "Current and target state of each subcategory, in the words of people, beside the findings that bear "
                "on it. The framework is voluntary. Two dated profiles, and the difference between them, are a gap "
                "report."
            ),
        ),
        framework=NIST,
        sections=lambda material: _sections(material, NIST, "nist", _of_function, _state),
    )


def statement_of_applicability() -> Form:
    """Return the written list of the statement."""
    return Form(
        kind="statement-of-applicability",
        title="Statement of applicability (ISO/IEC 42001, Annex A)",
        about=(
            "Each control by its id and a label of our own: whether it applies, why, and how it is implemented.",
            ("The text of the standard is not reproduced, and was not read. It gives no presumption of conformity with "
            "the EU AI Act."),
        ),
        framework=ISO,
        sections=lambda material: {
            "Before the list": (
                asks("0", "Scope and approval", (),
                     people("scope of the management system", "organisation.scope"),
                     people("approved by, and when", "organisation.approved")),
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
    for control in material.pack(framework).controls:
        wants = [state(part, control.id)]
        if control.checks:
            wants.append(found("findings that bear on it", _findings(control), "Decide a release: assay run"))
        item = asks(control.id, f"{control.title}: {control.says}", f"{framework}:{control.id}", *wants)
        listed[group(control)] = (*listed.get(group(control), ()), item)
    return listed


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
        return Answer(words=told, sources=_source(material, part, control), lacks=lacks)

    remedy = f"Write {part}: {{{control}: {{current: ..., target: ..., owner: ...}}}} in dossier.yaml"
    return Want(asked="current and target state", find=find, by="people", remedy=remedy)


def _applicability(part: str, control: str) -> Want:
    def find(material: Material) -> Answer | None:
        said = _spoken(material, part, control)
        if said is None:
            return None
        told = _words(said, ("current", "owner"))
        lacking = [key for key in ("reason", "current", "owner") if getattr(said, key) is None] if said.applies else []
        return Answer(words=told, sources=_source(material, part, control), lacks=_lacks(said, lacking, part, control))

    remedy = f"Write {part}: {{{control}: {{applies: true, reason: ..., current: ..., owner: ...}}}} in dossier.yaml"
    return Want(asked="applicable, why, and how implemented", find=find, by="people", remedy=remedy)


def _words(said: Standing, keys: tuple[str, ...]) -> tuple[str, ...]:
    told = ["Applies." if said.applies else f"Does not apply, says {said.by or 'nobody'}."]
    told += [f"Reason: {said.reason}"] if said.reason else []
    return (*told, *(f"{key.capitalize()}: {getattr(said, key)}" for key in keys if getattr(said, key)))


def _lacks(said: Standing, lacking: list[str], part: str, control: str) -> str | None:
    if not said.applies and not (said.reason and said.by):
        return f"What does not apply needs a reason and who says so: {part}.{control} in dossier.yaml"
    return f"Write {', '.join(lacking)} of {part}.{control} in dossier.yaml" if lacking else None
