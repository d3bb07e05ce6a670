"""How often somebody may try."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from assay.errors import TooManyError
from assay.server.signing_in.limits import FORGOTTEN_AFTER_SECONDS, LONGEST_WAIT_SECONDS, Limits, Pace
from assay.server.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.server.store import Store

AT = 1_790_000_000
SECRET = bytes(32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(None, tmp_path)
    yield opened
    opened.close()


def tries(limits: Limits, at: int, account: str = "vera", address: str = "10.0.0.1") -> int:
    """Try once; return how long one must wait, 0 when not."""
    try:
        limits.begin("sign-in", account=account, address=address, at=at)
    except TooManyError as error:
        return error.seconds
    return 0


def test_waits_double_and_end_at_a_quarter_of_an_hour(store: Store) -> None:
    limits, at, waits = Limits(store, SECRET), AT, []
    assert [tries(limits, at) for _ in range(6)] == [0] * 6
    for _ in range(12):
        wait = tries(limits, at)
        waits.append(wait)
        at += wait
        assert tries(limits, at) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert waits[-1] == LONGEST_WAIT_SECONDS


def test_less_than_a_hundred_guesses_an_hour_on_an_account(store: Store) -> None:
    """OWASP ASVS 4.0.3, 2.2.1, from as many addresses as one likes."""
    limits, guesses = Limits(store, SECRET), 0
    for second in range(3_600):
        guesses += tries(limits, AT + second, address=f"10.0.{second // 200}.{second % 200}") == 0
    assert 0 < guesses < 30


def test_an_address_that_tries_many_names_waits_too(store: Store) -> None:
    limits = Limits(store, SECRET)
    assert [tries(limits, AT, account=f"name{number}") for number in range(21)] == [0] * 21
    assert tries(limits, AT, account="another") > 0
    assert tries(limits, AT, account="another", address="10.0.0.2") == 0


def test_success_forgets_the_account_and_gives_one_back_to_the_address(store: Store) -> None:
    limits = Limits(store, SECRET)
    for _ in range(50):  # many people behind one address, each of whom signs in
        assert tries(limits, AT) == 0
        limits.succeeded("sign-in", account="vera", address="10.0.0.1")
    for number in range(20):
        assert tries(limits, AT, account=f"name{number}") == 0
        limits.succeeded("sign-in", account="mallory", address="10.0.0.9")  # elsewhere: it helps nobody here
    assert tries(limits, AT, account="x") == 0
    assert tries(limits, AT, account="y") > 0


def test_an_hour_without_a_failure_begins_anew(store: Store) -> None:
    limits = Limits(store, SECRET)
    for _ in range(6):
        tries(limits, AT)
    assert tries(limits, AT + FORGOTTEN_AFTER_SECONDS + 1) == 0
    assert tries(limits, AT + FORGOTTEN_AFTER_SECONDS + 1) == 0


def test_a_hundred_at_once_are_counted_as_a_hundred(store: Store) -> None:
    limits, let = Limits(store, SECRET), []
    threads = [threading.Thread(target=lambda: let.append(tries(limits, AT) == 0)) for _ in range(40)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(let) == 6


def test_neither_names_nor_addresses_stand_in_the_store(store: Store) -> None:
    tries(Limits(store, SECRET), AT)
    with store.reading() as rows:
        kept = str(rows.execute("SELECT * FROM counter"))
    assert "vera" not in kept
    assert "10.0.0.1" not in kept


def test_a_pace_lets_a_burst_through_and_then_so_many_a_minute() -> None:
    now = [0.0]
    pace = Pace(60, 5, clock=lambda: now[0])
    for _ in range(5):
        pace.step("a")
    with pytest.raises(TooManyError, match=r"wait \d s"):
        pace.step("a")
    pace.step("b")
    now[0] += 1.01
    pace.step("a")
    with pytest.raises(TooManyError):
        pace.step("a")
    now[0] += 3_600
    for _ in range(5):
        pace.step("a")
    with pytest.raises(TooManyError):
        pace.step("a")
