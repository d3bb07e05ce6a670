"""Draft of a declaration of conformity after Annex V of Regulation (EU) 2024/1689; signing makes it one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents import facts
from assay.reports.documents.annex_iv import form as technical_documentation
from assay.reports.documents.asking import Answer, Asks, Form, asks, fill, found, people
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

if TYPE_CHECKING:
    from assay.reports.documents.material import Material

ITSELF = "8"
"""The item of the technical documentation that asks for the declaration; a declaration cannot wait for itself."""


def form() -> Form:
    """Return the written list of the declaration."""
    return Form(
        kind="annex-v",
        title="EU declaration of conformity (Annex V): draft",
        about=(
            (
                "A draft that nobody has signed. Whether the system conforms is the provider's claim, on the "
                "provider's sole responsibility; nothing here makes it."
            ),
            NOTE,
        ),
        law=("Article 47, Annex V",),
        framework=FRAMEWORK,
        sections={"Before the list": (standing("annex-v"), _documentation()), "The declaration": _declaration()},
        warn=_warn,
    )


def _warn(material: Material) -> tuple[str, ...]:
    lacking = lacking_in_documentation(material)
    if not lacking:
        return ("DRAFT: not signed.",)
    return (f"DRAFT, not to be signed: {len(lacking)} parts of the technical documentation are missing.",)


def lacking_in_documentation(material: Material) -> list[str]:
    """Return the parts of the technical documentation that nothing fills, the copy of the declaration left out."""
    listed = technical_documentation()
    assert not callable(listed.sections)  # noqa: S101 - the list of the annex is fixed; for types
    kept = {title: tuple(one for one in items if one.id != ITSELF) for title, items in listed.sections.items()}
    made = fill(Form(kind=listed.kind, title=listed.title, about=(), sections=kept), material)
    return [
        f"{item.id}: {part.asked}"
        for item in made.items
        for part in item.parts
        if part.filled in {"missing", "contradicted"}
    ]


def _documentation() -> Asks:
    def find(material: Material) -> Answer:
        lacking = lacking_in_documentation(material)
        told = () if lacking else ("Every part of the technical documentation is filled.",)
        lacks = f"{len(lacking)} parts are missing, first {lacking[0]}. See: assay report annex-iv" if lacking else None
        return Answer(words=told, sources=(material.verdict_source,), lacks=lacks)

    return asks("0a", "Technical documentation", "eu-ai-act:11(1)", found("that nothing in it is missing", find, ""))


def _declaration() -> tuple[Asks, ...]:
    return (
        asks("1", "System, type, reference", _annex(1),
             found("name and reference", facts.version, ""), people("type", "system.kind")),
        asks("2", "Provider, or authorised representative", _annex(2),
             people("name", "provider.name"), people("address", "provider.address"),
             people("representative", "provider.representative")),
        asks("3", "Sole responsibility", _annex(3),
             people("who declares, on their sole responsibility", "provider.signatory")),
        asks("4", "Conformity with this Regulation and with other Union law", _annex(4),
             people("other Union law", "conformity.other_law")),
        asks("5", "Data protection", _annex(5), people("statement", "conformity.data_protection")),
        asks("6", "Harmonised standards or common specifications", _annex(6),
             people("applied, with where they are cited", "standards.applied")),
        asks("7", "Notified body", _annex(7),
             people("procedure, body, number, certificate", "conformity.procedure")),
        asks("8", "Place, date, signature", _annex(8),
             people("place", "provider.place"),
             people("name and function", "provider.signatory"),
             found("signature", _unsigned, "A person signs, by hand or by a qualified signature; a draft bears none")),
    )  # fmt: skip


def _unsigned(material: Material) -> Answer | None:  # noqa: ARG001 - a draft is never signed, whatever is known
    return None


def _annex(number: int) -> str:
    return f"eu-ai-act:annex-v({number})"
