"""Size, names and words of the source: a file is read in one sitting, a function on one screen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from architecture.house import SOURCE, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_FILE = 400
LONGEST_FUNCTION = 40

# What may be longer, and why. Each entry must still be needed.
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

BANNED = {"model", "utils", "core", "common", "base", "manager", "helper", "helpers", "context", "result", "data"}

# Names that another party chose: (module, name): whose.
FOREIGN_NAMES = {
    ("lifecycle/project.py", "model"): "a key of assay.yaml, which the contract with users fixes",
    ("reports/sarif.py", "_result"): "an object of SARIF 2.1.0, section 3.27",
}


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module, methods and inner ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its decorators, signature and docstring."""
    body = function.body
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body = body[1:] or body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_no_file_is_longer_than_a_sitting() -> None:
    lengths = {name: len((SOURCE / name).read_text(encoding="utf-8").splitlines()) for name in modules()}
    long = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert long.keys() == LONG_FILES.keys(), f"over {LONGEST_FILE} lines: {long}; in the list: {sorted(LONG_FILES)}"


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{name}:{function.name}": body_length(function)
        for name, tree in modules().items()
        for function in functions(tree)
        if body_length(function) > LONGEST_FUNCTION
    }
    assert long.keys() == LONG_FUNCTIONS.keys(), (
        f"over {LONGEST_FUNCTION} lines: {long}; listed: {sorted(LONG_FUNCTIONS)}"
    )


@pytest.mark.parametrize("name", list(modules()))
def test_every_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(modules()[name]), f"src/assay/{name} opens without a docstring"


@pytest.mark.parametrize("name", list(modules()))
def test_no_name_says_nothing(name: str) -> None:
    stem = name.rsplit("/", 1)[-1].removesuffix(".py").strip("_")
    folders = set(name.split("/")[:-1])
    assert not ({stem} | folders) & BANNED, f"src/assay/{name}: the name says nothing about what is inside"
    defined = {
        node.name: node.lineno
        for node in ast.walk(modules()[name])
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    meaningless = {
        word: line
        for word, line in defined.items()
        if word.strip("_").lower() in BANNED and (name, word) not in FOREIGN_NAMES
    }
    assert not meaningless, f"src/assay/{name}: {meaningless}"
