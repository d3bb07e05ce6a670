"""Which witnesses make a quorum, and every policy that says nothing clear."""

from __future__ import annotations

import pytest

from assay.tlog.signer import signer_key
from assay.verifier.note import COSIGNATURE, parse_vkey
from assay.verifier.quorum import parse_policy
from assay.verifier.strict import Refused

SIGNERS = {name: signer_key(f"{name}.example.com", bytes([number]) * 32, 4) for number, name in enumerate("abcd", 1)}
VKEYS = {name: str(one.verifier) for name, one in SIGNERS.items()}
KEYS = {name: parse_vkey(text) for name, text in VKEYS.items()}
LOG = str(signer_key("log.example.com", bytes(range(32))).verifier)
WITNESSES = "".join(f"witness {name} {text}\n" for name, text in VKEYS.items())


def met(policy: str, names: str) -> bool:
    return parse_policy(policy.encode(), "p").met_by([KEYS[name] for name in names])


def test_a_policy_is_met_by_whom_it_names():
    two = f"{WITNESSES}group g 2 a b c\nquorum g\n"
    assert [met(two, names) for names in ("", "a", "d", "ad", "ab", "bc", "abc", "abcd")] == [
        False, False, False, False, True, True, True, True,
    ]  # fmt: skip
    assert met(f"{WITNESSES}group g all a b\nquorum g\n", "ab")
    assert not met(f"{WITNESSES}group g all a b\nquorum g\n", "a")
    assert met(f"{WITNESSES}group g any a b\nquorum g\n", "b")
    assert not met(f"{WITNESSES}group g any a b\nquorum g\n", "c")
    assert met(f"{WITNESSES}quorum a\n", "a")
    assert not met(f"{WITNESSES}quorum a\n", "b")
    assert met("quorum none\n", "")
    nested = f"{WITNESSES}group g any a b\ngroup h all g c\nquorum h\n"
    assert met(nested, "bc")
    assert not met(nested, "ab")
    assert not met(nested, "c")


def test_lines_are_read_as_the_specification_says():
    text = (
        f"# comment\n\n \t\n#x\nlog\t{LOG} https://log.example.com/ \n  witness  a {VKEYS['a']}  https://a/\nquorum a"
    )
    policy = parse_policy(text.encode(), "p")
    assert [str(key.name) for key in policy.logs] == ["log.example.com"]
    assert policy.witnesses == {"a": KEYS["a"]}
    assert policy.met_by([KEYS["a"]])


def test_a_plain_key_of_a_witness_stands_for_its_cosignatures():
    plain = signer_key("a.example.com", bytes([1]) * 32)
    policy = parse_policy(f"witness a {plain.verifier}\nquorum a\n".encode(), "p")
    assert policy.witnesses["a"].kind == COSIGNATURE
    assert policy.met_by([KEYS["a"]])
    post_quantum = signer_key("q.example.com", bytes(32), 6)
    assert parse_policy(f"witness q {post_quantum.verifier}\nquorum none\n".encode(), "p").witnesses["q"].kind == 6


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("quorum x", 5), ("quorum", 5), ("quorum a b", 5), ("trust a", 5), (f"log {LOG} x y", 5), ("log", 5),
        (f"witness all {LOG}", 5), (f"witness any {LOG}", 5), ("group none 1 a", 5), (f"witness a {LOG}", 5),
        (f"witness e {VKEYS['a']}", 5), (f"witness e {LOG} x y", 5), ("witness e", 5), (f"log {VKEYS['b']}", 5),
        ("group g 0 a", 5), ("group g 2 a", 5), ("group g -1 a", 5), ("group g x a", 5), ("group g 1", 5),
        ("group g", 5),
        ("group g 1 e", 5), ("group g 1 a a", 5), ("group g any a\ngroup h any a", 6), ("group a any b", 5),
        ("group g any a\ngroup g any b", 6), ("quorum a\nquorum b", 6), ("quorum none\nquorum none", 6),
        ("group g any none", 5),
        ("quorum none\r", 5), ("quorum\u00a0none", 5), ("quorum\x0bnone", 5),
        (f"log {LOG}\nlog {LOG}", 6), ("group g 01 a", 5),
    ],
)  # fmt: skip
def test_what_is_unclear_is_refused_with_its_line(line: str, number: int):
    with pytest.raises(Refused, match=f"^p:{number}: "):
        parse_policy(f"{WITNESSES}{line}\n".encode(), "p")


def test_a_quorum_must_be_named():
    with pytest.raises(Refused, match="p: expected a line 'quorum"):
        parse_policy(WITNESSES.encode(), "p")
    with pytest.raises(Refused):
        parse_policy(b"\xff", "p")
    with pytest.raises(Refused):
        parse_policy(b"quorum a\nwitness a x\n", "p")
