from __future__ import annotations

import pytest

from assay.errors import VerificationError
from assay.trail import incidents, inventory, projection, remediations
from assay.trail.examples import EXAMPLES, of
from assay.trail.reading import read_entry
from assay.trail.standing import renew
from assay.trail.standing_table import TYPES
from unit.trail.memory_trail import TRUST, MemoryTrail, in_memory


@pytest.fixture
def trail() -> MemoryTrail:
    made = MemoryTrail()
    made.release()
    made.approve()
    made.add(b"a line of another program")
    made.say("monitor.ack", _id="ack-1", **EXAMPLES["monitor.ack"])
    return made


def test_every_entry_has_its_row_and_comes_back_as_it_was(trail: MemoryTrail) -> None:
    connection = trail.connection()
    expected = [read_entry(index, entry, TRUST.keys()) for index, entry in enumerate(trail.entries)]
    assert list(projection.select(connection, size=5)) == expected
    assert list(projection.select(connection, "monitor.ack", size=5)) == expected[4:]
    assert list(projection.select(connection, "monitor.ack", size=4)) == []
    assert projection.with_id(connection, "ack-1") == expected[4]
    assert projection.with_id(connection, "ack-2") is None
    reach = projection.reach(connection)
    assert reach is not None
    assert [(one.size, one.root, one.origin) for one in reach.shards] == [(5, trail.root(), "example.com/log")]


def test_in_parts_is_as_at_once(trail: MemoryTrail) -> None:
    parts = in_memory()
    projection.create(parts, "example.com/log", of("keys"))
    for end in range(1, 6):
        one = read_entry(end - 1, trail.entries[end - 1], TRUST.keys())
        projection.project(parts, [one], size=end, root=trail.root(end))
    assert projection.differences(parts, trail.connection()) == []


def test_one_that_lags_refuses(trail: MemoryTrail) -> None:
    connection = trail.connection()
    with pytest.raises(VerificationError, match="expected the log's first 6 entries, found 5 entries"):
        list(projection.select(connection, size=6))
    with pytest.raises(VerificationError, match="found nothing"):
        projection.require(in_memory(), 0)


def test_a_gap_is_refused(trail: MemoryTrail) -> None:
    connection = trail.connection()
    read = read_entry(6, b"x", TRUST.keys())
    with pytest.raises(VerificationError, match="expected entry 5, found entry 6"):
        projection.project(connection, [read], size=7, root=of("r"))
    with pytest.raises(VerificationError, match="expected the log's 6 entries, found 5"):
        projection.project(connection, [], size=6, root=of("r"))


@pytest.mark.parametrize(
    "column",
    [
        "type",
        "id",
        "claimed_at",
        "batch",
        "corrects",
        "leaf_sha256",
        "statement_sha256",
        "signature",
        "keys",
        "waits_for",
        "told",
        "body",
    ],
)
def test_a_changed_cell_is_named(trail: MemoryTrail, column: str) -> None:
    connection = trail.connection()
    connection.execute(f"UPDATE event SET {column} = '9' WHERE idx = 4")
    assert projection.differences(connection, trail.connection()) == [
        "event 4: the projection says otherwise than the log"
    ]


def test_rows_taken_away_put_in_or_moved_are_named(trail: MemoryTrail) -> None:
    connection = trail.connection()
    connection.execute("DELETE FROM subject WHERE idx = 0 AND name = 'credit'")
    connection.execute("DELETE FROM event WHERE idx = 3")
    connection.execute("UPDATE shard SET projected_to = 4")
    found = projection.differences(connection, trail.connection())
    assert [line.split(":")[0] for line in found] == ["projection", "event 3", "subject 0 credit"]


def test_nothing_that_lies_beside_the_log_enters_it(trail: MemoryTrail) -> None:
    assert b"vera" not in trail.connection().serialize()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE standing SET status = 'serving'", "standing"),
        ("DELETE FROM standing", "standing"),
        ("DELETE FROM mark WHERE idx = 4", "mark"),
        ("INSERT INTO tie VALUES ('files:x', 'model:y')", "tie"),
        ("INSERT INTO expiry VALUES ('x', '2027-01-01', 'waiver', 'c')", "expiry"),
        ("DELETE FROM block", "block"),
    ],
)
def test_a_changed_row_of_what_follows_is_named(trail: MemoryTrail, change: str, named: str) -> None:
    kept, whole = trail.view(), trail.view()
    for view in (kept, whole):
        renew(view)
    assert projection.differences(kept.connection, whole.connection) == []
    kept.connection.execute(change)
    assert {line.split()[0] for line in projection.differences(kept.connection, whole.connection)} == {named}


def test_rows_are_made_anew_for_all_that_they_rest_on() -> None:
    rests_on = {*inventory._TYPES, *incidents.ACTS, *remediations.ACTS, "waiver.granted", "override.granted"}
    assert rests_on | {"approval.revoked", "deployment.started"} == TYPES
