"""Laws of the trail, over whatever Hypothesis thinks of."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args, get_origin

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.attest.statement import parse_statement
from assay.records.canonical import canonical_json
from assay.trail import projection
from assay.trail.drawing import layers
from assay.trail.events import TYPES, Event, event_from_json, event_json, event_statement, make_event, parse_event
from assay.trail.fields import Commitment, Count, Day, Decimal, Label, Name, Person, Setting, Sha256, Time
from assay.trail.people import commit, open_commitment
from assay.trail.questions import production
from assay.trail.reading import read_entry
from unit.trail.memory_trail import MODEL, TRUST, MemoryTrail, in_memory

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
DAYS = st.dates().map(str)
TIMES = st.datetimes().map(lambda one: f"{one.replace(microsecond=0).isoformat()}Z")
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:/+=,-]{0,20}\Z").filter(
    lambda text: not (len(text) in {10, 20} and text[4:5] == "-")  # what looks like a time must be one
)
FORMS: dict[Any, st.SearchStrategy[Any]] = {
    Name: NAMES,
    Setting: NAMES,
    Label: st.text(st.characters(exclude_categories=["C", "Nd"]), min_size=1, max_size=40),
    Sha256: HEX,
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-9999, max_value=9999).map(str),
    Time: TIMES,
    Day: DAYS,
    Person: st.text("0123456789abcdef", min_size=32, max_size=32).map("p_{}".format),
    Commitment: st.binary(min_size=16, max_size=16).map(lambda salt: commit("reason", "why", salt).commitment),
    Count: st.integers(0, 2**53 - 1),
}


def values(kind: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any type of a field
    """Return a strategy for a field's type."""
    if kind in FORMS:
        return FORMS[kind]
    if kind is type(None):
        return st.none()
    inner = [one for one in get_args(kind) if one is not ...]
    if get_origin(kind) is dict:
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=3)
    if get_origin(kind) is tuple:
        return st.lists(values(inner[0]), max_size=3)
    if all(isinstance(one, str) for one in inner):
        return st.sampled_from(inner)
    return st.one_of([values(one) for one in inner])


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw an event of any type."""
    kind = draw(st.sampled_from(sorted(TYPES)))
    fields = {one.name: draw(values(one.type)) for one in msgspec.structs.fields(TYPES[kind])}
    return make_event(kind, fields, claimed_at=draw(TIMES), corrects=draw(st.none() | st.integers(0, 99)))


@given(events())
def test_an_event_is_read_back_as_it_was(event: Event) -> None:
    content = event_statement(event)
    assert parse_event(parse_statement(content)) == event
    assert event_statement(parse_event(parse_statement(content))) == content
    assert event_from_json(event_json(event)) == event


@given(
    st.binary(max_size=400) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(repr).map(str.encode)
)
def test_whatever_stands_in_a_log_is_read(entry: bytes) -> None:
    found = read_entry(3, entry, TRUST.keys())
    assert found.index == 3
    assert found.event is not None or found.told
    assert not found.counts


@settings(max_examples=60)
@given(st.data())
def test_a_flipped_bit_never_says_something_else(data: st.DataObject) -> None:
    trail = MemoryTrail()
    trail.deploy("2026-10-01T00:00:00Z")
    before = read_entry(0, trail.entries[0], TRUST.keys())
    entry = bytearray(trail.entries[0])
    place = data.draw(st.integers(0, len(entry) * 8 - 1))
    entry[place // 8] ^= 1 << place % 8
    after = read_entry(0, bytes(entry), TRUST.keys())
    assert after.leaf_sha256 != before.leaf_sha256
    assert not after.counts or after.event == before.event


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["2", "3", "4"]), max_size=6), st.permutations(range(6)))
def test_one_version_at_most_serves_at_a_moment(versions: list[str], order: list[int]) -> None:
    trail = MemoryTrail()
    for version, day in zip(versions, order, strict=False):
        trail.deploy(f"2026-10-{day + 1:02d}T12:00:00Z", version=version, digest=MODEL)
    expected = sorted((day, version) for version, day in zip(versions, order, strict=False))
    for day in range(7):
        answer = production(trail.view(), "credit", f"2026-10-{day + 1:02d}T13:00:00Z")
        so_far = [version for when, version in expected if when <= day]
        assert [row["version"] for row in answer.rows] == so_far[-1:]


@given(st.lists(st.booleans(), max_size=12))
def test_a_projection_is_the_same_however_it_was_built(cuts: list[bool]) -> None:
    trail = MemoryTrail()
    for number in range(len(cuts)):
        trail.add(b"entry %d" % number)
    parts = in_memory()
    projection.create(parts, "example.com/log", canonical_json("x").hex())
    waiting = []
    for number, cut in enumerate(cuts):
        waiting.append(read_entry(number, trail.entries[number], TRUST.keys()))
        if cut or number == len(cuts) - 1:
            projection.project(parts, waiting, size=number + 1, root=trail.root(number + 1))
            waiting = []
    whole = in_memory()
    projection.create(whole, "example.com/log", canonical_json("x").hex())
    reads = [read_entry(number, entry, TRUST.keys()) for number, entry in enumerate(trail.entries)]
    projection.project(whole, reads, size=len(reads), root=trail.root())
    assert projection.differences(parts, whole) == []


@given(
    st.sets(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")).filter(lambda one: one[0] != one[1]))
)
def test_layers_hold_every_node_once_and_ways_go_forward(edges: set[tuple[str, str]]) -> None:
    rows, ways = layers("abcdefgh", edges)
    placed = {name: depth for depth, row in enumerate(rows) for name in row}
    assert sorted(name for row in rows for name in row if "\0" not in name) == list("abcdefgh")
    assert set(ways) == edges
    for (source, target), way in ways.items():
        assert (way[0], way[-1]) == (source, target)
        back = placed[target] <= placed[source]
        assert back or all(placed[right] == placed[left] + 1 for left, right in pairwise(way))
    assert (rows, ways) == layers("hgfedcba", edges)


@given(st.text(), st.text(), st.binary(min_size=16, max_size=32))
def test_a_commitment_opens_to_what_was_committed(name: str, value: str, salt: bytes) -> None:
    disclosure = commit(name, value, salt)
    assert open_commitment(disclosure.commitment, disclosure.text) == disclosure
