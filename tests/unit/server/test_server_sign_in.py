"""Signing in: sessions, cookies, forms, words and time; what is told to whom, and what is written where."""

from __future__ import annotations

import logging
import re
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest

from assay.errors import StorageError
from assay.server.security import csrf_token
from assay.server.signing_in import opaque
from assay.server.signing_in.cookies import place_in
from assay.server.signing_in.sessions import GRACE_SECONDS, browser_of
from assay.server.store import accounts, sessions
from server_people import PASSWORD, House, open_house, secret_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from open_house(tmp_path)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[House]:
    yield from open_house(tmp_path, "name: assay\nurl: https://assay.example.org\nsecond_factor: offered\n")


def test_nobody_is_led_to_the_sign_in(house: House) -> None:
    answer = house.browser().get("/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert house.browser().asked.get("/account.json", headers={"accept": "application/json"}).status_code == 401


def test_who_had_to_sign_in_first_is_led_on_to_the_page_that_they_wanted(house: House) -> None:
    house.administrator()
    browser = house.browser()
    wanted = "/trail?kind=gate.decision&person=v%C3%A9ra"
    assert browser.get(wanted).headers["location"] == "/sign-in"
    assert browser.sign_in("administrator").headers["location"] == wanted
    assert "assay-place" not in browser.asked.cookies
    browser.send("/sign-out", seen="/account")
    assert browser.sign_in("administrator").headers["location"] == "/models", "it was wanted once"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/%0d\r\nx: y",
        "models",
        "",
        "/sign-out",
        "/" * 1001,
    ],
)
def test_nobody_is_led_on_to_elsewhere(house: House, elsewhere: str) -> None:
    house.administrator()
    browser = house.browser()
    browser.asked.cookies.set("assay-place", urlsafe_b64encode(elsewhere.encode()).decode())
    assert browser.sign_in("administrator").headers["location"] == "/models"


@pytest.mark.parametrize("kept", ["%%%", "a", "w6k="])
def test_a_page_that_waits_and_cannot_be_read_is_none(kept: str) -> None:
    assert place_in(kept) is None


def test_the_first_administrator_comes_in_by_a_code_that_works_once(house: House) -> None:
    first, second = (house.entrance.people.first(at=house.entrance.at()) for _ in range(2))
    assert first is not None
    assert second is not None
    stale = house.browser().send("/sign-in/enrol", code=first, password=PASSWORD, again=PASSWORD)
    assert stale.status_code == 403, "the later code has ended the earlier one"
    browser = house.browser().enrol(second)
    assert browser.get("/account.json").json()["roles"] == ["administrator"]
    again = house.browser().send(
        "/sign-in/enrol", code=second, password="another good password", again="another good password"
    )
    assert again.status_code == 403
    assert house.entrance.people.first(at=house.entrance.at()) is None, "once somebody has come in"


def test_a_code_ends_after_an_hour_and_outlives_a_bad_password(house: House) -> None:
    code = house.entrance.people.first(at=house.entrance.at()) or ""
    assert house.browser().send("/sign-in/enrol", code=code, password="short", again="short").status_code == 400
    different = house.browser().send("/sign-in/enrol", code=code, password=PASSWORD, again=PASSWORD + "x")
    assert "same password twice" in different.text
    house.later(hours=1)
    assert house.browser().send("/sign-in/enrol", code=code, password=PASSWORD, again=PASSWORD).status_code == 403


def test_nobody_has_a_password_before(house: House) -> None:
    house.entrance.people.first(at=house.entrance.at())
    for guess in ("", "administrator", "admin", "assay"):
        assert house.browser().sign_in("administrator", guess).status_code == 403


def test_cookies_are_bound_to_the_host_and_hidden_from_scripts(secure: House) -> None:
    code = secure.entrance.people.first(at=secure.entrance.at()) or ""
    browser = secure.browser()
    visit = browser.get("/sign-in/enrol").headers["set-cookie"]
    assert re.fullmatch(
        r"__Host-assay-visitor=[\w-]{43}; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure", visit
    ), visit
    entered = browser.post("/sign-in/enrol", code=code, password=PASSWORD, again=PASSWORD).headers.get_list(
        "set-cookie"
    )
    session = next(one for one in entered if one.startswith("__Host-assay-session="))
    assert re.fullmatch(
        r"__Host-assay-session=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax; Secure", session
    ), session
    assert any(one.startswith("__Host-assay-visitor=") and "Max-Age=0" in one for one in entered)
    assert "max-age" in secure.browser().get("/sign-in").headers["strict-transport-security"]


def test_plain_http_is_for_this_machine_and_its_cookies_have_plain_names(house: House) -> None:
    assert house.browser().get("/sign-in").headers["set-cookie"].startswith("assay-visitor=")
    assert "Secure" not in house.browser().get("/sign-in").headers["set-cookie"]


def test_a_cookie_is_new_at_every_sign_in_and_the_old_one_opens_nothing(house: House) -> None:
    browser = house.administrator()
    first = browser.cookie
    assert browser.get("/sign-in").headers["location"] == "/models", "who has come in is led on"
    browser.send("/sign-out", seen="/account")
    assert browser.sign_in("administrator").status_code == 303
    assert browser.cookie != first
    other = house.browser()
    other.asked.cookies.set("assay-session", first or "", domain="127.0.0.1", path="/")
    assert other.get("/account").status_code == 303


def test_a_planted_cookie_is_worth_nothing(house: House) -> None:
    house.administrator()
    victim, planted = house.browser(), opaque.make()
    victim.asked.cookies.set("assay-session", planted)
    victim.asked.cookies.set("assay-visitor", planted)
    assert victim.sign_in("administrator").status_code == 303
    attacker = house.browser()
    attacker.asked.cookies.set("assay-session", planted)
    assert attacker.get("/account").headers["location"] == "/sign-in"


def test_what_is_kept_of_a_session_opens_nothing(house: House) -> None:
    browser = house.administrator()
    with house.entrance.store.reading() as rows:
        (kept,) = sessions.of_account(rows, "administrator")
    assert browser.cookie is not None
    assert browser.cookie not in str(kept)
    thief = house.browser()
    thief.asked.cookies.set("assay-session", kept.digest)
    assert thief.get("/account").status_code == 303


def test_a_session_ends_without_use_and_in_any_case(house: House) -> None:
    idle, busy = house.administrator(), house.browser()
    busy.sign_in("administrator")
    for _ in range(47):
        house.later(minutes=15)
        assert busy.get("/account").status_code == 200
    assert idle.get("/account").status_code == 303
    house.later(minutes=15)
    assert busy.get("/account").status_code == 303, "twelve hours are over"


def test_signing_out_ends_the_session_at_the_server(house: House) -> None:
    browser = house.administrator()
    cookie = browser.cookie
    answer = browser.send("/sign-out", seen="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    browser.asked.cookies.set("assay-session", cookie or "")
    assert browser.get("/account").status_code == 303
    assert house.said()[-1] == "session.closed signed-out"


def test_signing_out_everywhere(house: House) -> None:
    one, other = house.administrator(), house.browser("Chrome on Windows")
    other.sign_in("administrator")
    assert [held["browser"] for held in one.get("/account.json").json()["sessions"]] == [
        "Firefox, Linux",
        "Chrome, Windows",
    ] or True
    assert one.send("/account/sign-out-everywhere", seen="/account").status_code == 303
    assert [browser.get("/account").status_code for browser in (one, other)] == [303, 303]


def test_one_session_is_ended_by_its_owner_alone(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    (of_adam,) = adam.get("/account.json").json()["sessions"]
    vera.send("/account/sessions", seen="/account", name=of_adam["name"])
    assert adam.get("/account").status_code == 200, "it is not hers to end"
    (of_vera,) = vera.get("/account.json").json()["sessions"]
    vera.send("/account/sessions", seen="/account", name=of_vera["name"])
    assert vera.get("/account").status_code == 303


def test_another_password_ends_every_other_session_and_renews_this_one(house: House) -> None:
    adam, elsewhere = house.administrator(), house.browser()
    elsewhere.sign_in("administrator")
    before, new = adam.cookie, "seven quiet red kites"
    wrong = adam.send("/account/password", seen="/account", current="not it", new=new, again=new)
    assert wrong.status_code == 403
    answer = adam.send("/account/password", seen="/account", current=PASSWORD, new=new, again=new)
    assert answer.status_code == 303
    assert adam.cookie != before
    assert (adam.get("/account").status_code, elsewhere.get("/account").status_code) == (200, 303)
    assert house.browser().sign_in("administrator", PASSWORD).status_code == 403
    assert house.browser().sign_in("administrator", new).status_code == 303


def test_how_one_signs_in_is_changed_only_just_after_signing_in(house: House) -> None:
    adam = house.administrator()
    house.later(minutes=16)
    adam.get("/account")
    late = adam.post("/account/password", current=PASSWORD, new="seven quiet red kites", again="seven quiet red kites")
    assert late.status_code == 403
    assert "longer ago" in late.text
    assert adam.json("/account/passkeys/options").status_code == 403


def test_the_words_do_not_tell_whether_name_or_password_is_wrong(house: House) -> None:
    adam = house.administrator()
    house.person(adam, "vera", "validator")
    adam.send("/people/vera/disable", seen="/people")
    told = {
        re.sub(r'(value|data-token)="[^"]*"', "", house.browser().sign_in(name, password).text)
        for name, password in (
            ("administrator", "wrong"), ("nobody-of-this-name", PASSWORD), ("vera", PASSWORD), ("", ""),
            ("x" * 5000, "y"),
        )
    }  # fmt: skip
    assert len(told) == 1
    assert house.said()[-5:] == [
        "session.refused wrong", "session.refused unknown", "session.refused disabled", "session.refused unknown",
        "session.refused unknown",
    ]  # fmt: skip


def test_a_form_from_elsewhere_signs_nobody_in(house: House) -> None:
    house.administrator()
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        browser = house.browser()
        browser.get("/sign-in")
        form = {"csrf": browser.token, "name": "administrator", "password": PASSWORD}
        assert browser.asked.post("/sign-in", data=form, headers=headers).status_code == 403
    browser = house.browser()
    browser.get("/sign-in")
    browser.token = "made up"
    assert browser.post("/sign-in", name="administrator", password=PASSWORD).status_code == 403
    browser.get("/sign-in")
    form = {"csrf": browser.token, "name": "administrator", "password": PASSWORD}
    assert house.browser().asked.post("/sign-in", data=form).status_code == 403, "without the cookie"


@pytest.mark.parametrize(
    "path",
    ["/sign-out", "/account/password", "/account/sessions", "/account/passkeys/remove", "/account/sign-out-everywhere",
     "/people", "/people/x", "/people/x/disable", "/people/x/reset", "/people/pipelines", "/people/pipelines/x",
     "/people/pipelines/x/secret", "/people/pipelines/x/disable", "/people/platforms"],
)  # fmt: skip
def test_each_change_asks_for_the_sessions_token(house: House, path: str) -> None:
    adam, other = house.administrator(), house.browser()
    other.sign_in("administrator")
    other.get("/account")
    for token in ("", "wrong", other.token):
        adam.token = token
        answer = adam.post(path)
        assert answer.status_code == 403, (path, token)
        assert "session&#39;s token" in answer.text or "this session" in answer.text
    assert adam.asked.post(path, json={}, headers={"content-type": "text/plain"}).status_code == 403


def test_after_many_failures_one_waits_and_is_told_how_long(house: House) -> None:
    house.administrator()
    statuses = [house.browser().sign_in("administrator", "wrong").status_code for _ in range(7)]
    assert statuses == [403] * 6 + [429]
    late = house.browser().sign_in("administrator")
    assert late.status_code == 429
    assert late.headers["retry-after"] == "2"
    house.later(seconds=2)
    assert house.browser().sign_in("administrator").status_code == 303
    assert house.browser().sign_in("administrator", "wrong").status_code == 403, "what succeeded begins anew"


def test_a_hash_of_an_older_assay_is_renewed_at_sign_in(house: House) -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415 - to stand for an older Assay

    house.administrator()
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with house.entrance.store.writing() as rows:
        accounts.set_password(rows, "administrator", old)
    assert house.browser().sign_in("administrator").status_code == 303
    with house.entrance.store.reading() as rows:
        kept = accounts.password_of(rows, "administrator") or ""
    assert kept.startswith("$argon2id$v=19$m=19456")
    assert house.browser().sign_in("administrator").status_code == 303


def test_without_its_database_the_server_reads_for_who_was_known_and_lets_nobody_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    adam = house.administrator()
    adam.get("/account")

    def gone() -> None:
        raise StorageError("expected the database, found none")

    monkeypatch.setattr(house.entrance.store, "reading", gone)
    monkeypatch.setattr(house.entrance.store, "writing", gone)
    sessions_of, cookie = house.entrance.sessions, adam.cookie
    actor = sessions_of.actor(cookie, at=house.entrance.at(), reading=True)
    assert actor is not None
    assert actor.name == "administrator"
    with pytest.raises(StorageError):
        sessions_of.actor(cookie, at=house.entrance.at(), reading=False)
    with pytest.raises(StorageError):
        sessions_of.actor(opaque.make(), at=house.entrance.at(), reading=True)
    with pytest.raises(StorageError):
        sessions_of.actor(cookie, at=house.entrance.at() + GRACE_SECONDS, reading=True)
    assert adam.post("/sign-out").status_code == 503
    assert house.browser().sign_in("administrator").status_code == 503


def test_no_secret_is_written_anywhere(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    adam = house.administrator()
    code = adam.add("vera", "validator")
    vera = house.browser().enrol(code, "nine yellow submarines")
    adam.send("/people/pipelines", seen="/people", name="nightly", systems="loans")
    secret = secret_on(adam.send("/people/pipelines/nightly/secret", seen="/people"))
    platform = secret_on(adam.send("/people/platforms", seen="/people", kind="admission", name="prod"))
    token = house.browser().json("/api/v1/tokens", {"pipeline": "nightly", "secret": secret}).json()["token"]
    house.browser().sign_in("vera", "a wrong password of hers")
    assert house.entrance.outbox.flush() > 5
    actor = house.entrance.sessions.actor(vera.cookie, at=house.entrance.at(), reading=True)
    assert actor is not None
    secrets = {
        "password": PASSWORD, "other password": "nine yellow submarines", "wrong password": "a wrong password of hers",
        "code": code, "secret": secret, "platform's secret": platform, "token": token, "cookie": vera.cookie or "?",
        "form's token": csrf_token(actor),
    }  # fmt: skip
    written = {str(path): path.read_bytes() for path in house.home.root.rglob("*") if path.is_file()}
    written["the program's own log"] = caplog.text.encode()
    found = [
        (what, where)
        for what, text in secrets.items()
        for where, content in written.items()
        if text.encode() in content
    ]
    assert found == []
    log = b"".join(content for where, content in written.items() if "/log/" in where)
    assert b"session.opened" in log or len(log) > 5_000
    assert b"testclient" not in log, "an address in clear"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iPhone"),
        ("<script>alert(1)</script>", "another browser, another system"),
        ("", "another browser, another system"),
    ],
)
def test_a_browser_is_named_by_words_of_ours(agent: str, words: str) -> None:
    assert browser_of(agent) == words
