"""The verifier stands alone: the standard library and nothing else, small enough to read, running on bare Python."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from architecture.house import SOURCE, modules
from assay.lifecycle.exporting import verifier_zipapp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_LINES = 1_300  # with documents beside the releases, and ML-DSA-44; each file still fits one screen or two
VERIFIER = {name: tree for name, tree in modules().items() if name.startswith("verifier/")}

# Imported inside a function, where it is at hand: it gives the same answers faster, or says what bare Python cannot.
OPTIONAL = {"cryptography"}


# Runs the program, then prints what it loaded.
PROBE = """
import runpy, sys
sys.argv = ["verify.pyz", "--help"]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(sorted({name.partition(".")[0] for name in sys.modules}))
"""


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the first part of each absolute import and its line; a module of the same folder is not told."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            yield "a package above", node.lineno


def lines_of_code(name: str) -> int:
    """Count lines that are neither empty, nor a comment, nor a docstring."""
    text, described = (SOURCE / name).read_text(encoding="utf-8"), set[int]()
    for node in ast.walk(VERIFIER[name]):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            described |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(bool(line.strip()) and not line.strip().startswith("#") and at not in described for at, line in lines)


@pytest.mark.parametrize("name", list(VERIFIER))
def test_it_imports_the_standard_library_alone(name: str) -> None:
    foreign = [
        (what, line) for what, line in imported(VERIFIER[name]) if what not in sys.stdlib_module_names | OPTIONAL
    ]
    assert not foreign, f"src/assay/{name} must stand alone"
    direct: list[ast.stmt] = [node for node in VERIFIER[name].body if isinstance(node, ast.Import | ast.ImportFrom)]
    top = {what for what, _ in imported(ast.Module(direct, []))}
    assert not top & OPTIONAL, f"src/assay/{name}: {OPTIONAL} may be missing; import it where it is used"


def test_the_reader_sees_what_it_forbids() -> None:
    found = {what for what, _ in imported(ast.parse("import assay.x\nfrom ..errors import y\nfrom click import z"))}
    assert found == {"assay", "a package above", "click"}


def test_it_is_small_enough_to_be_read() -> None:
    counted = {name: lines_of_code(name) for name in VERIFIER}
    assert 0 < sum(counted.values()) < MOST_LINES, counted


def test_only_what_exports_and_verifies_bundles_knows_it() -> None:
    users = {
        name
        for name, tree in modules().items()
        if not name.startswith("verifier/")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("assay.verifier")
    }
    assert users == {"lifecycle/exporting.py", "lifecycle/verified_bundle.py"}


def test_it_runs_on_bare_python(tmp_path: Path) -> None:
    program = tmp_path / "verify.pyz"
    program.write_bytes(verifier_zipapp())
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROBE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "usage: verify.pyz" in done.stdout
    loaded = set(ast.literal_eval(done.stdout.splitlines()[-1]))
    assert "verifier" in loaded
    assert not loaded - sys.stdlib_module_names - {"__main__", "verifier", "_distutils_hack"}
