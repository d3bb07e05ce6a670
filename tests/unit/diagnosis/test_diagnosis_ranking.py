from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from assay.adapters.explaining_here import explain
from assay.diagnosis import explaining
from assay.diagnosis.case import Suspect
from assay.diagnosis.training_causes import LABELS
from assay.records.explanation import Cause
from assay.records.tally import Roles
from unit.diagnosis.planted import NAMES, table

if TYPE_CHECKING:
    from assay.records.explanation import CauseKind

ROLES = Roles(label="paid", prediction="approved", score="score", protected=("group",))


def suspect(
    kind: CauseKind,
    share: float | None,
    confidence: float = 1.0,
    *,
    mechanism: bool = True,
    feature: str = "",
    screens: tuple[str, ...] = (),
) -> Suspect:
    cause = Cause(kind=kind, share=share, confidence=confidence, detail="", evidence=())
    return Suspect(cause, mechanism=mechanism, feature=feature, screens=screens)


def ranked(
    monkeypatch: pytest.MonkeyPatch,
    *suspects: Suspect,
    rows: bytes | None = None,
    limit: float = 0.05,
    names: tuple[str, ...] = (),
) -> list[str]:
    monkeypatch.setattr(explaining, "FINDERS", (lambda _: list(suspects),))
    asked = table("threshold.cut", rows=1000).rows if rows is None else rows
    told = explain(rows=asked, roles=ROLES, metric="demographic_parity_difference", limit=limit, features=names)
    return [cause.kind for cause in told.findings[0].causes]


def few(gap: int, each: int = 100) -> bytes:
    """Rows of two groups, half of the one approved, ``gap`` people less of the other."""
    lines = ["group,paid,approved,score"]
    for group, approved in (("a", each // 2), ("b", each // 2 - gap)):
        lines += [f"{group},{at % 2},{int(at < approved)},{at / each:.3f}" for at in range(each)]
    random.Random(1).shuffle(lines[1:])
    return "\n".join(lines).encode()


@pytest.mark.parametrize(("share", "first"), [(0.71, "model.calibration"), (0.69, "data.base_rate")])
def test_a_mechanism_comes_before_an_accounting_that_it_explains_seven_tenths_of(
    share: float, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ranked(monkeypatch, suspect("data.base_rate", 1.0, mechanism=False), suspect("model.calibration", share))
    assert found[0] == first


@pytest.mark.parametrize(
    ("screens", "order"),
    [
        (("model.calibration",), ["model.slice", "model.calibration"]),
        ((), ["model.calibration", "model.slice"]),
    ],
)
def test_what_comes_with_another_cause_stands_behind_it(
    screens: tuple[str, ...], order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ranked(monkeypatch, suspect("model.calibration", 0.9), suspect("model.slice", 0.5, screens=screens))
    assert found == order


@pytest.mark.parametrize("cause", ["data.label_noise", "data.missingness"])
@pytest.mark.parametrize(("feature", "told"), [(LABELS, False), ("", True)])
def test_labels_that_are_unlike_for_a_reason_are_told_once(
    cause: CauseKind, feature: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlike = suspect("data.split_mismatch", 0.9, feature=feature)
    assert ("data.split_mismatch" in ranked(monkeypatch, suspect(cause, 0.8), unlike)) is told


def test_a_feature_that_is_missing_more_is_no_second_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table("data.missingness").rows
    found = ranked(
        monkeypatch,
        suspect("data.missingness", 0.8),
        suspect("model.feature", 0.9, feature="income"),
        suspect("data.proxy", 0.9, feature="debt"),
        rows=rows,
        names=NAMES,
    )
    assert "model.feature" not in found
    assert "data.proxy" in found


@pytest.mark.parametrize(
    ("share", "confidence", "mechanism", "limit", "first"),
    [
        (0.9, 1.0, True, 0.05, "threshold.cut"),
        (0.9, 0.95, True, 0.05, "none"),  # the mechanism itself may be chance
        (0.5, 1.0, True, 0.05, "none"),  # it makes less than most of it
        (0.9, 1.0, False, 0.05, "none"),  # an accounting is always there
        (0.9, 1.0, True, 0.15, "none"),  # what was measured keeps the limit
    ],
)
def test_a_mechanism_beyond_doubt_is_named_where_few_people_leave_the_gap_in_doubt(
    *, share: float, confidence: float, mechanism: bool, limit: float, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause = suspect("threshold.cut", share, confidence, mechanism=mechanism)
    assert ranked(monkeypatch, cause, rows=few(10), limit=limit)[0] == first


def test_the_farthest_of_many_groups_are_apart_by_chance_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups that are 2.2 standard errors apart are not alike; the farthest two of four may be."""
    cause = suspect("model.calibration", 0.9, 0.9)
    two = few(49, each=1000)
    middle = b"".join(b"\n%s,%d,%d,%.3f" % (c, at % 2, at < 476, at / 1000) for c in (b"c", b"d") for at in range(1000))
    assert ranked(monkeypatch, cause, rows=two, limit=0.04)[0] == "model.calibration"
    assert ranked(monkeypatch, cause, rows=two + middle, limit=0.04)[0] == "none"


def test_few_people_come_before_what_is_read_from_them(monkeypatch: pytest.MonkeyPatch) -> None:
    size = suspect("data.sample_size", None, 0.9)
    assert ranked(monkeypatch, size, suspect("model.calibration", 0.8), rows=few(16))[0] == "data.sample_size"
    assert ranked(monkeypatch, size, suspect("model.calibration", 0.8), rows=few(40))[0] == "model.calibration"


def test_without_a_cause_that_stands_out_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ranked(monkeypatch, suspect("model.calibration", 0.14)) == ["none"]
