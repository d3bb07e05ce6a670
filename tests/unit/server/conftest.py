"""What a test opens of a server is closed with it: Python 3.13 tells of what is left open, in any test after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from assay.lifecycle.standing_trail import StandingTrail
from assay.server.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every store and every trail that a test made, whether it did so itself or not."""
    made: list[SqliteStore | StandingTrail] = []

    def noting(begin: Callable[..., None]) -> Callable[..., None]:
        def noted(self: Any, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as each of them takes
            begin(self, *given, **named)
            made.append(self)

        return noted

    for opened in (SqliteStore, StandingTrail):
        monkeypatch.setattr(opened, "__init__", noting(opened.__init__))
    yield
    for one in made:
        one.close()
