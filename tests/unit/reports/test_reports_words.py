from __future__ import annotations

import math

import pytest

from assay.records.measurement import Measurement, Over
from assay.records.verdict import ApprovalStep, ConsentUse, Limit
from assay.reports import words
from unit.reports.mortgage_release import findings


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (0.0, "0.000"),
        (1.0, "1.000"),
        (0.7463, "0.746"),
        (-0.0312, "-0.031"),
        (0.0019, "0.0019"),
        (0.00015, "0.00015"),
        (0.99996, "0.99996"),
        (2.0, "2"),
        (1989.0, "1,989"),
        (12345.678, "12,345.7"),
        (1e-12, "1e-12"),
        (math.inf, "inf"),
        (-1.5, "-1.500"),
    ],
)
def test_number(found: float, expected: str) -> None:
    assert words.number(found) == expected


@pytest.mark.parametrize(("found", "bound"), [(0.79996, 0.8), (0.1000004, 0.1), (0.8000001, 0.8)])
def test_number_is_never_rounded_onto_the_limit_beside_it(found: float, bound: float) -> None:
    shown = words.number(found, beside=Limit(min=bound))
    assert float(shown) != bound
    assert (float(shown) < bound) == (found < bound)


def test_limit() -> None:
    assert words.limit_words(Limit(min=0.8)) == "at least 0.8"
    assert words.limit_words(Limit(max=0.1)) == "at most 0.1"
    assert words.limit_words(Limit(min=0.2, max=0.4)) == "0.2 to 0.4"
    assert words.limit_words(None) == "no limit"


def test_about() -> None:
    assert words.about(Measurement(metric="m", value=1.0, n=1, unit="rate")) == "everybody"
    over = Measurement(metric="m", over=Over(attribute="race,sex"), value=1.0, n=1, unit="rate")
    assert words.about(over) == "between groups of race and sex"
    group = Measurement(metric="m", group={"race": "black", "sex": None}, value=1.0, n=1, unit="rate")
    assert words.about(group) == "race: black, sex: not known"
    one = Measurement(metric="m", value=1.0, n=1, unit="rate", one_of=0)
    assert words.about(one) == "everybody, class 0"


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (0, "0"), ("", "(empty text)"), (None, "not known")])
def test_group_value(value: bool | str | int | None, expected: str) -> None:
    assert words.group_value(value) == expected


def test_plain_keeps_letters_of_every_script_and_one_line() -> None:
    assert words.plain(" Zoë\t北京 \r\n עברית ") == "Zoë 北京 עברית"


def test_approval_says_what_is_missing() -> None:
    step = ApprovalStep(role="risk-owner", needed=2, given=("rene",))
    assert words.approval_words(step) == "risk-owner: 1 of 2 given, by rene; 1 still needed"


def test_measured_against_limit_with_interval_and_people() -> None:
    told = words.measured_words(findings()[0], 0.95)
    assert told == "measured 0.746 (0.676 to 0.812 at 95 %), limit at least 0.8; 197 people"


def test_unmeasured_says_so() -> None:
    assert words.measured_words(findings()[4]) == "not measured, limit at least 0.75; 15 people"


def test_a_revocation_names_no_role() -> None:
    use = ConsentUse(id="0" * 16, kind="revocation", by="vera", role="", status="obeyed", reason="takes back 1: late.")
    assert words.consent_words(use) == "revocation by vera: obeyed. takes back 1: late."
