"""Statements of one kind, checked once and then filled in many times."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Template:
    """A statement of one kind, in parts between what is filled in."""

    parts: list[bytes]
    names: list[str]

    @classmethod
    def of(cls, content: bytes, filled: dict[str, str]) -> Template:
        """Cut a statement where its values are to be filled in."""
        parts: list[bytes] = [content]
        names: list[str] = []
        for name, value in filled.items():
            cut: list[bytes] = []
            put: list[str] = []
            for place, part in enumerate(parts):
                pieces = part.split(value.encode())
                for piece in pieces[:-1]:
                    cut.append(piece)
                    put.append(name)
                cut.append(pieces[-1])
                if place < len(names):
                    put.append(names[place])
            parts, names = cut, put
        return cls(parts, names)

    def fill(self, values: dict[str, str]) -> bytes:
        """Return the statement with values."""
        found = [self.parts[0]]
        for name, part in zip(self.names, self.parts[1:], strict=True):
            found += [values[name].encode(), part]
        return b"".join(found)
