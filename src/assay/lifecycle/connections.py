"""Connections to databases that several threads hold in turn."""

from __future__ import annotations

import sqlite3


class HeldConnection(sqlite3.Connection):
    """A connection that ends with the last who holds it; from 3.13 on Python warns of any other that is left open.

    It is for connections of no one thread (``check_same_thread=False``): whichever drops it last closes it.
    """

    def __del__(self) -> None:
        """Close it."""
        self.close()
