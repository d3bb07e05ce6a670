"""The command: exit codes, words, JSON, and where it looks."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from assay.verifier.__main__ import main
from unit.verifier.made_bundle import FOLDER, LOG, changed, dumps, make, manifest, trust_document

if TYPE_CHECKING:
    from pathlib import Path

GOOD = make()
BAD = changed(GOOD, f"{FOLDER}/verdict.json", lambda one: one + b" ")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, members in (("good", GOOD), ("bad", BAD)):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
    with zipfile.ZipFile(tmp_path / "good.zip") as archive:
        archive.extractall(tmp_path / "good")
    (tmp_path / "trust.json").write_bytes(dumps(trust_document()))
    for name in ("log.vkey", "log+old.vkey"):
        (tmp_path / name).write_text(f"# the log's key\n{LOG.verifier}\n\n")
    (tmp_path / "policy").write_text("quorum none\n")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: Path | str) -> tuple[int, str, str]:
    code = main([str(one) for one in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_good_bundle_from_zip_and_folder(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    code, out, err = said(capsys, place / "good.zip")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == ["HOLDS: lending 1, decided: allow", ""]
    assert lines[2].startswith("warning      the keys of people and log")
    assert lines[3].startswith("proven       15 files")
    assert lines[-1].startswith("not checked  this verifier itself")
    assert said(capsys, place / "good")[:2] == (0, out)
    monkeypatch.chdir(place / "good")
    assert said(capsys)[:2] == (0, out)
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.argv", [str(place / "good" / "verify.pyz"), "--json"])
    assert said(capsys)[:2] == (0, out)
    monkeypatch.setattr("sys.argv", [str(place / "verify.pyz")])
    code, out, err = said(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("verify: expected a bundle: name its zip file")


def test_a_bad_bundle(place: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = said(capsys, place / "bad.zip")
    assert code == 1
    assert out.startswith("DOES NOT HOLD: lending 1, said to be decided: allow\n\nwrong        ")
    (place / "cut.zip").write_bytes((place / "good.zip").read_bytes()[:-30])
    code, out, _ = said(capsys, place / "cut.zip")
    assert code == 1
    assert out.startswith("DOES NOT HOLD: no release could be read")


def test_json(place: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = said(capsys, place / "good.zip", "--json")
    document = json.loads(out)
    assert (code, document["holds"], document["problems"]) == (0, True, [])
    assert document["releases"] == [{"model": "lending", "version": "1", "decision": "allow"}]
    assert [len(document[name]) for name in ("warnings", "proven", "not_checked")] == [1, 9, 6]
    assert out.startswith('{\n "holds"')
    code, out, _ = said(capsys, place / "bad.zip", "--json")
    assert (code, json.loads(out)["holds"]) == (1, False)
    assert json.loads(out)["problems"]


def test_each_release_is_told(place: Path, capsys: pytest.CaptureFixture[str]):
    other = "releases/lending/2"
    again = {name.replace(FOLDER, other): content for name, content in GOOD.items()}
    with zipfile.ZipFile(place / "two.zip", "w") as archive:
        for member, content in manifest({**GOOD, **again}, [FOLDER, other]).items():
            archive.writestr(member, content)
    code, out, _ = said(capsys, place / "two.zip")
    assert (code, out.splitlines()[0]) == (0, "HOLDS: lending 1, decided: allow; lending 1, decided: allow")


def test_trust_by_option(place: Path, capsys: pytest.CaptureFixture[str]):
    given: list[Path | str] = [
        "--trust",
        place / "trust.json",
        "--vkey",
        place / "log.vkey",
        "--policy",
        place / "policy",
    ]
    code, out, _ = said(capsys, place / "good.zip", *given)
    assert (code, "warning" in out) == (0, False)
    for key in (str(LOG.verifier), place / "log+old.vkey"):
        code, out, _ = said(capsys, place / "good.zip", "--vkey", key, "--trust", place / "trust.json")
        assert (code, "warning" in out) == (0, False)
    code, out, _ = said(capsys, place / "good.zip", "--vkey", str(LOG.verifier))
    assert "warning      the keys of people come" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["none.zip"], ["good.zip", "--trust", "none"], ["good.zip", "--trust", "policy"],
        ["good.zip", "--vkey", "a+b+c"],
        ["good.zip", "--vkey", "none"], ["good.zip", "--policy", "trust.json"], ["good.zip", "--policy", "none"],
    ],
)  # fmt: skip
def test_wrong_input_is_exit_2(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
):
    monkeypatch.chdir(place)
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("verify: ")


def test_a_wrong_option_is_exit_2(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["--wrong"])
    assert caught.value.code == 2
    assert "usage: verify.pyz" in capsys.readouterr().err
