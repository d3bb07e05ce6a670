"""Pure Python says of every ML-DSA-44 signature what the library says, at the edges of what is permitted too."""

from __future__ import annotations

import random
from functools import cache
from hashlib import shake_128, shake_256
from itertools import product

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from assay.verifier import ml_dsa

ROWS, SIZE = 4, 256
Q, GAMMA1, STEP = 8380417, 2**17, 190464
LARGEST = GAMMA1 - 78 - 1
MESSAGE = b"text"


def library_holds(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def agreed(public: bytes, signature: bytes, message: bytes = MESSAGE) -> bool:
    """Return what both say; there is no third opinion."""
    found = ml_dsa.holds(public, signature, message)
    assert library_holds(public, signature, message) is found
    return found


def signed(number: int, message: bytes) -> tuple[bytes, bytes]:
    key = MLDSA44PrivateKey.from_seed_bytes(random.Random(number).randbytes(32))
    return key.public_key().public_bytes_raw(), key.sign(message)


# With t1 = 0 the key hides nothing, so that anybody can sign, with any response and any hints: the edges of what is
# permitted can be asked for, which an honest signer would reach once in many years.
OPEN_KEY = bytes(range(32)) + bytes(1280)


@cache
def matrix() -> list[list[list[int]]]:
    """The polynomials of A, by their coefficients."""
    return [[ml_dsa._inverse_ntt(one) for one in row] for row in ml_dsa._parts(OPEN_KEY)[0]]


def packed_hints(rows: list[list[int]]) -> bytes:
    places = [place for row in rows for place in row]
    ends = [sum(map(len, rows[: number + 1])) for number in range(ROWS)]
    return bytes(places) + bytes(80 - len(places)) + bytes(ends)


def forged(z: list[list[int]], rows: list[list[int]], marks: bytes | None = None, public: bytes = OPEN_KEY) -> bytes:
    """Sign with an open key: a response, hints by row, and how they are written."""
    moved = [ml_dsa._ntt(one) for one in z]
    mu = shake_256(shake_256(public).digest(64) + b"\0\0" + MESSAGE).digest(64)
    w1 = b""
    for row, hinted in zip(ml_dsa._parts(public)[0], rows, strict=True):
        sums = [sum(one[n] * other[n] for one, other in zip(row, moved, strict=True)) for n in range(SIZE)]
        high = [ml_dsa._high(one, hinted=n in hinted) for n, one in enumerate(ml_dsa._inverse_ntt(sums))]
        w1 += sum(one << 6 * n for n, one in enumerate(high)).to_bytes(192, "little")
    packed = b"".join(sum((GAMMA1 - one) << 18 * n for n, one in enumerate(each)).to_bytes(576, "little") for each in z)
    return shake_256(mu + w1).digest(32) + packed + (packed_hints(rows) if marks is None else marks)


def single(value: int, column: int = 0, place: int = 0) -> list[list[int]]:
    """Return a response that is one coefficient."""
    z = [[0] * SIZE for _ in range(ROWS)]
    z[column][place] = value
    return z


NO_HINTS: list[list[int]] = [[], [], [], []]


@pytest.mark.parametrize("number", range(12))
def test_both_agree_on_right_and_bent_signatures(number: int):
    draw = random.Random(number)
    message = draw.randbytes(number)
    public, signature = signed(number, message)
    assert agreed(public, signature, message)
    assert not agreed(public, signature, message + b"\0")
    other = bytearray(public)
    other[draw.randrange(1312)] ^= 1 << draw.randrange(8)
    assert not agreed(bytes(other), signature, message)


def test_a_flipped_bit_of_a_signature_is_seen():
    public, signature = signed(7, MESSAGE)
    for bit in [*range(0, 8 * 2420, 307), *range(8 * 2336, 8 * 2420, 31)]:
        flipped = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(2420, "little")
        assert not agreed(public, flipped), bit


def test_a_signature_has_one_length():
    public, signature = signed(8, MESSAGE)
    for wrong in (signature[:-1], signature + b"\0", b"", signature[:32]):
        assert not agreed(public, wrong)


def test_an_open_key_lets_everybody_sign():
    """What the tests below rest on."""
    draw = random.Random(5)
    z = [[draw.randint(-LARGEST, LARGEST) for _ in range(SIZE)] for _ in range(ROWS)]
    signature = forged(z, NO_HINTS)
    assert agreed(OPEN_KEY, signature)
    assert not agreed(OPEN_KEY, signature[:40] + bytes([signature[40] ^ 1]) + signature[41:])


@pytest.mark.parametrize(("column", "place"), [(0, 0), (3, 255), (2, 1)])
def test_a_response_is_as_large_as_permitted_and_no_larger(column: int, place: int):
    for sign in (1, -1):
        assert agreed(OPEN_KEY, forged(single(sign * LARGEST, column, place), NO_HINTS))
        assert not agreed(OPEN_KEY, forged(single(sign * (LARGEST + 1), column, place), NO_HINTS))
    assert not agreed(OPEN_KEY, forged(single(GAMMA1, column, place), NO_HINTS))


def test_a_draw_that_is_the_modulus_is_drawn_again():
    public = (5814).to_bytes(4, "big") + bytes(28) + bytes(1280)
    stream = shake_128(public[:32] + bytes([0, 2])).digest(474)
    assert int.from_bytes(stream[471:], "little") & 2**23 - 1 == Q
    assert agreed(public, forged(single(9), NO_HINTS, public=public))


def test_hints_have_one_order_and_at_most_eighty():
    spread = [list(range(0, 40, 2)), list(range(20)), [], list(range(216, 256))]
    assert sum(map(len, spread)) == 80
    assert agreed(OPEN_KEY, forged(single(9), spread))
    few = [[3, 200], [], [0], [255]]
    assert agreed(OPEN_KEY, forged(single(9), few))
    wrong = {
        "not in order": bytes([200, 3, 0, 255]) + bytes(76) + bytes([2, 2, 3, 4]),
        "one twice": bytes([3, 200, 200, 0, 255]) + bytes(75) + bytes([3, 3, 4, 5]),
        "more behind": bytes([3, 200, 0, 255, 1]) + bytes(75) + bytes([2, 2, 3, 4]),
        "more at the end": bytes([3, 200, 0, 255]) + bytes(75) + b"\x01" + bytes([2, 2, 3, 4]),
        "an end before its start": bytes([3, 200, 0, 255]) + bytes(76) + bytes([2, 1, 3, 4]),
        "an end beyond": bytes([3, 200, 0, 255]) + bytes(76) + bytes([2, 2, 3, 81]),
        "an end far beyond": bytes([3, 200, 0, 255]) + bytes(76) + bytes([2, 2, 3, 255]),
    }
    assert agreed(OPEN_KEY, forged(single(9), few, bytes([3, 200, 0, 255]) + bytes(76) + bytes([2, 2, 3, 4])))
    for what, marks in wrong.items():
        assert not agreed(OPEN_KEY, forged(single(9), few, marks)), what


EDGES = {
    "none left over": 0, "the first": 1, "below the half": STEP // 2 - 1, "the half": STEP // 2,
    "above the half": STEP // 2 + 1, "the last": STEP - 1,
}  # fmt: skip


def reached(wanted: int) -> tuple[int, int, int]:
    """Return a value whose product with A's first column has a coefficient at an edge: value, row, place."""
    for value, row in product(range(1, LARGEST), range(ROWS)):
        for place, factor in enumerate(matrix()[row][0]):
            if value * factor % Q % STEP == wanted:
                return value, row, place
    raise AssertionError(wanted)


@pytest.mark.parametrize("wanted", EDGES.values(), ids=list(EDGES))
def test_both_agree_at_the_edges_of_rounding(wanted: int):
    value, row, place = reached(wanted)
    hinted = [[place] if number == row else [] for number in range(ROWS)]
    assert agreed(OPEN_KEY, forged(single(value), NO_HINTS))
    assert agreed(OPEN_KEY, forged(single(value), hinted))


@pytest.mark.parametrize("number", range(3))
def test_both_agree_on_hints_of_coefficients_that_round_up_to_the_modulus(number: int):
    """The standard sets them apart; they are one in a hundred, and here all are hinted."""
    draw = random.Random(number)
    z = [[draw.randint(-LARGEST, LARGEST) for _ in range(SIZE)] for _ in range(ROWS)]
    moved = [ml_dsa._ntt(one) for one in z]
    rows: list[list[int]] = []
    for row in ml_dsa._parts(OPEN_KEY)[0]:
        sums = [sum(one[n] * other[n] for one, other in zip(row, moved, strict=True)) for n in range(SIZE)]
        rows.append([n for n, one in enumerate(ml_dsa._inverse_ntt(sums)) if one > Q - STEP // 2])
    assert 4 <= sum(map(len, rows)) <= 80
    assert agreed(OPEN_KEY, forged(z, rows))
