from __future__ import annotations

import pytest

from assay.packs import own_shelf
from assay.packs.dates import Standing, applicability

TODAY = "2026-11-23"
III = Standing(roles=("provider",), route="annex-iii")
I = Standing(roles=("provider",), route="annex-i")  # noqa: E741 - the name of the annex


def applies(control: str, standing: Standing, day: str) -> tuple[str, str]:
    pack = own_shelf().in_force("eu-ai-act", day)
    found = pack.control(control)
    assert found is not None
    came = applicability(pack, found, standing, day)
    return came.applies, came.reason


@pytest.mark.parametrize(
    ("control", "standing", "day", "word"),
    [
        ("9(1)", III, "2027-12-01", "not-yet"),
        ("9(1)", III, "2027-12-02", "yes"),
        ("9(1)", I, "2027-12-02", "not-yet"),
        ("9(1)", I, "2028-08-02", "yes"),
        ("9(1)", III, "2026-07-01", "not-yet"),
        ("9(1)", Standing(roles=("deployer",), route="annex-iii"), "2027-12-02", "never"),
        ("9(1)", Standing(roles=("provider",), route="not-high-risk"), "2027-12-02", "never"),
        ("9(1)", Standing(roles=("provider",)), "2027-12-02", "undecided"),
        ("9(1)", Standing(route="annex-iii"), "2027-12-02", "undecided"),
        ("4", Standing(roles=("provider",)), TODAY, "yes"),
        ("5(1)(ba)", III, TODAY, "not-yet"),
        ("5(1)(ba)", III, "2026-12-02", "yes"),
        ("72(2)", III, TODAY, "undecided"),
        ("72(2)", III, "2026-08-01", "not-yet"),
        ("72(2)", III, "2027-12-02", "yes"),
        ("27(1)", Standing(roles=("deployer",), route="annex-i"), "2028-08-02", "never"),
        ("49(2)", Standing(roles=("provider",), route="not-high-risk"), TODAY, "undecided"),
        ("50(2)", III, TODAY, "yes"),
        ("12(3)(a)", III, "2027-12-02", "undecided"),
        (
            "12(3)(a)",
            Standing(roles=("provider",), route="annex-iii", conditions={"remote-identification": False}),
            "2027-12-02",
            "never",
        ),
        (
            "14(5)",
            Standing(roles=("provider",), route="annex-iii", conditions={"remote-identification": True}),
            "2027-12-02",
            "yes",
        ),
        (
            "14(5)",
            Standing(roles=("provider",), route="annex-i", conditions={"remote-identification": True}),
            "2027-12-02",
            "never",
        ),
        ("50(2)", Standing(roles=("provider",), route="annex-iii", placed="2026-01-01"), TODAY, "not-yet"),
    ],
)
def test_a_control_applies_by_day_role_and_route(control: str, standing: Standing, day: str, word: str) -> None:
    assert applies(control, standing, day)[0] == word


def test_an_argued_date_that_somebody_decided_on_counts() -> None:
    early = Standing(roles=("provider",), route="annex-iii", dates={"attached": "2026-08-02"})
    late = Standing(roles=("provider",), route="annex-iii", dates={"attached": "2027-12-02"})
    assert applies("72(2)", early, TODAY)[0] == "yes"
    assert applies("72(2)", late, TODAY) == ("not-yet", "applies from 2027-12-02 (decided for 2027-12-02)")
    assert "argued: 2026-08-02 or 2027-12-02" in applies("72(2)", III, TODAY)[1]


def test_a_framework_with_one_role_needs_none_to_be_set() -> None:
    pack = own_shelf().in_force("sr-26-2", TODAY)
    assert applicability(pack, pack.controls[0], Standing(), TODAY).applies == "yes"
