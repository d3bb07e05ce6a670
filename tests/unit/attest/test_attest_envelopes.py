"""DSSE envelopes, bundles and receipts: what is accepted, what is refused, and that bytes stay bytes."""

from __future__ import annotations

import base64
import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.attest import dsse
from assay.attest.bundle import (
    Inclusion,
    leaf_sha256,
    make_bundle,
    parse_bundle,
    parse_receipt,
    receipt_content,
)
from assay.attest.keys import PrivateKey, Signer
from assay.errors import DocumentError, VerificationError

if TYPE_CHECKING:
    from pathlib import Path

ONE = Signer("one", PrivateKey(bytes(range(32))))
TWO = Signer("two", PrivateKey(bytes(range(1, 33))))
PAYLOAD = b'{"_type":"x"}'
BUNDLE = make_bundle([dsse.sign(PAYLOAD, [ONE]), dsse.sign(b"{}", [ONE, TWO])], [ONE.public, TWO.public])
RECEIPT = receipt_content(
    Inclusion(origin="log", index=i, leaf_sha256=leaf_sha256(one), proof="proof\n")
    for i, one in enumerate(BUNDLE.attestations)
)


@given(st.binary(max_size=500), st.text(max_size=50))
def test_what_was_signed_is_what_comes_out(payload: bytes, payload_type: str) -> None:
    envelope = dsse.sign(payload, [ONE], payload_type=payload_type)
    again = dsse.parse(envelope.content(), name="envelope")
    assert again == envelope
    assert dsse.verify(again, [TWO.public, ONE.public], payload_type=payload_type).payload == payload


def test_a_threshold_counts_different_keys() -> None:
    twice = dsse.sign(PAYLOAD, [ONE, ONE])
    keys = [ONE.public, TWO.public]
    assert dsse.verify(twice, keys).keys == (ONE.public,)
    with pytest.raises(VerificationError, match="2 trusted keys, found 1"):
        dsse.verify(twice, keys, threshold=2)
    assert dsse.verify(dsse.sign(PAYLOAD, [ONE, TWO]), keys, threshold=2).keys == (ONE.public, TWO.public)
    with pytest.raises(ValueError, match="at least 1"):
        dsse.verify(twice, keys, threshold=0)


def test_a_key_id_is_a_hint_and_nothing_more() -> None:
    envelope = dsse.sign(PAYLOAD, [ONE])
    for hint in (None, "", TWO.key_id, "nonsense"):
        hinted = dsse.Envelope(
            envelope.payload, envelope.payload_type, (dsse.Signature(envelope.signatures[0].sig, hint),)
        )
        assert dsse.verify(hinted, [ONE.public, TWO.public]).keys == (ONE.public,)
        with pytest.raises(VerificationError):
            dsse.verify(hinted, [TWO.public])


@pytest.mark.parametrize(
    ("keys", "words"),
    [([], "no key is trusted here"), ([TWO.public], "signed by unknown keys: " + ONE.key_id[:16])],
)
def test_why_a_signature_does_not_count(keys: list[object], words: str) -> None:
    with pytest.raises(VerificationError, match=words):
        dsse.verify(dsse.sign(PAYLOAD, [ONE]), keys)  # type: ignore[arg-type]


def test_a_payload_changed_after_signing() -> None:
    envelope = dsse.sign(PAYLOAD, [ONE])
    other = dsse.Envelope(base64.b64encode(b"other").decode(), envelope.payload_type, envelope.signatures)
    with pytest.raises(VerificationError, match="something was changed after signing"):
        dsse.verify(other, [ONE.public])


def test_another_payload_type_is_refused() -> None:
    with pytest.raises(VerificationError, match="expected the payload type"):
        dsse.verify(dsse.sign(PAYLOAD, [ONE], payload_type="text/plain"), [ONE.public])


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "é", "-_+/", "Y-==="])
def test_loose_base64_is_refused(text: str) -> None:
    with pytest.raises(VerificationError):
        dsse.decode_base64(text, "payload")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"payload":"","payload":"","payloadType":"","signatures":[{"sig":""}]}',
     b'{"payload":"","payloadType":"","signatures":[]}', b'{"payload":1,"payloadType":"","signatures":[{"sig":""}]}',
     b"\xff"],
)  # fmt: skip
def test_what_is_no_envelope(content: bytes) -> None:
    with pytest.raises(DocumentError, match="file"):
        dsse.parse(content, name="file")


def test_a_bundle_is_read_as_it_was_written() -> None:
    assert parse_bundle(BUNDLE.content()) == BUNDLE
    assert BUNDLE.envelopes()[0] == dsse.sign(PAYLOAD, [ONE])


def test_an_entry_can_be_hashed_again_with_standard_tools(tmp_path: Path) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(BUNDLE.content())
    for line, entry in enumerate(BUNDLE.attestations, start=2):
        script = f"(printf '\\000'; sed -n {line}p bundle.json | sed 's/,$//' | tr -d '\\n') | sha256sum"
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.split()[0] == leaf_sha256(entry) == sha256(b"\0" + entry).hexdigest()


@pytest.mark.parametrize("content", [BUNDLE.content(), RECEIPT])
def test_any_flipped_byte_changes_what_is_read_or_is_refused(content: bytes) -> None:
    parse = parse_bundle if content == BUNDLE.content() else parse_receipt
    whole = parse(content)
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ (1 << place % 8)]) + content[place + 1 :]
        try:
            found = parse(changed)
        except DocumentError:
            continue
        assert found != whole, place


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content + b" ",
        lambda content: content[:-1],
        lambda content: content.replace(b'":"', b'": "', 1),
        lambda content: content.replace(b"v1+json", b"v2+json"),
    ],
)
def test_another_form_of_the_same_document_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(DocumentError):
        parse_bundle(change(BUNDLE.content()))
    with pytest.raises(DocumentError):
        parse_receipt(change(RECEIPT))


def test_a_receipt_is_read_as_it_was_written() -> None:
    assert receipt_content(parse_receipt(RECEIPT)) == RECEIPT
