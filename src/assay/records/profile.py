"""A reference profile: a table's columns as counts, small enough to travel, so that its rows stay where they are.

Edges of numeric bins are fixed once, from the reference; a later table is counted in the same bins, or category by
category. The file is canonical JSON, and its SHA-256 names it.
"""

from __future__ import annotations

from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, Literal

from assay.errors import DocumentError, Problem
from assay.records.canonical import canonical_json, parse_record
from assay.records.comparison import ColumnKind, Side
from assay.records.tally import FileDigest, Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

DECILES = 9


class Bin(Frozen, frozen=True, array_like=True):
    """The greatest value of a narrow bin, and the reference's rows in it."""

    at: float
    rows: int


class Named(Frozen, frozen=True, array_like=True):
    """A category and the reference's rows in it."""

    name: str
    rows: int


class ColumnProfile(Frozen, frozen=True, kw_only=True):
    """One column of the reference.

    Attributes:
        column: its name.
        kind: how a later column is compared with it.
        side: type, rows, missing and infinite values, least and greatest value.
        reason: why it cannot be compared; None when it can.
        deciles: numeric: the nine deciles.
        bins: numeric: ascending.
        exact: numeric: whether ``bins`` holds every different value.
        categories: ordered by name.
    """

    column: str
    kind: ColumnKind
    side: Side
    reason: str | None = None
    deciles: tuple[float, ...] = ()
    bins: tuple[Bin, ...] = ()
    exact: bool = True
    categories: tuple[Named, ...] = ()


class Profile(Frozen, frozen=True, kw_only=True):
    """A table as counts.

    Attributes:
        schema: the record's version.
        rows: rows of the table.
        text: whether it was read from text, whose types are those that all values have.
        files: the files that it was made from, by digest.
        columns: in the table's order.
    """

    schema: Literal["assay.profile/v1"] = "assay.profile/v1"
    rows: int
    text: bool
    files: tuple[FileDigest, ...]
    columns: tuple[ColumnProfile, ...]


def print_profile(profile: Profile) -> bytes:
    """Return a profile as canonical JSON; equal profiles have equal bytes."""
    return canonical_json(profile)


def parse_profile(content: bytes, *, name: str) -> Profile:
    """Parse a profile; only what `print_profile` gives, and what counts of a table can be, is accepted.

    Raises:
        DocumentError: with every problem in it.
    """
    profile = parse_record(content, Profile, name=name)
    problems = [Problem(name, 0, 0, path, message) for path, message in _problems(profile)]
    if not problems and print_profile(profile) != content:
        problems = [Problem(name, 0, 0, "", "expected the form that Assay writes: the file was edited")]
    if problems:
        raise DocumentError(problems)
    return profile


def is_profile(content: bytes) -> bool:
    """Say whether bytes look like a profile, of this version or another."""
    return content.lstrip()[:1] == b"{" and b'"assay.profile/' in content


def _problems(profile: Profile) -> Iterator[tuple[str, str]]:
    if profile.rows < 1:
        yield "$.rows", f"expected rows, found {profile.rows}: nothing can be compared with nothing"
    names = [one.column for one in profile.columns]
    if len(set(names)) < len(names):
        yield "$.columns", "expected each column once, found one twice"
    for place, one in enumerate(profile.columns):
        for message in _column(one, profile.rows):
            yield f"$.columns[{place}]", f"{one.column!r}: {message}"


def _column(one: ColumnProfile, rows: int) -> Iterator[str]:
    if one.side.rows != rows:
        yield f"expected the {rows} rows of the table, found {one.side.rows}"
    counted = [part.rows for part in one.bins] + [part.rows for part in one.categories]
    if one.kind != "incomparable" and (sum(counted) != one.side.usable or any(count < 0 for count in counted)):
        yield f"expected bins or categories that hold the {one.side.usable} rows with a value, found {sum(counted)}"
    ends = [part.at for part in one.bins]
    if not all(map(isfinite, (*ends, *one.deciles))) or any(a >= b for a, b in pairwise(ends)):
        yield "expected finite ends of bins, each above the one before"
    if one.bins and (len(one.deciles) != DECILES or any(a > b for a, b in pairwise(one.deciles))):
        yield f"expected {DECILES} ascending deciles, found {len(one.deciles)}"
    if one.bins and (one.side.low is None or one.side.high is None):
        yield "expected the least and the greatest value beside bins, found none"
