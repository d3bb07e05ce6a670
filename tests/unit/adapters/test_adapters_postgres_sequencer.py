"""What the PostgreSQL sequencer says without a server; the rest is in tests/integration/test_postgres_sequencer.py."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assay.adapters.postgres_sequencer import PostgresSequencer
from assay.errors import InputError, MissingExtraError


def test_a_missing_driver_is_told_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    words = r"psycopg is not installed. Install it with: pip install 'assay\[postgres\]'"
    with pytest.raises(MissingExtraError, match=words):
        PostgresSequencer("host=/nowhere", "log")
    with pytest.raises(MissingExtraError, match=words):
        PostgresSequencer.create("host=/nowhere", "log")


@pytest.mark.parametrize("log", ["", "a\0b", "é" * 32, "pg_catalog"])
def test_what_cannot_name_a_schema_is_told(log: str) -> None:
    with pytest.raises(InputError, match="expected the name of a PostgreSQL schema"):
        PostgresSequencer("host=/nowhere", log)


def test_the_driver_is_loaded_when_a_log_is_opened_and_not_before() -> None:
    asked = "import sys, assay.adapters.postgres_sequencer; sys.exit('psycopg' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", asked], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )
