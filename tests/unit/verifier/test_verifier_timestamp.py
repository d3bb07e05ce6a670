"""What a timestamp states is read from its DER; a real one of OpenSSL's is read in the tests of exporting."""

from __future__ import annotations

from hashlib import sha256

import pytest

from assay.verifier.bundle import check_bundle
from assay.verifier.strict import Refused
from assay.verifier.timestamp import read_timestamp
from assay.verifier.trust import parse_trust
from unit.verifier.made_bundle import FOLDER, dumps, make, manifest, named, trust_document

GOOD = make()
TRUST = parse_trust(dumps(trust_document()), "t")
SHA256 = bytes.fromhex("0609608648016503040201")
SHA512 = bytes.fromhex("0609608648016503040203")
CONTENT, INFO = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("060b2a864886f70d0109100104")
NOTE = b"note"


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def token(
    note: bytes = NOTE,
    time: str = "20261123071532Z",
    *,
    status: int = 0,
    algorithm: bytes = SHA256,
    after: bytes = b"",
    words: bytes = b"",
    beside: bytes = b"",
) -> bytes:
    """Return a response in the form of RFC 3161, section 2.4.2; nobody has signed it."""
    imprint = der(0x30, der(0x30, algorithm, b"\x05\x00"), der(0x04, sha256(note).digest()))
    policy, serial = der(0x06, b"\x2a\x03"), der(0x02, b"\x01")
    stated = der(0x30, der(0x02, b"\x01"), policy, imprint, serial, der(0x18, time.encode()), after)
    encapsulated = der(0x30, INFO, der(0xA0, der(0x04, stated, beside)))
    signed = der(0x30, der(0x02, b"\x03"), der(0x31), encapsulated, der(0xA0, bytes(300)))
    return der(0x30, der(0x30, der(0x02, bytes([status])), words), der(0x30, CONTENT, der(0xA0, signed)))


def test_a_timestamp_states_a_digest_and_a_time():
    assert read_timestamp(token(), "t") == (sha256(NOTE).digest(), "2026-11-23T07:15:32Z")
    assert read_timestamp(token(time="20261123071532.25Z"), "t")[1] == "2026-11-23T07:15:32Z"
    assert read_timestamp(token(words=der(0x30, der(0x0C, b"granted"))), "t")[0] == sha256(NOTE).digest()
    assert read_timestamp(token(after=bytes(200)), "t")[0] == sha256(NOTE).digest()


@pytest.mark.parametrize(
    "wrong",
    [
        token(status=2), token(algorithm=SHA512), token(time="2611230715Z"), token(time="20261123071532"),
        token(time="2026112307153zZ"), token()[:-1], token() + b"\x00", b"", b"x", token() + token(), der(0x30),
        der(0x30, der(0x30, der(0x02, b"\x00"))), b"\x30\x85", token(time="\xe9"), token(beside=der(0x30)),
        token(after=b"\x04\x80" + bytes(128)), token(after=b"\x04\x80"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(wrong: bytes):
    with pytest.raises(Refused, match=r"^t: expected a granted"):
        pytest.fail(f"accepted: {read_timestamp(wrong, 't')}")


def stamped(note: bytes) -> dict[str, bytes]:
    return {
        "timestamps/9": note,
        "timestamps/9.tsr": token(note),
        "timestamps/9.two.tsr": token(note, "20300101000000Z"),
    }


def test_what_timestamps_state_of_a_checkpoint_is_told_with_the_claims_under_it():
    name = named(GOOD, "statements/", ".tlog-proof")[0]
    note = GOOD[name].partition(b"\n\n")[2]
    found = check_bundle(manifest({**GOOD, **stamped(note)}), trust=TRUST)
    assert found.problems == []
    states = (
        "size 9, which timestamps/9.tsr states to have existed at 2026-11-23T07:15:32Z, which timestamps/9.two.tsr "
        "states to have existed at 2030-01-01T00:00:00Z"
    )
    assert sum(states in one for one in found.proven) == len(named(GOOD, "", ".tlog-proof"))
    assert any(one.startswith("who signed the timestamps: openssl ts -verify") for one in found.not_checked)
    assert not any("openssl" in one for one in check_bundle(GOOD, trust=TRUST).not_checked)


def test_a_timestamp_over_something_else_is_named():
    for other in ({"timestamps/9": b"other"}, {"timestamps/9.tsr": token(b"other")}):
        found = check_bundle(manifest({**GOOD, **stamped(b"note"), **other}), trust=TRUST)
        assert "timestamps/9.tsr: is not about the checkpoint that it lies beside" in found.problems
    found = check_bundle(manifest({**GOOD, "timestamps/9.tsr": b"x"}), trust=TRUST)
    assert found.problems == ["timestamps/9.tsr: expected a granted RFC 3161 timestamp, found something else"]
    assert check_bundle(manifest({**GOOD, "timestamps/9.tsr": token()}), trust=TRUST).problems


def test_a_second_proof_under_a_stamped_checkpoint_is_checked_and_told():
    longer = make({"more": lambda one: one["making"].entries.insert(0, b"earlier")})
    for name in named(GOOD, "", ".tlog-proof"):
        note = longer[name].partition(b"\n\n")[2]
        second = {name.replace(".tlog-proof", ".stamped.tlog-proof"): longer[name]}
        more = {f"timestamps/{key[11:]}": one for key, one in stamped(note).items()}
        found = check_bundle(manifest({**GOOD, **more, **second}), trust=TRUST)
        assert found.problems == []
        (told,) = (one for one in found.proven if "states to have existed" in one)
        assert "size 9; entry" in told
        assert "size 10, which timestamps/9.tsr states" in told
        broken = manifest(
            {**GOOD, name.replace(".tlog-proof", ".stamped.tlog-proof"): longer[name][:-9] + b"AAAAAAA=\n"}
        )
        assert any(f"{FOLDER}: " in one for one in check_bundle(broken, trust=TRUST).problems)
