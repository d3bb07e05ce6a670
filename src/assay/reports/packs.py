"""Packs as people read them: the frameworks on a day, one framework's controls, what changed between two versions."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assay.packs.dates import applicability, told
from assay.packs.meetings import meetings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.packs.dates import Standing
    from assay.packs.differences import Difference
    from assay.packs.form import Pack, PackControl
    from assay.packs.shelf import Shelf

WIDTH = 110
NOT_TEXT = "Paraphrases of our own: not the text, and no legal advice."
_AUTOMATION = {"full": "computed", "partial": "computed and judged", "manual": "attested"}


def counts(pack: Pack) -> str:
    """Return how many controls a pack has, by how far a machine can show them."""
    many = {kind: sum(one.automation == kind for one in pack.controls) for kind in _AUTOMATION}
    return ", ".join(f"{number} {kind}" for kind, number in many.items() if number)


def listing(shelf: Shelf, day: str) -> list[dict[str, Any]]:
    """Return a record for each framework: its version that counts on a day, or why none does."""
    rows = []
    for framework in shelf.frameworks:
        versions = shelf.versions(framework)
        found = next((one for one in versions if one.counts_on(day)), None)
        shown = found or versions[0 if day < versions[0].in_force.starts else -1]
        rows.append({
            "framework": framework, "title": shown.title, "version": None if found is None else found.version,
            "status": "in force" if found is not None else _absent(versions, day), "force": shown.force,
            "text": shown.text.id, "controls": len(shown.controls), "automation": counts(shown),
            "roles": list(shown.roles), "routes": list(shown.routes), "versions": [one.version for one in versions],
        })  # fmt: skip
    return rows


def _absent(versions: tuple[Pack, ...], day: str) -> str:
    first, last = versions[0], versions[-1]
    if day < first.in_force.starts:
        return f"not yet: from {first.in_force.starts}"
    if last.superseded is not None:
        return f"superseded on {last.superseded.on} by {last.superseded.by}"
    return f"ended on {last.in_force.ends}"


def listing_text(rows: list[dict[str, Any]], day: str) -> str:
    """Return the frameworks on a day, a line each."""
    lines = [f"Frameworks on {day}:", ""]
    wide = max(len(row["framework"]) for row in rows)
    for row in rows:
        version = row["version"] or "-"
        lines.append(f"  {row['framework']:<{wide}}  {version:<10}  {row['title']}")
        noun = "control" if row["controls"] == 1 else "controls"
        more = f"{row['controls']} {noun} ({row['automation']})" if row["version"] else row["status"]
        lines.append(f"  {'':<{wide}}  {'':<10}  {more}; {row['text']}")
    return "\n".join([*lines, "", NOT_TEXT])


def control_record(pack: Pack, control: PackControl, shelf: Shelf) -> dict[str, Any]:
    """Return a control with everything that its names stand for, and what it meets in other frameworks."""
    schedule, reading = pack.dates[control.dates], pack.readings[control.verified]
    return {
        "id": f"{pack.framework}:{control.id}", "clause": control.cited, "title": control.title, "says": control.says,
        "roles": list(control.roles), "dates": control.dates, "only_if": control.only_if, "applies": told(schedule),
        "from": schedule.starts, "by_route": schedule.by_route, "by_role": schedule.by_role,
        "certainty": schedule.certainty, "automation": control.automation, "evidence": list(control.evidence),
        "checks": list(control.checks), "documents": list(control.documents),
        "verified": {
            "verified": reading.verified, "by": reading.by, "when": reading.when, "sure": reading.sure,
        },
        "text": pack.text.id, "note": control.note,
        "meets": [asdict(one) for one in meetings(shelf, pack.framework, control)],
    }  # fmt: skip


def pack_record(pack: Pack, controls: Sequence[PackControl], shelf: Shelf) -> dict[str, Any]:
    """Return a pack with some of its controls, for machines."""
    return {
        "framework": pack.framework, "version": pack.version, "title": pack.title, "issuer": pack.issuer,
        "force": pack.force, "sha256": pack.sha256,
        "text": {"id": pack.text.id, "kind": pack.text.kind, "cite": pack.text.cite, "url": pack.text.url,
                 "note": pack.text.note},
        "in_force": {"from": pack.in_force.starts, "to": pack.in_force.ends}, "amends": pack.amends,
        "superseded": None if pack.superseded is None else
        {"on": pack.superseded.on, "by": pack.superseded.by, "source": pack.superseded.source},
        "roles": pack.roles, "routes": pack.routes, "conditions": pack.conditions,
        "controls": [control_record(pack, one, shelf) for one in controls],
    }  # fmt: skip


def pack_text(pack: Pack, controls: Sequence[PackControl], standing: Standing, day: str, shelf: Shelf) -> str:
    """Return a pack's controls for a reader; whether each applies to a standing on a day, where one is given."""
    ended = f" to {pack.in_force.ends}" if pack.in_force.ends else " on"
    lines = [
        f"{pack.title}  ({pack.name})",
        f"{pack.text.cite}; {pack.text.id}",
        f"counts from {pack.in_force.starts}{ended}; {pack.force}; {len(pack.controls)} controls: {counts(pack)}",
    ]
    if pack.superseded is not None:
        lines.append(f"SUPERSEDED on {pack.superseded.on} by {pack.superseded.by} ({pack.superseded.source})")
    lines += [pack.text.note] if pack.text.note else []
    for control in controls:
        lines += ["", *_control(pack, control, standing, day)]
        met = "; ".join(
            f"{one.clause} ({one.relation}; {one.source})" for one in meetings(shelf, pack.framework, control)
        )
        lines += textwrap.wrap(f"meets {met}", WIDTH, initial_indent="    ", subsequent_indent="    ") if met else []
    return "\n".join([*lines, "", NOT_TEXT])


def _control(pack: Pack, control: PackControl, standing: Standing, day: str) -> Iterator[str]:
    yield f"{pack.framework}:{control.id}  {control.title}"
    yield from textwrap.wrap(control.says, WIDTH, initial_indent="    ", subsequent_indent="    ")
    parts = [_AUTOMATION[control.automation], f"of {' or '.join(control.roles)}", told(pack.dates[control.dates])]
    if standing.roles or standing.route:
        found = applicability(pack, control, standing, day)
        parts.append({"yes": f"applies on {day}"}.get(found.applies, found.reason))
    parts += [f"checks: {', '.join(control.checks)}"] if control.checks else []
    reading = pack.readings[control.verified]
    sure = "verified" if reading.verified else "not verified"
    parts.append(f"{sure} ({reading.by}; {reading.when}; {reading.sure})")
    parts += [control.note] if control.note else []
    yield from textwrap.wrap("; ".join(parts), WIDTH, initial_indent="    ", subsequent_indent="    ")


def pack_markdown(pack: Pack, controls: Sequence[PackControl]) -> str:
    """Return a pack as a table that a lawyer can read."""
    lines = [f"# {pack.title}", "", f"`{pack.name}`: {pack.text.cite} ({pack.text.id}). {NOT_TEXT}", ""]
    lines += ["| clause | what it asks | whose | from | shown by | checked |", "|---|---|---|---|---|---|"]
    for one in controls:
        reading = pack.readings[one.verified]
        sure = f"{'verified' if reading.verified else 'not verified'}, {reading.sure}: {reading.by}"
        cells = (
            f"{pack.framework}:{one.id}", f"**{one.title}.** {one.says}", ", ".join(one.roles),
            told(pack.dates[one.dates]), f"{one.automation}: {', '.join((*one.checks, *one.evidence))}", sure,
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def impact_text(old: str, new: str, day: str, found: Sequence[Any]) -> str:
    """Return what a change of law changes: of each version, the controls whose status differs, by what they become."""
    lines = [f"{old} -> {new}, on {day}"]
    systems: dict[str, dict[tuple[str, str], list[str]]] = {}
    for one in found:
        title = f"{one.system}: {one.model} {one.version}"
        systems.setdefault(title, {}).setdefault((one.was, one.now), []).append(one.control)
    for title, changes in systems.items():
        lines += ["", title]
        for (was, now), controls in changes.items():
            listed = f"{len(controls)}: {was} -> {now}: {', '.join(controls)}"
            lines += textwrap.wrap(listed, WIDTH, initial_indent="  ", subsequent_indent="      ")
    lines += ["", f"{len(found)} statuses of {len(systems)} versions change."]
    return "\n".join(lines)


def difference_text(old: Pack, new: Pack, found: Sequence[Difference]) -> str:
    """Return what changed between two versions; a change that many controls share is told once."""
    lines = [f"{old.name} -> {new.name}", f"{old.text.id} -> {new.text.id}", ""]
    shared: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        shared.setdefault((one.kind, one.old, one.new), []).append(one.control)
    for (kind, before, after), controls in shared.items():
        names = ", ".join(controls)
        lines += textwrap.wrap(f"{kind}: {names}", WIDTH, subsequent_indent="    ")
        lines += [f"  - {before}"] if before else []
        lines += [f"  + {after}"] if after else []
    lines += ["", f"{len(found)} differences in {len({one.control for one in found})} controls."]
    return "\n".join(lines)
