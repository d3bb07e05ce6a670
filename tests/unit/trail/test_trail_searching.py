"""A value is found in every spelling in which files keep text, and taken out of text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import io
import json
import unicodedata
import zipfile
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.trail.searching import Search, opaque

NAME = 'Zoë "Zo" O\'Neill & Søn'
CODE = f"p_{'a' * 32}"


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.json", content)
    return stream.getvalue()


SPELLED = {
    "plain": NAME.encode(),
    "capitals": NAME.upper().encode(),
    "small": NAME.lower().encode(),
    "decomposed": unicodedata.normalize("NFD", NAME).encode(),
    "utf-16 little": f"x {NAME} x".encode("utf-16-le"),
    "utf-16 big": f"x {NAME} x".encode("utf-16-be"),
    "json": json.dumps({"by": NAME}).encode(),
    "json as it is": json.dumps({"by": NAME}, ensure_ascii=False).encode(),
    "html": html.escape(NAME).encode(),
    "html by number": html.escape(NAME).encode("ascii", "xmlcharrefreplace"),
    "url": quote(NAME).encode(),
    "hexadecimal": f"x'0{NAME.encode().hex()}'".encode(),
    "base64": base64.b64encode(b"1|" + NAME.encode()),
    "base64url": base64.urlsafe_b64encode(b"2-" + NAME.encode()),
    "base64 after letters": b"abc" + base64.b64encode(NAME.encode()),
    "base64 in base64": base64.b64encode(b'{"payload":"' + base64.b64encode(NAME.encode()) + b'"}'),
    "gzip": gzip.compress(NAME.encode()),
    "zip": zipped(base64.b64encode(NAME.encode())),
    "hash": hashlib.sha256(NAME.encode()).hexdigest().encode(),
    "raw hash": b"\x00" + hashlib.sha256(NAME.encode()).digest(),
    "base64 of a hash": base64.b64encode(hashlib.sha256(NAME.encode()).digest()),
}


@pytest.mark.parametrize("content", SPELLED.values(), ids=SPELLED)
def test_every_spelling_is_found(content: bytes) -> None:
    assert Search(NAME).found_in(b"before \x00" + content + b"\x00 after") or Search(NAME).found_in(content)


@pytest.mark.parametrize("content", [b"the average of several", b"overa", b"v e r a", b"", b"dmVy"])
def test_what_is_not_the_value_is_not_found(content: bytes) -> None:
    assert Search("vera").found_in(content) == ()


@pytest.mark.parametrize(
    "content", [b"vera", b"by:vera.", b'"a\\nvera"', b"a%20vera", b"<b>Vera</b>", b"p_vera", b"\\u00e9vera"]
)
def test_a_word_is_found_beside_what_is_no_letter_of_it(content: bytes) -> None:
    assert Search("vera").found_in(content)


def test_the_layers_are_named() -> None:
    assert Search("vera").found_in(base64.b64encode(b'{"by":"vera"}')) == ("base64 > UTF-8",)


@pytest.mark.parametrize("name", ["plain", "capitals", "small", "decomposed", "json", "json as it is", "html", "url"])
def test_text_is_rewritten_without_the_value(name: str) -> None:
    search = Search(NAME)
    without = search.redacted(SPELLED[name] + b" stays", CODE)
    assert search.found_in(without) == ()
    assert CODE.encode() in without
    assert without.endswith(b" stays")


def test_a_document_stays_a_document() -> None:
    document = {"by": NAME, "said": f"I, {NAME}, say\nso", "n": 1}
    without = json.loads(Search(NAME).redacted(json.dumps(document).encode(), CODE))
    assert without == {"by": CODE, "said": f"I, {CODE}, say\nso", "n": 1}


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(min_value=0, max_value=2))
def test_coding_and_neighbours_hide_nothing(before: bytes, after: bytes, depth: int) -> None:
    content = before + b"|rosa.maria@example.com|" + after
    for _ in range(depth):
        content = b'{"x":"' + base64.b64encode(content) + b'"}'
    assert Search("rosa.maria@example.com").found_in(content)


def test_a_value_that_stands_anywhere_by_chance_is_refused() -> None:
    with pytest.raises(InputError, match="at least 3"):
        Search(" ab ")


def test_residue_is_found_within_words() -> None:
    assert Search("vera").residue_in(b"p_00vera11")
    assert not Search("vera").residue_in(b"p_00ver11")


def test_what_is_not_looked_into_is_named() -> None:
    assert opaque(b"PAR1\x15\x04") == "Parquet"
    assert opaque(b'{"a": 1}') is None
