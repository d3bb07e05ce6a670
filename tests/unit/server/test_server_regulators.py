"""Documents for regulators at the server: what the project issued, byte for byte, and what is written here."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from assay.records.canonical import sha256_hex
from assay.server.pages import in_time
from delivery_server import running
from small_project import SmallProject, small_project
from unit.server._home import IDA, MODEL, Browser, demo_home, person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from delivery_server import Running

PAGE = "/models/small/1"
WORDS = "It places people in queues, and in nothing else."
DOSSIER = f"system:\n  purpose: {WORDS}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture
def project(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """A project that was decided on, with a document that its pipeline issued."""
    if not (made / "assay.yaml").exists():
        first = small_project(made, capsys)
        first.write("dossier.yaml", DOSSIER)
        assert first.say("run").code == 0
        assert first.say("report", "validation", "-o", "validation.html").code == 0
    shutil.copytree(made, tmp_path / "project")
    return SmallProject(tmp_path / "project", capsys)


@pytest.fixture
def found(project: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server to which the project delivered."""
    with running(tmp_path / "server", project.root) as server:
        server.adopt(project.root)
        monkeypatch.setenv("ASSAY_TOKEN_FILE", str(server.secret))
        assert project.say("keys", "new", "stranger").code == 0  # after its keys were registered
        assert project.say("report", "fria", "-o", "fria.html", "--as", "stranger").code == 0
        said = project.say("push", "--server", server.url)
        assert said.code == 0, said
        yield server


def test_what_the_project_issued_is_there_byte_for_byte(found: Running, project: SmallProject) -> None:
    browser = Browser(found.server.home, IDA)
    (one,) = browser.get(f"{PAGE}.json").json()["issued"]  # what a key has signed that nobody registered is not
    assert (one["name"], one["by"], one["filed"]) == ("validation.html", ["ci"], False)
    answer = browser.get(f"{PAGE}/reports/{one['path']}")
    assert (answer.status_code, answer.content) == (200, (project.root / "validation.html").read_bytes())
    assert sha256_hex(answer.content) == one["sha256"]
    assert answer.headers["content-security-policy"].startswith("sandbox")
    page = browser.get(PAGE).text
    assert "Issued by the project" in page
    assert f"{PAGE}/reports/{one['path']}" in page
    for path in (one["path"] + "x", f"issued/{one['entry']}/fria.html", "issued/0/validation.html", "issued/x"):
        assert browser.get(f"{PAGE}/reports/{path}").status_code == 404
    elsewhere = Browser(found.server.home, person("ivo", "auditor", systems=("another",)))
    assert elsewhere.get(f"{PAGE}/reports/{one['path']}").status_code == 404


def test_every_kind_is_written_here_from_what_came_with_the_release(found: Running) -> None:
    browser = Browser(found.server.home, IDA)
    offered = browser.get(f"{PAGE}.json").json()["regulators"]
    assert len(offered) > 10
    for path in (one["paths"][0] for one in offered):
        assert browser.get(f"{PAGE}/reports/{path}").status_code == 200, path
    annex = browser.get(f"{PAGE}/reports/annex-iv.md").text
    assert WORDS in annex
    assert "| decision of the gate | allow |" in annex
    again = browser.get(f"{PAGE}/reports/annex-iv.md").text
    assert _but_for_the_log(again) == _but_for_the_log(annex)
    assert browser.get(f"{PAGE}/reports/annex-xx.md").status_code == 404
    pdf = browser.get(f"{PAGE}/reports/fria.pdf")
    assert pdf.status_code == 200, pdf.text
    assert (pdf.content[:5], pdf.headers["content-type"]) == (b"%PDF-", "application/pdf")
    assert pdf.headers["content-disposition"] == 'attachment; filename="fria.pdf"'
    assert f'href="{PAGE}/reports/fria.pdf"' in browser.get(PAGE).text
    assert browser.get(f"{PAGE}/reports/annex-iv.exe").status_code == 404


def _but_for_the_log(document: str) -> list[str]:
    """Return the lines that do not tell how far the log had come: this server's grows by each reading of a page."""
    lines = document.splitlines()
    kept = [line for line in lines if not line.startswith(("| log |", "| root of the log |", "<!-- "))]
    assert len(kept) == len(lines) - 3
    return kept


def test_a_pdf_that_takes_long_is_not_waited_for(found: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_time, "PDF_SECONDS", 0.01)
    answer = Browser(found.server.home, IDA).get(f"{PAGE}/reports/annex-v.pdf")
    assert answer.status_code == 400
    assert "found that it takes longer. Read it as HTML" in answer.text


def test_without_the_extra_the_page_says_what_to_install(found: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(found.server.home, IDA)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    page = browser.get(PAGE).text
    assert "fria.pdf" not in page
    assert "pip install &#39;assay[pdf]&#39;" in page
    answer = browser.get(f"{PAGE}/reports/qms-index.pdf")
    assert answer.status_code == 404
    assert "assay[pdf]" in answer.text


def test_a_version_without_its_projects_files_offers_none(tmp_path: Path) -> None:
    browser = Browser(demo_home(tmp_path), IDA)
    shown = browser.get(f"/models/{MODEL}/2.json").json()
    assert (shown["regulators"], shown["issued"]) == ([], [])
    answer = browser.get(f"/models/{MODEL}/2/reports/annex-iv.md")
    assert answer.status_code == 404
    assert "expected assay.yaml with the delivery" in answer.text
