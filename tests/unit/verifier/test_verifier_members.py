"""The files of a bundle: from a zip or a folder, and only those that the manifest names."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from assay.verifier import members as reading
from assay.verifier.members import check_manifest, read_members
from assay.verifier.strict import Refused
from unit.verifier.made_bundle import dumps, manifest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILES = {"a/b.json": b"{}", "c.txt": b"text"}


def zipped(path: Path, files: Iterable[tuple[str, bytes]], *, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def test_zip_and_folder_give_the_same(tmp_path: Path):
    for name, content in FILES.items():
        place = tmp_path / "folder" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert read_members(tmp_path / "folder") == FILES
    entries = [("a/", b""), *FILES.items()]
    assert read_members(zipped(tmp_path / "a.zip", entries)) == FILES
    assert read_members(zipped(tmp_path / "b.zip", entries, method=zipfile.ZIP_DEFLATED)) == FILES


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "a\\b", ".."])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str):
    with pytest.raises(Refused, match="below its folder"):
        read_members(zipped(tmp_path / "a.zip", [("ok", b""), (name, b"")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_stands_once(tmp_path: Path):
    with pytest.raises(Refused, match="each name once"):
        read_members(zipped(tmp_path / "a.zip", [("x", b"1"), ("x", b"2")]))


def test_a_bundle_has_a_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert reading.MAX_BYTES == 2**30
    monkeypatch.setattr(reading, "MAX_BYTES", 5)
    assert read_members(zipped(tmp_path / "a.zip", [("x", b"123"), ("y", b"45")]))
    with pytest.raises(Refused, match="at most"):
        read_members(zipped(tmp_path / "b.zip", [("x", b"123"), ("y", b"456")]))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_bytes(b"123456")
    with pytest.raises(Refused, match="at most"):
        read_members(tmp_path / "folder")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_zip_is_refused_and_never_misread(tmp_path: Path, method: int):
    whole = zipped(
        tmp_path / "a.zip", [("x", b"some text, and more of it"), ("y", b"other")], method=method
    ).read_bytes()
    right = read_members(tmp_path / "a.zip")
    for place in range(len(whole)):
        bent = bytearray(whole)
        bent[place] ^= 0x41
        (tmp_path / "b.zip").write_bytes(bent)
        try:
            found = read_members(tmp_path / "b.zip")
        except Refused:
            continue
        assert set(found.values()) <= set(right.values())
    for end in range(len(whole)):
        (tmp_path / "b.zip").write_bytes(whole[:end])
        with pytest.raises(Refused):
            read_members(tmp_path / "b.zip")


def test_an_encrypted_zip_is_refused(tmp_path: Path):
    path = zipped(tmp_path / "a.zip", [("x", b"text")])
    bent = bytearray(path.read_bytes())
    bent[6] |= 1
    bent[bytes(bent).index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bent)
    with pytest.raises(Refused):
        read_members(path)


def test_a_missing_file_is_another_matter(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_members(tmp_path / "none.zip")


def test_only_what_the_manifest_names_is_kept():
    found = check_manifest(manifest(FILES, ["r"]))
    assert (found.members, found.releases, found.problems, found.others) == (FILES, ["r"], [], [])
    more = check_manifest({**manifest(FILES), "z": b"", "extra": b""})
    assert (more.members, more.problems, more.others) == (FILES, [], ["extra", "z"])
    bent = check_manifest({**manifest(FILES), "c.txt": b"other"})
    assert bent.members == {"a/b.json": b"{}"}
    assert bent.problems == ["c.txt: missing, or changed: it is not what MANIFEST.json names"]
    gone = manifest(FILES)
    del gone["a/b.json"]
    assert [one[:8] for one in check_manifest(gone).problems] == ["a/b.json"]


def test_a_missing_file_is_not_an_empty_one():
    listed = manifest({"empty": b""})
    assert check_manifest(listed).members == {"empty": b""}
    del listed["empty"]
    assert check_manifest(listed).problems
    assert check_manifest(listed).members == {}


def test_wrong_manifests_are_refused():
    good = json.loads(manifest(FILES)["MANIFEST.json"])
    wrong = [
        {**good, "schema": "other"}, {**good, "members": []}, {**good, "members": {"a": 1}}, {**good, "releases": "x"},
        {**good, "releases": [1]}, {}, {**good, "releases": None},
    ]  # fmt: skip
    for document in wrong:
        with pytest.raises(Refused, match=r"MANIFEST\.json"):
            check_manifest({**FILES, "MANIFEST.json": dumps(document)})
    with pytest.raises(Refused, match=r"expected MANIFEST\.json, found none"):
        check_manifest(FILES)


def test_a_zip_is_read_from_a_file_only(tmp_path: Path):
    stream = io.BytesIO(b"not a zip")
    (tmp_path / "x").write_bytes(stream.getvalue())
    with pytest.raises(Refused, match="expected a bundle"):
        read_members(tmp_path / "x")
