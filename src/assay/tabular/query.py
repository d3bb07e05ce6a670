"""A SQL query as a source of rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_PASSWORD_IN_URL = re.compile(r"(://[^:/@\s]*):[^@\s]*@")
_PASSWORD_IN_DSN = re.compile(r"(password\s*=\s*)('[^']*'|\S+)", re.IGNORECASE)
_PASSWORD_PARAMETER = re.compile(r"([?&]password=)[^&\s]*", re.IGNORECASE)
_SQLITE_MAGIC = b"SQLite format 3\x00"
_DUCKDB_MAGIC = b"DUCK"
"""After eight bytes of a checksum (https://duckdb.org/docs/current/internals/storage)."""


@dataclass(frozen=True, slots=True)
class Query:
    """SQL on a database that DuckDB attaches, read-only.

    Attributes:
        database: a ``.duckdb`` file; a SQLite file; a ``postgres:`` or ``postgresql:`` address; or ``:memory:`` (or
            nothing) for SQL that names its own files, such as ``SELECT * FROM read_parquet('a.parquet')``.
        sql: one SELECT statement.
    """

    database: str
    sql: str

    @property
    def in_memory(self) -> bool:
        """Whether the SQL needs no database."""
        return self.database in {"", ":memory:"}

    @property
    def is_address(self) -> bool:
        """Whether the database is a server rather than a file."""
        return self.database.startswith(("postgres:", "postgresql:", "postgres://", "postgresql://"))

    @property
    def shown(self) -> str:
        """The database as it may be written down: without its password."""
        text = _PASSWORD_IN_URL.sub(r"\1:***@", self.database)
        return _PASSWORD_PARAMETER.sub(r"\1***", _PASSWORD_IN_DSN.sub(r"\1***", text))

    @staticmethod
    def file_kind(path: Path) -> str | None:
        """Return what database a file is, ``SQLite`` or ``DuckDB``, by its first bytes; None when it is none."""
        with path.open("rb") as file:
            start = file.read(len(_SQLITE_MAGIC))
        if start == _SQLITE_MAGIC:
            return "SQLite"
        return "DuckDB" if start[8:12] == _DUCKDB_MAGIC else None

    def kind(self) -> str:
        """Return the type that DuckDB attaches it as: ``DUCKDB``, ``SQLITE`` or ``POSTGRES``."""
        if self.is_address:
            return "POSTGRES"
        return "SQLITE" if self.file_kind(Path(self.database)) == "SQLite" else "DUCKDB"
