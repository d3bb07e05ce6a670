"""All packs together: which frameworks there are, in which versions, and which one counts on a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from assay.errors import DocumentError, InputError, Problem, suggest
from assay.packs.dates import is_day
from assay.packs.reading import parse_crosswalk, parse_pack, resolved

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from assay.packs.form import Crosswalk, Pack

OWN: Mapping[str, tuple[str, ...]] = {
    "eu-ai-act": ("2024-08-01", "2026-07-27"),
    "nist-ai-rmf": ("2023-01-26",),
    "iso-42001": ("2023-12-18",),
    "sr-26-2": ("2026-04-17",),
    "sr-11-7": ("2011-04-04",),
    "pra-ss1-23": ("2024-05-17",),
    "us-reg-b": ("2011-12-30", "2026-07-21"),
    "us-fcra": ("1997-09-30",),
    "us-29-cfr-1607": ("1978-09-25",),
    "nyc-ll144": ("2023-07-05",),
    "us-co-sb26-189": ("2027-01-01",),
    "us-il-ai-employment": ("2026-01-01",),
}
"""The packs that come with Assay: framework to versions, oldest first."""

OWN_CROSSWALKS = ("sr-11-7--sr-26-2", "eu-ai-act--nist-ai-rmf", "eu-ai-act--iso-42001", "nyc-ll144--us-29-cfr-1607")
"""The crosswalks that come with Assay."""

AT = "@"


@dataclass(frozen=True)
class Shelf:
    """Packs and crosswalks.

    Attributes:
        packs: every version of every framework, resolved; of a framework oldest first.
        crosswalks: how frameworks meet.
        sources: name of the file of each pack, by the pack's name.
    """

    packs: tuple[Pack, ...]
    crosswalks: tuple[Crosswalk, ...] = ()
    sources: Mapping[str, str] | None = None

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The frameworks, in the order of the shelf."""
        return tuple(dict.fromkeys(one.framework for one in self.packs))

    def versions(self, framework: str) -> tuple[Pack, ...]:
        """Return a framework's versions, oldest first.

        Raises:
            InputError: for a framework that nobody has a pack of; near names are suggested.
        """
        found = tuple(one for one in self.packs if one.framework == framework)
        if not found:
            known = ", ".join(self.frameworks)
            raise InputError(
                f"expected a framework, found {framework!r}{suggest(framework, self.frameworks)}. There are: {known}. "
                "Packs of your own: --packs DIR, or `packs:` in assay.yaml"
            )
        return found

    def in_force(self, framework: str, day: str) -> Pack:
        """Return the version of a framework that counts on a day.

        Raises:
            InputError: for an unknown framework, a day that is none, or one on which no version of it counts: before
                there was one, or after another framework took its place.
        """
        if not is_day(day):
            raise InputError(f"expected a day such as 2026-11-23, found {day!r}")
        versions = self.versions(framework)
        for one in versions:
            if one.counts_on(day):
                return one
        first, last = versions[0], versions[-1]
        if day < first.in_force.starts:
            raise InputError(
                f"{framework} on {day}: expected a day on or after {first.in_force.starts}, from which it counts: "
                f"before that there was no {first.title}{self._before(framework, day)}"
            )
        gone = last.superseded
        if gone is not None:
            raise InputError(
                f"{framework} on {day}: superseded on {gone.on} by {gone.by} ({gone.source}). Ask for that, or for "
                f"a day up to {last.in_force.ends}"
            )
        raise InputError(
            f"{framework} on {day}: no version of it counts on this day; its last ends {last.in_force.ends}"
        )

    def _before(self, framework: str, day: str) -> str:
        older = [one for one in self.packs if one.superseded is not None and one.superseded.by == framework]
        there = next((one for one in older if one.counts_on(day)), None)
        return f". On that day {there.framework} counted" if there is not None else ""

    def all_in_force(self, day: str) -> tuple[Pack, ...]:
        """Return the version of every framework that counts on a day; those without one are left out."""
        return tuple(one for one in self.packs if one.counts_on(day))

    def named(self, name: str, day: str) -> Pack:
        """Return the pack that ``framework`` (in force on the day) or ``framework@version`` names.

        Raises:
            InputError: when there is no such framework or version.
        """
        framework, at, version = name.partition(AT)
        if not at:
            return self.in_force(framework, day)
        versions = self.versions(framework)
        found = next((one for one in versions if one.version == version), None)
        if found is None:
            known = [one.version for one in versions]
            raise InputError(
                f"expected a version of {framework}, found {version!r}{suggest(version, known)}. There are: "
                f"{', '.join(known)}"
            )
        return found


@cache
def own_shelf(frameworks: frozenset[str] | None = None) -> Shelf:
    """Return the packs that come with Assay.

    Args:
        frameworks: the frameworks wanted, those not there being left out; by default every one. Of the crosswalks only
            those then come along that lead from a superseded framework to its successor.
    """
    wanted = [name for name in OWN if frameworks is None or name in frameworks]
    folder = files("assay.packs")
    packs: list[Pack] = []
    for framework in wanted:
        before: Pack | None = None
        for version in OWN[framework]:
            content = (folder / "frameworks" / framework / f"{version}.yaml").read_bytes()
            before = resolved(parse_pack(content, f"{framework}/{version}.yaml"), before)
            packs.append(before)
    crosswalks = [
        parse_crosswalk((folder / "crosswalks" / f"{name}.yaml").read_bytes(), f"crosswalks/{name}.yaml")
        for name in _crosswalks(packs, everything=frameworks is None)
    ]
    return Shelf(tuple(packs), tuple(crosswalks))


def _crosswalks(packs: list[Pack], *, everything: bool) -> tuple[str, ...]:
    """Return the crosswalks wanted: of some packs alone, those that lead from a superseded one to its successor."""
    if everything:
        return OWN_CROSSWALKS
    led = {f"{one.framework}--{one.superseded.by}" for one in packs if one.superseded is not None}
    return tuple(name for name in OWN_CROSSWALKS if name in led)


def own_contents() -> dict[str, bytes]:
    """Return the files of the packs and crosswalks that come with Assay, by path in the package."""
    folder = files("assay.packs")
    names = [f"frameworks/{name}/{version}.yaml" for name, versions in OWN.items() for version in versions]
    names += [f"crosswalks/{name}.yaml" for name in OWN_CROSSWALKS]
    return {name: (folder / name).read_bytes() for name in names}


def shelf_of(
    contents: Mapping[str, bytes], shelf: Shelf | None = None, *, checks: Collection[str] | None = None
) -> Shelf:
    """Return a shelf with an organisation's packs and crosswalks put beside others.

    Args:
        contents: file name to bytes; what says ``schema: assay.crosswalk/v1`` is a crosswalk.
        shelf: the packs that are there already.
        checks: names of the checks that exist.

    Raises:
        DocumentError: with every mistake in every file; versions that contradict each other are mistakes too.
    """
    there = shelf or Shelf(())
    problems: list[Problem] = []
    packs: dict[str, Pack] = {}
    crosswalks: list[Crosswalk] = []
    for name, content in sorted(contents.items()):
        try:
            if b"assay.crosswalk/" in content:
                crosswalks.append(parse_crosswalk(content, name))
            else:
                packs[name] = parse_pack(content, name, checks=checks)
        except DocumentError as error:
            problems += error.problems
    whole = _resolved(packs, there, problems)
    problems += _clashes({**{one.name: one for one in there.packs}}, whole)
    if problems:
        raise DocumentError(problems)
    together = sorted((*there.packs, *whole.values()), key=lambda one: one.version)
    order = {name: index for index, name in enumerate(dict.fromkeys((*there.frameworks, *_frameworks(whole.values()))))}
    return replace(
        there,
        packs=tuple(sorted(together, key=lambda one: order[one.framework])),
        crosswalks=(*there.crosswalks, *crosswalks),
        sources={**(there.sources or {}), **{pack.name: name for name, pack in whole.items()}},
    )


def _frameworks(packs: Iterable[Pack]) -> list[str]:
    return [one.framework for one in packs]


def _resolved(packs: Mapping[str, Pack], there: Shelf, problems: list[Problem]) -> dict[str, Pack]:
    """Lay each pack over the one it amends, oldest first."""
    known = {(one.framework, one.version): one for one in there.packs}
    whole: dict[str, Pack] = {}
    for name, written in sorted(packs.items(), key=lambda item: (item[1].version, item[0])):
        try:
            found = resolved(written, known.get((written.framework, written.amends or "")))
        except DocumentError as error:
            problems += [Problem(name, one.line, one.column, one.path, one.message) for one in error.problems]
            continue
        whole[name] = found
        known.setdefault((found.framework, found.version), found)
    return whole


def _clashes(there: Mapping[str, Pack], whole: Mapping[str, Pack]) -> list[Problem]:
    """Return a problem for each pack that counts on a day on which another version of its framework does."""
    found: list[Problem] = []
    seen = dict(there)
    for name, one in whole.items():
        for other in seen.values():
            if other.framework == one.framework and _overlap(one, other):
                message = f"counts on days on which {other.name} does too; end the older one, or choose another name"
                found.append(Problem(name, 0, 0, "$.in_force", message))
                break
        seen[f"{name} {one.name}"] = one
    return found


def _overlap(one: Pack, other: Pack) -> bool:
    end, other_end = one.in_force.ends or "9999-12-31", other.in_force.ends or "9999-12-31"
    return one.in_force.starts <= other_end and other.in_force.starts <= end
