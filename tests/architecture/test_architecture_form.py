"""Size, names and words of the source: a file is read in one sitting, a function on one screen."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

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


Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function of a module, methods and inner ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_length(function: Function) -> int:
    """Return the lines with code of a function: no signature, docstring, blank line or inner function."""
    lines: set[int] = set()
    waiting: list[ast.AST] = [part for part in function.body if not is_text(part)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines.add(node.lineno)
            continue
        lines |= {line for line in (getattr(node, "lineno", None), getattr(node, "end_lineno", None)) if line}
        waiting.extend(ast.iter_child_nodes(node))
    return len(lines)


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


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
