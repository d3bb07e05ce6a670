"""What every document under the EU AI Act says first: in which role, by which route, and from when its duties apply."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from assay.packs.dates import Standing, applicability
from assay.reports.documents.asking import Answer, Asks, Want, asks, found, people
from assay.reports.documents.form import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.reports.documents.material import Material

FRAMEWORK = "eu-ai-act"
NOTE = (
    "Items are told in our own short words and map to clauses of the text named below; they are neither that text nor "
    "legal advice."
)


def standing(document: str | None = None) -> Asks:
    """Return the item that opens every document under the AI Act.

    Args:
        document: the document's name in the packs, for from when its duties apply; None where no control names it.
    """
    wants = [
        Want(
            asked="role of the operator",
            find=lambda material: _stated(material, "role"),
            by="people",
            remedy="Nobody has decided it: write regulation: {eu-ai-act: {role: ..., route: ...}} in assay.yaml",
        ),
        Want(
            asked="route by which it is high-risk",
            find=lambda material: _stated(material, "route"),
            by="people",
            remedy="Nobody has decided it: from when duties apply cannot be told. Write it beside the role",
        ),
        people("high-risk area, and who classified it", "system.category"),
    ]
    if document is not None:
        wants.append(found("from when these duties apply", _from_when(document), ""))
    return asks("0", "Role, route and classification", (f"{FRAMEWORK}:6(2)", f"{FRAMEWORK}:6(1)"), *wants)


def _stated(material: Material, key: str) -> Answer | None:
    said = material.settings.standing.get(FRAMEWORK)
    told = "" if said is None else (", ".join(said.roles) if key == "role" else said.route or "")
    if not told:
        return None
    return Answer(words=(told,), sources=(Source(kind="person", name=f"assay.yaml regulation.{FRAMEWORK}.{key}"),))


def _from_when(document: str) -> Callable[[Material], Answer]:
    """Return what tells, control by control of the pack in force, whether the duties of a document apply."""

    def find(material: Material) -> Answer:
        pack = material.pack(FRAMEWORK)
        where = material.settings.standing.get(FRAMEWORK, Standing())
        day = material.at[:10]
        told: Counter[str] = Counter()
        open_: Counter[str] = Counter()
        for control in pack.controls:
            if document in control.documents:
                one = applicability(pack, control, where, day)
                words = {"yes": f"applies since {one.since}"}.get(one.applies, one.reason)
                (open_ if one.applies == "undecided" else told)[words] += 1
        source = Source(kind="file", name=f"pack {pack.name}", sha256=pack.sha256)
        lines = [f"On {day}: {words} ({count} clause{'' if count == 1 else 's'})." for words, count in told.items()]
        lacks = (
            "; ".join(
                f"On {day}, {words} ({count} clause{'' if count == 1 else 's'})" for words, count in open_.items()
            )
            or None
        )
        return Answer(words=tuple(lines), sources=(source,), lacks=lacks)

    return find
