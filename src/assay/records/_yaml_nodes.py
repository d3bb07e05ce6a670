"""YAML bytes to plain nodes with places; everything of YAML that surprises people is refused here.

Read from the event stream, one event at a time, so that depth and size are capped before anything is built:
no recursion, no anchors, aliases, merge keys, tags, directives or second document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1_048_576
"""A policy is a few kilobytes; a megabyte is a mistake or an attack."""

MAX_DEPTH = 32
"""Deeper than any record nests; a bomb of brackets ends here."""

MAX_NODES = 50_000
"""Keys, values and lists together; ten times the largest policy that we could imagine."""


_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping, and where it starts (line and column count from 1).

    Attributes:
        text: a scalar's text; None for lists and mappings.
        plain: whether a scalar was written without quotes.
        items: a list's elements; None for others.
        entries: a mapping's entries, key nodes being scalars, duplicates left out; None for others.
        pending: while reading, a key that waits for its value.
        seen: while reading, the line of each key met.
        path: JSON path of the value, or of the entry for a key.
    """

    line: int
    column: int
    text: str | None = None
    plain: bool = False
    items: list[Node] | None = None
    entries: list[tuple[Node, Node]] | None = None
    pending: Node | None = field(default=None, repr=False)
    seen: dict[str, int] = field(default_factory=dict, repr=False)
    path: str = "$"


def child(path: str, key: str | int) -> str:
    """Return the JSON path of an entry: ``$.controls[2].limit``; odd keys are quoted."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if _BARE.match(key) else f'{path}["{key}"]'


class _Stop(Exception):  # noqa: N818 - it ends the reading, it is not an error that anybody sees
    """Nothing further can be read."""


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.documents = 0
        self.nodes = 0

    def refuse(self, line: int, column: int, message: str, path: str = "") -> None:
        self.problems.append(Problem(self.name, line, column, path, message))

    def refuse_node(self, node: Node, message: str) -> None:
        self.refuse(node.line, node.column, message, node.path)

    def give_up(self, line: int, column: int, message: str) -> None:
        """Refuse, and forget what was read so far: half a document says nothing about the other half."""
        self.root = None
        self.refuse(line, column, message)

    def read(self, text: str) -> None:
        import yaml  # noqa: PLC0415 - a gate on ready evidence and a ready policy digest needs no YAML

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            for event in yaml.parse(text, Loader=loader):
                self.take(event)
        except _Stop:
            return
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            self.give_up(line, column, f"not YAML: {error.problem or error.context}")
        except yaml.YAMLError as error:
            self.give_up(0, 0, f"not YAML: {str(error).splitlines()[0]}")

    def take(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events have no common type with marks
        kind = type(event).__name__
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        if kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                self.give_up(line, column, "expected one document, found a second; keep one document in a file")
                raise _Stop
            if event.version or event.tags:
                self.refuse(line, column, "YAML directives (%YAML, %TAG) are not accepted; remove them")
        elif kind == "AliasEvent":
            node = Node(line, column, text="null", plain=True)
            self.put(node)
            self.refuse_node(node, f"aliases (*{event.anchor}) are not accepted; write the value out")
        elif kind in {"ScalarEvent", "SequenceStartEvent", "MappingStartEvent"}:
            self.start(event, kind, line, column)
        elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
            self.stack.pop()

    def start(self, event: Any, kind: str, line: int, column: int) -> None:  # noqa: ANN401 - as take
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.give_up(line, column, f"expected at most {MAX_NODES} keys and values, found more")
            raise _Stop
        node = Node(line, column)
        if kind == "ScalarEvent":
            node.text, node.plain = event.value, not event.style
        elif kind == "SequenceStartEvent":
            node.items = []
        else:
            node.entries = []
        self.put(node)
        if event.anchor:
            self.refuse_node(node, f"anchors (&{event.anchor}) are not accepted; write the value out")
        if event.tag:
            self.refuse_node(node, f"tags ({event.tag}) are not accepted; remove it")
        if kind != "ScalarEvent":
            self.stack.append(node)
        if len(self.stack) > MAX_DEPTH:
            self.give_up(line, column, f"expected at most {MAX_DEPTH} levels of nesting, found more")
            raise _Stop

    def put(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if parent.items is not None:
            node.path = child(parent.path, len(parent.items))
            parent.items.append(node)
        elif parent.pending is None:
            node.path = child(parent.path, node.text or "")
            parent.pending = node
        else:
            key, parent.pending = parent.pending, None
            node.path = key.path
            self.put_entry(parent, key, node)

    def put_entry(self, parent: Node, key: Node, value: Node) -> None:
        if parent.entries is None:  # pragma: no cover - only mappings have keys pending
            raise AssertionError
        if key.text is None:
            self.refuse_node(key, "expected a name as key, found a list or mapping")
        elif key.text == "<<" and key.plain:
            self.refuse_node(key, "merge keys (<<) are not accepted; write the entries out")
        elif first := parent.seen.get(key.text):
            twice = f"duplicate key {key.text!r}; it stands on line {first} already; keep one of them"
            self.refuse_node(key, twice)
        else:
            parent.seen[key.text] = key.line
            parent.entries.append((key, value))


def _tabs(name: str, text: str) -> Iterator[Problem]:
    for number, line in enumerate(text.splitlines(), start=1):
        indent = re.match(r"[ \t]*", line)
        at = indent.group().find("\t") if indent else -1
        if at >= 0 and line.strip():
            yield Problem(name, number, at + 1, "", "a tab in the indentation; use spaces")


def _decode(content: bytes, name: str) -> str | Problem:
    if len(content) > MAX_BYTES:
        found = f"expected at most {MAX_BYTES} bytes, found {len(content)}; is this the right file?"
        return Problem(name, 0, 0, "", found)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        found = f"expected UTF-8 text, found the byte 0x{content[error.start]:02x}; save the file as UTF-8"
        return Problem(name, line, column, "", found)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return Problem(name, line, 0, "", "expected text, found a NUL byte: this is a binary file")
    return text


def read_nodes(content: bytes, name: str) -> tuple[Node | None, list[Problem]]:
    """Read one YAML document.

    Args:
        content: the file's bytes.
        name: what the user calls the file.

    Returns:
        The root node (None when there is none) and every problem met.
    """
    text = _decode(content, name)
    if isinstance(text, Problem):
        return None, [text]
    tabs = list(_tabs(name, text))
    if tabs:
        return None, tabs
    reader = _Reader(name)
    reader.read(text)
    if reader.root is None and not reader.problems:
        reader.refuse(1, 1, "expected a YAML document, found an empty file")
    return reader.root, reader.problems
