"""Rows in, tally out: the only room that knows dataframes and engines.

The engine is DuckDB, imported when rows are read and not before.
"""

from __future__ import annotations

from assay.tabular.files import digest_file
from assay.tabular.looking import ColumnView, TableView, look_at
from assay.tabular.query import Query
from assay.tabular.tallier import Tallier
from assay.tabular.tallying import tally_rows

__all__ = ["ColumnView", "Query", "TableView", "Tallier", "digest_file", "look_at", "tally_rows"]
