"""One limit of an extended policy, set or tightened where the extending policy names it, and in no other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.errors import DocumentError
from assay.policy import Policy, changes, parse_policy
from assay.policy.explain import explain
from assay.policy.lint import unset

if TYPE_CHECKING:
    from pathlib import Path

PROVENANCE = "provenance: {set_by: us, when: 2026-11-23, source: MR-7, why: agreed}"
BELOW = f"""\
name: below
version: "1"
materiality: [{{exposure: high, purpose: "*", tier: high}}, {{exposure: "*", purpose: "*", tier: low}}]
tiers: {{high: {{}}, low: {{}}}}
controls:
  - {{id: gap, title: Gap, check: group-gap, metric: demographic_parity_difference, limit: {{max: 0.2}}, {PROVENANCE}}}
  - {{id: open, title: Open, check: performance-floor, metric: accuracy, unset: Somebody has to say.}}
  - {{id: tiered, title: Tiered, check: performance-floor, metric: f1, {PROVENANCE},
     limits: {{high: {{min: 0.8}}, low: {{min: 0.6}}}}}}
  - {{id: card, title: Card, check: documentation}}
"""
HEAD = 'name: above\nversion: "1"\nextends: below.yaml\n'


def read(text: str, below: str = BELOW) -> Policy:
    return parse_policy("above.yaml", lambda name: {"above.yaml": text, "below.yaml": below}[name].encode())


def above(control: str, limit: str, more: str = "") -> str:
    return f"{HEAD}tightens:\n  {control}: {{{limit}, {PROVENANCE}}}\n{more}"


def refused(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(text)
    return str(caught.value)


def test_a_limit_is_set_and_all_else_of_the_control_stays() -> None:
    found = read(above("open", "limit: {min: 0.9}"))
    assert unset(found) == ()
    written = read(HEAD, BELOW.replace("unset: Somebody has to say.", f"limit: {{min: 0.9}}, {PROVENANCE}"))
    assert found == written
    assert found.sha256 == written.sha256


def test_a_limit_of_one_tier_is_tightened_and_the_other_tier_keeps_its_own() -> None:
    found = read(above("tiered", "limits: {high: {min: 0.9}}"))
    (tiered,) = [one for one in found.controls if one.id == "tiered"]
    assert [tiered.limit_in(tier).min for tier in ("high", "low")] == [0.9, 0.6]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("control", "limit", "said"),
    [
        ("gap", "limit: {max: 0.3}", "above.yaml:5:16 $.tightens.gap.limit: looser: at most 0.2 becomes at most 0.3"),
        ("gap", "limit: {max: 0.2}", "is at most 0.2 already"),
        ("gap", "limit: {min: 0.01}", "looser"),
        ("gap", "limits: {}", "expected limit or limits"),
        ("gap", "limits: {hihg: {max: 0.1}}", "no such tier: 'hihg' (did you mean 'high'?)"),
        ("tiered", "limit: {min: 0.9}", "has a limit for each tier (high, low); write `limits`"),
        ("tiered", "limits: {high: {min: 0.7}}", "looser: at least 0.8 becomes at least 0.7"),
        ("open", "limit: {min: 7}", "no value is above 1"),
        ("card", "limit: {min: 0.1}", "does not look at 'limit'"),
        ("gpa", "limit: {max: 0.1}", "below has no control 'gpa' (did you mean 'gap'?)"),
    ],
)
def test_what_does_not_tighten_is_refused_at_its_line(control: str, limit: str, said: str) -> None:
    assert said in refused(above(control, limit))


def test_loosens_does_not_excuse_a_looser_limit() -> None:
    assert "looser" in refused(above("gap", "limit: {max: 0.3}", "loosens: [{what: gap, reason: we want to}]\n"))


def test_a_limit_without_provenance_is_refused() -> None:
    assert "missing key 'provenance'" in refused(f"{HEAD}tightens: {{gap: {{limit: {{max: 0.1}}}}}}\n")


def test_a_control_is_tightened_in_one_place() -> None:
    again = "controls:\n  - {id: card, title: Card, check: documentation}\n"
    assert "stands under `controls` too" in refused(above("card", "limit: {max: 0.1}", again))
    gone = "removes: [gap]\nloosens: [{what: gap, reason: we want to}]\n"
    assert "stands under `removes` too" in refused(above("gap", "limit: {max: 0.1}", gone))
    assert "nothing is extended" in refused(BELOW + f"tightens: {{gap: {{limit: {{max: 0.1}}, {PROVENANCE}}}}}\n")


def test_explanation_and_difference_have_the_line() -> None:
    found = read(above("gap", "limit: {max: 0.1}"))
    told = explain(found)
    assert "gap: Gap  [below.yaml:6]" in told
    assert "why: agreed  [above.yaml:5]" in told
    (tighter,) = [one for one in changes(read(HEAD), found) if one.what == "gap" and one.direction != "changes"]
    assert (tighter.direction, tighter.words) == ("tightens", "gap: limit at most 0.2 becomes at most 0.1")
    place = found.place_of("gap")
    assert place is not None
    assert (place.file, place.line) == ("above.yaml", 5)


def test_a_difference_on_the_command_line_has_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from assay.cli import answer  # noqa: PLC0415 - the command line in process

    (tmp_path / "below.yaml").write_text(BELOW)
    (tmp_path / "above.yaml").write_text(above("gap", "limit: {max: 0.1}"))
    assert answer(["policy", "diff", str(tmp_path / "below.yaml"), str(tmp_path / "above.yaml")]) == 0
    assert f"gap: limit at most 0.2 becomes at most 0.1  [{tmp_path / 'above.yaml'}:5]" in capsys.readouterr().out
