"""Change the verifier one small thing at a time, and see whether its tests notice.

    .venv/bin/python tools/mutate_verifier.py [--jobs 2] [--module merkle ...] [--sample N]

Standard mutations: comparisons turned and moved by one, conditions negated, `and` and `or` exchanged, constants and
arithmetic changed, and `raise`, `return`, calls and `+=` taken away. Each mutant runs the tests in a process forked
from one that has everything else loaded; the tests of its own module first. What survives is printed; in the code of
proofs and signatures nothing may.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.util
import os
import random
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "assay" / "verifier"
TESTS = ROOT / "tests" / "unit" / "verifier"
PROVING = {"claim", "ed25519", "keys", "logged", "merkle", "ml_dsa", "note", "proof", "quorum", "timestamp", "trust"}
"""Modules that check proofs and signatures, or say whose they are."""

CPU_SECONDS = 40
"""What a mutant may take before it counts as noticed; CPU time, so that a busy machine changes nothing."""
FIRST = {
    "keys": "claim", "trust": "claim", "release": "bundle", "consents": "bundle", "logged": "bundle",
    "findings": "bundle", "__main__": "command",
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitXor: ast.BitAnd, ast.Pow: ast.Mult,
}  # fmt: skip
LOADED_BEFORE = (
    "pytest", "_pytest.monkeypatch", "argparse", "json", "random", "zipfile",
    "cryptography.hazmat.primitives.asymmetric.mldsa", "cryptography.hazmat.primitives.asymmetric.ec",
    "assay.attest.dsse", "assay.attest.keys", "assay.tlog.proof", "assay.tlog.signer", "assay.tlog.tree",
    "unit.verifier.made_bundle",
)  # fmt: skip
WORDS_ONLY = {"append", "add_argument", "ArgumentParser", "write", "Refused", "TypeVar", "ParamSpec"}
"""Calls whose texts are for people; the tests look at what is said where it matters."""
LABELLED = {
    "decode_text", "decode_base64", "decode_hash", "decode_number", "parse_json", "parse_trust", "parse_policy",
    "field", "objects", "texts", "of_type",
}  # fmt: skip
"""Calls whose last argument tells people what is read."""


@dataclass(frozen=True)
class Mutant:
    """One change, compiled."""

    module: str
    line: int
    what: str
    code: CodeType


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _label(node: ast.AST) -> ast.expr | None:
    return node.args[-1] if isinstance(node, ast.Call) and node.args and _called(node) in LABELLED else None


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_left_alone(node: ast.AST) -> bool:
    """Whether nothing below a node runs, or what runs is not the verifier's business."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name | ast.Compare):
        shown = ast.unparse(node.test)
        return shown == "TYPE_CHECKING" or "__name__" in shown
    typed = isinstance(node, ast.AnnAssign) and "TypeAlias" in ast.unparse(node.annotation)
    return typed or isinstance(node, ast.Import | ast.ImportFrom)


def _nodes(node: ast.AST, *, words: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node that runs, and whether it only makes words for people."""
    if _is_left_alone(node) or _is_text(node):
        return
    yield node, words
    words = words or isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and _called(node) in WORDS_ONLY)
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _nodes(child, words=words or child is _label(node))


Change = tuple[str, "Callable[[], None]", "Callable[[], None]"]


def _set(node: ast.AST, name: str, value: object, what: str) -> Change:
    before = getattr(node, name)
    return what, lambda: setattr(node, name, value), lambda: setattr(node, name, before)


def _item(items: list[ast.cmpop], place: int, value: ast.cmpop, what: str) -> Change:
    before = items[place]
    return what, lambda: items.__setitem__(place, value), lambda: items.__setitem__(place, before)


def _conditions(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield _item(node.ops, place, other(), f"{type(operator).__name__} -> {other.__name__}")
    elif isinstance(node, ast.BoolOp):
        other_bool = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _set(node, "op", other_bool, f"-> {type(other_bool).__name__}")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _set(node, "op", ast.UAdd(), "not x -> +x")
    if isinstance(node, ast.If | ast.IfExp):
        yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test), "condition negated")


def _values(node: ast.AST, *, words: bool) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not words:
        other = ARITHMETIC[type(node.op)]
        yield _set(node, "op", other(), f"{type(node.op).__name__} -> {other.__name__}")
    if not isinstance(node, ast.Constant) or words:
        return
    value = node.value
    if isinstance(value, bool):
        yield _set(node, "value", not value, f"{value} -> {not value}")
    elif isinstance(value, int):
        yield _set(node, "value", value + 1, f"{value} -> {value + 1}")
        yield _set(node, "value", value - 1, f"{value} -> {value - 1}")
    elif isinstance(value, str):
        yield _set(node, "value", f"{value}X", f"{value!r} -> {value + 'X'!r}")
    elif isinstance(value, bytes):
        yield _set(node, "value", value + b"X", f"{value!r} + b'X'")


def _steps(node: ast.AST) -> Iterator[Change]:
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        if not isinstance(block, list):
            continue
        for place, step in enumerate(block):
            gone: ast.stmt | None = None
            if isinstance(step, ast.Raise | ast.Continue | ast.AugAssign) or (
                isinstance(step, ast.Expr) and not _is_text(step)
            ):
                gone = ast.Pass()
            elif isinstance(step, ast.Return) and step.value is not None and ast.unparse(step.value) != "None":
                gone = ast.Return(ast.Constant(None))
            if gone is not None:
                before = step
                yield (
                    f"without: {ast.unparse(step)[:60]}",
                    lambda block=block, place=place, gone=gone: block.__setitem__(place, gone),
                    lambda block=block, place=place, before=before: block.__setitem__(place, before),
                )


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    for node, words in list(_nodes(tree)):
        for what, apply, undo in [*_conditions(node), *_values(node, words=words), *_steps(node)]:
            apply()
            code = compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)
            undo()
            yield Mutant(path.stem, getattr(node, "lineno", 0), what, code)


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the mutant when its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 - the protocol
        if name != f"assay.verifier.{self._mutant.module}":
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(PACKAGE / f"{self._mutant.module}.py"))

    def exec_module(self, module: ModuleType) -> None:
        exec(self._mutant.code, module.__dict__)  # noqa: S102 - that is what this tool is for


def _run_tests(mutant: Mutant | None) -> int:
    """Run the tests in this process; return pytest's exit code."""
    import pytest  # noqa: PLC0415 - loaded before forking

    if mutant is not None:
        sys.meta_path.insert(0, _Mutated(mutant))
    own = TESTS / f"test_verifier_{FIRST.get(mutant.module, mutant.module)}.py" if mutant else None
    files = [str(path) for path in sorted(TESTS.glob("test_*.py")) if path != own and "mutants" not in path.name]
    options = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), "-W", "ignore"]
    code = 0
    for group in ([str(own)] if own else [], files):
        code = code or (int(pytest.main([*options, *group])) if group else 0)
    return code


def _fork(mutant: Mutant | None) -> int:
    process = os.fork()
    if process:
        return process
    code = 3
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        code = _run_tests(mutant)
    finally:
        os._exit(code)


def survivors(chosen: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Run the tests against each mutant and return those that they did not notice.

    Raises:
        SystemExit: when the tests fail without any mutation; nothing could be learned then.
    """
    _, status = os.waitpid(_fork(None), 0)
    if status:
        raise SystemExit("the verifier's tests fail as it is; mend that first")
    waiting, running, alive = list(chosen), dict[int, Mutant](), list[Mutant]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[_fork(mutant)] = mutant
        process, status = os.wait()
        mutant = running.pop(process)
        if status == 0:
            alive.append(mutant)
            sys.stdout.write(f"survived  {mutant.module}.py:{mutant.line}  {mutant.what}\n")
            sys.stdout.flush()
    return sorted(alive, key=lambda one: (one.module, one.line, one.what))


def prepare() -> None:
    """Load everything but the verifier, so that a fork need not."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["PYTEST_ADDOPTS"] = ""
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    os.chdir(ROOT)
    sys.dont_write_bytecode = False  # the tests are compiled once, not once a mutant
    for name in LOADED_BEFORE:
        importlib.import_module(name)


def every_mutant(modules: Sequence[str] = ()) -> list[Mutant]:
    """Return all mutants of the modules named, or of all."""
    paths = [path for path in sorted(PACKAGE.glob("*.py")) if not modules or path.stem in modules]
    return [mutant for path in paths for mutant in mutants(path)]


def main() -> int:
    """Run the tool; 0 when at least nine in ten were noticed, and all in the code of proofs and signatures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--module", action="append", default=[])
    parser.add_argument("--sample", type=int, help="only so many, drawn with a fixed seed")
    asked = parser.parse_args()
    prepare()
    chosen = every_mutant(asked.module)
    if asked.sample is not None:
        chosen = random.Random(1).sample(chosen, min(asked.sample, len(chosen)))  # noqa: S311 - which mutants, no secret
    start = time.monotonic()
    alive = survivors(chosen, asked.jobs)
    killed = len(chosen) - len(alive)
    sys.stdout.write(
        f"{killed} of {len(chosen)} mutants noticed ({killed / len(chosen):.1%}) in {time.monotonic() - start:.0f} s\n"
    )
    return int(killed < 0.9 * len(chosen) or any(one.module in PROVING for one in alive))


if __name__ == "__main__":
    sys.exit(main())
