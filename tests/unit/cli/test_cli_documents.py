"""Regulators' documents on the command line: made, written, recorded, found again; and every way to ask wrongly."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from assay.cli.report import DOCUMENTS, FORMATS
from assay.cli.report import OSCAL as OSCAL_KINDS
from assay.lifecycle.exporting import pack
from assay.records.canonical import canonical_json, sha256_hex
from assay.reports.documents import KINDS, SUFFIXES
from assay.reports.oscal import OSCAL
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "dossier: dossier.yaml\n"


@pytest.fixture(scope="module")
def _decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from assay.cli import answer  # noqa: PLC0415 - the command line in process, once for the module
    from small_project import inside  # noqa: PLC0415

    root = tmp_path_factory.mktemp("decided")
    small_project(root, None, count=200)  # type: ignore[arg-type]
    with inside(root):
        assert answer(["run"]) in {0, 1, 3}
    return root


@pytest.fixture
def project(_decided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """A small project that was decided, a copy for each test."""
    shutil.copytree(_decided, tmp_path / "small")
    return SmallProject(tmp_path / "small", capsys)


def test_the_command_line_knows_every_document_and_format() -> None:
    assert set(DOCUMENTS) == set(KINDS)
    assert set(FORMATS) == set(SUFFIXES.values())
    assert set(OSCAL_KINDS) == {"oscal", *OSCAL}


@pytest.mark.parametrize("kind", KINDS)
def test_every_document_prints_and_records_nothing(project: SmallProject, kind: str) -> None:
    before = (project.root / ".assay/log/checkpoint").read_bytes()
    said = project.say("report", kind)
    assert said.code == 0, said.err
    assert "NOT FINISHED" in said.out
    assert (project.root / ".assay/log/checkpoint").read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "framework"), [("nist-profile", "nist-ai-rmf"), ("statement-of-applicability", "iso-42001")]
)
def test_a_list_of_controls_tells_the_status_of_each_with_its_proof(
    project: SmallProject, kind: str, framework: str
) -> None:
    (status,) = json.loads(project.say("status", "--framework", framework, "--format", "json").out)["systems"]
    (told,) = status["frameworks"]
    document = json.loads(project.say("report", kind, "--format", "json").out)
    items = {item["id"]: item for section in document["sections"] for item in section["items"]}
    counted = items["Overview"]["parts"][0]
    assert f"{told['counts']['computed']} computed" in counted["words"][0]
    assert [row[0] for row in counted["tables"][0]["rows"]] == [
        one["control"].partition(":")[2] for one in told["controls"]
    ]
    assert {one["state"] for one in told["controls"]} >= {"computed", "missing"}
    for one in told["controls"]:
        parts = {part["asked"]: part for part in items[one["control"].partition(":")[2]]["parts"]}
        stands = parts["how it stands"]
        assert stands["words"][0].lower().startswith(one["state"].replace("-", " "))
        assert stands["filled"] == ("missing" if one["state"] in {"missing", "stale"} else "evidence")
        assert [source["sha256"] for source in stands.get("sources", [])] == [
            shown["sha256"] for shown in one["shown"][:3]
        ]
        in_part = one["state"] == "computed" and (one["judgement"] or bool(one["lacking"]))
        assert ("what is left to people" in parts) is in_part
        assert (stands.get("remedy") is not None) is (one["state"] in {"missing", "stale"})


def test_a_written_document_is_found_in_the_log_and_a_changed_one_is_altered(project: SmallProject) -> None:
    said = project.say("report", "annex-iv", "-o", "annex.html")
    assert said.code == 0, said.err
    assert "items lack something" in said.err
    assert re.search(r"wrote annex.html \(entry \d+ of the log\)", said.err)
    verified = project.say("verify", "annex.html")
    assert verified.code == 0, verified.err
    assert "byte for byte, what was recorded as annex-iv.html" in verified.out
    assert "inclusion proof" in verified.out
    project.replace("annex.html", "Technical documentation", "Technical Documentation")
    altered = project.say("verify", "annex.html")
    assert altered.code == 1
    assert "altered" in altered.err


def test_a_document_that_nobody_recorded_is_said_to_be_that(project: SmallProject) -> None:
    project.say("report", "annex-iv", "-o", "annex.md", "--no-record")
    said = project.say("verify", "annex.md")
    assert said.code == 1
    assert "not recorded" in said.err
    assert "altered" not in said.err
    project.write("other.md", "# A page of somebody else\n")
    other = project.say("verify", "other.md")
    assert other.code == 1
    assert "bears no mark of a document of Assay" in other.err
    as_json = project.say("verify", "other.md", "--format", "json")
    assert json.loads(as_json.out)["verified"] is False


def test_the_same_log_size_gives_the_same_bytes_and_is_recorded_once(project: SmallProject) -> None:
    first = project.say("report", "qms-index", "--format", "json")
    size = json.loads(first.out)["made"]["size"]
    project.say("report", "qms-index", "-o", "one.html")
    project.say("report", "annex-v", "-o", "between.html")
    said = project.say("report", "qms-index", "-o", "two.html", "--size", str(size))
    assert (project.root / "one.html").read_bytes() == (project.root / "two.html").read_bytes()
    assert f"(entry {size} of the log)" in said.err
    assert json.loads(project.say("report", "qms-index", "--format", "json", "--size", str(size)).out) == json.loads(
        first.out
    )


def test_a_release_folder_s_own_report_verifies_by_itself(project: SmallProject) -> None:
    said = project.say("verify", ".assay/releases/small/1/report.html")
    assert said.code == 0, said.err
    assert "recorded as report.html" in said.out


def test_the_folder_for_counsel_holds_what_the_documentation_refers_to(project: SmallProject) -> None:
    said = project.say("report", "annex-iv", "--out", "counsel", "--format", "markdown", "--format", "html")
    assert said.code == 0, said.err
    there = {path.name for path in (project.root / "counsel").iterdir()}
    for name in ("annex-iv", "annex-v", "instructions-for-use", "post-market-monitoring-plan"):
        assert {f"{name}.md", f"{name}.html"} <= there
    assert {"evidence.json", "verdict.json", "bundle.json", "receipt.json", "README.md"} <= there
    page = (project.root / "counsel/README.md").read_text()
    assert "## Missing in: Technical documentation (Annex IV)" in page
    annex = (project.root / "counsel/annex-iv.md").read_text()
    assert "instructions-for-use.html, recorded" in annex
    for name in ("annex-iv.md", "annex-v.html"):
        assert project.say("verify", f"counsel/{name}").code == 0


def test_without_a_release_nothing_is_written(project: SmallProject) -> None:
    shutil.rmtree(project.release)
    said = project.say("report", "annex-iv", "-o", "annex.md")
    assert said.code == 2
    assert "expected a release that was decided" in said.err
    assert "assay run" in said.err
    assert not (project.root / "annex.md").exists()


def test_evidence_of_another_stage_is_refused(project: SmallProject) -> None:
    folder = project.release / "other"
    shutil.copytree(project.release, folder)
    evidence = json.loads((folder / "evidence.json").read_text())
    evidence["stage"] = "data"
    from assay.records.canonical import canonical_json, sha256_hex  # noqa: PLC0415 - bytes as they are kept

    (folder / "evidence.json").write_bytes(canonical_json(evidence))
    verdict = json.loads((folder / "verdict.json").read_text())
    verdict["evidence_sha256"] = sha256_hex(canonical_json(evidence))
    (folder / "verdict.json").write_bytes(canonical_json(verdict))
    said = project.say("report", "annex-iv", folder)
    assert said.code == 2
    assert "found the stage data" in said.err


def test_unknown_keys_of_the_dossier_are_told_with_their_places(project: SmallProject) -> None:
    project.write("dossier.yaml", "system: {purpos: x}\nprovder: {}\n")
    said = project.say("report", "annex-iv")
    assert said.code == 2
    assert "dossier.yaml:1:10 $.system.purpos: unknown key 'purpos' (did you mean 'purpose'?)" in said.err
    assert "dossier.yaml:2:1 $.provder" in said.err


def test_a_dossier_that_is_named_and_not_there_is_told(project: SmallProject) -> None:
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + "dossier: dosier.yaml\n")
    project.write("dossier.yaml", "{}")
    said = project.say("report", "annex-iv")
    assert said.code == 2
    assert "did you mean 'dossier.yaml'" in said.err


def test_without_a_role_the_documents_say_that_nobody_has_decided_it(project: SmallProject) -> None:
    assert "Nobody has decided it" in project.say("report", "annex-iv").out
    text = (project.root / "assay.yaml").read_text()
    project.write("assay.yaml", text + "regulation: {eu-ai-act: {role: provider, route: annex-iii}}\n")
    decided = project.say("report", "annex-iv").out
    assert "Nobody has decided it" not in decided
    assert "applies from 2027-12-02" in decided


def test_without_typst_the_line_that_installs_it_is_told_and_nothing_is_written(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    said = project.say("report", "annex-iv", "-o", "annex.pdf")
    assert said.code == 2
    assert "pip install 'assay[pdf]'" in said.err
    assert not (project.root / "annex.pdf").exists()
    folder = project.say("report", "annex-iv", "--out", "counsel")
    assert folder.code == 2
    assert "pip install 'assay[pdf]'" in folder.err
    assert not (project.root / "counsel").exists()


def test_a_pdf_is_the_same_bytes_dated_by_the_records_and_found_in_the_log(project: SmallProject) -> None:
    pytest.importorskip("typst", reason="the extra pdf is not installed")
    size = json.loads(project.say("report", "annex-iv", "--format", "json").out)["made"]["size"]
    project.say("report", "annex-iv", "-o", "one.pdf")
    project.say("report", "annex-iv", "-o", "two.pdf", "--size", str(size))
    content = (project.root / "one.pdf").read_bytes()
    assert content == (project.root / "two.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    at = json.loads((project.release / "verdict.json").read_text())["decided_at"]
    stamp = re.sub(r"[^0-9]", "", at)[:8]
    assert f"CreationDate(D:{stamp}".encode() in content
    assert project.say("verify", "one.pdf").code == 0
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    project.write("one.pdf", bytes(changed))
    altered = project.say("verify", "one.pdf")
    assert altered.code == 1
    assert "altered" in altered.err


def test_oscal_files_are_written_together_recorded_and_found_again(project: SmallProject) -> None:
    said = project.say("report", "oscal", "--out", "oscal")
    assert said.code == 0, said.err
    assert {f"{kind}.json" for kind in OSCAL} <= {path.name for path in (project.root / "oscal").iterdir()}
    assert project.say("verify", "oscal/oscal-poam.json").code == 0
    results = project.root / "oscal/oscal-assessment-results.json"
    results.write_bytes(results.read_bytes().replace(b'"satisfied"', b'"not-satisfied"'))
    altered = project.say("verify", "oscal/oscal-assessment-results.json")
    assert altered.code == 1
    assert "altered" in altered.err
    assert json.loads(project.say("report", "oscal").out)["assessment-results"]["results"]


def test_the_key_that_signed_the_release_records_its_documents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that nothing else knows, made on the way, would keep a document off the version's page at a server."""
    project = small_project(tmp_path, capsys, count=200)
    assert project.say("keys", "new", "mila").code == 0
    assert project.say("run", "--key", "mila").code in {0, 1, 3}
    assert project.say("keys", "new", "another").code == 0
    for path in ("fria.html", "oscal-poam.json"):
        said = project.say("report", path.partition(".")[0], "-o", path)
        assert said.code == 0, said.err
        assert "signed by mila" in project.say("verify", path).out
    assert project.say("report", "renew").code == 0
    assert {path.stem for path in (tmp_path / ".assay/keys").glob("*.pem")} == {"mila", "another"}
    said = project.say("report", "fria", "-o", "again.md", "--as", "another")
    assert "signed by another" in project.say("verify", "again.md").out, said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("report", "annex-iv", "-o", "a.docx"), "expected a file that ends in .md, .html, .pdf, .json"),
        (("report", "annex-iv", "-o", "a.html", "--format", "json"), "expected a file of that format"),
        (("report", "annex-iv", "-o", "a.md", "--out", "b"), "found both"),
        (("report", "annex-iv", "--format", "html", "--format", "pdf"), "expected one format"),
        (("report", "annex-iv", "--size", "99999"), "expected a size of the log from 0 to"),
        (("report", "annex-iv", "-o", "a.md", "--as", "nobody"), "expected one of the keys"),
        (("report", "oscal", "--format", "html"), "OSCAL is written as json"),
        (("report", "check"), "expected a FILE to check"),
        (("report", "check", "none.md"), "expected a text to check at none.md"),
        (("report", "annex-iii"), "annex-iv"),
    ],
)
def test_what_is_asked_wrongly_is_told(project: SmallProject, arguments: tuple[str, ...], told: str) -> None:
    said = project.say(*arguments)
    assert said.code == 2
    assert told in said.err


def test_check_tells_what_the_evidence_contradicts(project: SmallProject) -> None:
    measured = json.loads((project.release / "evidence.json").read_text())["measurements"]
    accuracy = next(one["value"] for one in measured if one["metric"] == "accuracy" and not one["group"])
    project.write("good.md", f"It has an accuracy of {accuracy:.2f}.\n")
    assert project.say("report", "check", "good.md").code == 0
    project.write("bad.md", "Hello.\n\nIt has an accuracy of 0.99.\n")
    said = project.say("report", "check", "bad.md")
    assert said.code == 1
    assert said.out.startswith("bad.md:3: claims accuracy of 0.99")
    as_json = json.loads(project.say("report", "check", "bad.md", "--format", "json").out)
    assert as_json["contradictions"][0]["line"] == 3


def test_a_contradiction_in_the_dossier_stands_in_the_document(project: SmallProject) -> None:
    project.write("dossier.yaml", "testing: {limits: The accuracy is 0.99.}\n")
    said = project.say("report", "annex-iv", "-o", "annex.md")
    assert said.code == 0
    assert "1 contradicted by the evidence" in said.err
    assert "CONTRADICTED BY THE EVIDENCE" in (project.root / "annex.md").read_text()


def test_the_starter_can_be_filled_in(project: SmallProject) -> None:
    project.write("dossier.yaml", project.say("report", "starter").out)
    assert project.say("report", "annex-iv").code == 0


def test_the_trail_of_an_erased_or_empty_log_is_not_needed_to_print(project: SmallProject) -> None:
    shutil.rmtree(project.root / ".assay/log")
    said = project.say("report", "annex-iv")
    assert said.code == 0, said.err
    assert "Nothing of this is recorded in a log" in said.out


def test_a_number_of_the_dossier_that_was_not_measured_fails_the_documentation_check(project: SmallProject) -> None:
    policy = (project.root / "policy.yaml").read_text()
    project.write("policy.yaml", policy + "  - {id: documented, title: It is documented, check: documentation}\n")
    project.write("assay.yaml", (project.root / "assay.yaml").read_text() + "documentation: card.yaml\n")
    project.write("card.yaml", "{}\n")
    project.write("dossier.yaml", "testing: {limits: The accuracy is 0.99.}\n")
    assert project.say("run").code == 1
    findings = json.loads((project.release / "verdict.json").read_text())["findings"]
    reasons = [one["reason"] for one in findings if one["id"].startswith("documented/contradiction")]
    assert len(reasons) == 1
    assert "dossier.yaml $.testing.limits: claims accuracy of 0.99" in reasons[0]


def test_documents_go_with_an_auditor_bundle_and_verify_outside_the_project(
    project: SmallProject, tmp_path: Path
) -> None:
    assert project.say("report", "annex-iv", "-o", "annex.html").code == 0
    assert project.say("report", "qms-index", "-o", "qms.md").code == 0
    (project.root / "annex.html").unlink()  # a copy is kept beside the log
    exported = project.say("trail", "export", "-o", str(tmp_path / "b.zip"))
    assert exported.code == 0, exported.err
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names = [name for name in members if name.startswith("documents/") and name.endswith((".html", ".md"))]
    assert len(names) == 2
    (tmp_path / "verify.pyz").write_bytes(members["verify.pyz"])

    def verified(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "verify.pyz", name]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    found = verified("b.zip")
    assert found.returncode == 0, found.stdout
    assert all(f"{name} is what " in found.stdout for name in names)
    changed = {**members, names[0]: members[names[0]] + b" "}
    digests = {name: sha256_hex(one) for name, one in changed.items() if name != "MANIFEST.json"}
    manifest = json.loads(members["MANIFEST.json"]) | {"members": digests}
    (tmp_path / "c.zip").write_bytes(pack({**changed, "MANIFEST.json": canonical_json(manifest) + b"\n"}))
    altered = verified("c.zip")
    assert altered.returncode == 1
    assert f"{names[0]}: was changed after it was issued" in altered.stdout


def test_the_folder_for_counsel_holds_the_datasheet_of_the_data_stage(project: SmallProject) -> None:
    folder = project.root / ".assay/releases/small/1/data"
    folder.mkdir()
    (folder / "datasheet.md").write_text("# Datasheet\n")
    assert project.say("report", "annex-iv", "--out", "counsel").code == 0
    assert (project.root / "counsel/datasheet.md").read_text() == "# Datasheet\n"
    assert "datasheet.md" in (project.root / "counsel/README.md").read_text()
