"""Passwords: Argon2id, with the parameters that OWASP names, and the few rules that help.

OWASP Password Storage Cheat Sheet (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html):
Argon2id with 19 MiB, two iterations, one lane. NIST SP 800-63B-4 section 3.1.1.2
(https://pages.nist.gov/800-63-4/sp800-63b.html): length and a list of the worst count, composition rules do not;
Unicode is normalised, nothing is cut off. Fifteen characters are what it asks where a password is the only factor.
Lists of common passwords hold next to none so long: what is guessed at that length is a piece repeated, a walk over the
keys, and the words of the place, and these are refused by rule.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from assay.errors import InputError

SHORTEST, LONGEST = 15, 256

_MEMORY_KIB, _ITERATIONS, _LANES = 19_456, 2, 1
_HASHER = PasswordHasher(time_cost=_ITERATIONS, memory_cost=_MEMORY_KIB, parallelism=_LANES, type=Type.ID)
_AT_ONCE = threading.BoundedSemaphore(4)  # 19 MiB each: a crowd of guesses waits, and fills no memory
_FEWEST_CHARACTERS = 5
_FEWEST_OWN = 8
"""So many characters beside the words of the place."""

_OF_THE_PLACE = ("assay", "password", "passwort", "administrator", "welcome")
_KEYS = ("abcdefghijklmnopqrstuvwxyz", "1234567890" * 3, "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm")
_WALKS = (*_KEYS, *(keys[::-1] for keys in _KEYS))


def check_new(password: str, *, name: str) -> str:
    """Return a password that may be set, normalised.

    Args:
        password: as typed.
        name: the account's, which it may not hold.

    Raises:
        InputError: saying which rule it breaks; the password is not told.
    """
    chosen = _normal(password)
    plain = chosen.casefold().strip()
    if len(chosen) < SHORTEST:
        raise InputError(f"expected a password of at least {SHORTEST} characters, found {len(chosen)}. A few words do")
    if len(chosen) > LONGEST:
        raise InputError(f"expected a password of at most {LONGEST} characters, found {len(chosen)}")
    if name.casefold() in plain:
        raise InputError("expected a password without the account's name, found it in there: it is the first guess")
    if plain in _worst() or _is_guessed(plain):
        raise InputError("expected a password that is not among the first guesses, found one. Take a few words")
    return chosen


def _is_guessed(plain: str) -> bool:
    """Say whether a password is few characters, a piece repeated, a walk over the keys, or words of the place."""
    own = plain
    for word in _OF_THE_PLACE:
        own = own.replace(word, "")
    repeated = any((plain[:size] * len(plain))[: len(plain)] == plain for size in range(1, len(plain) // 2 + 1))
    walked = any(plain in keys for keys in _WALKS)
    return repeated or walked or len(set(plain)) < _FEWEST_CHARACTERS or len(own) < _FEWEST_OWN


def hash_of(password: str) -> str:
    """Return what is kept of a password: Argon2id with its parameters and a random salt."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Say whether a password is the one that was set; it takes as long where there is none.

    Args:
        kept: what `hash_of` returned; None for an account that is not there, or has no password.
        password: as typed.
    """
    tried = _normal(password)[: LONGEST + 1]
    with _AT_ONCE:
        try:
            _HASHER.verify(kept if kept is not None else _nobodys(), tried)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Say whether a hash has other parameters than new ones have, so that it is made anew at the next sign-in."""
    return _HASHER.check_needs_rehash(kept)


@cache
def _worst() -> frozenset[str]:
    listed = files("assay.server.signing_in") / "worst_passwords.txt"
    return frozenset(listed.read_text(encoding="utf-8").split())


@cache
def _nobodys() -> str:
    return _HASHER.hash("the password of nobody, which is never set")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())
