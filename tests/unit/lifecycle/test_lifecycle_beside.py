"""The index of what lies beside the log: it finds what is there, forgets what went, and is never believed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from assay.attest import dsse
from assay.attest.consent import consent_id, consent_statement
from assay.lifecycle.beside import INDEX, Beside
from assay.lifecycle.erasing import compact
from assay.lifecycle.people import People, pseudonym
from assay.records.canonical import sha256_hex
from assay.records.consent import Approval, Bound, Revocation, Waiver
from assay.trail.examples import of
from unit.trail.memory_trail import VERA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG_AGO = (1_700_000_000, 1_700_000_000)


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    put(tmp_path, "credit/1/verdict.json", b"a verdict")
    put(tmp_path, "credit/1/evidence.json", b"evidence")
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / sha256_hex(b"kept")).write_bytes(b"kept")
    opened = Beside(tmp_path)
    yield opened
    opened.close()


def put(state: Path, name: str, content: bytes) -> None:
    path = state / "releases" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def look(beside: Beside, *, files: bool = False) -> set[str]:
    return beside.scan(lambda _changed: None, files=files)


def settle(state: Path) -> None:
    """Have every folder look as if nothing had happened in it for long."""
    for folder, _, _ in os.walk(state / "releases"):
        os.utime(folder, LONG_AGO)


def test_what_is_there_is_found_by_what_it_holds(beside: Beside) -> None:
    assert look(beside) == {sha256_hex(b"a verdict"), sha256_hex(b"evidence")}
    assert beside[sha256_hex(b"a verdict")] == b"a verdict"
    assert beside[sha256_hex(b"kept")] == b"kept"
    assert set(beside) == {sha256_hex(one) for one in (b"a verdict", b"evidence", b"kept")}
    assert len(beside) == 3
    for nothing in (sha256_hex(b"nothing"), "../../trust.yaml", ""):
        assert beside.get(nothing) is None
    assert look(beside) == set()


def test_what_was_changed_in_place_is_not_what_was_asked_for(tmp_path: Path, beside: Beside) -> None:
    look(beside)
    put(tmp_path, "credit/1/verdict.json", b"b verdict")
    assert beside.get(sha256_hex(b"a verdict")) is None
    assert look(beside, files=True) == {sha256_hex(b"a verdict"), sha256_hex(b"b verdict")}
    assert beside[sha256_hex(b"b verdict")] == b"b verdict"


def test_only_folders_that_changed_are_looked_into(tmp_path: Path, beside: Beside) -> None:
    settle(tmp_path)
    look(beside)
    put(tmp_path, "credit/1/verdict.json", b"in place")  # which changes no folder
    os.utime(tmp_path / "releases/credit/1", LONG_AGO)
    assert look(beside) == set()
    put(tmp_path, "credit/2/verdict.json", b"another")
    assert look(beside) == {sha256_hex(b"another")}
    put(tmp_path, "fraud/1/verdict.json", b"of another model")
    assert beside.scan(lambda _changed: None, names=["credit"]) == set()
    assert look(beside) == {sha256_hex(b"of another model")}


def test_what_went_is_forgotten_and_a_copy_stays(tmp_path: Path, beside: Beside) -> None:
    put(tmp_path, "credit/2/verdict.json", b"a verdict")
    look(beside)
    shutil.rmtree(tmp_path / "releases/credit/1")
    assert look(beside) == {sha256_hex(b"evidence")}
    assert beside[sha256_hex(b"a verdict")] == b"a verdict"
    shutil.rmtree(tmp_path / "releases")
    assert look(beside) == {sha256_hex(b"a verdict")}
    assert set(beside) == {sha256_hex(b"kept")}


def test_it_is_kept_and_an_index_that_cannot_be_read_is_made_anew(tmp_path: Path, beside: Beside) -> None:
    settle(tmp_path)
    look(beside)
    beside.close()
    again = Beside(tmp_path)
    assert look(again, files=True) == set()
    assert again[sha256_hex(b"a verdict")] == b"a verdict"
    again.close()
    for name in (INDEX, f"{INDEX}-wal", f"{INDEX}-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / INDEX).write_bytes(b"no database at all, but long enough to look at" * 40)
    third = Beside(tmp_path)
    assert look(third) == {sha256_hex(b"a verdict"), sha256_hex(b"evidence")}
    assert (tmp_path / INDEX).stat().st_mode & 0o777 == 0o600
    third.close()


def test_what_could_not_be_taken_in_is_told_again(beside: Beside) -> None:
    def failing(_changed: set[str]) -> None:
        raise RuntimeError("the projection is away")

    with pytest.raises(RuntimeError, match="away"):
        beside.scan(failing)
    assert look(beside) == {sha256_hex(b"a verdict"), sha256_hex(b"evidence")}


def test_consents_are_found_by_the_files_that_they_are_bound_to(tmp_path: Path, beside: Beside) -> None:
    bound = Bound(model_sha256=of("m"), datasets={}, policy_sha256=of("p"), evidence_sha256=of("e"))
    given = consent_statement(Approval(role="validator", by="vera", bound=bound, at="2026-10-01T00:00:00Z"))
    identity = consent_id(given)
    back = consent_statement(
        Revocation(revokes=identity, by="vera", reason="r", at="2026-10-02T00:00:00Z"),
        revoked_sha256=sha256_hex(given),
    )
    contents = [dsse.sign(payload, [VERA]).content() for payload in (given, back)]
    put(tmp_path, "credit/1/consents/b.json", contents[1])
    assert of("m") not in look(beside)
    assert not beside.placed(sha256_hex(contents[1]))
    put(tmp_path, "credit/1/consents/a.json", contents[0])
    assert of("m") in look(beside)
    assert beside.envelopes_of([of("m")]) == {sha256_hex(one) for one in contents}
    assert beside.placed(sha256_hex(contents[1]))
    assert beside.files_signed_with({VERA.key_id}) == {of("m")}
    assert beside.files_signed_with({"another"}) == set()
    (tmp_path / "releases/credit/1/consents/a.json").unlink()
    assert of("m") in look(beside)
    assert not beside.placed(sha256_hex(contents[1]))


def test_kinds_of_consents_are_told_by_an_index_from_before_there_were_any_too(tmp_path: Path) -> None:
    bound = Bound(model_sha256=of("m"), datasets={}, policy_sha256=of("p"), evidence_sha256=of("e"))
    waiver = Waiver(
        model="credit", version="1", control="c", role="r", by="vera", reason="few", compensating="a look",
        expires="2026-12-31", bound=bound, at="2026-10-01T00:00:00Z",
    )  # fmt: skip
    approval = Approval(role="validator", by="vera", bound=bound, at="2026-10-01T00:00:00Z")
    contents = [dsse.sign(consent_statement(act), [VERA]).content() for act in (waiver, approval)]
    names = [sha256_hex(one) for one in contents]
    for number, content in enumerate((*contents, b"{}")):
        put(tmp_path, f"credit/1/consents/{number}.json", content)
    with closing(Beside(tmp_path)) as beside:
        look(beside)
        told = [beside.said(one) for one in (*names, sha256_hex(b"{}"))]
    assert told == [("waiver.granted", "credit"), ("approval.granted", ""), None]
    with closing(sqlite3.connect(tmp_path / INDEX)) as index:
        index.executescript(
            "ALTER TABLE consent DROP COLUMN kind; ALTER TABLE consent DROP COLUMN model; PRAGMA user_version = 2;"
        )
    (tmp_path / "releases/credit/1/consents/1.json").unlink()
    settle(tmp_path)
    with closing(Beside(tmp_path)) as beside:
        assert [beside.said(one) for one in names] == [told[0], None]
        assert beside.envelopes_of([of("m")]) == set(names)
        assert look(beside, files=True) == {names[1], of("m")}  # nothing else is taken in anew


def test_an_erasure_empties_the_index(tmp_path: Path, beside: Beside) -> None:
    look(beside)
    beside.close()
    compact(tmp_path)
    with closing(sqlite3.connect(tmp_path / INDEX)) as index:
        assert index.execute("SELECT count(*) FROM file").fetchone() == (0,)
    assert b"credit" not in (tmp_path / INDEX).read_bytes()


def test_people_come_and_go_with_their_files(tmp_path: Path) -> None:
    people = People(tmp_path)
    assert dict(people) == {}
    coded = pseudonym(tmp_path, "vera")
    assert people[coded] == "vera"
    other = pseudonym(tmp_path, "rosa")
    assert dict(people) == {coded: "vera", other: "rosa"}
    (tmp_path / "people" / f"{coded}.json").unlink()
    assert people.get(coded) is None
    assert len(people) == 1
