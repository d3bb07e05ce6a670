"""The explorer's pages against a plain look through every entry."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import InputError
from assay.trail.examples import EXAMPLES, of
from assay.trail.exploring import Filter, entries, entry_types
from assay.trail.projection import BLOCK
from unit.trail.memory_trail import FILES, MILA, STRANGER, MemoryTrail

VERA = "p_" + "a" * 32


@pytest.fixture
def trail() -> MemoryTrail:
    made = MemoryTrail()
    made.say("monitor.ack", "2026-01-01T00:00:00Z", alert="a-1", by=VERA)  # before its alert: tied to nothing yet
    made.release()
    made.approve()
    alert: dict[str, Any] = EXAMPLES["monitor.alert"] | {"model": "credit", "version": "2", "alert": "a-1"}
    made.say("monitor.alert", "2026-02-01T00:00:00Z", **alert)
    made.say("monitor.ack", "2026-02-02T00:00:00Z", _id="ack-2", alert="a-1", by=VERA)
    other: dict[str, Any] = {"model": "other", "version": "1", "model_sha256": of("other")}
    made.say("approval.denied", "2026-03-01T00:00:00Z", **other, by=VERA, role="validator")
    made.deploy("2026-04-01T00:00:00Z")
    made.deploy("2026-05-01T00:00:00Z", signer=STRANGER)
    made.add(b"a line of another program")
    return made


@pytest.mark.parametrize(
    ("wanted", "indices"),
    [
        (Filter(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (Filter(types=("monitor.ack",)), [5, 0]),
        (Filter(types=("monitor.", "unknown")), [9, 5, 4, 0]),
        (Filter(types=("nothing.",)), []),
        (Filter(types=("approval.granted",)), [3]),
        (Filter(types=("approval.",)), [6, 3]),
        (Filter(types=("waiver.granted",), model="credit"), []),
        (Filter(model="credit"), [8, 7, 5, 4, 3, 2, 1, 0]),
        (Filter(model="credit", types=("monitor.ack", "gate.decision")), [5, 2, 0]),
        (Filter(model="other"), [6, 3]),  # whose consent entry 3 is, its document alone tells
        (Filter(model="nobody"), [3]),
        (Filter(person=VERA), [6, 5, 0]),
        (Filter(person=VERA, model="credit"), [5, 0]),
        (Filter(subject=of("evidence")), [2, 1]),
        (Filter(subject=FILES["model_sha256"], types=("deployment.finished",)), [8, 7]),
        (Filter(subject=of("other"), person=VERA), [6]),
        (Filter(id="ack-2"), [5]),
        (Filter(id="ack-2", model="credit", person=VERA), [5]),
        (Filter(id="ack-2", model="other"), []),
        (Filter(since="2026-02-02", until="2026-03-01"), [6, 5]),
        (Filter(since="2026-02-01T00:00:01Z", person=VERA), [6, 5]),
        (Filter(until="2026-01-31"), [0]),
        (Filter(counts=False), [9, 8, 3]),
        (Filter(counts=True, types=("deployment.finished",)), [7]),
    ],
)
def test_a_filter_finds_what_it_says_newest_first(trail: MemoryTrail, wanted: Filter, indices: list[int]) -> None:
    view = trail.view()
    assert [read.index for read in entries(view, wanted).reads] == indices
    paged: list[int] = []
    before: int | None = None
    while True:
        page = entries(view, wanted, before=before, limit=2)
        paged += [read.index for read in page.reads]
        if (before := page.before) is None:
            break
    assert paged == indices


def test_a_page_is_as_of_its_size(trail: MemoryTrail) -> None:
    assert [read.index for read in entries(trail.view(5), Filter(model="credit")).reads] == [4, 3, 2, 1, 0]


def test_what_lies_beside_the_log_is_told(trail: MemoryTrail) -> None:
    found = entries(trail.view(), Filter(types=("consent.digest",))).reads
    assert [read.type for read in found] == ["approval.granted"]


def test_a_time_is_found_across_blocks() -> None:
    made = MemoryTrail()
    for number in range(BLOCK * 2 + 3):
        day = "2026-06-01" if number in {3, BLOCK + 1, 2 * BLOCK + 1} else "2026-01-01"
        made.say("monitor.ack", f"{day}T00:00:00Z", signer=MILA, alert=f"a-{number}", by=VERA)
    view = made.view()
    assert [read.index for read in entries(view, Filter(since="2026-05-01")).reads] == [2 * BLOCK + 1, BLOCK + 1, 3]
    assert [read.index for read in entries(view, Filter(since="2026-05-01"), before=BLOCK + 1).reads] == [3]


def test_the_types_that_there_are(trail: MemoryTrail) -> None:
    assert "consent.digest" in entry_types(trail.view().connection)
    assert list(entry_types(trail.view().connection)) == sorted(entry_types(trail.view().connection))


@pytest.mark.parametrize("wrong", [Filter(subject="5ec5"), Filter(since="soon")])
def test_a_filter_that_nothing_could_be_is_refused(trail: MemoryTrail, wrong: Filter) -> None:
    with pytest.raises(InputError, match="expected"):
        entries(trail.view(), wrong)
    with pytest.raises(InputError, match="page of 1 to 500"):
        entries(trail.view(), limit=0)
