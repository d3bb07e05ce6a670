"""Whatever bytes come as a policy: either it is one, or every mistake is told; nothing else is ever raised."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.errors import DocumentError
from assay.policy import Policy, parse_policy
from assay.policy.cases import parse_cases
from assay.policy.starter import starter_text

STARTER = starter_text()
LINES = STARTER.splitlines()
ODD = st.sampled_from(
    ["yes", "~", ".nan", ".inf", "-1", "1e999", "0x10", "010", "1:30", "[]", "{}", "[[", "&a x", "*a", "!!int 3", "'"]
)


def read(content: bytes) -> Policy | None:
    try:
        return parse_policy("p.yaml", lambda _: content)
    except DocumentError as error:
        told = error.problems
    assert told
    assert all(problem.message and problem.file == "p.yaml" for problem in told)
    return None


@settings(max_examples=300)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"\xef\xbb\xbf")
@example(b"...\n---\n")
@example(b"? - a\n: b")
@example(b"a: |\n  \t x")
@example(b"'a': 1\n\"a\": 2")
@example(b"[a, b]: c")
@example(b"a: !<tag:yaml.org,2002:float> 1")
def test_any_bytes_are_a_policy_or_told(content: bytes) -> None:
    assert read(content) is None
    with pytest.raises(DocumentError, match=r"cases\.yaml"):
        parse_cases(content, "cases.yaml")


@settings(max_examples=200)
@given(st.integers(0, len(LINES) - 1), st.integers(0, 3), ODD)
def test_a_policy_with_one_line_spoilt_is_a_policy_or_told(line: int, way: int, odd: str) -> None:
    lines = list(LINES)
    key = lines[line].partition(":")[0]
    lines[line : line + 1] = [[], [lines[line]] * 2, [f"{key}: {odd}"], [f"{lines[line]} {odd}"]][way]
    found = read("\n".join(lines).encode())
    if found is not None:
        assert found.controls
        assert all(c.limit is None or c.provenance is not None for c in found.controls)


@settings(max_examples=100)
@given(st.integers(0, len(STARTER.encode()) - 1), st.integers(0, 255))
def test_a_policy_with_one_byte_changed_is_a_policy_or_told(at: int, byte: int) -> None:
    content = bytearray(STARTER.encode())
    content[at] = byte
    read(bytes(content))
