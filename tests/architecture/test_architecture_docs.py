"""The documents say what is so: the reference is the command line's own, links lead somewhere, marked snippets run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from architecture.cli_reference import PAGE, child_context, reference, verbs
from architecture.house import ROOT
from assay.cli import VERBS, root

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Marked shell snippets of a page are run in order, in one empty folder:  <!-- run -->  or  <!-- run exits 1 -->
SNIPPET = re.compile(r"<!-- run(?: exits (\d))? -->\s*```sh\n(.*?)```", re.DOTALL)
SNIPPETS = {page: SNIPPET.findall(page.read_text(encoding="utf-8")) for page in PAGES}
RUN = [page for page, snippets in SNIPPETS.items() if snippets]


def test_the_reference_is_what_the_command_line_says() -> None:
    assert PAGE.is_file(), "no reference yet; run: make reference"
    assert PAGE.read_text(encoding="utf-8") == reference(), "docs/reference/cli.md is old; run: make reference"


def test_the_reference_names_every_verb_and_option() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path, command, _context in verbs(root, child_context(root, "assay")):
        assert f"## `{path}`" in page
        for parameter in command.params:
            for option in parameter.opts:
                assert option in page or not option.startswith("-"), f"{path} {option}"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_teaches_by_an_example(verb: str) -> None:
    command = root.get_command(child_context(root, "assay"), verb)
    assert command is not None
    assert command.help, f"assay {verb} says nothing about itself"
    shown = command.get_help(child_context(command, verb, child_context(root, "assay")))
    assert f"assay {verb}" in shown.split("\n", 1)[1], f"assay {verb} --help shows no example"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [link.split("#")[0] for link in LINK.findall(text) if not re.match(r"[a-z]+:|#", link)]
    broken = [target for target in targets if not (page.parent / target).exists()]
    assert not broken


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_marked_snippet_runs(page: Path, tmp_path: Path) -> None:
    folder, work = tmp_path / "bin", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    assay = folder / "assay"
    assay.write_text(f"#!{sys.executable}\nfrom assay.cli import main\nmain()\n", encoding="utf-8")
    assay.chmod(0o755)
    paths = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    for exits, code in SNIPPETS[page]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=work, env={**os.environ, **paths, "NO_COLOR": "1"},
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == int(exits or 0), f"{page.relative_to(ROOT)}:\n{code}\n{done.stdout}\n{done.stderr}"


def test_the_tutorial_is_run() -> None:
    assert ROOT / "docs" / "tutorial" / "first-release.md" in RUN
