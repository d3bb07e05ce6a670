"""May this run: every way in which a digest, a name or an image is not cleared, and the one in which it is."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.adapters.trail_here import open_trail, record
from assay.lifecycle.clearing import Asked, Clearance, Clearings, clear
from assay.lifecycle.image_builds import ImageBuilds
from assay.lifecycle.known_releases import KnownReleases
from assay.lifecycle.project import load_project
from assay.lifecycle.setting import TIME, Rules, now, setting_of
from assay.trail.events import make_event
from small_project import WAIVERS, SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = "1f" * 32


@pytest.fixture
def released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    project = small_project(tmp_path, capsys)
    assert project.say("run").code == 0
    return project


def rules_of(project: SmallProject) -> Callable[[str], Rules | None]:
    return lambda system: setting_of(load_project(project.root)) if system == "small" else None


def state(project: SmallProject) -> Path:
    return project.root / ".assay"


def digest_of(project: SmallProject) -> str:
    found: str = json.loads((project.release / "verdict.json").read_text())["model_sha256"]
    return found


def cleared(project: SmallProject, *, at: str | None = None, **asked: str) -> Clearance:
    return clear(msgspec.convert(asked, Asked), state(project), rules_of(project), at=at or now())


def build(project: SmallProject, **changed: str) -> dict[str, str]:
    made = {"image": "reg/small", "image_sha256": IMAGE, "model": "small", "version": "1"}
    return {**made, "model_sha256": digest_of(project), **changed}


def builds_here(project: SmallProject) -> ImageBuilds:
    log, keys = state(project) / "log", state(project) / "keys"
    return ImageBuilds(lambda: open_trail(project.root), lambda: (log / "checkpoint", keys))


def test_released_files_and_names_are_cleared(released: SmallProject) -> None:
    sha256 = digest_of(released)
    for asked in (
        {"model_sha256": sha256},
        {"model": "small", "version": "1"},
        {"model": "small", "version": "1", "model_sha256": sha256},
    ):
        found = cleared(released, **asked)
        assert (found.allowed, found.status, found.decision) == (True, "approved", "allow")
        assert (found.model, found.version, found.model_sha256) == ("small", "1", sha256)
        assert found.verdict_sha256 is not None
        assert found.decided_at is not None
        assert "released at" in found.words


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"model_sha256": "0" * 64}, "not-approved", "No release on record is about these files"),
        ({"model": "small", "version": "2"}, "not-approved", "there are 1. Put the version through: assay run"),
        ({"model": "smal", "version": "1"}, "not-approved", "did you mean 'small'?"),
        ({"model": "small", "version": "1", "model_sha256": "0" * 64}, "not-approved", "with other files than these"),
        ({"model": "../small", "version": "1"}, "unknown", "expected a model name"),
        ({"model": "small"}, "unknown", "expected a digest, or a model and its version"),
        ({}, "unknown", "expected a digest"),
        ({"image_sha256": IMAGE}, "unknown", "assay trail append image.built"),
    ],
)
def test_what_is_not_on_record_is_not_cleared(
    released: SmallProject, asked: dict[str, str], status: str, words: str
) -> None:
    found = cleared(released, **asked)
    assert (found.allowed, found.status, found.decision) == (False, status, None)
    assert words in found.words


def test_a_denied_version_is_not_cleared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys, gap=0.5)
    assert project.say("run").code == 1
    found = cleared(project, model_sha256=digest_of(project))
    assert (found.allowed, found.status) == (False, "not-approved")
    assert "was decided 'deny'" in found.words
    assert "assay explain" in found.words


def test_a_system_whose_policy_nobody_adopted_is_not_cleared(released: SmallProject) -> None:
    found = clear(Asked(model="small", version="1"), state(released), lambda _: None, at=now())
    assert (found.allowed, found.status) == (False, "lapsed")
    assert "nobody has adopted a policy for the system small" in found.words


def test_a_policy_that_is_adopted_later_is_asked(released: SmallProject) -> None:
    assert cleared(released, model="small", version="1").allowed
    released.replace("policy.yaml", "limit: {max: 0.2}", "limit: {max: 0.0001}")
    found = cleared(released, model="small", version="1")
    assert (found.allowed, found.status) == (False, "lapsed")
    assert "the policy adopted now (small 1) is another than the one it was released under" in found.words


def test_evidence_that_has_aged_is_not_cleared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys)
    project.replace("policy.yaml", 'version: "1"\n', 'version: "1"\nevidence_age_days: 30\n')
    assert project.say("run").code == 0
    assert cleared(project, model="small", version="1").allowed
    found = cleared(project, model="small", version="1", at="2126-01-01T00:00:00Z")
    assert (found.allowed, found.status) == (False, "lapsed")
    assert "assay run" in found.words


@pytest.mark.parametrize("name", ["evidence.json", "bundle.json", "receipt.json", "verdict.json", "tally.json"])
def test_a_record_that_is_changed_after_it_was_looked_at_is_not_cleared(released: SmallProject, name: str) -> None:
    kept = Clearings(state(released), rules_of(released))
    asked = Asked(model="small", version="1")
    assert kept.clear(asked, at=now()).allowed
    path = released.release / name
    content = path.read_bytes()
    path.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    assert not kept.clear(asked, at=now()).allowed
    path.write_bytes(content)
    assert kept.clear(asked, at=now()).allowed
    path.unlink()
    assert not kept.clear(asked, at=now()).allowed


def test_a_key_that_is_no_longer_known_clears_nothing(released: SmallProject) -> None:
    kept = Clearings(state(released), rules_of(released))
    asked = Asked(model_sha256=digest_of(released))
    assert kept.clear(asked, at=now()).allowed
    shutil.move(state(released) / "keys/default.pub", released.root / "gone.pub")
    shutil.move(state(released) / "keys/default.pem", released.root / "gone.pem")
    assert not kept.clear(asked, at=now()).allowed


def test_a_release_that_comes_is_found_and_one_that_goes_is_not(released: SmallProject) -> None:
    kept = Clearings(state(released), rules_of(released))
    first = Asked(model_sha256=digest_of(released))
    assert kept.clear(first, at=now()).allowed
    released.replace("assay.yaml", 'version: "1"', 'version: "2"')
    released.write("model/weights.json", '{"threshold": 0.41}')
    assert released.say("run").code == 0
    kept.look_again(["small"])
    content = (state(released) / "releases/small/2/verdict.json").read_text()
    assert kept.clear(Asked(model_sha256=json.loads(content)["model_sha256"]), at=now()).version == "2"
    shutil.rmtree(released.release)
    kept.look_again(["another", "small"])
    assert not kept.clear(first, at=now()).allowed


def test_what_is_known_of_some_models_is_what_a_look_at_all_finds(tmp_path: Path) -> None:
    def release(model: str, version: str, content: str) -> None:
        folder = tmp_path / "releases" / model / version
        folder.mkdir(parents=True, exist_ok=True)
        time.sleep(0.02)  # longer than a tick of the clock that folders are stamped by
        (folder / "new").write_text(content)
        (folder / "new").replace(folder / "verdict.json")

    known, one, same = KnownReleases(tmp_path), '{"model_sha256": "11"}', '{"model_sha256": "22"}'
    for model, version, content in (
        ("a", "1", one), ("b", "1", one), ("b", "2", "{"), ("a", "2", same), ("a", "1", same), ("b", "2", one),
        ("c", "1", "{"),
    ):  # fmt: skip
        release(model, version, content)
        known.look_at([model])
        whole = KnownReleases(tmp_path)
        whole.look_again(now=True)
        for digest in ("11", "22", ""):
            assert sorted(known.with_files(digest)) == sorted(whole.with_files(digest))
        assert known.unreadable == whole.unreadable
    shutil.rmtree(tmp_path / "releases/b")
    known.look_at(["b"])
    assert known.with_files("11") == []
    shutil.rmtree(tmp_path / "releases/c")
    known.look_again(now=True)
    assert known.unreadable == ()


def test_one_unreadable_verdict_stops_nobody_else_and_is_told(released: SmallProject) -> None:
    released.write(".assay/releases/other/1/verdict.json", "{")
    assert cleared(released, model_sha256=digest_of(released)).allowed
    assert "other/1" in cleared(released, model_sha256="0" * 64).words
    found = cleared(released, model="other", version="1")
    assert (found.allowed, found.status) == (False, "unknown")


def waived(project: SmallProject) -> str:
    """Let a version out by a waiver for 30 days; return the waiver's id."""
    project.write("policy.yaml", (project.root / "policy.yaml").read_text() + WAIVERS)
    people = ["people:"]
    for name, role in (("mila", "data-scientist"), ("rosa", "risk-owner")):
        assert project.say("keys", "new", name).code == 0
        public = (state(project) / f"keys/{name}.pub").read_text().splitlines()
        people += [f"  - name: {name}", f"    roles: [{role}]", "    key: |", *(f"      {line}" for line in public)]
    project.write("trust.yaml", "\n".join(people) + "\n")
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + "trust: trust.yaml\n")
    assert project.say("run", "--key", "mila").code == 1
    until = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    said = project.say(
        "waive", "--as", "rosa", "--control", "sex-gap", "--role", "risk-owner", "--expires", until,
        "--reason", "a test", "--compensating", "a person looks",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert project.say("gate", project.release, "--key", "mila").code == 0
    (waiver,) = [path.stem for path in (project.release / "consents").glob("*.json")]
    return waiver


def test_a_waiver_that_ends_or_is_revoked_clears_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = small_project(tmp_path, capsys, gap=0.5)
    waiver = waived(project)
    kept = Clearings(state(project), rules_of(project))
    asked = Asked(model_sha256=digest_of(project))
    assert kept.clear(asked, at=now()).allowed
    later = (datetime.now(UTC) + timedelta(days=32)).strftime(TIME)
    ended = kept.clear(asked, at=later)
    assert (ended.allowed, ended.status) == (False, "lapsed")
    assert project.say("revoke", waiver, "--as", "rosa", "--reason", "not any more").code == 0
    revoked = kept.clear(asked, at=now())
    assert (revoked.allowed, revoked.status) == (False, "lapsed")


def test_an_image_is_known_by_what_was_signed(released: SmallProject) -> None:
    builds = builds_here(released)
    kept = Clearings(state(released), rules_of(released), builds=builds)
    asked = Asked(image_sha256=IMAGE)
    assert kept.clear(asked, at=now()).status == "unknown"
    fields = [part for name, value in build(released).items() for part in ("--field", f"{name}={value}")]
    assert released.say("trail", "append", "image.built", *fields).code == 0
    found = kept.clear(asked, at=now())
    assert (found.allowed, found.model, found.version) == (True, "small", "1")
    other = make_event("image.built", build(released, model_sha256="0" * 64, version="9"), claimed_at=now())
    record([other], released.root)
    both = kept.clear(asked, at=now())
    assert not both.allowed
    assert "It holds 2 models (small 1, small 9)" in both.words
    index = builds(IMAGE)[-1].entry
    record([make_event("image.built", build(released), claimed_at=now(), corrects=index)], released.root)
    assert kept.clear(asked, at=now()).allowed


def test_an_image_that_somebody_unknown_has_signed_is_not_known(released: SmallProject) -> None:
    assert released.say("keys", "new", "stranger").code == 0
    record([make_event("image.built", build(released), claimed_at=now())], released.root, key="stranger")
    kept = Clearings(state(released), rules_of(released), builds=builds_here(released))
    assert kept.clear(Asked(image_sha256=IMAGE), at=now()).allowed
    (state(released) / "keys/stranger.pub").unlink()
    (state(released) / "keys/stranger.pem").unlink()
    assert kept.clear(Asked(image_sha256=IMAGE), at=now()).status == "unknown"


def test_a_log_that_cannot_be_read_clears_no_image(released: SmallProject) -> None:
    fields = build(released)
    record([make_event("image.built", fields, claimed_at=now())], released.root)
    (state(released) / "log/checkpoint").write_text("not a checkpoint\n")
    found = Clearings(state(released), rules_of(released), builds=builds_here(released)).clear(
        Asked(image_sha256=IMAGE), at=now()
    )
    assert (found.allowed, found.status) == (False, "unknown")
    assert "the log cannot be read" in found.words


def test_among_ten_thousand_releases_an_answer_takes_milliseconds(released: SmallProject) -> None:
    head = json.dumps({"model_sha256": "MODEL", "decision": "deny"})
    for number in range(10_000):
        folder = state(released) / "releases" / f"m{number // 4}" / str(number % 4)
        folder.mkdir(parents=True)
        (folder / "verdict.json").write_text(head.replace("MODEL", f"{number:064x}"))
    kept = Clearings(state(released), dataclasses_rules(released))
    asked = Asked(model_sha256=digest_of(released))
    assert kept.clear(asked, at=now()).allowed  # finds what there is
    spent = []
    for _ in range(20):
        begun = time.process_time()
        assert kept.clear(asked, at=now()).allowed
        spent.append(time.process_time() - begun)
    assert sorted(spent)[10] < 0.02


def dataclasses_rules(project: SmallProject) -> Callable[[str], Rules | None]:
    """Return rules that are read once, as a server keeps them."""
    kept = dataclasses.replace(setting_of(load_project(project.root)))
    return lambda _: kept


def test_an_image_is_cleared_by_the_very_release_that_its_entry_names(released: SmallProject) -> None:
    """Whoever speaks for one model cannot pass an image off as holding another's files."""
    record([make_event("image.built", build(released, model="other"), claimed_at=now())], released.root)
    kept = Clearings(state(released), rules_of(released), builds=builds_here(released))
    found = kept.clear(Asked(image_sha256=IMAGE), at=now())
    assert not found.allowed
    assert "No model other is on record" in found.words
