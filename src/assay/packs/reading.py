"""Pack text in, Pack out: strict, every mistake told at once with its place; amendments are laid over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from assay.errors import DocumentError, Problem
from assay.packs import sense
from assay.packs.form import Crosswalk, Pack
from assay.records.document import load_yaml_with_positions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from assay.packs.form import PackControl
    from assay.records.document import Positions


def parse_pack(content: bytes, name: str, *, checks: Collection[str] | None = None) -> Pack:
    """Read one pack as it is written; `resolved` lays it over the version that it amends.

    Args:
        content: the file's bytes.
        name: what the user calls the file.
        checks: names of the checks that exist, which controls may name; not looked at when left out.

    Raises:
        DocumentError: with every mistake of the file, in its order.
    """

    def examine(part: object, path: str, positions: Positions) -> Iterator[tuple[str, str]]:
        if isinstance(part, Pack):
            yield from sense.pack(part, path, listed(positions, "controls"), checks)

    return load_yaml_with_positions(content, Pack, name=name, examine=examine)[0]


def parse_crosswalk(content: bytes, name: str) -> Crosswalk:
    """Read a crosswalk as it is written; `assay.packs.lint` says whether its ends exist.

    Raises:
        DocumentError: with every mistake of the file, in its order.
    """

    def examine(part: object, path: str, positions: Positions) -> Iterator[tuple[str, str]]:
        if isinstance(part, Crosswalk):
            yield from sense.crosswalk(part, path, listed(positions, "rows"))

    return load_yaml_with_positions(content, Crosswalk, name=name, examine=examine)[0]


def listed(positions: Positions, key: str) -> int:
    """Return how many elements a list of the document has, those that could not be built too."""
    opening = f"$.{key}["
    return sum(
        1 for path in positions.places if path.startswith(opening) and path.endswith("]") and "." not in path[2:]
    )


def resolved(pack: Pack, amended: Pack | None) -> Pack:
    """Return a pack with everything it holds, laid over the resolved version that it amends.

    Raises:
        DocumentError: when what it amends is not there, or lacks what it removes.
    """
    if pack.amends is None:
        return pack
    problems = list(sense.amending(pack, amended))
    if problems or amended is None:
        raise DocumentError(_placed(pack, problems))
    own = {control.id: control for control in pack.controls}
    kept = [own.pop(one.id, one) for one in amended.controls if one.id not in pack.removes]
    whole = msgspec.structs.replace(
        pack,
        readings={**amended.readings, **pack.readings},
        conditions={**amended.conditions, **pack.conditions},
        dates={**amended.dates, **pack.dates},
        controls=_beside(kept, tuple(own.values())),
    )
    problems = list(sense.names(whole, "$", {one.id: f"$.controls ({one.id})" for one in whole.controls}, None))
    if problems:
        raise DocumentError(_placed(pack, problems))
    return whole


def _placed(pack: Pack, problems: list[tuple[str, str]]) -> list[Problem]:
    return [Problem(pack.name, 0, 0, path, message) for path, message in problems]


def _beside(kept: list[PackControl], added: tuple[PackControl, ...]) -> tuple[PackControl, ...]:
    """Put each new control behind the last one of its article, or at the end."""
    ordered = list(kept)
    for control in added:
        article = sense.article(control.id)
        places = [index for index, one in enumerate(ordered) if sense.article(one.id) == article]
        near = places or [index for index, one in enumerate(ordered) if sense.article(one.id) == article.rstrip("a")]
        ordered.insert((near[-1] + 1) if near else len(ordered), control)
    return tuple(ordered)
