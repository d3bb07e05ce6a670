"""The atoms: what is accepted, and every second spelling that is not."""

from __future__ import annotations

import pytest

from assay.verifier.strict import (
    Refused,
    decode_base64,
    decode_hash,
    decode_number,
    decode_text,
    field,
    objects,
    of_type,
    parse_json,
    quoted,
    sha256_hex,
    texts,
)


def test_base64_has_one_spelling():
    assert decode_base64("+/8=", "x") == b"\xfb\xff"
    assert decode_base64("-_8=", "x", url_safe=True) == b"\xfb\xff"
    assert decode_base64("_w==", "x", url_safe=True) == b"\xff"
    assert decode_base64("-w==", "x", url_safe=True) == b"\xfb"
    assert decode_base64("+/8=", "x", url_safe=True) == b"\xfb\xff"
    assert decode_base64("", "x") == b""
    for wrong in ("+/8", "+/9=", " +/8=", "+/8=\n", "-_8=", "é", "a", "+/8=!", "AA==AA=="):
        with pytest.raises(Refused, match="x: expected canonical"):
            decode_base64(wrong, "x")
    for wrong in ("-/8=", "+_8=", "-_9="):
        with pytest.raises(Refused):
            decode_base64(wrong, "x", url_safe=True)


def test_a_hash_has_32_bytes():
    assert decode_hash("A" * 43 + "=", "x") == bytes(32)
    for wrong in ("A" * 44, "A" * 42 + "==", ""):
        with pytest.raises(Refused, match="32 bytes"):
            decode_hash(wrong, "x")


def test_a_number_has_one_spelling():
    assert [decode_number(text, "x") for text in ("0", "7", "70000", str(2**63 - 1))] == [0, 7, 70000, 2**63 - 1]
    for wrong in ("", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "1.0", "٣", "²", str(2**63), "9" * 19, "1" * 5000):
        with pytest.raises(Refused, match="x: expected a decimal"):
            decode_number(wrong, "x")


def test_json_is_an_object_of_names_that_stand_once():
    assert parse_json(b'{"a":{"b":[1,"x",null,true]}}', "x") == {"a": {"b": [1, "x", None, True]}}
    for wrong in (b'{"a":1,"a":1}', b'{"b":{"a":1,"a":2}}', b"[]", b"1", b"{", b"", b'{"a":NaN}', b'{"a":-Infinity}',
                  b'{"a":1}x', b"[" * 100_000, b"\xff", b'{"a":"\xff"}'):  # fmt: skip
        with pytest.raises(Refused, match="x: expected"):
            parse_json(wrong, "x")


def test_fields_have_the_type_expected():
    document = {"text": "a", "number": 1, "list": [{"a": "b"}], "map": {"a": "b"}, "yes": True, "mixed": [1]}
    assert field(document, "text", str, "x") == "a"
    assert objects(document, "list", "x") == [{"a": "b"}]
    assert texts(document, "map", "x") == {"a": "b"}
    assert of_type(1, int, "x") == 1
    wrong = [
        lambda: field(document, "text", int, "x"),
        lambda: field(document, "missing", str, "x"),
        lambda: field(document, "yes", int, "x"),
        lambda: objects(document, "mixed", "x"),
        lambda: objects(document, "text", "x"),
        lambda: texts({"map": {"a": 1}}, "map", "x"),
        lambda: texts(document, "list", "x"),
    ]
    for one in wrong:
        with pytest.raises(Refused, match="x: "):
            one()


def test_bytes_that_are_not_utf8_are_refused():
    assert decode_text("é".encode(), "x") == "é"
    with pytest.raises(Refused, match="x: expected UTF-8"):
        decode_text(b"\xe9", "x")


def test_foreign_texts_are_shown_escaped_and_short():
    assert quoted("a\nb") == r"'a\nb'"
    assert quoted("é" * 3) == r"'\xe9\xe9\xe9'"
    assert quoted("a" * 58) == "'" + "a" * 58 + "'"
    assert quoted("a" * 59) == "'" + "a" * 59 + "..."


def test_the_digest_is_sha256():
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
