"""Signing in by OpenID Connect against a provider whose people a test makes: the whole flow, and what must not pass."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from assay.attest.trust import parse_trust
from live_server import free_port
from server_people import Browser, House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A process of its own: what it warns of is not ours."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "oidc_provider_mock",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--require-nonce",
    ]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url, ends = f"http://127.0.0.1:{port}", time.monotonic() + 60
    try:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{url}/.well-known/openid-configuration").raise_for_status()
                break
            assert process.poll() is None, "the provider ended"
            assert time.monotonic() < ends, "the provider did not start"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def settings(provider: str, **more: Any) -> str:  # noqa: ANN401 - as server.yaml says it
    said = {
        "name": "corp", "title": "Corp", "issuer": provider, "client_id": "assay", "client_secret_file": "corp.secret",
        "roles": {"ml-validators": ["validator"], "ml-audit": ["auditor"], "boss": ["administrator"]},
        "titles": {"ml-validators": ["risk-owner"]}, **more,
    }  # fmt: skip
    return f"name: assay\noidc: {json.dumps([said])}\n"


@pytest.fixture
def house(tmp_path: Path, provider: str) -> Iterator[House]:
    for opened in open_house(tmp_path, settings(provider)):
        (opened.home.root / "corp.secret").write_text("a secret of ours\n")
        opened.time[0] = datetime.now(UTC)  # the provider's clock is the machine's
        yield opened


def person(provider: str, subject: str, **claims: object) -> None:
    httpx.put(f"{provider}/users/{subject}", json=claims).raise_for_status()


def begun(browser: Browser) -> str:
    answer = browser.get("/sign-in/oidc/corp")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def consented(place: str, subject: str) -> str:
    """Consent at the provider as a person does; return the path to come back to."""
    answer = httpx.post(place, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    return f"{parts.path}?{parts.query}"


def came(house: House, subject: str) -> tuple[Browser, httpx.Response]:
    browser = house.browser()
    return browser, browser.get(consented(begun(browser), subject))


def test_somebody_comes_in_by_their_groups_which_only_userinfo_tells(house: House, provider: str) -> None:
    person(provider, "u-1", preferred_username="vera", groups=["ml-validators", "lunch"])
    assert "Sign in with Corp" in house.browser().get("/sign-in").text
    browser, answer = came(house, "u-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")
    account = browser.get("/account.json").json()
    assert (account["name"], account["roles"], account["titles"]) == ("vera", ["validator"], ["risk-owner"])
    assert account["signs"], "the provider says who she is"
    trusted = {one.name: one.roles for one in parse_trust(house.home.trust.read_bytes()).people}
    assert trusted == {"vera": ("validator", "risk-owner")}
    assert house.said() == [
        "account.changed created", "account.changed identity-bound", "account.changed key-made", "session.opened",
    ]  # fmt: skip


def test_the_request_has_state_nonce_and_pkce_and_no_secret(house: House, provider: str) -> None:
    asked = {key: value[0] for key, value in parse_qs(urlsplit(begun(house.browser())).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{house.home.settings.origin}/sign-in/oidc/corp/callback"
    assert all(re.fullmatch(r"[\w-]{43}", asked[name]) for name in ("state", "nonce", "code_challenge"))
    assert "secret" not in " ".join(asked)
    del provider


def test_an_answer_counts_once_and_in_the_browser_that_began(house: House, provider: str) -> None:
    person(provider, "u-2", preferred_username="rosa", groups=["ml-audit"])
    browser, other = house.browser(), house.browser()
    begun(other)
    back = consented(begun(browser), "u-2")
    assert other.get(back).status_code == 403, "the state is another browser's"
    assert house.browser().get(back).status_code == 403, "of no browser at all"
    assert browser.get(back).status_code == 303
    replayed = house.browser()
    replayed.asked.cookies.update(browser.asked.cookies)
    assert replayed.get(back).status_code in {303, 403}
    fresh = house.browser()
    begun(fresh)
    assert fresh.get(back).status_code == 403


def test_a_code_that_was_put_into_anothers_answer_is_refused(house: House, provider: str) -> None:
    """The nonce: a stolen code is of no use in a flow that did not begin it (this provider looks at no verifier)."""
    person(provider, "u-3", preferred_username="victim", groups=["ml-validators"])
    victim, mallory = house.browser(), house.browser()
    stolen = parse_qs(urlsplit(consented(begun(victim), "u-3")).query)["code"][0]
    place = begun(mallory)
    state = parse_qs(urlsplit(place).query)["state"][0]
    answer = mallory.get(f"/sign-in/oidc/corp/callback?code={stolen}&state={state}")
    assert answer.status_code == 403
    assert mallory.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"preferred_username": "mila", "groups": []}, "in a group that has a role here"),
        ({"preferred_username": "mila"}, "in a group that has a role here"),
        ({"preferred_username": "mila", "groups": ["ML-Validators"]}, "in a group that has a role here"),
        ({"preferred_username": "mila", "groups": {"ml-audit": True}}, "in a group that has a role here"),
        ({"groups": ["ml-audit"]}, "expected an account"),
        ({"preferred_username": "../mila", "groups": ["ml-audit"]}, "expected an account"),
        ({"preferred_username": "mila", "groups": ["boss", "ml-validators"]}, "two accounts"),
    ],
)
def test_who_has_no_role_here_stays_outside(house: House, provider: str, claims: dict[str, Any], words: str) -> None:
    person(provider, "u-4", **claims)
    browser, answer = came(house, "u-4")
    assert answer.status_code == 403
    assert words in answer.text
    assert browser.get("/account").status_code == 303
    assert house.said() == ["session.refused not-vouched"]


def test_a_name_that_is_somebodys_here_is_not_taken_over(house: House, provider: str) -> None:
    adam = house.administrator()
    house.person(adam, "ida", "developer")
    for name in ("administrator", "ida"):
        person(provider, f"u-{name}", preferred_username=name, groups=["ml-validators"])
        _, answer = came(house, f"u-{name}")
        assert answer.status_code == 403
        assert "nobody&#39;s account yet" in answer.text


def test_other_groups_are_other_roles_at_the_next_sign_in(house: House, provider: str) -> None:
    person(provider, "u-5", preferred_username="olga", groups=["ml-validators"])
    first, _ = came(house, "u-5")
    person(provider, "u-5", preferred_username="renamed", groups=["ml-audit"])
    second, answer = came(house, "u-5")
    assert answer.status_code == 303
    account = second.get("/account.json").json()
    assert (account["name"], account["roles"]) == ("olga", ["auditor"]), "the subject says who it is, not the name"
    assert first.get("/account").status_code == 303, "what she might before has ended"
    assert parse_trust(house.home.trust.read_bytes()).people == ()


def test_who_was_disabled_here_stays_outside(house: House, provider: str) -> None:
    person(provider, "u-6", preferred_username="nils", groups=["ml-audit"])
    came(house, "u-6")
    house.administrator_beside().send("/people/nils/disable", seen="/people")
    _, answer = came(house, "u-6")
    assert answer.status_code == 403


def test_a_person_who_declines_is_told(house: House) -> None:
    browser = house.browser()
    answer = httpx.post(begun(browser), data={"action": "deny"})
    parts = urlsplit(answer.headers["location"])
    shown = browser.get(f"/sign-in/oidc/corp/callback?{parts.query}")
    assert shown.status_code == 403


def test_a_provider_that_does_not_answer_is_told(tmp_path: Path) -> None:
    for house in open_house(tmp_path, settings("http://127.0.0.1:9")):
        assert house.browser().get("/sign-in/oidc/corp").status_code == 503
        assert house.browser().get("/sign-in/oidc/other").status_code == 404
        assert house.browser().get("/sign-in").status_code == 200, "the other ways in stay open"
