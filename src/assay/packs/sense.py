"""What is wrong with the meaning of a pack whose form is right: dangling names, dates that contradict each other."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from assay.errors import suggest
from assay.packs.dates import is_day
from assay.packs.evidence_kinds import KINDS
from assay.packs.form import DOCUMENTS, MAX_SAYS, MAX_TITLE, Crosswalk, Pack, PackControl, Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    Found = Iterator[tuple[str, str]]

_FRAMEWORK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9().-]*\Z")
_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_CONSOLIDATED = re.compile(r"0\d{4}[A-Z]\d{4}-(\d{4})(\d{2})(\d{2})\Z")
_CELEX = re.compile(r"[1-9]\d{4}[A-Z]{1,2}\d{4}\Z")
_TODO = re.compile(r"(todo|tbd|fixme|xxx|\.\.\.|<[^>]*>|-|\?|)\Z", re.IGNORECASE)


def article(control: str) -> str:
    """Return the part of an id before its paragraphs: ``9`` of ``9(2)(a)``."""
    return control.split("(", 1)[0]


def pack(found: Pack, path: str, written: int, checks: Collection[str] | None) -> Found:
    """Yield (path, message) for everything in a pack that cannot be meant.

    Args:
        found: the pack, as it is written.
        path: where it stands.
        written: controls in the document, those that could not be built too; then places of controls are not exact.
        checks: names of the checks that exist; not looked at when None.
    """
    exact = written == len(found.controls)
    places = {
        one.id: f"{path}.controls[{index}]" if exact else f"{path}.controls" for index, one in enumerate(found.controls)
    }
    if not _FRAMEWORK.match(found.framework):
        yield f"{path}.framework", f"expected lower-case words joined by '-', found {found.framework!r}"
    yield from _told(found, path)
    yield from _version(found, path)
    yield from _dates(found, path)
    yield from _controls(found, path, places, exact=exact)
    yield from names(found, path, places, checks, whole=found.amends is None)
    if not written and found.amends is None:
        yield f"{path}.controls", "expected at least one control, found none: a pack without controls asks nothing"
    if found.amends is None and exact and written:
        yield from _unused(found, path)
    if found.removes and found.amends is None:
        yield f"{path}.removes", "nothing is amended, so nothing can be removed; leave this out"


def _told(found: Pack, path: str) -> Found:
    """Yield each place where somebody has to say something, and nobody did."""
    said = {"title": found.title, "issuer": found.issuer, "text.id": found.text.id, "text.cite": found.text.cite}
    for part in ("roles", "routes", "conditions"):
        said |= {f"{part}.{name}": words for name, words in getattr(found, part).items()}
    for name, schedule in found.dates.items():
        said[f"dates.{name}.source"] = schedule.source
        if schedule.legacy is not None:
            said[f"dates.{name}.legacy.source"] = schedule.legacy.source
    for name, reading in found.readings.items():
        said[f"readings.{name}.by"] = reading.by
    if found.superseded is not None:
        said["superseded.source"] = found.superseded.source
    for key, words in said.items():
        if _TODO.match(words.strip()):
            yield f"{path}.{key}", f"expected words that somebody stands by, found {words!r}"


def _unused(found: Pack, path: str) -> Found:
    """Yield what a whole pack names and no control of it uses: a name that was changed in one place alone."""
    for part, key in (("dates", "dates"), ("readings", "verified"), ("conditions", "only_if")):
        there = getattr(found, part)
        used = {name for control in found.controls if (name := getattr(control, key)) is not None}
        for name in there:
            if name not in used and used <= there.keys():  # a misspelt one is told where it is misspelt
                yield f"{path}.{part}.{name}", f"no control uses {name!r}; take it out, or name it in `{key}`"


def _version(found: Pack, path: str) -> Found:
    days = [(f"{path}.version", found.version), (f"{path}.in_force.from", found.in_force.starts)]
    days += [(f"{path}.in_force.to", found.in_force.ends)] if found.in_force.ends else []
    days += [(f"{path}.superseded.on", found.superseded.on)] if found.superseded else []
    days += [(f"{path}.amends", found.amends)] if found.amends else []
    bad = [(at, text) for at, text in days if not is_day(text)]
    for at, text in bad:
        yield at, f"expected a day such as 2026-07-27, found {text!r}"
    if bad:
        return
    starts, ends = found.in_force.starts, found.in_force.ends
    if found.version != starts:
        yield (
            f"{path}.in_force.from",
            f"expected {found.version}, the version, which is the day from which this text counts, found {starts}",
        )
    if ends is not None and ends < starts:
        yield f"{path}.in_force.to", f"expected a day on or after {starts}, from which it counts, found {ends}"
    if found.superseded is not None and ends is None:
        yield f"{path}.in_force", f"superseded on {found.superseded.on}, so expected `to`, the day before; found none"
    elif found.superseded is not None and ends is not None and found.superseded.on != _day_after(ends):
        yield f"{path}.superseded.on", f"expected {_day_after(ends)}, the day after the last on which it counts, {ends}"
    if found.superseded is not None and found.superseded.by == found.framework:
        yield f"{path}.superseded.by", f"expected another framework than {found.framework}; a new version amends it"
    if found.amends is not None and found.amends >= found.version:
        yield f"{path}.amends", f"expected an earlier version than {found.version}, found {found.amends}"
    yield from _celex(found, path)


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _celex(found: Pack, path: str) -> Found:
    if found.text.kind != "celex":
        return
    consolidated = _CONSOLIDATED.match(found.text.id)
    if consolidated is None and not _CELEX.match(found.text.id):
        yield f"{path}.text.id", f"expected a CELEX number such as 02024R1689-20260727, found {found.text.id!r}"
    elif consolidated is not None and "-".join(consolidated.groups()) != found.version:
        day = "-".join(consolidated.groups())
        yield f"{path}.text.id", f"expected the text of {found.version}, the version, found that of {day}"


def _dates(found: Pack, path: str) -> Found:
    for name, schedule in found.dates.items():
        yield from _schedule(found, schedule, f"{path}.dates.{name}")
    for name, reading in found.readings.items():
        if not is_day(reading.when):
            yield f"{path}.readings.{name}.when", f"expected a day such as 2026-11-23, found {reading.when!r}"
        if reading.verified and reading.sure == "low":
            yield (
                f"{path}.readings.{name}.sure",
                "verified, so expected high or medium, found low: one of the two is wrong",
            )


def _schedule(found: Pack, schedule: Schedule, path: str) -> Found:
    days = {f"{path}.from": schedule.starts} if schedule.starts is not None else {}
    days |= {f"{path}.by_route.{name}": day for name, day in schedule.by_route.items()}
    days |= {f"{path}.by_role.{name}": day for name, day in schedule.by_role.items()}
    if schedule.legacy is not None:
        days |= {
            f"{path}.legacy.from": schedule.legacy.starts,
            f"{path}.legacy.placed_before": schedule.legacy.placed_before,
        }
    for at, day in days.items():
        if not is_day(day):
            yield at, f"expected a day such as 2027-12-02, found {day!r}"
        elif found.amends is None and is_day(found.version) and day < found.version:
            yield at, f"expected a day on or after {found.version}, from which the text counts, found {day}"
    if not days:
        yield path, "expected from when: `from`, `by_route` or `by_role`; found none"
    for key, known in (("by_route", found.routes), ("by_role", found.roles)):
        for name in getattr(schedule, key):
            if name not in known:
                yield f"{path}.{key}.{name}", f"no such {key[3:]}: {name!r}{suggest(name, known)}"
    yield from _certain(schedule, path)


def _certain(schedule: Schedule, path: str) -> Found:
    open_ = schedule.certainty in {"argued", "disputed"}
    different = {*schedule.by_route.values()} | ({schedule.starts} if schedule.starts else set())
    if open_ and (schedule.starts is None or not schedule.by_route or len(different) == 1):
        yield (
            f"{path}.certainty",
            f"{schedule.certainty}: expected `from` and `by_route`, the days argued for; found one",
        )
    if not open_ and schedule.starts is not None and schedule.by_route:
        yield (
            f"{path}.certainty",
            f"{schedule.certainty}, but `from` and `by_route` both say from when; keep one of them",
        )
    legacy = schedule.legacy
    if legacy is not None and schedule.starts is not None and legacy.starts < schedule.starts:
        yield f"{path}.legacy.from", f"expected a day on or after {schedule.starts}, found {legacy.starts}"
    if legacy is not None and legacy.starts < legacy.placed_before:
        before = legacy.placed_before
        yield (
            f"{path}.legacy.from",
            f"what is placed before {before} is caught from then on or later, found {legacy.starts}",
        )


def _controls(found: Pack, path: str, places: Mapping[str, str], *, exact: bool) -> Found:
    seen: set[str] = set()
    for index, one in enumerate(found.controls):
        at = f"{path}.controls[{index}]" if exact else places[one.id]
        if not _ID.match(one.id):
            yield f"{at}.id", f"expected a paragraph such as 9(2)(a), without spaces, found {one.id!r}"
        if one.id in seen:
            yield f"{at}.id", f"two controls have the id {one.id!r}; give each its own"
        seen.add(one.id)
        if one.clause is not None and not _ID.match(one.clause):
            yield f"{at}.clause", f"expected a paragraph such as 9(8), without spaces, found {one.clause!r}"
        yield from _words(one, at)
        if not one.roles:
            yield f"{at}.roles", f"expected whose duty it is, found nobody; the roles: {', '.join(found.roles)}"
        if one.automation != "manual" and not one.evidence and not one.checks:
            yield at, f"automation is {one.automation}, but no evidence and no check is named: what would show it?"


def _words(one: PackControl, at: str) -> Found:
    for key, most in (("title", MAX_TITLE), ("says", MAX_SAYS)):
        text: str = getattr(one, key)
        if _TODO.match(text.strip()):
            yield f"{at}.{key}", f"expected our own words, found {text!r}"
        if len(text) > most:
            yield (
                f"{at}.{key}",
                f"expected at most {most} letters of our own, found {len(text)}: paraphrase, do not copy",
            )


def names(
    found: Pack, path: str, places: Mapping[str, str], checks: Collection[str] | None, *, whole: bool = True
) -> Found:
    """Yield every name in a pack that leads nowhere.

    Args:
        found: the pack.
        path: where it stands.
        places: control id to its place.
        checks: names of the checks that exist; not looked at when None.
        whole: whether dates and readings are all here; an amendment may lean on those that it amends.
    """
    for one in found.controls:
        at = places.get(one.id, path)
        if whole and one.dates not in found.dates:
            yield f"{at}.dates", f"no such dates: {one.dates!r}{suggest(one.dates, found.dates)}"
        if whole and one.only_if is not None and one.only_if not in found.conditions:
            yield f"{at}.only_if", f"no such condition: {one.only_if!r}{suggest(one.only_if, found.conditions)}"
        if whole and one.verified not in found.readings:
            yield f"{at}.verified", f"no such reading: {one.verified!r}{suggest(one.verified, found.readings)}"
        yield from _unknown(one.roles, found.roles, "role", f"{at}.roles")
        yield from _unknown(one.evidence, KINDS, "kind of evidence", f"{at}.evidence")
        yield from _unknown(one.documents, DOCUMENTS, "document", f"{at}.documents")
        if checks is not None:
            yield from _unknown(one.checks, checks, "check", f"{at}.checks")
    for name in (*found.roles, *found.routes, *found.conditions):
        if not _WORD.match(name):
            yield path, f"expected roles, routes and conditions of lower-case words joined by '-', found {name!r}"


def _unknown(listed: tuple[str, ...], known: Collection[str], what: str, path: str) -> Found:
    for index, name in enumerate(listed):
        if name not in known:
            yield f"{path}[{index}]", f"no such {what}: {name!r}{suggest(name, known)}"
        elif name in listed[:index]:
            yield f"{path}[{index}]", f"{name!r} stands here twice; keep one"


def amending(found: Pack, amended: Pack | None) -> Found:
    """Yield what does not fit between a pack and the one that it amends."""
    if amended is None:
        yield "$.amends", f"no such version of {found.framework}: {found.amends}; put its pack beside this one"
        return
    if found.text.id == amended.text.id:
        yield "$.text.id", f"expected another text than that of {amended.version}, found the same, {found.text.id}"
    for index, name in enumerate(found.removes):
        if amended.control(name) is None:
            near = suggest(name, [one.id for one in amended.controls])
            yield f"$.removes[{index}]", f"{amended.name} has no control {name!r}{near}"
        if found.control(name) is not None:
            yield f"$.removes[{index}]", f"{name!r} is removed and written here; keep one"


def crosswalk(found: Crosswalk, path: str, written: int) -> Found:
    """Yield (path, message) for everything in a crosswalk that cannot be meant."""
    exact = written == len(found.rows)
    if found.left == found.right:
        yield f"{path}.to", f"expected another framework than {found.left}"
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(found.rows):
        at = f"{path}.rows[{index}]" if exact else f"{path}.rows"
        if (row.left, row.right) in seen:
            yield at, f"{row.left} to {row.right} stands here twice; keep one"
        seen.add((row.left, row.right))
        if row.ours == (row.source is not None):
            yield at, "expected either `source`, who published it, or `ours: true`, our own reading; one of them"
