"""Estimators from files: well-known ones are loaded, code is not run unless somebody says so."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("sklearn", reason="the extra mitigation is not installed")

import joblib
import skops.io
from sklearn.linear_model import LogisticRegression

from assay.adapters.estimators import find_estimator, load_estimator
from assay.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


class Odd:
    """Runs code when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("run",))


def test_well_known_estimators_are_loaded_from_every_kind_of_file(tmp_path: Path) -> None:
    joblib.dump(LogisticRegression(C=3), tmp_path / "a.joblib")
    skops.io.dump(LogisticRegression(C=3), tmp_path / "a.skops")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(LogisticRegression(C=3)))
    for name in ("a.joblib", "a.skops", "a.pkl"):
        for trusted in (False, True):
            assert load_estimator(tmp_path / name, trusted=trusted).C == 3


def test_code_is_run_only_where_somebody_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "odd.pkl").write_bytes(pickle.dumps(Odd()))
    with pytest.raises(InputError, match="--trust-model"):
        load_estimator(tmp_path / "odd.pkl", trusted=False)
    assert not capsys.readouterr().out
    load_estimator(tmp_path / "odd.pkl", trusted=True)
    assert capsys.readouterr().out == "run\n"


@pytest.mark.parametrize("name", ["bad.skops", "bad.joblib", "none.skops"])
def test_a_file_that_is_none_is_told(tmp_path: Path, name: str) -> None:
    if name.startswith("bad"):
        (tmp_path / name).write_bytes(b"not an estimator")
    with pytest.raises(InputError, match=name):
        load_estimator(tmp_path / name, trusted=False)


def test_the_one_estimator_of_a_model_is_found(tmp_path: Path) -> None:
    assert find_estimator(tmp_path) is None
    (tmp_path / "card.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.skops").write_bytes(b"")
    assert find_estimator(tmp_path) == tmp_path / "model.skops"
    (tmp_path / "other.joblib").write_bytes(b"")
    assert find_estimator(tmp_path) is None
