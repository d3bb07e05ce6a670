"""`assay monitor`: the contract with scripts, state files, and every kind of wrong input."""

from __future__ import annotations

import json
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from assay.cli import answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Watch = Callable[..., tuple[int, str, str]]

PARITY = ("--metric", "demographic_parity_difference", "--limit", "0.05")


def rows(count: int, *, seed: int, change: int = 0, gap: float = 0.2) -> list[str]:
    draw = Random(seed)
    found = []
    for row in range(count):
        sex = draw.choice("fm")
        rate = 0.4 + (gap / 2 if sex == "m" else -gap / 2) * (row >= change)
        found.append(
            f"{row},{sex},{draw.randrange(3)},{draw.random() < rate:d},{draw.random() < 0.5:d},{draw.random():.3f}"
        )
    return found


def write(path: Path, lines: list[str], head: str = "t,sex,race,p,y,s") -> Path:
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def watch(capsys: pytest.CaptureFixture[str]) -> Watch:
    """Run `assay monitor` and return its exit code, standard output and standard error."""

    def call(table: Path, *arguments: str, order: str = "t", protected: str = "sex") -> tuple[int, str, str]:
        asked = ["monitor", str(table), "--order", order, "--prediction", "p", "--protected", protected, *arguments]
        code = answer(asked)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def document(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said)
    return found


def test_a_stream_that_turns_unfair_raises_one_alert(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(5000, seed=1, change=2500))
    code, out, err = watch(table, *PARITY, "--alpha", "0.05", "--format", "json")
    found = document(out)
    assert (code, err) == (1, "")
    assert found["rows"] == 5000
    (alert,) = found["alerts"]
    assert (alert["metric"], alert["over"]) == ("demographic_parity_difference", {"attribute": "sex"})
    assert 2500 < alert["row"] < 4000
    assert alert["e_value"] >= 20
    assert alert["interval"][0] <= alert["estimate"] <= alert["interval"][1]
    assert alert["since"]["low"] <= 2501 <= alert["since"]["high"]
    assert alert["at"] == str(alert["row"] - 1)


def test_a_fair_stream_raises_none(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(3000, seed=2, gap=0.0))
    code, out, err = watch(table, *PARITY, "--format", "json")
    assert (code, err) == (0, "")
    assert (document(out)["rows"], document(out)["alerts"], document(out)["undecided"]) == (3000, [], [])


def test_text_tells_the_same(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(4000, seed=1, change=1000))
    code, out, _ = watch(table, *PARITY)
    assert code == 1
    assert "ALERT at row" in out
    assert "sex: m above sex: f" in out
    assert "Alert: a limit is breached." in out
    assert "\u2588" in out


def test_the_order_of_the_file_decides_nothing(tmp_path: Path, watch: Watch) -> None:
    lines = rows(4000, seed=3, change=1000)
    # Two rows share each order value: also their order in the file decides nothing.
    tied = [f"{row // 2},{line.partition(',')[2]}" for row, line in enumerate(lines)]
    found = watch(write(tmp_path / "a.csv", tied), *PARITY, "--format", "json")
    shuffled = Random(1).sample(tied, len(tied))
    assert found[0] == 1
    assert watch(write(tmp_path / "b.csv", shuffled), *PARITY, "--format", "json") == found
    assert "2000 rows share their value of t with a row before" in found[2]


def test_several_metrics_attributes_and_limits(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(4000, seed=4))
    code, out, _ = watch(
        table, "--metric", "demographic_parity_difference,demographic_parity_ratio,equal_opportunity_difference",
        "--label", "y", "--limit", "0.05", "--limit", "demographic_parity_ratio=0.8", "--intersections",
        "--format", "json", protected="sex,race",
    )  # fmt: skip
    found = document(out)
    assert code == 1
    assert {one["over"]["attribute"] for one in found["standings"]} == {"sex", "race", "sex,race"}
    assert len(found["standings"]) == 9
    over = {(alert["metric"], alert["over"]["attribute"]) for alert in found["alerts"]}
    assert ("demographic_parity_ratio", "sex") in over
    assert not {attribute for _, attribute in over} & {"race"}


def test_scores_and_their_calibration(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(3000, seed=5))
    metrics = "mean_score_difference,calibration_gap,calibration_in_the_large"
    code, out, _ = watch(
        table, "--metric", metrics, "--limit", "0.3", "--label", "y", "--score", "s", "--format", "json"
    )
    assert code == 0
    assert all(abs(one["estimate"]) < 0.1 for one in document(out)["standings"])


def test_errors_of_a_regression(tmp_path: Path, watch: Watch) -> None:
    draw = Random(6)
    lines = [f"{n},{sex},{draw.gauss(100, 5):.2f},100" for n in range(3000) for sex in draw.choice("fm")]
    lines = [f"{line.rpartition(',')[0]},{100 - 3 * (',f,' in line)}" for line in lines]
    table = write(tmp_path / "s.csv", lines, head="t,sex,p,y")
    asked = ("--metric", "mean_error_difference", "--limit", "1", "--label", "y", "--range=-40,40", "--format", "json")
    code, out, err = watch(table, *asked)
    (alert,) = document(out)["alerts"]
    assert (code, err) == (1, "")
    assert alert["estimate"] == pytest.approx(3, abs=1)
    code, _, err = watch(table, *asked[:-3], "--range=-4,4")
    assert code == 2
    assert "errors (p minus y) from -4 to 4" in err


def test_a_bound_with_its_side(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(3000, seed=7))
    code, out, _ = watch(table, "--metric", "selection_rate", "--limit", ">=0.45", "--format", "json")
    (alert,) = document(out)["alerts"]
    assert (code, alert["highest"]) == (1, {"sex": "f"})
    assert alert["interval"][1] <= 0.45


@pytest.mark.parametrize("kind", ["grown", "batches"])
def test_a_state_counts_each_row_once(tmp_path: Path, watch: Watch, kind: str) -> None:
    lines = [f"{row // 3},{line.partition(',')[2]}" for row, line in enumerate(rows(4000, seed=8, change=2000))]
    ends = [0, 500, 1999, 2000, 2001, 3600, 4000]
    for start, end in pairwise(ends):
        piece = write(tmp_path / "piece.csv", lines[0 if kind == "grown" else start : end])
        code, out, _ = watch(piece, *PARITY, "--state", str(tmp_path / "state.json"), "--format", "json")
        assert document(out)["rows"] == end
    whole = write(tmp_path / "whole.csv", lines)
    assert watch(whole, *PARITY, "--state", str(tmp_path / "once.json"), "--format", "json")[:2] == (code, out)
    assert (tmp_path / "once.json").read_bytes() == (tmp_path / "state.json").read_bytes()
    assert document(out)["alerts"] == document(watch(whole, *PARITY, "--format", "json")[1])["alerts"]
    assert (tmp_path / "state.json").stat().st_size < 100_000


def test_the_same_table_twice_says_nothing_new(tmp_path: Path, watch: Watch) -> None:
    table, state = write(tmp_path / "s.csv", rows(700, seed=9)), tmp_path / "state.json"
    first = watch(table, *PARITY, "--state", str(state), "--format", "json")
    kept = state.read_bytes()
    again = watch(table, *PARITY, "--state", str(state), "--format", "json")
    assert again[:2] == first[:2]
    assert "no new row since t 699" in again[2]
    assert state.read_bytes() == kept


def test_a_batch_without_rows_settles_nothing(tmp_path: Path, watch: Watch) -> None:
    state = tmp_path / "state.json"
    null = rows(700, seed=9, change=10_000)
    code, _, _ = watch(write(tmp_path / "s.csv", null), *PARITY, "--state", str(state))
    assert code == 0
    kept = state.read_bytes()
    code, out, err = watch(write(tmp_path / "empty.csv", []), *PARITY, "--state", str(state), "--format", "json")
    assert code == 3
    assert document(out)["rows"] == 700
    assert "the batch has no rows" in document(out)["undecided"][0]["reason"]
    assert "no new row since t 699" in err
    assert state.read_bytes() == kept


def refused_state(tmp_path: Path, watch: Watch, lines: list[str], *asked: str) -> str:
    state = tmp_path / "state.json"
    watch(write(tmp_path / "s.csv", rows(700, seed=9)), *PARITY, "--state", str(state))
    kept = state.read_bytes()
    code, out, err = watch(write(tmp_path / "s.csv", lines), *(asked or PARITY), "--state", str(state))
    assert (code, out) == (2, "")
    assert state.read_bytes() == kept
    return err


def test_a_clock_that_went_back_is_refused(tmp_path: Path, watch: Watch) -> None:
    assert "A clock went back" in refused_state(tmp_path, watch, rows(100, seed=10))


def test_a_past_that_was_rewritten_is_refused(tmp_path: Path, watch: Watch) -> None:
    lines = rows(800, seed=9)
    lines[3] = lines[3].replace("f", "x").replace("m", "x")
    assert "the past was rewritten" in refused_state(tmp_path, watch, lines)


def test_another_question_is_refused(tmp_path: Path, watch: Watch) -> None:
    said = refused_state(tmp_path, watch, rows(800, seed=9), *PARITY, "--alpha", "0.01")
    assert "expected the state of the same question, found another: alpha differ" in said


def test_groups_that_are_written_otherwise_are_refused(tmp_path: Path, watch: Watch) -> None:
    state = ("--state", str(tmp_path / "state.json"))
    numbers = [line.replace(",f,", ",1,").replace(",m,", ",2,") for line in rows(400, seed=9)]
    assert watch(write(tmp_path / "a.csv", numbers[:300]), *PARITY, *state)[0] in {0, 3}
    numbers[350] = numbers[350].replace(",1,", ",x,").replace(",2,", ",x,")
    code, _, err = watch(write(tmp_path / "b.csv", numbers[300:]), *PARITY, *state)
    assert code == 2
    assert "which was int there" in err


def test_a_batch_without_a_class_is_taken(tmp_path: Path, watch: Watch) -> None:
    state = ("--positive", "yes", "--state", str(tmp_path / "state.json"), "--format", "json")
    lines = [
        f"{n},{sex},0,{'no' if n >= 300 else draw},1,0.5"
        for n, sex, draw in zip(range(320), "fm" * 160, ["yes", "no", "no", "yes"] * 80, strict=True)
    ]
    assert watch(write(tmp_path / "a.csv", lines[:300]), *PARITY, *state)[0] == 0
    code, out, _ = watch(write(tmp_path / "b.csv", lines[300:]), *PARITY, *state)
    assert (code, document(out)["rows"]) == (0, 320)


def test_a_state_that_is_none_is_refused(tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "state.json").write_text('{"schema": "assay.stream/v1"}', encoding="utf-8")
    code, _, err = watch(write(tmp_path / "s.csv", rows(50, seed=1)), *PARITY, "--state", str(tmp_path / "state.json"))
    assert code == 2
    assert "state.json" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("--metric", "demographic_parity_diference", "--limit", "0.1"),
            "did you mean 'demographic_parity_difference'",
        ),
        (("--metric", "roc_auc_difference", "--limit", "0.1"), "cannot be watched"),
        ((*PARITY, "--alpha", "0"), "alpha between 0 and 1"),
        ((*PARITY, "--alpha", "1.5"), "alpha between 0 and 1"),
        (("--metric", PARITY[1], "--limit", "1"), "from 0 to under 1"),
        (("--metric", PARITY[1], "--limit", "-0.1"), "from 0 to under 1"),
        (("--metric", PARITY[1], "--limit", "much"), "expected a limit such as 0.05"),
        (("--metric", PARITY[1], "--limit", "0.1", "--limit", "0.2"), "two limits"),
        (("--metric", PARITY[1], "--limit", "accuracy=0.1"), "which is not watched"),
        (("--metric", "equal_opportunity_difference", "--limit", "0.1"), "expected --label, found none"),
        (
            ("--metric", "equal_opportunity_difference", "--limit", "0.1", "--label", "yy"),
            "no column 'yy' (label) (did you mean 'y'?)",
        ),
        (("--metric", "selection_rate", "--limit", "0.3"), "<=0.3"),
        ((*PARITY, "--positive", "yes"), "expected"),
        (("--metric", "mean_score_difference", "--limit", "0.1", "--score", "race"), "--range LOW,HIGH"),
    ],
)
def test_wrong_input_ends_in_one_clear_message(
    tmp_path: Path, watch: Watch, arguments: tuple[str, ...], says: str
) -> None:
    code, out, err = watch(write(tmp_path / "s.csv", rows(50, seed=1)), *arguments, "--format", "json")
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (["1", "2", "", "4"], "1 rows where it is null"),
        (["1", "2", "three", "4"], "found 3 numbers and 1 others, such as 'three'"),
        (["2026-01-01", "2026-01-02", "soon", "2026-01-03"], "found 3 times and 1 others, such as 'soon'"),
        (["week 9", "week 10", "week 11", "week 12"], "Text has no order in time"),
        (["1", "nan", "2", "3.5"], "1 rows where it is not finite"),
    ],
)
def test_an_order_that_is_none_is_refused(tmp_path: Path, watch: Watch, order: list[str], says: str) -> None:
    lines = [f"{value},{sex},0,1,1,0.5" for value, sex in zip(order, "fmfm", strict=True)]
    code, out, err = watch(write(tmp_path / "s.csv", lines), *PARITY, "--format", "json")
    assert (code, out) == (2, "")
    assert says in err


def test_a_column_that_vanished_is_said(tmp_path: Path, watch: Watch) -> None:
    table = write(tmp_path / "s.csv", rows(50, seed=1))
    assert "no column 'when' (order)" in watch(table, *PARITY, order="when")[2]
    assert "no column 'gender' (protected)" in watch(table, *PARITY, protected="gender")[2]


def test_times_are_an_order(tmp_path: Path, watch: Watch) -> None:
    # As text, 9:59 would come after 10:00 in another zone; as times they do not.
    lines = [
        f"2026-01-01T{9 + n // 60:02d}:{n % 60:02d}:00+0{n % 3}:00,{line.partition(',')[2]}"
        for n, line in enumerate(rows(200, seed=2))
    ]
    code, out, _ = watch(write(tmp_path / "s.csv", lines), *PARITY, "--format", "json")
    assert (code, document(out)["rows"]) == (0, 200)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "there are no rows"),
        (["1,f,0,1,1,0.5", "2,f,0,0,1,0.5"], "one group only: 'f'"),
        (["1,f,0,1,1,0.5", "2,m,0,0,1,0.5"], "too few rows that came together"),
        (["1,,0,1,1,0.5", "2,,0,0,1,0.5"], "not known in any row"),
    ],
)
def test_nothing_passes_for_lack_of_rows(tmp_path: Path, watch: Watch, lines: list[str], reason: str) -> None:
    code, out, err = watch(write(tmp_path / "s.csv", lines), *PARITY, "--format", "json")
    assert code == 3
    assert reason in document(out)["undecided"][0]["reason"]
    assert reason in err


def test_labels_that_never_come_are_undecided(tmp_path: Path, watch: Watch) -> None:
    lines = [
        ",".join([*line.split(",")[:4], "" if ",m," in line else line.split(",")[4], "0.5"])
        for line in rows(900, seed=3)
    ]
    asked = ("--metric", "equal_opportunity_difference", "--limit", "0.1", "--label", "y", "--format", "json")
    code, out, err = watch(write(tmp_path / "s.csv", lines), *asked)
    assert code == 3
    assert "sex: m (no row for true positive rate)" in document(out)["undecided"][0]["reason"]
    assert "rows: y is null" in err
    assert document(out)["gaps"][0]["column"] == "y"


def test_rows_without_a_prediction_are_told(tmp_path: Path, watch: Watch) -> None:
    lines = rows(900, seed=3, gap=0)
    lines[5] = "5,f,0,,1,0.5"
    code, out, err = watch(write(tmp_path / "s.csv", lines), *PARITY, "--format", "json")
    assert (code, err) == (0, "1 rows: p is null\n")
    assert document(out)["rows"] == 900
