"""ML-DSA-44 verification (FIPS 204, https://doi.org/10.6028/NIST.FIPS.204; pure, empty context) in pure Python.

Logs and witnesses may sign checkpoints with it, against quantum computers (https://c2sp.org/tlog-cosignature). Letters
are the standard's: q, A, t1, z, c, w, w1, mu. Nothing here is secret, so nothing needs to take constant time.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import shake_128, shake_256

PUBLIC_SIZE = 1312
SIGNATURE_SIZE = 2420

_Q, _N, _ROWS = 8380417, 256, 4
_SEED, _HASH = 32, 64
_DROPPED, _T1_BITS = 13, 10
_WEIGHT = 39
_GAMMA1, _Z_BITS = 2**17, 18
_Z_BOUND = _GAMMA1 - 2 * _WEIGHT
_STEP, _HIGHS, _W1_BITS = 190464, 44, 6
_HINTS = 80

_ZETAS = [pow(1753, int(f"{number:08b}"[::-1], 2), _Q) for number in range(_N)]


def _ntt(polynomial: list[int]) -> list[int]:
    """Return the number-theoretic transform (algorithm 41)."""
    found, number, length = list(polynomial), 0, _N // 2
    while length:
        for start in range(0, _N, 2 * length):
            number += 1
            for one in range(start, start + length):
                turned = _ZETAS[number] * found[one + length]
                found[one], found[one + length] = (found[one] + turned) % _Q, (found[one] - turned) % _Q
        length //= 2
    return found


def _inverse_ntt(transformed: list[int]) -> list[int]:
    """Return the polynomial, its coefficients from 0 to q-1 (algorithm 42)."""
    found, number, length = list(transformed), _N, 1
    while length < _N:
        for start in range(0, _N, 2 * length):
            number -= 1
            for one in range(start, start + length):
                low, high = found[one], found[one + length]
                found[one], found[one + length] = low + high, _ZETAS[number] * (high - low) % _Q
        length *= 2
    scale = pow(_N, -1, _Q)
    return [one * scale % _Q for one in found]


def _numbers(packed: bytes, bits: int) -> list[int]:
    """Return the coefficients of a packed polynomial (algorithm 18)."""
    whole = int.from_bytes(packed, "little")
    return [whole >> bits * place & (1 << bits) - 1 for place in range(_N)]


def _uniform(seed: bytes) -> list[int]:
    """Return a polynomial of A, transformed (algorithm 30).

    That 341 draws do not suffice has a chance below 2**-256, and appendix C permits to stop there; so below.
    """
    stream = shake_128(seed).digest(_ROWS * _N)
    threes = zip(stream[::3], stream[1::3], stream[2::3], strict=False)
    drawn = (low | middle << 8 | (high & 127) << 16 for low, middle, high in threes)
    return [one for one in drawn if one < _Q][:_N]


def _challenge(seed: bytes) -> list[int]:
    """Return the polynomial of the challenge: as many coefficients of 1 or -1 as its weight (algorithm 29)."""
    stream = shake_256(seed).digest(_N)
    signs, places = int.from_bytes(stream, "little"), iter(stream[8:])  # of the signs the lowest bits count
    found = [0] * _N
    for number, last in enumerate(range(_N - _WEIGHT, _N)):
        place = next(one for one in places if one <= last)
        found[last], found[place] = found[place], 1 - 2 * (signs >> number & 1)
    return found


def _hints(packed: bytes) -> list[set[int]] | None:
    """Return the places of the hints in each row; None where they are not in their one order (algorithm 21)."""
    found, start = list[set[int]](), 0
    for end in packed[_HINTS:]:
        places = list(packed[start:end])
        if not start <= end <= _HINTS or places != sorted(set(places)):
            return None
        found.append(set(places))
        start = end
    return None if any(packed[start:_HINTS]) else found


def _high(value: int, *, hinted: bool) -> int:
    """Return the high bits of a coefficient, moved by its hint (algorithms 36 and 40; q-1 has 44, which is 0)."""
    high = (value + _STEP // 2 - 1) // _STEP
    moved = (1 if value > high * _STEP else -1) if hinted else 0
    return (high + moved) % _HIGHS


@lru_cache(maxsize=16)
def _parts(public: bytes) -> tuple[list[list[list[int]]], list[list[int]], bytes]:
    """Return A and t1 times 2**13, both transformed, and the hash of a public key (algorithms 23 and 32)."""
    rho, size = public[:_SEED], _N * _T1_BITS // 8
    a = [[_uniform(rho + bytes([column, row])) for column in range(_ROWS)] for row in range(_ROWS)]
    packed = [public[at : at + size] for at in range(_SEED, PUBLIC_SIZE, size)]
    t1 = [_ntt([one << _DROPPED for one in _numbers(each, _T1_BITS)]) for each in packed]
    return a, t1, shake_256(public).digest(_HASH)


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature holds (algorithms 3 and 8).

    Args:
        public: public key, 1,312 bytes.
        signature: 2,420 bytes.
        message: what was signed.
    """
    if len(signature) != SIGNATURE_SIZE:
        return False
    seed, size, end = signature[:_SEED], _N * _Z_BITS // 8, SIGNATURE_SIZE - _HINTS - _ROWS
    z = [[_GAMMA1 - one for one in _numbers(signature[at : at + size], _Z_BITS)] for at in range(_SEED, end, size)]
    hints = _hints(signature[end:])
    if hints is None or max(abs(one) for each in z for one in each) >= _Z_BOUND:
        return False
    a, t1, key_hash = _parts(public)
    mu = shake_256(key_hash + b"\0\0" + message).digest(_HASH)
    c, z = _ntt(_challenge(seed)), [_ntt(one) for one in z]
    hashed = shake_256(mu)
    for row in range(_ROWS):
        products = [[a[row][column][n] * z[column][n] for column in range(_ROWS)] for n in range(_N)]
        w = _inverse_ntt([sum(products[n]) - c[n] * t1[row][n] for n in range(_N)])
        w1 = sum(_high(one, hinted=n in hints[row]) << _W1_BITS * n for n, one in enumerate(w))
        hashed.update(w1.to_bytes(_N * _W1_BITS // 8, "little"))
    return hashed.digest(_SEED) == seed
