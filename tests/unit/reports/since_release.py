"""The mortgage release with all that can have happened about it, for the tests of its page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from assay.records.challenge import Challenge, Change, Contender, Standing
from assay.records.paired import Joined
from assay.reports.since import Compared, Mending, Reasoned, Searched, Since
from unit.reports.explained_release import explained_release
from unit.reports.mitigation_search import search

if TYPE_CHECKING:
    from assay.reports.release import Release

FINDING = "parity/race"


def challenge(words: str = "1") -> Challenge:
    """Return a comparison in which one group is worse off, and one better."""

    def change(group: str, value: float, gained: int, lost: int, standing: Standing) -> Change:
        return Change(
            metric="selection_rate", group={"race": group}, n=300, champion=0.5, challenger=0.5 + value, value=value,
            interval=(value - 0.02, value + 0.02), simultaneous=(value - 0.03, value + 0.03), level=0.95, gained=gained,
            lost=lost, p_value=0.001, holm_p_value=0.002, higher_is_better=True, standing=standing, method="Tango",
        )  # fmt: skip

    return Challenge(
        champion=Contender(name="lending", version=words, prediction="a"),
        challenger=Contender(name="lending", version="2", prediction="b"),
        rows=600, joined=Joined(identifier="id", champion_rows=600, challenger_rows=600), level=0.95, smallest=0.05,
        minimum_group=30,
        changes=(change(f"black{words}", -0.1, 2, 32, "worse"), change("white", 0.1, 32, 2, "better")),
    )  # fmt: skip


def since(words: str = "") -> Since:
    """Return all that can have happened; ``words`` stand in every free text."""
    return Since(
        size=90,
        mendings=(
            Mending(name=f"r-1{words}", finding=FINDING, version="1", status="open", owner=f"mila{words}",
                    due="2027-01-31", told=f"Nothing is done yet.{words}", next=f"mila mends it{words}",
                    entries="entry 3"),
            Mending(name="r-2", finding="gone/race", version="0", status="closed", owner="mila", due="2027-01-31",
                    told="Done.", next="", entries="entries 4, 5"),
        ),
        searches=(
            Searched(record=search(), version="1", chosen="threshold", new_version="2", told="t", entry="entry 6"),
            Searched(record=None, version=f"1{words}", chosen=None, new_version=None, told=f"10 candidates{words}",
                     entry="entry 7"),
        ),
        reasons=(
            Reasoned(batch=f"r83{words}", told=f"Batch r83: 300 people{words}", at="2026-11-23", entry="entry 8"),
        ),
        challenges=(
            Compared(record=challenge(), told=f"Version 2 against version 1{words}", entry="entry 9"),
            Compared(record=None, told=f"Version 3 against version 2{words}", entry="entry 10"),
        ),
    )  # fmt: skip


def release_since(words: str = "") -> Release:
    """Return the explained release with all that has happened."""
    return replace(explained_release(), since=since(words))
