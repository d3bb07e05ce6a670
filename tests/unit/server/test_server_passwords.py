"""Passwords: what may be set, how it is kept, and that a name nobody has costs as long."""

from __future__ import annotations

import statistics
import time

import pytest

from assay.errors import InputError
from assay.server.signing_in import opaque, passwords


def test_what_is_kept_is_argon2id_with_owasps_parameters_and_a_salt() -> None:
    one, other = passwords.hash_of("three green boats"), passwords.hash_of("three green boats")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert passwords.matches(one, "three green boats")
    assert passwords.matches(other, "three green boats")
    assert not passwords.matches(one, "three green boat")
    assert not passwords.matches(None, "three green boats")
    assert not passwords.outdated(one)


def test_a_hash_of_before_is_made_anew() -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415 - to stand for an older Assay

    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("three green boats")
    assert passwords.matches(old, "three green boats")
    assert passwords.outdated(old)


def test_what_is_no_hash_matches_nothing() -> None:
    assert not passwords.matches("three green boats", "three green boats")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("fourteen signs", "at least 15 characters, found 14"),
        ("x" * 257, "at most 256"),
        ("i am Vera and proud", "without the account's name"),
        ("1q2w3e4r5t6y7u8i", "first guesses"),
        ("ababababababababab", "first guesses"),
        ("spring26spring26", "first guesses"),
        ("Spring2026Spring2026", "first guesses"),
        ("                    ", "first guesses"),
        ("qwertyuiopasdfgh", "first guesses"),
        ("0987654321098765", "first guesses"),
        ("assay-password-26", "first guesses"),
        ("Password2026Assay", "first guesses"),
    ],
)
def test_what_may_not_be_set(password: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as refusal:
        passwords.check_new(password, name="vera")
    assert password not in str(refusal.value)


@pytest.mark.parametrize(
    "password",
    [
        "three green boats",
        "пять зелёных лодок",
        "🐢🐢🐇🐇🦊🦊🐢🐇🦊🐈🐕🐎🐇🐢🦊",
        "assay of a green boat",
        "x y" * 60 + "abc",
    ],
)
def test_what_may_be_set_in_any_writing(password: str) -> None:
    assert passwords.matches(passwords.hash_of(passwords.check_new(password, name="vera")), password)


def test_one_writing_of_a_letter_is_the_other() -> None:
    composed, decomposed = "caf\u00e9 caf\u00e9 noir", "cafe\u0301 cafe\u0301 noir"
    assert passwords.matches(passwords.hash_of(composed), decomposed)


def test_nothing_is_cut_off() -> None:
    kept = passwords.hash_of("a" * 200 + "b")
    assert not passwords.matches(kept, "a" * 200 + "c")
    assert not passwords.matches(kept, "a" * 200)


def test_a_name_that_nobody_has_costs_as_long() -> None:
    kept = passwords.hash_of("three green boats")
    passwords.matches(None, "first, since it makes what it compares with")

    def seconds(what: str | None) -> float:
        began = time.process_time()
        passwords.matches(what, "another password")
        return time.process_time() - began

    known, unknown = zip(*[(seconds(kept), seconds(None)) for _ in range(7)], strict=True)
    assert 0.5 < statistics.median(unknown) / statistics.median(known) < 2


def test_secrets_are_long_and_kept_as_digests() -> None:
    made = {opaque.make() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 43 for one in made)
    one = made.pop()
    assert one not in opaque.digest(one)
    assert opaque.same(one, str(one))
    assert not opaque.same(one, made.pop())


def test_derived_secrets_depend_on_each_part() -> None:
    secret = bytes(32)
    assert len({opaque.derived(secret, *parts) for parts in (("a", "b"), ("ab",), ("a", "b", ""), ("b", "a"))}) == 4
    assert opaque.derived(secret, "a") != opaque.derived(b"\x01" * 32, "a")
