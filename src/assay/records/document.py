"""Strict YAML: a document either is the record it should be, or every reason why not is told at once.

Values are read by the type that the record asks for, never by guessing:

* text: anything quoted; unquoted only what YAML 1.1 and YAML 1.2 both read as text. ``yes``, ``no``, ``on``,
  ``off``, ``null``, ``010``, ``1:30``, ``1.0``, ``.nan`` must be quoted. A date or time such as
  ``2026-11-23`` or ``2026-11-23T04:00:00Z`` is kept as written: YAML 1.2 reads it as text, and nothing here
  turns it into a date;
* number: as JSON writes it (``-12``, ``0.05``, ``1e-3``), finite, whole ones below 2**53;
* true or false: ``true`` and ``false`` alone;
* keys: a record's own field names are taken as written (so ``on:`` may be one); free keys are text as above.
"""

from __future__ import annotations

import math
import re
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from assay.errors import DocumentError, Problem, suggest
from assay.records._yaml_nodes import Node, read_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Examine = Callable[[Any, str, "Positions"], Iterable[tuple[str, str]]]

T = TypeVar("T")

MAX_WHOLE = 2**53 - 1
"""JSON carries whole numbers faithfully up to here."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_WORDS = re.compile(r"(yes|no|true|false|on|off|null|~|)\Z", re.IGNORECASE)
"""A single y or n is text: YAML 1.2 and the YAML 1.1 readers in use agree, and many a label column is called y."""
_NUMERIC = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|([0-9][0-9_]*)?\.?[0-9_]+(e[-+]?[0-9]+)?|[0-9][0-9_]*\.|\.inf|\.nan)\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Positions:
    """Where everything stands in a document; line and column count from 1."""

    file: str
    places: Mapping[str, tuple[int, int]]

    def at(self, path: str) -> tuple[int, int]:
        """Return (line, column) of a JSON path, or of its nearest ancestor that is written."""
        while path not in self.places:
            shorter = re.sub(r"(\.[A-Za-z_][A-Za-z0-9_-]*|\[\d+\]|\[\"[^\"]*\"\])\Z", "", path)
            if shorter == path:
                return (0, 0)
            path = shorter
        return self.places[path]

    def problem(self, path: str, message: str) -> Problem:
        """Return a problem at a JSON path."""
        return Problem(self.file, *self.at(path), path, message)


class _Bad:
    """A value that could not be built; its problem is recorded."""


_BAD = _Bad()


def _describe(node: Node) -> str:
    if node.items is not None:
        return "a list"
    if node.entries is not None:
        return "a mapping"
    if node.plain and node.text in {"", "~", "null"}:
        return "nothing"
    if not node.plain:
        return f"the text {node.text!r}"
    return str(node.text)


class _Builder:
    """Walks nodes and types together; problems are collected, never raised."""

    def __init__(self, name: str, examine: Examine | None) -> None:
        self.places: dict[str, tuple[int, int]] = {}
        self.positions = Positions(name, self.places)
        self.problems: list[Problem] = []
        self.examine = examine

    def refuse(self, node: Node, message: str) -> _Bad:
        self.problems.append(Problem(self.positions.file, node.line, node.column, node.path, message))
        return _BAD

    def note(self, node: Node) -> None:
        """Record the places of a node and of all below it, those under unknown keys too."""
        self.places[node.path] = (node.line, node.column)
        for item in node.items or ():
            self.note(item)
        for _, value in node.entries or ():
            self.note(value)

    def build(self, node: Node, kind: Any) -> Any:  # noqa: ANN401 - any type of any record
        options = _options(kind)
        if Any in options:
            return self.anything(node)
        if node.items is not None:
            listed = [o for o in options if get_origin(o) in {tuple, list}]
            return self.sequence(node, listed[0]) if listed else self.mismatch(node, options)
        if node.entries is not None:
            for option in options:
                if get_origin(option) is dict:
                    return self.mapping(node, get_args(option)[1])
                if isinstance(option, type) and issubclass(option, msgspec.Struct):
                    return self.struct(node, option)
            return self.mismatch(node, options)
        return self.scalar(node, options)

    def mismatch(self, node: Node, options: tuple[Any, ...]) -> _Bad:
        return self.refuse(node, f"expected {_expected(options)}, found {_describe(node)}")

    def sequence(self, node: Node, kind: Any) -> Any:  # noqa: ANN401 - a list or a tuple of anything
        inner = get_args(kind)
        items = node.items or []
        fixed = get_origin(kind) is tuple and not (len(inner) == 2 and inner[1] is Ellipsis)  # noqa: PLR2004 - tuple[T, ...]
        if fixed and len(items) != len(inner):
            return self.refuse(node, f"expected a list of {len(inner)}, found {len(items)}")
        types_ = inner if fixed else (inner[0],) * len(items)
        built = [self.build(item, t) for item, t in zip(items, types_, strict=True)]
        kept = [value for value in built if value is not _BAD]
        if fixed and len(kept) != len(inner):
            return _BAD
        return tuple(kept) if get_origin(kind) is tuple else kept

    def mapping(self, node: Node, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any type of value
        built: dict[str, Any] = {}
        for key, value in node.entries or ():
            name = str(key.text)
            if key.plain and (message := _ambiguous(name)):
                self.refuse(key, message)
            made = self.build(value, kind)
            if made is not _BAD:
                built[name] = made
        return built

    def struct(self, node: Node, kind: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - the record asked for
        fields = _fields(kind)
        renamed: Mapping[str, tuple[str, str]] = getattr(kind, "RENAMED", {})
        given: dict[str, Any] = {}
        wrong: set[str] = set()
        for key, value in node.entries or ():
            name = str(key.text)
            if name in renamed:
                self.refuse(key, f"the key {name!r} is called {renamed[name][0]!r} now: {renamed[name][1]}")
                continue
            if name not in fields:
                known = f"known here: {', '.join(fields)}"
                self.refuse(key, f"unknown key {name!r}{suggest(name, fields)}; {known}")
                continue
            made = self.build(value, fields[name].type)
            if made is _BAD:
                wrong.add(name)
            else:
                given[fields[name].name] = made
        written = {str(key.text) for key, _ in node.entries or ()}
        for name, field in fields.items():
            if field.required and name not in written:
                wrong.add(name)
                if any(name == now and before in written for before, (now, _) in renamed.items()):
                    continue  # told where the old key stands
                self.refuse(node, f"missing key {name!r}; expected {name}: {_expected(_options(field.type))}")
        for name in wrong:
            if fields[name].required:
                given[fields[name].name] = _stand_in(fields[name].type)
        made = kind(**given)
        self.look(made, node.path, wrong)
        return _BAD if wrong else made

    def look(self, made: object, path: str, wrong: set[str]) -> None:
        """Examine what a record means; beside parts that could not be built, only the other parts are looked at."""
        if self.examine is None:
            return
        told = tuple(f"{path}.{name}" for name in wrong)
        for at, message in self.examine(made, path, self.positions):
            if not wrong or (at != path and not at.startswith(told)):
                self.problems.append(self.positions.problem(at, message))

    def anything(self, node: Node) -> Any:  # noqa: ANN401 - facts are free
        if node.items is not None:
            return [self.anything(item) for item in node.items]
        if node.entries is not None:
            return self.mapping(node, Any)
        return self.scalar(node, (str, int, float, bool, type(None)))

    def scalar(self, node: Node, options: tuple[Any, ...]) -> Any:  # noqa: ANN401 - text, number, truth or None
        literals = [v for o in options if get_origin(o) is Literal for v in get_args(o)]
        text = str(node.text)
        if literals and text in literals:
            return text
        if literals and str not in options and not (node.plain and _null(text)):
            choices = " | ".join(str(v) for v in literals)
            near = suggest(text, [str(v) for v in literals])
            return self.refuse(node, f"expected {choices}, found {_describe(node)}{near}")
        if not node.plain:
            return text if str in options else self.quoted(node, options)
        return self.plain(node, text, options)

    def quoted(self, node: Node, options: tuple[Any, ...]) -> _Bad:
        number = (int in options or float in options) and _NUMBER.match(str(node.text))
        hint = "; remove the quotes" if number else ""
        return self.refuse(node, f"expected {_expected(options)}, found {_describe(node)}{hint}")

    def plain(self, node: Node, text: str, options: tuple[Any, ...]) -> Any:  # noqa: ANN401 - as scalar
        if _null(text) and type(None) in options:
            return None
        if text in {"true", "false"} and bool in options:
            return text == "true"
        if _NUMBER.match(text) and (int in options or float in options):
            return self.number(node, text, options)
        message = _ambiguous(text)
        if str in options:
            return self.refuse(node, message) if message else text
        if (int in options or float in options) and _NUMERIC.match(text):
            why = "expected a finite number as JSON writes it, such as 0.05 or 12"
            return self.refuse(node, f"{why}, found {text}")
        return self.mismatch(node, options)

    def number(self, node: Node, text: str, options: tuple[Any, ...]) -> Any:  # noqa: ANN401 - int or float
        whole = _WHOLE.match(text)
        if whole and (abs(int(text[:20])) > MAX_WHOLE or len(text) > len(str(MAX_WHOLE)) + 1):
            return self.refuse(node, f"expected a whole number below 2**53, found {text[:30]}")
        if whole and int in options:
            return int(text)
        if float not in options:
            return self.refuse(node, f"expected a whole number, found {text}")
        value = float(text)
        if not math.isfinite(value):
            return self.refuse(node, f"expected a finite number, found {text}")
        return value


@cache
def _fields(kind: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _stand_in(kind: Any) -> Any:  # noqa: ANN401 - any type of any record
    """Return an empty value in place of one that could not be built; it is never handed out."""
    option = _options(kind)[0]
    empty = get_origin(option) or option
    return empty() if empty in {str, int, float, bool, tuple, list, dict} else None


def _null(text: str) -> bool:
    return text in {"", "~", "null"}


def _ambiguous(text: str) -> str | None:
    """Return why an unquoted scalar is not plainly text, or None when it is."""
    if text == "":
        return "expected text, found nothing; write '' if empty text is meant"
    if _WORDS.match(text):
        return f"expected text, found {text}, which YAML may read as true, false or null; quote it: '{text}'"
    if _NUMERIC.match(text) or _NUMBER.match(text):
        return f"expected text, found {text}, which YAML may read as a number; quote it: '{text}'"
    return None


def _options(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any type
    if isinstance(kind, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        return _options(kind.__value__)
    if get_origin(kind) in {Union, types.UnionType}:
        return tuple(o for arg in get_args(kind) if arg is not msgspec.UnsetType for o in _options(arg))
    return (kind,)


def _expected(options: tuple[Any, ...]) -> str:
    words = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        type(None): "nothing",
    }
    found: list[str] = []
    for option in options:
        if option in words:
            found.append(words[option])
        elif get_origin(option) is Literal:
            found.append(" | ".join(str(v) for v in get_args(option)))
        elif get_origin(option) in {tuple, list}:
            found.append("a list")
        elif isinstance(option, type) and issubclass(option, msgspec.Struct):
            names = ", ".join(f.encode_name for f in msgspec.structs.fields(option))
            found.append(f"a mapping with {names}")
        else:
            found.append("a mapping")
    if "a whole number" in found and "a number" in found:
        found.remove("a whole number")
    return " or ".join(word for word in found if word != "nothing" or len(found) == 1)


def load_yaml_with_positions(
    content: bytes, kind: type[T], *, name: str, examine: Examine | None = None
) -> tuple[T, Positions]:
    """Parse YAML bytes as a record, strictly, and keep where everything stands.

    Args:
        content: the file's bytes.
        kind: the record's class (a msgspec Struct).
        name: what the user calls the file; it opens each message.
        examine: called with each record, its JSON path and the positions; yields (path, message) for what is wrong
            with its meaning, so that mistakes of form and meaning are told together. A list or mapping in it may lack
            the elements that could not be built; a field that could not be built has its default or is empty, and
            what is yielded about it, or about the record as a whole, is left out.

    Raises:
        DocumentError: with every problem, in the order of the document.
    """
    node, problems = read_nodes(content, name)
    builder = _Builder(name, examine)
    made: Any = _BAD
    if node is not None:
        builder.note(node)
        made = builder.build(node, kind)
    problems += builder.problems
    if problems:
        raise DocumentError(sorted(problems, key=lambda p: (p.line, p.column)))
    return made, builder.positions


def load_yaml(content: bytes, kind: type[T], *, name: str) -> T:
    """Parse YAML bytes as a record, strictly.

    Args:
        content: the file's bytes.
        kind: the record's class (a msgspec Struct).
        name: what the user calls the file; it opens each message.

    Raises:
        DocumentError: with every problem, in the order of the document.
    """
    return load_yaml_with_positions(content, kind, name=name)[0]
