"""Who comes in by a password alone, where the server asks for two factors, reaches their own account alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.errors import DocumentError
from assay.server.settings import Settings, read_settings
from assay.server.signing_in.sessions import open_session
from assay.server.store import passkeys
from server_people import PASSWORD, House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from server_people import Browser


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[House]:
    yield from open_house(tmp_path, "name: assay\nurl: https://assay.example.org\n")


def by_passkey(house: House, browser: Browser, name: str) -> None:
    """Have a browser come in by a passkey that was registered before."""
    with house.entrance.store.writing() as rows:
        if not passkeys.of_account(rows, name):
            made = passkeys.Passkey(
                id=f"id-{name}", account=name, public_key=b"k", sign_count=0, label="laptop", synced=False,
                created_at=house.entrance.at(),
            )  # fmt: skip
            passkeys.add(rows, made)
        cookie = open_session(rows, name, how="passkey", agent="", at=house.entrance.at())
    browser.asked.cookies.clear()
    browser.asked.cookies.set(house.entrance.site.session_cookie, cookie, domain="assay.example.org")


@pytest.mark.parametrize(
    ("url", "said", "roles", "asked"),
    [
        ("https://assay.example.org", None, ("developer",), True),
        ("https://assay.example.org", "offered", ("administrator",), False),
        ("https://assay.example.org", "deciders", ("developer",), False),
        ("https://assay.example.org", "deciders", ("developer", "validator"), True),
        ("https://10.1.2.3", None, ("administrator",), False),
        ("https://localhost:8600", None, ("administrator",), False),
        ("http://127.0.0.1:8600", None, ("administrator",), False),
        ("http://127.0.0.1:8600", "required", ("auditor",), True),
    ],
)
def test_who_is_asked_for_two_factors(url: str, said: str | None, roles: tuple[str, ...], asked: bool) -> None:
    assert Settings(url=url, second_factor=said).asks_two_factors(roles) is asked  # type: ignore[arg-type]


def test_two_factors_cannot_be_asked_where_nobody_could_have_them() -> None:
    alone = b"url: https://10.1.2.3\nsecond_factor: deciders\n"
    with pytest.raises(DocumentError, match="make passkeys for names alone") as refused:
        read_settings(alone)
    assert [one.path for one in refused.value.problems] == ["$.second_factor"]
    provider = b"oidc: [{name: us, issuer: 'https://id.example.org', client_id: a, roles: {all: [developer]}}]\n"
    assert read_settings(alone + provider).asks_two_factors(("validator",))


def test_a_password_alone_opens_ones_own_account_and_nothing_else(secure: House) -> None:
    adam = secure.administrator()
    assert "second factor" in adam.get("/account").text
    for path in ("/models", "/people", "/requests", "/trail", "/people.json"):
        answer = adam.get(path)
        assert (answer.status_code, "second factor" in answer.text) == (403, True), path
    assert adam.send("/people", seen="/account", name="vera", roles=["validator"]).status_code == 403
    again = secure.browser()
    answer = again.sign_in("administrator")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    by_passkey(secure, adam, "administrator")
    assert adam.get("/people").status_code == 200
    assert "second factor" not in adam.get("/account").text


def test_a_password_alone_changes_nothing_where_there_is_a_passkey(secure: House) -> None:
    adam = secure.administrator()
    by_passkey(secure, adam, "administrator")
    thief = secure.browser()
    assert thief.sign_in("administrator").status_code == 303
    thief.get("/account")
    assert thief.json("/account/passkeys/options").status_code == 403
    assert thief.send("/account/passkeys/remove", seen="/account", id="id-administrator").status_code == 403
    new = {"current": PASSWORD, "new": "another three words", "again": "another three words"}
    assert thief.send("/account/password", seen="/account", **new).status_code == 403
    adam.get("/account")
    assert adam.json("/account/passkeys/options").status_code == 200
