"""Notes, keys and checkpoints as the writer writes them; everything else is refused."""

from __future__ import annotations

import base64
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assay.tlog.checkpoint import Checkpoint as Written
from assay.tlog.note import Note
from assay.tlog.signer import sign_note, signer_key
from assay.verifier.note import (
    NoteKey,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_log_key,
    parse_note,
    parse_vkey,
)
from assay.verifier.strict import Refused

if TYPE_CHECKING:
    from assay.tlog.note import NoteSignature

ROOT = sha256(b"root").digest()
TEXT = Written("log.example.com", 7, ROOT).text()
LOG = signer_key("log.example.com", bytes(range(32)))
NEXT = signer_key("log.example.com", bytes(range(3, 35)))
OTHER = signer_key("other.example.com", bytes(range(1, 33)))
WITNESS = signer_key("w.example.com", bytes(range(2, 34)), 4)
KEY, OTHER_KEY, WITNESS_KEY = (parse_vkey(str(one.verifier)) for one in (LOG, OTHER, WITNESS))
POST_QUANTUM = signer_key("log.example.com", bytes(32), 6)
POST_QUANTUM_KEY = parse_vkey(str(POST_QUANTUM.verifier))
NOTE = sign_note(TEXT, [LOG])


def lines(*marks: NoteSignature) -> bytes:
    return Note(TEXT, tuple(marks)).content()


def test_a_key_is_what_its_text_says():
    assert (KEY.name, KEY.kind, KEY.public, KEY.id) == (LOG.name, 1, LOG.verifier.public, LOG.verifier.id)
    assert (KEY.first, KEY.end) == (0, None)
    assert WITNESS_KEY.kind == 4
    assert (POST_QUANTUM_KEY.kind, POST_QUANTUM_KEY.public) == (6, POST_QUANTUM.verifier.public)


def vkey(name: str, kind: int, public: bytes) -> str:
    return f"{name}+{NoteKey(name, kind, public).id.hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def test_wrong_keys_are_refused():
    good = str(LOG.verifier)
    assert parse_vkey(vkey("log.example.com", 1, LOG.verifier.public)) == KEY
    wrong = [
        "", "x", "a+b", good[1:], good[:-1], good.replace("+", "-", 1), good + "A", f" {good}", good + "\n",
        good.replace("log.", "lag."), vkey("a b", 1, LOG.verifier.public), vkey("", 1, LOG.verifier.public),
        vkey("a\u00a0b", 1, LOG.verifier.public),
        vkey("log", 2, LOG.verifier.public), vkey("log", 5, LOG.verifier.public), vkey("log", 6, LOG.verifier.public),
        vkey("log", 3, bytes(1312)), vkey("log", 6, bytes(1311)), vkey("log", 6, bytes(1313)),
        vkey("log", 1, LOG.verifier.public[:-1]), vkey("log", 4, bytes(32)), vkey("log", 1, b""), "log+00000000+",
        good.upper().replace("LOG.EXAMPLE.COM", "log.example.com"),
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {one!r}: {parse_vkey(one)}")


def test_names_may_hold_what_the_specification_lets_them():
    assert parse_vkey(vkey("a/b\u00e9!", 1, LOG.verifier.public)).name == "a/b\u00e9!"


def test_a_signed_checkpoint_opens():
    text, signed = open_note(NOTE, [KEY])
    assert (text, signed) == (TEXT, {KEY: None})
    found = open_checkpoint(NOTE, [KEY])
    assert (found.origin, found.size, found.root, found.cosigned) == ("log.example.com", 7, ROOT, ())


def test_unknown_lines_are_ignored_and_known_ones_must_hold():
    both = lines(OTHER.sign(TEXT), LOG.sign(TEXT))
    assert open_note(both, [KEY])[1] == {KEY: None}
    assert list(open_note(both, [KEY, OTHER_KEY])[1]) == [OTHER_KEY, KEY]
    bad = OTHER.sign(b"other\n")
    assert open_note(lines(bad, LOG.sign(TEXT)), [KEY])
    with pytest.raises(Refused, match="does not match"):
        open_note(lines(bad, LOG.sign(TEXT)), [KEY, OTHER_KEY])
    for keys in ([OTHER_KEY], []):
        with pytest.raises(Refused, match="trusted key"):
            open_note(NOTE, keys)


def test_a_second_key_of_the_same_name_is_another_key():
    """A log that signs with ML-DSA-44 too writes two lines under one name."""
    dual = lines(POST_QUANTUM.cosign(TEXT, 5), LOG.sign(TEXT))
    for keys in ([KEY], [POST_QUANTUM_KEY], [POST_QUANTUM_KEY, KEY]):
        found = open_checkpoint(dual, keys)
        assert (found.size, found.cosigned) == (7, ())
    assert open_checkpoint(lines(POST_QUANTUM.cosign(TEXT, 5)), [POST_QUANTUM_KEY]).size == 7
    bent = POST_QUANTUM.cosign(TEXT.replace(b"7", b"8"), 5)
    for marks in ((bent, LOG.sign(TEXT)), (LOG.sign(TEXT), bent)):
        assert open_checkpoint(lines(*marks), [KEY]).size == 7
        with pytest.raises(Refused, match="does not match the text"):
            open_checkpoint(lines(*marks), [KEY, POST_QUANTUM_KEY])


def test_who_can_forge_one_kind_of_signature_gains_nothing():
    both = [KEY, POST_QUANTUM_KEY]
    with pytest.raises(
        Refused, match=r"of size 7: expected a signature by the ML-DSA-44 key of log\.example\.com, too"
    ):
        open_checkpoint(lines(LOG.sign(TEXT)), both)
    with pytest.raises(Refused, match="by the Ed25519 key"):
        open_checkpoint(lines(POST_QUANTUM.cosign(TEXT, 5)), both)
    for later in (replace(POST_QUANTUM_KEY, first=8), replace(POST_QUANTUM_KEY, end=7), OTHER_KEY):
        assert open_checkpoint(lines(LOG.sign(TEXT)), [KEY, later]).size == 7
    with pytest.raises(Refused, match="ML-DSA-44"):
        open_checkpoint(lines(LOG.sign(TEXT)), [KEY, replace(POST_QUANTUM_KEY, first=7)])


def test_a_logs_own_key_may_be_asked_for_as_a_witness():
    dual = lines(POST_QUANTUM.cosign(TEXT, 5), LOG.sign(TEXT), WITNESS.cosign(TEXT, 6))
    ranged = replace(POST_QUANTUM_KEY, first=8)
    found = open_checkpoint(dual, [KEY, ranged], [WITNESS_KEY, POST_QUANTUM_KEY])
    assert found.cosigned == ((POST_QUANTUM_KEY, 5), (WITNESS_KEY, 6))
    with pytest.raises(Refused, match="from size 8"):
        open_checkpoint(dual, [ranged], [POST_QUANTUM_KEY])


def test_an_ml_dsa_cosignature_covers_who_when_and_what():
    witness = signer_key("w.example.com", bytes(31) + b"\x01", 6)
    key = parse_vkey(str(witness.verifier))
    body = witness.cosign(TEXT, 5).body
    assert key.open(TEXT, body) == 5
    assert open_checkpoint(lines(LOG.sign(TEXT), witness.cosign(TEXT, 5)), [KEY], [key]).cosigned == ((key, 5),)
    for one in (
        (key, TEXT, body[:7] + b"\x06" + body[8:]), (key, TEXT.replace(b"log", b"lag"), body),
        (key, TEXT.replace(b"7", b"9"), body), (key, Written("log.example.com", 7, sha256(b"").digest()).text(), body),
        (replace(key, name="v.example.com"), TEXT, body), (key, TEXT, body[:-1]), (key, TEXT, body[:8]),
    ):  # fmt: skip
        with pytest.raises(Refused, match="does not match the text"):
            one[0].open(*one[1:])
    with pytest.raises(Refused, match="expected a time"):
        key.open(TEXT, bytes(8) + body[8:])


def test_ml_dsa_covers_three_lines_and_names_of_255_bytes():
    for name, origin in (("w" * 255, "o" * 255), ("w", "\u00e9" * 127)):
        witness = signer_key(name, bytes(32), 6)
        text = Written(origin, 7, ROOT).text()
        key = parse_vkey(str(witness.verifier))
        assert key.open(text, witness.cosign(text, 5).body) == 5
        for other in (replace(key, name="w" * 256), replace(key, name="\u00e9" * 128)):
            with pytest.raises(Refused, match="short names"):
                other.open(text, witness.cosign(text, 5).body)
        for wrong in (text + b"extension\n", text.replace(origin.encode(), b"o" * 256)):
            with pytest.raises(Refused, match="short names"):
                key.open(wrong, witness.cosign(text, 5).body)


def test_cosignatures_are_told_with_their_times():
    noted = lines(LOG.sign(TEXT), WITNESS.cosign(TEXT, 1_700_000_000))
    assert open_checkpoint(noted, [KEY], [WITNESS_KEY]).cosigned == ((WITNESS_KEY, 1_700_000_000),)
    assert open_checkpoint(noted, [KEY]).cosigned == ()
    assert open_checkpoint(lines(LOG.sign(TEXT), WITNESS.cosign(TEXT, 1)), [KEY], [WITNESS_KEY]).cosigned[0][1] == 1
    last = lines(LOG.sign(TEXT), WITNESS.cosign(TEXT, 2**63 - 1))
    assert open_checkpoint(last, [KEY], [WITNESS_KEY]).cosigned[0][1] == 2**63 - 1
    with pytest.raises(Refused, match="itself"):
        open_checkpoint(lines(WITNESS.cosign(TEXT, 5)), [KEY], [WITNESS_KEY])


@pytest.mark.parametrize("time", [0, 2**63, 2**64 - 1])
def test_a_cosignature_without_a_real_time_is_refused(time: int):
    signature = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))).sign(
        b"cosignature/v1\ntime %d\n" % time + TEXT
    )
    with pytest.raises(Refused, match="expected a time"):
        WITNESS_KEY.open(TEXT, time.to_bytes(8, "big") + signature)


def test_a_cosignature_covers_time_and_text():
    body = WITNESS.cosign(TEXT, 5).body
    assert WITNESS_KEY.open(TEXT, body) == 5
    for text, bent in ((TEXT, body[:7] + b"\x06" + body[8:]), (TEXT + b"x\n", body), (TEXT, body[:-1]), (TEXT, b"")):
        with pytest.raises(Refused):
            WITNESS_KEY.open(text, bent)


def test_wrong_notes_are_refused():
    mark = NOTE[len(TEXT) + 1 :]
    line = mark.decode()
    wrong = [
        b"", TEXT, TEXT + b"\n", NOTE[:-1], NOTE + b"\n", NOTE + b"x\n", b"\x01" + NOTE, b"\xff" + NOTE,
        NOTE.replace(b"\n", b"\r\n"), TEXT + mark, NOTE + mark[:-1], TEXT + b"\n" + b"x" + mark,
        TEXT + b"\n" + line.replace("\u2014 ", "- ").encode(), TEXT + b"\n" + line.replace(" ", "  ").encode(),
        TEXT + b"\n" + line.replace("log.example.com", "log example.com").encode(),
        TEXT + b"\n" + line.replace("log.example.com ", "log.example.com").encode(),
        TEXT + b"\n" + line.replace("log.example.com", "log+example").encode(),
        TEXT + b"\n" + line.replace("=", "").encode(), TEXT + b"\n" + line.replace("log.example.com ", " ").encode(),
        *(TEXT + b"\n" + f"\u2014 log.example.com {one}\n".encode() for one in ("AAAAAA==", "AAAA", "")),
        NOTE + mark * 100,
        TEXT.replace(b"log", b"lo\tg") + b"\n" + mark, b"\n\n" + mark[:0],
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {one!r}: {parse_note(one)}")


@pytest.mark.parametrize("text", [b"a\tb\n", b"a\x01\n", b"a\r\n", b"a\x1fb\n"])
def test_control_characters_are_refused_though_they_were_signed(text: bytes):
    with pytest.raises(Refused, match="control character"):
        open_note(sign_note(text, [LOG]), [KEY])


def test_caps_are_as_wide_as_stated():
    mark = NOTE[len(TEXT) + 1 :]
    assert len(parse_note(TEXT + b"\n" + mark * 100)[1]) == 100
    with pytest.raises(Refused, match="at most 100"):
        parse_note(TEXT + b"\n" + mark * 101)
    filler = b"x" * (1_000_000 - len(mark) - 2) + b"\n"
    assert parse_note(filler + b"\n" + mark)[0] == filler
    with pytest.raises(Refused, match="at most 1000000"):
        parse_note(b"x" + filler + b"\n" + mark)
    assert parse_note(TEXT + b"\n" + "\u2014 log.example.com AAAAAAA=\n".encode())[1] == [("log.example.com", bytes(5))]


def test_the_last_empty_line_ends_the_text():
    text = b"one\n\ntwo\n"
    assert open_note(sign_note(text, [LOG]), [KEY])[0] == text


def test_a_checkpoint_has_three_lines():
    root = TEXT.split(b"\n")[2]
    assert parse_checkpoint(TEXT + b"extension\n").size == 7
    empty = base64.b64encode(sha256(b"").digest())
    assert parse_checkpoint(b"log\n0\n" + empty + b"\n").size == 0
    assert parse_checkpoint(b"log\n1\n" + root + b"\n").size == 1
    wrong = [
        TEXT[:-1], b"log\n7\n", b"log\n07\n" + root + b"\n", b"log\n7\n" + root[:-4] + b"\n", b"\n7\n" + root + b"\n",
        b"log\n0\n" + root + b"\n", TEXT + b"\n", TEXT + b"\nx\n", b"log\n-1\n" + root + b"\n", b"\xff" + TEXT, b"",
    ]  # fmt: skip
    for one in wrong:
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {one!r}: {parse_checkpoint(one)}")


def test_the_log_signs_its_own_origin_only():
    foreign = sign_note(TEXT, [OTHER])
    with pytest.raises(Refused, match="itself"):
        open_checkpoint(foreign, [OTHER_KEY])
    assert open_checkpoint(lines(OTHER.sign(TEXT), LOG.sign(TEXT)), [OTHER_KEY, KEY]).origin == "log.example.com"
    with pytest.raises(Refused, match="itself"):
        open_checkpoint(foreign, [KEY, OTHER_KEY])


def test_a_logs_key_may_be_for_some_sizes():
    vkey = str(LOG.verifier)
    for line, sizes in (
        (vkey, (0, None)),
        (f"{vkey} 0", (0, None)),
        (f"key {vkey} 3 7", (3, 7)),
        (f"{vkey} 3", (3, None)),
    ):
        found = parse_log_key(line)
        assert (found, found.first, found.end) == (KEY, *sizes)
    for wrong in (f"{vkey} 7 3", f"{vkey} 3 3", f"{vkey} 1 2 3", f"{vkey} 01", f"{vkey} ", f"{vkey} -1", "key", ""):
        with pytest.raises(Refused):
            pytest.fail(f"accepted: {wrong!r}: {parse_log_key(wrong)}")


@pytest.mark.parametrize(("first", "end"), [(0, 8), (7, None), (7, 8), (0, None)])
def test_a_key_signs_within_its_sizes(first: int, end: int | None):
    assert open_checkpoint(NOTE, [replace(KEY, first=first, end=end)]).size == 7


@pytest.mark.parametrize(("first", "end"), [(0, 7), (8, None), (0, 1)])
def test_a_key_that_signs_outside_of_its_sizes_is_named(first: int, end: int | None):
    beside = replace(parse_vkey(str(NEXT.verifier)), first=7)
    with pytest.raises(Refused, match=f"of size 7, signed by log.example.com\\+{KEY.id.hex()} alone"):
        open_checkpoint(NOTE, [replace(KEY, first=first, end=end), beside])
    both = lines(LOG.sign(TEXT), NEXT.sign(TEXT))
    assert open_checkpoint(both, [replace(KEY, first=first, end=end), beside]).size == 7
