"""The statements of `assay.tabular` in the SQL of Apache Spark.

The two dialects differ little, and only what our own statements say is translated; a function that is not known here is
refused. Where the engines compute differently, the translation says what DuckDB means:

* Whole numbers of 128 bits, which Spark lacks: each is split into digits to the base B = 2**26, which are summed apart
  as 64-bit integers and joined again by `joined`. For a number e the digits are
  ``rint(e / B**k) - rint(e / B**(k+1)) * B``; all quotients are by powers of two and so exact, and the sum of the
  digits telescopes to ``rint(e)``, rounded half to even as DuckDB's cast is. A digit's magnitude is about 2**25: 2**37
  rows of one cell are summed without overflow. The last digit's is below 2**24 for all that DuckDB can hold.
* ``floor`` of a DOUBLE is a DOUBLE, also beyond 64 bits; ``round`` rounds half away from zero.
* A number with a decimal point is a DOUBLE, never a DECIMAL.
* Text with a quote, a backslash or a dollar sign is written in hexadecimal: how Spark reads these is a setting.
"""

# ruff: noqa: S608 - SQL is this adapter's trade; every name and value in it is quoted here or in assay.tabular.sql

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from assay.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Node: TypeAlias = "str | list[Node]"
"""A token, or what stands between parentheses."""

ROWS = "spark_rows"
"""What stands for the table in a statement that is to be translated."""

DIGIT_BITS = 26
_BASE = float(1 << DIGIT_BITS)
_DIGITS = {"BIGINT": 2, "HUGEINT": 5}
_BEYOND = {"BIGINT": 2.0**50, "HUGEINT": 2.0**127}
"""From here on a number has no value after TRY_CAST. Whatever is summed as BIGINT lies below 2**46 where scores lie
between 0 and 1; elsewhere DuckDB's sums are thrown away, too."""

_TOKEN = re.compile(
    r"""\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_]\w*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|::|<=|>=|<>|!=|."""
)
_PLAIN_TEXT = re.compile(r"[^'\\$]*")
_FUNCTIONS = {"abs", "ln", "lower", "trim", "sum", "count", "min", "max", "rint"}
_INFINITE = "CAST('Infinity' AS DOUBLE)"


def parse(sql: str) -> list[Node]:
    """Return the tokens of a statement, nested by its parentheses; comments are not expected in it."""
    stack: list[list[Node]] = [[]]
    for piece in _TOKEN.findall(sql):
        if piece == "(":
            inner: list[Node] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif piece == ")":
            stack.pop()
        else:
            stack[-1].append(piece)
    if len(stack) != 1:
        raise ValueError(f"expected balanced parentheses, found {sql!r}")
    return stack[0]


def text_of(nodes: Sequence[Node]) -> str:
    """Return nodes as the text that they were parsed from."""
    return "".join(node if isinstance(node, str) else f"({text_of(node)})" for node in nodes)


def spark_sql(nodes: Sequence[Node], table: str) -> str:
    """Return a parsed statement in Spark's SQL.

    Args:
        nodes: as `parse` returns them.
        table: what to read in place of `ROWS`: Spark's name of a table, quoted.

    Raises:
        DataError: when a name cannot be written in Spark's SQL.
    """
    return _Translation(table).write(nodes)


def joined(columns: Sequence[str]) -> str:
    """Return what DuckDB selects of Spark's answer: digits joined to whole numbers, other columns as they are."""
    digits: dict[str, int] = {}
    names = []
    for column in columns:
        name, _, number = column.rpartition("__")
        if name and number.isdecimal():
            digits[name] = max(digits.get(name, 0), int(number))
            names.append(name)
        else:
            names.append(column)
    listed = []
    for name in dict.fromkeys(names):
        parts = [f'CAST("{name}__{k}" AS HUGEINT) * {1 << DIGIT_BITS * k}' for k in range(digits.get(name, -1) + 1)]
        listed.append(f'{" + ".join(parts)} AS "{name}"' if parts else f'"{name}"')
    return ", ".join(listed)


def _stripped(nodes: Sequence[Node]) -> list[Node]:
    kept = list(nodes)
    while kept and isinstance(kept[0], str) and kept[0].isspace():
        kept.pop(0)
    while kept and isinstance(kept[-1], str) and kept[-1].isspace():
        kept.pop()
    return kept


def _split_cast(inside: Sequence[Node]) -> tuple[list[Node], str]:
    """Return what ``CAST (... AS TYPE)`` casts, and the type."""
    place = max(number for number, node in enumerate(inside) if node == "AS")
    return _stripped(inside[:place]), text_of(_stripped(inside[place + 1 :]))


def _whole_cast(nodes: Sequence[Node]) -> tuple[int, str] | None:
    """Return where, among what is summed, a cast to whole numbers stands, and its type; None where there is none."""
    for number, node in enumerate(nodes[:-1]):
        inside = nodes[number + 1]
        if node in {"CAST", "TRY_CAST"} and isinstance(inside, list) and _split_cast(inside)[1] in _DIGITS:
            return number, _split_cast(inside)[1]
    return None


def digit(number: str, place: int, digits: int) -> str:
    """Return a digit to the base 2**26 of a DOUBLE, rounded half to even; the last one is whatever remains above."""

    def quotient(power: int) -> str:
        return f"rint(({number}) / {_BASE**power!r}D)" if power else f"rint({number})"

    if place == digits - 1:
        return f"CAST({quotient(place)} AS BIGINT)"
    return f"CAST({quotient(place)} - {quotient(place + 1)} * {_BASE!r}D AS BIGINT)"


class _Translation:
    """One statement on its way into Spark's SQL."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._summed: dict[str, str] = {}  # of the statement that is being written: what is summed by its digits

    def write(self, nodes: Sequence[Node]) -> str:
        """Return nodes in Spark's SQL."""
        around, self._summed = self._summed, {}
        written: list[str] = []
        number = 0
        while number < len(nodes):
            summing = nodes[number] == "FROM" and bool(self._summed)
            text, used = self._summed_from(nodes[number + 2]) if summing else self._next(nodes, number)
            written.append(text)
            number += used
        self._summed = around
        return "".join(written)

    def _summed_from(self, source: Node) -> tuple[str, int]:
        """Return where rows come from, with what is summed of each computed once, not once for each digit."""
        listed = ", ".join(f"{value} AS {name}" for value, name in self._summed.items())
        return f"FROM (SELECT *, {listed} FROM {self.write([source])})", 3

    def _next(self, nodes: Sequence[Node], number: int) -> tuple[str, int]:
        """Return the translation of what begins at a place, and how many nodes it was."""
        node = nodes[number]
        if not isinstance(node, str):
            return f"({self.write(node)})", 1
        after = nodes[number + 1] if number + 1 < len(nodes) else ""
        if isinstance(after, list) and node.isspace() and nodes[number + 2 : number + 4] == ["::", "INTEGER"]:
            return f"{node}CAST(rint({self.write(after)}) AS INT)", 4  # DuckDB rounds half to even, Spark cuts off
        if isinstance(after, list):
            return self._call(node, after, nodes, number)
        if node == "*" and nodes[number + 1 : number + 3] == [" ", "REPLACE"]:
            return self._replaced(nodes[number + 4]), 5
        if after == "::":
            value = self._token(node) if node.isdecimal() else self._text(node)
            return f"CAST({value} AS {nodes[number + 2]})", 3
        return self._token(node), 1

    def _token(self, token: str) -> str:
        if token.startswith("'"):
            return self._text(token)
        if token.startswith('"'):
            return self._name(token)
        if token[0].isdigit() or (token[0] == "." and len(token) > 1):
            return token if token.isdecimal() else f"{token}D"
        return self._table if token == ROWS else token

    @staticmethod
    def _text(token: str) -> str:
        text = token[1:-1].replace("''", "'")
        if _PLAIN_TEXT.fullmatch(text):
            return f"'{text}'"
        return f"CAST(X'{text.encode().hex().upper()}' AS STRING)"

    @staticmethod
    def _name(token: str) -> str:
        name = token[1:-1].replace('""', '"')
        if "${" in name:
            raise DataError(
                f"expected column names without '${{', which Spark reads as a variable, found {name!r}. Rename it"
            )
        return "`" + name.replace("`", "``") + "`"

    def _call(self, node: str, inside: list[Node], nodes: Sequence[Node], number: int) -> tuple[str, int]:
        """Return a function with its arguments, or a word that stands before parentheses."""
        if node in {"CAST", "TRY_CAST"}:
            return self._cast(node, inside), 2
        if node == "sum" and (found := _whole_cast(inside)):
            return self._digit_sums(inside, *found, text_of(nodes[number + 5 : number + 6])), 6
        argument = self.write(inside)
        if node in {"isfinite", "isinf"}:  # in Spark NaN is the greatest number, and so not less than infinity
            return f"(abs({argument}) {'<' if node == 'isfinite' else '='} {_INFINITE})", 2
        if node == "floor":
            return f"(rint({argument}) - CASE WHEN rint({argument}) > {argument} THEN 1.0D ELSE 0.0D END)", 2
        if node == "round":
            return f"(rint({argument}) + CASE WHEN {argument} - rint({argument}) = 0.5D THEN 1.0D ELSE 0.0D END)", 2
        is_name = re.fullmatch(r"[A-Za-z_]\w*", node) is not None
        if is_name and node not in _FUNCTIONS:
            raise ValueError(f"expected a function with a translation, found {node}")
        return f"{node}({argument})", 2

    def _cast(self, word: str, inside: Sequence[Node]) -> str:
        cast, kind = _split_cast(inside)
        if kind == "SMALLINT" and cast[0] == "floor" and isinstance(cast[1], list) and len(cast) == 2:  # noqa: PLR2004 - the function and its argument
            return f"CAST(floor({self.write(cast[1])}) AS SMALLINT)"
        value = self.write(cast)
        if word == "TRY_CAST" and kind == "DOUBLE":  # Spark reads more texts as numbers than DuckDB: 1d, 0x1p0
            return f"CASE WHEN translate({value}, '0123456789.eE+- ', '') = '' THEN try_cast({value} AS DOUBLE) END"
        if word == "CAST" and kind in {"DOUBLE", "VARCHAR", "SMALLINT"}:
            return f"CAST({value} AS {'STRING' if kind == 'VARCHAR' else kind})"
        raise ValueError(f"expected a cast with a translation, found {word} to {kind}")

    def _digit_sums(self, inside: Sequence[Node], place: int, kind: str, name: str) -> str:
        """Return the sums of a whole number's digits; what stands around its cast, such as a CASE, stays around it."""
        cast = inside[place + 1]
        assert isinstance(cast, list)  # noqa: S101 - as `_whole_cast` found it
        before, after = self.write(inside[:place]), self.write(inside[place + 2 :])
        value, digits = self.write(_split_cast(cast)[0]), _DIGITS[kind]
        number = value if value.isidentifier() else self._summed.setdefault(value, f"summed_{len(self._summed)}")
        sums = []
        for power in range(digits):
            part = digit(number, power, digits)
            if inside[place] == "TRY_CAST":
                part = f"CASE WHEN abs({number}) < {_BEYOND[kind]!r}D THEN {part} END"
            sums.append(f"sum({before}{part}{after}) AS {name}__{power}")
        return ",\n    ".join(sums)

    def _replaced(self, inside: Node) -> str:
        """Return ``* REPLACE (a AS x, b AS y)`` as ``* EXCEPT (x, y), a AS x, b AS y``."""
        names = [text_of(inside[n + 2 : n + 3]) for n, node in enumerate(inside) if node == "AS"]
        return f"* EXCEPT ({', '.join(names)}),\n    {self.write(inside)}"


def split_last(nodes: Sequence[Node]) -> tuple[list[Node], str]:
    """Split ``WITH a AS (...), ... SELECT ...`` into the named steps, and the text of the last."""
    place = max(number for number, node in enumerate(nodes) if node == "SELECT")
    return list(nodes[:place]), text_of(nodes[place:])


def split_inner(nodes: Sequence[Node]) -> tuple[list[Node], str]:
    """Split ``SELECT ... FROM (SELECT ...)`` into the inner statement, and the outer one, which reads ``counted``."""
    inner = nodes[-1]
    assert isinstance(inner, list)  # noqa: S101 - our own statement
    return inner, f"{text_of(nodes[:-1])}counted"


def relation(table: str, written: Mapping[str, str]) -> str:
    """Return a table for Spark to read, its times and dates as the texts that DuckDB writes (times with a zone in UTC).

    Args:
        table: Spark's name of it, quoted.
        written: Spark's types of those columns that are grouped by their text.
    """
    if not written:
        return table
    columns = []
    for column, kind in written.items():
        name = "`" + column.replace("`", "``") + "`"
        text = f"CAST({name} AS STRING)"
        if kind == "timestamp":
            utc = f"timestampadd(MICROSECOND, unix_micros({name}), TIMESTAMP_NTZ'1970-01-01 00:00:00')"
            text = f"concat(CAST({utc} AS STRING), '+00')"
        columns.append((name, f"{text} AS {name}"))
    names = ", ".join(name for name, _ in columns)
    return f"(SELECT * EXCEPT ({names}), {', '.join(text for _, text in columns)} FROM {table})"
