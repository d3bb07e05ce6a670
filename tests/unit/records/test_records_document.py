from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from assay.errors import DocumentError
from assay.records import _yaml_nodes
from assay.records.document import load_yaml, load_yaml_with_positions
from assay.records.tally import Frozen, GroupValue


class Bounds(Frozen, kw_only=True):
    max: float | None = None
    min: float | None = None


class Rule(Frozen, kw_only=True):
    id: str
    limit: Bounds | None = None
    on: str = ""
    enforcement: Literal["deny", "warn"] = "deny"


class Sample(Frozen, kw_only=True):
    name: str
    version: str = "1"
    whole: int = 3
    flag: bool = False
    rules: tuple[Rule, ...] = ()
    tiers: dict[str, Bounds] = msgspec.field(default_factory=dict)
    groups: tuple[dict[str, GroupValue], ...] = ()
    facts: Any = None
    pair: tuple[float, float] | None = None


GOOD = b"""
name: x
version: "1"
rules:
  - id: a
    limit: {max: 0.1}
    on: 2026-01-01
    enforcement: warn
tiers:
  high: {max: 1, min: 0.5e-3}
groups: [{race: black, k: 1, z: true, u: null}]
facts: {a: [1, 2.5, x, true, null, {b: c}]}
pair: [0.1, 2]
"""


def messages(content: bytes) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        load_yaml(content, Sample, name="s.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_good_document_is_the_record_and_keeps_its_places() -> None:
    sample, positions = load_yaml_with_positions(GOOD, Sample, name="s.yaml")
    assert sample.rules == (Rule(id="a", limit=Bounds(max=0.1), on="2026-01-01", enforcement="warn"),)
    assert sample.tiers == {"high": Bounds(max=1.0, min=0.0005)}
    assert sample.groups == ({"race": "black", "k": 1, "z": True, "u": None},)
    assert sample.facts == {"a": [1, 2.5, "x", True, None, {"b": "c"}]}
    assert sample.pair == (0.1, 2.0)
    assert positions.at("$.rules[0].limit") == (6, 12)
    assert positions.at("$.rules[0].limit.min") == (6, 12), "what is not written is placed at what holds it"
    assert positions.at('$.tiers["no such"].x') == (10, 3)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"name: yes", "1:7 $.name: expected text, found yes"),
        (b"name: off", "quote it: 'off'"),
        (b"name: ~", "quote it: '~'"),
        (b"name:", "expected text, found nothing"),
        (b"name: 1.0", "which YAML may read as a number; quote it: '1.0'"),
        (b"name: 010", "quote it: '010'"),
        (b"name: 1:30", "quote it: '1:30'"),
        (b"name: .nan", "quote it: '.nan'"),
        (b"name: 0x1F", "quote it: '0x1F'"),
        (b"name: [a]", "expected text, found a list"),
        (b"name: {a: b}", "expected text, found a mapping"),
        (b"name: x\nwhole: 1.5", "2:8 $.whole: expected a whole number, found 1.5"),
        (b"name: x\nwhole: 010", "expected a finite number as JSON writes it"),
        (b"name: x\nwhole: '1'", "expected a whole number, found the text '1'; remove the quotes"),
        (b"name: x\nwhole: many", "expected a whole number, found many"),
        (b"name: x\nwhole: 99999999999999999999", "below 2**53"),
        (b"name: x\nflag: yes", "expected true or false, found yes"),
        (b"name: x\nflag: 1", "expected true or false, found 1"),
        (b"name: x\npair: [1]", "expected a list of 2, found 1"),
        (b"name: x\nrules: {a: 1}", "expected a list, found a mapping"),
        (b"name: x\nrules: [{}]", "$.rules[0]: missing key 'id'; expected id: text"),
        (b"name: x\nrules: [{id: a, limit: {max: .nan}}]", "$.rules[0].limit.max: expected a finite number"),
        (b"name: x\nrules: [{id: a, limit: {max: -.inf}}]", "expected a finite number"),
        (b"name: x\nrules: [{id: a, limit: {max: 1e999}}]", "expected a finite number, found 1e999"),
        (b"name: x\nrules: [{id: a, limit: {max: 1_000}}]", "expected a finite number"),
        (b"name: x\nrules: [{id: a, limit: {max: ten}}]", "expected a number, found ten"),
        (b"name: x\nrules: [{id: a, limit: {mx: 1}}]", "unknown key 'mx' (did you mean 'max'?)"),
        (
            b"name: x\nrules: [{id: a, enforcement: wran}]",
            "expected deny | warn, found wran (did you mean 'warn'?)",
        ),
        (b"name: x\ntiers: {no: {max: 1}}", "$.tiers.no: expected text, found no"),
        (b"name: x\nfacts: {a: 010}", "$.facts.a: expected text, found 010"),
        (b"name: x\nname: z", "2:1 $.name: duplicate key 'name'; it stands on line 1 already"),
        (b"name: x\nfacts: {<<: {a: b}}", "merge keys (<<) are not accepted"),
        (b"name: !!str x", "tags (tag:yaml.org,2002:str) are not accepted"),
        (b"name: !python/object:os.system x", "are not accepted"),
        (b"name: &a x", "anchors (&a) are not accepted"),
        (b"name: *a", "aliases (*a) are not accepted"),
        (b"%YAML 1.1\n---\nname: x", "directives"),
        (b"? [a]\n: 1", "expected a name as key"),
        (b"---\nname: x\n---\nname: y", "3:1: expected one document, found a second"),
        (b"", "expected a YAML document, found an empty file"),
        (b"# only a comment\n", "found an empty file"),
        (b"null", "expected a mapping with name"),
        (b"- a", "expected a mapping with name, version"),
        (b"name: x\x00", "this is a binary file"),
        (b"name: x\n\xff", "2:1: expected UTF-8 text, found the byte 0xff"),
        ("name: é".encode("utf-16"), "expected UTF-8 text"),
        (b"name: x\nfacts:\n\ta: 1", "3:1: a tab in the indentation"),
        (b"name: x: y", "not YAML"),
        (b"name: [x", "not YAML"),
        (b"name: \x01", "not YAML"),
        (b"name: " + b"[" * 5000, "levels of nesting"),
        (b"name: " + b"x" * _yaml_nodes.MAX_BYTES, "expected at most 1048576 bytes"),
        (b"name: [" + b"1," * _yaml_nodes.MAX_NODES + b"]", "keys and values, found more"),
    ],
)
def test_bad_documents_say_what_was_expected_and_where(content: bytes, expected: str) -> None:
    found = messages(content)
    assert any(expected in message for message in found), found


def test_all_problems_are_told_at_once_in_the_order_of_the_document() -> None:
    content = b"versoin: x\nwhole: 1.5\nrules:\n  - {limit: {max: '1'}}\n  - {id: on}\nname: 1\n"
    found = messages(content)
    assert [f.split(" ")[1] for f in found] == [
        "$.versoin:",
        "$.whole:",
        "$.rules[0]:",
        "$.rules[0].limit.max:",
        "$.rules[1].id:",
        "$.name:",
    ]


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23T04:00:00Z", "1.2.0", "eu-ai-act:9(2)(a)", "über", "a b"])
def test_plain_text_stays_as_written(text: str) -> None:
    assert load_yaml(f"name: {text}".encode(), Sample, name="s").name == text


def test_quoted_text_is_always_text() -> None:
    assert load_yaml(b"name: 'yes'", Sample, name="s").name == "yes"
    assert load_yaml(b'name: "010"', Sample, name="s").name == "010"


def test_mistakes_of_meaning_are_told_beside_mistakes_of_form() -> None:
    def examine(made: object, path: str, _: object) -> list[tuple[str, str]]:
        return [(f"{path}.id", "too short")] if isinstance(made, Rule) and len(made.id) < 2 else []

    with pytest.raises(DocumentError) as caught:
        load_yaml_with_positions(b"name: 1\nrules:\n  - id: a\n  - id: ok\n", Sample, name="s.yaml", examine=examine)
    assert [str(p) for p in caught.value.problems][1] == "s.yaml:3:9 $.rules[0].id: too short"
    assert len(caught.value.problems) == 2
