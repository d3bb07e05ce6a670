"""No file, clock or unseeded randomness below `lifecycle`, except in `tabular`: what import-linter cannot see."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from architecture.house import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

PURE_ROOMS = (
    "records", "metrics", "packs", "sequential", "checks", "policy", "attest", "tlog", "reports", "trail", "probing",
)  # fmt: skip

# Modules that reach the file system, a clock, a process, the network or chance.
IMPURE_MODULES = {
    "builtins",
    "glob",
    "io.open",
    "logging",
    "multiprocessing",
    "os",
    "secrets",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
    "uuid.uuid1",
    "uuid.uuid4",
}
IMPURE_NAMES = {"open", "input", "print", "exec", "eval", "breakpoint", "__import__"}
IMPURE_ATTRIBUTES = {"environ", "stdin", "stdout", "urandom", "uuid1", "uuid4"}
IMPURE_METHODS = {
    "generate",
    "iterdir",
    "mkdir",
    "now",
    "read_bytes",
    "read_text",
    "rglob",
    "today",
    "unlink",
    "utcnow",
    "write_bytes",
    "write_text",
}
SEEDED = {"Random"}
READING = frozenset({"read_text", "read_bytes"})

# (module, what it does): why it may. Each entry must still be needed.
ALLOWED = {
    (
        "attest/keys.py",
        ".generate",
    ): "a new private key comes from the operating system's randomness, and from nothing else",
    ("probing/evasion.py", ".generate"): "an attack of the toolbox, whose chance is seeded",
}


def reads_package_data(tree: ast.Module) -> bool:
    """Whether what a module reads is the package's own: it imports `importlib.resources` and no paths."""
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    resources = {"importlib.resources", "importlib.resources.files"}
    return bool(imported & resources) and not {"pathlib", "pathlib.Path"} & imported


def impurities(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, what) for everything in a module that is not a function of its arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, f"import {alias.name}") for alias in node.names if alias.name in IMPURE_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            if node.module in IMPURE_MODULES or names & IMPURE_MODULES:
                yield node.lineno, f"import {node.module}"
            if node.module == "random" and {alias.name for alias in node.names} - SEEDED:
                yield node.lineno, "random without a seed"
        elif isinstance(node, ast.Call):
            yield from impure_call(node, reading=READING if reads_package_data(tree) else frozenset())
        elif isinstance(node, ast.Attribute):
            if node.attr in IMPURE_ATTRIBUTES:
                yield node.lineno, f".{node.attr}"
            if isinstance(node.value, ast.Name) and node.value.id == "random" and node.attr not in SEEDED:
                yield node.lineno, "random without a seed"


def impure_call(node: ast.Call, *, reading: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Yield what a call such as `open(...)` or `datetime.now()` reaches; the methods `reading` are permitted."""
    called = node.func
    if isinstance(called, ast.Name) and called.id in IMPURE_NAMES:
        yield node.lineno, f"{called.id}()"
    if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS - reading:
        yield node.lineno, f".{called.attr}"
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    if name in SEEDED and not node.args:
        yield node.lineno, "random without a seed"


PURE_MODULES = [name for name in modules() if name.split("/")[0] in PURE_ROOMS]


@pytest.mark.parametrize("name", PURE_MODULES)
def test_a_pure_room_touches_neither_files_nor_clock_nor_chance(name: str) -> None:
    found = [(line, what) for line, what in impurities(modules()[name]) if (name, what) not in ALLOWED]
    assert not found, f"src/assay/{name} is below lifecycle and does: {found}; take bytes and times as arguments"


def test_every_permission_is_still_needed() -> None:
    used = {(name, what) for name in PURE_MODULES for _line, what in impurities(modules()[name])}
    assert set(ALLOWED) <= used, f"no longer needed: {sorted(set(ALLOWED) - used)}"


@pytest.mark.parametrize(
    "code",
    [
        "import os",
        "from os import environ",
        "import time",
        "from io import open",
        "open('x')",
        "print('x')",
        "import random\nrandom.random()",
        "from random import Random\nRandom()",
        "from random import choice",
        "from datetime import datetime\ndatetime.now()",
        "from pathlib import Path\nPath('x').read_text()",
        "from pathlib import Path\nfrom importlib.resources import files\nPath('x').read_text()",
        "from uuid import uuid4",
        "import uuid\nuuid.uuid4()",
        "import random\nrandom.Random()",
        "import urllib.request",
        "from urllib import request\nimport subprocess",
    ],
)
def test_the_reader_sees_what_it_forbids(code: str) -> None:
    assert list(impurities(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "import random\nrandom.Random(7)",
        "from random import Random\nRandom('seed')",
        "from importlib import resources\nresources.files('assay').joinpath('x').read_text()",
        "from importlib.resources import files\nfolder = files('assay')\n(folder / 'x').read_text()",
        "from datetime import datetime\ndatetime.fromisoformat('2026-01-01')",
        "from uuid import NAMESPACE_URL, uuid5\nuuid5(NAMESPACE_URL, 'x')",
        "then.now.decision",
    ],
)
def test_the_reader_leaves_pure_code_alone(code: str) -> None:
    assert not list(impurities(ast.parse(code)))


NETWORK = ("urllib.request", "http.client", "socket", "ssl")


LISTENS = {"server/tls.py"}
"""What shows the server's own certificate: it answers, and asks nobody."""


@pytest.mark.parametrize(
    "name", [name for name in modules() if not name.startswith("adapters/") and name not in LISTENS]
)
def test_only_adapters_speak_to_the_network(name: str) -> None:
    imported = {
        alias.name for node in ast.walk(modules()[name]) if isinstance(node, ast.Import) for alias in node.names
    }
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    assert not imported & set(NETWORK)
