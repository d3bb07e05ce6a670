"""The browser's verifier, in Node, against every public vector that fits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proof_cases import REFUTED, in_node, wrong
from proof_vectors import inclusion_calls, note_cases, text_cases, tree_cases, whole_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from proof_cases import Case


@pytest.mark.parametrize("cases", [tree_cases, note_cases, text_cases, whole_cases])
def test_public_vectors_end_as_they_must(cases: Callable[[], list[Case]]) -> None:
    given = cases()
    assert wrong(given, in_node([one.call for one in given])) == []


def test_inclusion_vectors_hold_exactly_where_they_should() -> None:
    given = inclusion_calls()
    found = in_node([call for call, _, _ in given])
    held = [got.get("value") == root and REFUTED not in got for got, (_, root, _) in zip(found, given, strict=True)]
    assert held == [holds for _, _, holds in given]
