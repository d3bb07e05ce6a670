"""Signed notes, verifier keys and cosignatures: golang/mod, C2SP, transparency-dev/formats and sunlight."""

from __future__ import annotations

import struct
from base64 import b64decode
from hashlib import sha256

import pytest

from assay.errors import AssayError, InputError, VerificationError
from assay.tlog.growth import Edge, grow
from assay.tlog.note import MAX_SIGNATURES, open_note, parse_note
from assay.tlog.signed_checkpoint import open_checkpoint
from assay.tlog.signer import parse_skey, sign_note, signer_key
from assay.tlog.tile import ENTRIES, tile_path
from assay.tlog.vkey import ED25519, parse_vkey
from conformance.trail_vectors import group


def test_signing_gives_the_published_signature() -> None:
    vectors = group("signed_note")
    text = vectors["text"].encode()
    signer = parse_skey(vectors["skey"])
    assert signer.sign(text).line() == vectors["sig_line"].encode()
    assert str(signer.verifier) == vectors["vkey"]
    assert signer.private_form() == vectors["skey"]


def test_the_second_signer_is_the_zero_seed() -> None:
    vectors = group("signed_note")
    second = signer_key("EnochRoot", bytes(32), ED25519)
    assert str(second.verifier) == vectors["second"]["vkey"]
    assert second.sign(vectors["text"].encode()).line() == vectors["second"]["sig_line"].encode()


def test_both_signatures_open_the_note() -> None:
    vectors = group("signed_note")
    keys = [parse_vkey(vectors["vkey"]), parse_vkey(vectors["second"]["vkey"])]
    content = f"{vectors['text']}\n{vectors['sig_line']}{vectors['second']['sig_line']}".encode()
    assert open_note(content, keys).signed_by == tuple(keys)
    assert open_note(content, keys[:1]).ignored == (f"EnochRoot+{keys[1].id.hex()}",)
    assert parse_note(content).content() == content


def test_bad_verifier_keys_are_refused() -> None:
    for text in group("signed_note")["bad_vkeys"]:
        with pytest.raises(InputError):
            parse_vkey(text)


def test_every_part_and_every_neighbour_of_a_key_is_refused() -> None:
    vectors = group("signed_note")
    for text, parse in ((vectors["vkey"], parse_vkey), (vectors["skey"], parse_skey)):
        parts = [text[:i] for i in range(len(text))] + [text[i:] for i in range(1, len(text))]
        neighbours = [text[:i] + chr(ord(text[i]) + 1) + text[i + 1 :] for i in range(len(text))]
        for wrong in parts + neighbours:
            with pytest.raises(InputError):
                parse(wrong)


def wrong_notes(text: str, line: str) -> dict[str, bytes]:
    changed = line[:-6] + ("A" if line[-6] != "A" else "B") + line[-5:]
    return {
        "no blank line": text.encode(),
        "text and a line feed": f"{text}\n".encode(),
        "no final line feed": f"{text}\n{line}".encode()[:-1],
        "a control byte": f"\x01{text}\n{line}".encode(),
        "not UTF-8": b"\xff" + f"{text}\n{line}".encode(),
        "a space in the name": f"{text}\n{line.replace('PeterNeumann', 'Peter Neumann')}".encode(),
        "a plus in the name": f"{text}\n{line.replace('PeterNeumann', 'Peter+Neumann')}".encode(),
        "something after the signatures": f"{text}\n{line}end\n".encode(),
        "too many signatures": (text + "\n" + "".join(
            f"\u2014 other{i} AAAAAAAA\n" for i in range(MAX_SIGNATURES)
        ) + line).encode(),
        "a known key's signature fails": f"{text}\n{changed}".encode(),
        "a known key's signature fails beside one that holds": f"{text}\n{line}{changed}".encode(),
        "carriage returns": f"{text}\n{line}".replace("\n", "\r\n").encode(),
        "a hyphen for the dash": f"{text}\n-{line[1:]}".encode(),
        "another text": f"X{text}\n{line}".encode(),
    }  # fmt: skip


def test_every_wrong_note_is_refused() -> None:
    vectors = group("signed_note")
    key = parse_vkey(vectors["vkey"])
    for case, content in wrong_notes(vectors["text"], vectors["sig_line"]).items():
        with pytest.raises(VerificationError):
            pytest.fail(f"accepted: {case}: {open_note(content, [key])}")


def test_unknown_and_repeated_signatures_are_accepted() -> None:
    vectors = group("signed_note")
    key = parse_vkey(vectors["vkey"])
    unknown = "".join(f"\u2014 other{i} AAAAAAAA\n" for i in range(15))
    content = f"{vectors['text']}\n{unknown}{vectors['sig_line']}{vectors['sig_line']}".encode()
    assert open_note(content, [key]).signed_by == (key,)


def test_the_example_of_the_specification() -> None:
    vector = group("signed_note")["c2sp_example"]
    assert open_note(vector["note"].encode(), [parse_vkey(vector["vkey"])]).text == b"This is an example message.\n"


@pytest.mark.parametrize("kind", ["ecdsa_0x02", "rfc6962_0x05"])
def test_other_signature_types(kind: str) -> None:
    for vector in group("other_note_algs")[kind]:
        key, note = parse_vkey(vector["vkey"]), vector["note"].encode()
        assert open_note(note, [key]).signed_by == (key,)
        size_line = note.split(b"\n")[1]
        with pytest.raises(VerificationError):
            open_note(note.replace(size_line, b"1" + size_line, 1), [key])


def test_the_time_in_a_cosignature() -> None:
    vectors = group("other_note_algs")
    content = b64decode(vectors["cosig_timestamp"]["sig_b64"])
    assert struct.unpack(">Q", content[4:12]) == (vectors["cosig_timestamp"]["unix"],)
    assert len(content) == 4 + 8 + 64
    assert parse_vkey(vectors["cosig_ed25519_0x04_vkey"]).kind == 4


def test_an_ml_dsa_key_under_a_wrong_id_is_refused() -> None:
    vector = group("mldsa44_vkey")
    with pytest.raises(InputError, match=vector["computed_key_id"]):
        parse_vkey(vector["vkey"])
    right = vector["vkey"].replace(vector["printed_key_id"], vector["computed_key_id"], 1)
    assert str(parse_vkey(right)) == right


def test_a_log_of_300_entries_with_its_cosignatures() -> None:
    vectors = group("sunlight_mirror_300")
    growth = grow(Edge(), [b"record %d" % i for i in range(300)])
    assert growth.edge.root() == b64decode(vectors["root_b64"])
    tiles = {tile_path(tile): content for tile, content in growth.files if tile.level != ENTRIES}
    found = {path: {"sha256": sha256(content).hexdigest(), "len": len(content)} for path, content in tiles.items()}
    assert found == vectors["tiles"]
    mirror = parse_vkey(vectors["cosigner_vkey"])
    assert open_note(vectors["checkpoint"].encode(), [mirror]).signed_by == (mirror,)
    seed = sha256(b"skylight test mirror key").digest()
    assert str(signer_key(mirror.name, seed, mirror.kind).verifier) == vectors["cosigner_vkey"]
    witnessed = vectors["witness_checkpoint"]
    log_key, witness = parse_vkey(witnessed["log_vkey_alg5"]), parse_vkey(witnessed["witness_vkey"])
    signed = open_checkpoint(witnessed["text"].encode(), log_key, [witness])
    assert (signed.checkpoint.size, signed.cosigned_by) == (300, (witness,))
    assert sha256(signed.checkpoint.origin.encode()).hexdigest() == vectors["origin_sha256_dir"]


def test_a_cosigner_signs_as_sunlight_does() -> None:
    vectors = group("sunlight_mirror_300")
    note = parse_note(vectors["checkpoint"].encode())
    (published,) = note.signatures
    (time,) = struct.unpack(">Q", published.body[:8])
    mirror = parse_vkey(vectors["cosigner_vkey"])
    signer = signer_key(mirror.name, sha256(b"skylight test mirror key").digest(), mirror.kind)
    assert signer.cosign(note.text, time) == published


def test_the_nine_steps_of_a_witness_are_signed_by_the_log_or_not() -> None:
    vectors = group("witness_add_checkpoint")
    key = parse_vkey(vectors["log_vkey"])
    for step in vectors["steps"]:
        note = step["request_body"].encode().partition(b"\n\n")[2]
        if step["status"] in {403, 404}:
            with pytest.raises(AssayError):
                open_checkpoint(note, key)
        else:
            assert open_checkpoint(note, key).checkpoint.origin == key.name


def test_signing_needs_a_key_of_the_right_type() -> None:
    witness = signer_key("w", bytes(32), 4)
    with pytest.raises(ValueError, match="cosign"):
        sign_note(b"text\n", [witness])
    with pytest.raises(ValueError, match="use sign"):
        signer_key("w", bytes(32)).cosign(b"log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 1)
