"""Coming in to a real server in a real browser: a one-time code, a password, a passkey, a provider of identities."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.service
pytest_plugins = ("chromium_here",)

PASSWORD = "three green boats at noon"
PATIENCE_SECONDS = 90
PICTURES = os.environ.get("ASSAY_SCREENSHOTS")


def answers(url: str, process: subprocess.Popen[Any]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(url).raise_for_status()
            return
        assert process.poll() is None, f"{url}: the process ended"
        assert time.monotonic() < ends, f"{url}: nobody answers"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
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
    url = f"http://127.0.0.1:{port}"
    try:
        answers(f"{url}/.well-known/openid-configuration", process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


class Served:
    """``assay serve`` as its user starts it."""

    def __init__(self, folder: Path, provider: str) -> None:
        self.url, self.home = f"http://localhost:{free_port()}", folder / "home"
        self.home.mkdir(mode=0o700)
        (self.home / "corp").write_text("a secret of ours")
        corp = {
            "name": "corp",
            "title": "Corp",
            "issuer": provider,
            "client_id": "assay",
            "client_secret_file": "corp",
            "roles": {"audit": ["auditor"]},
        }
        listen = self.url.removeprefix("http://").replace("localhost", "127.0.0.1")
        (self.home / "server.yaml").write_text(
            f"name: here\nurl: {self.url}\nlisten: {listen}\noidc: {json.dumps([corp])}\n"
        )
        self.told = folder / "told"
        with self.told.open("wb") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "assay", "serve", self.home], stdout=told, stderr=subprocess.STDOUT, cwd=folder
            )
        answers(f"{self.url}/health", self.process)

    @property
    def link(self) -> str:
        """Return the first administrator's link, which stands in a file where nobody watches a terminal."""
        path = self.home / "first-administrator"
        assert path.stat().st_mode & 0o077 == 0
        found = path.read_text().strip()
        assert re.fullmatch(r"http\S+#[\w-]{43}", found)
        assert found.partition("#")[2] not in self.told.read_text(), "what is printed is kept by somebody's log"
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, provider: str) -> Iterator[Served]:
    started = Served(tmp_path_factory.mktemp("server"), provider)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture
def room(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context()
    yield opened
    opened.close()


def authenticator(page: Page, **more: object) -> str:
    """Give the page a device that holds passkeys, as CDP's WebAuthn domain does; return its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True, **more,
    }  # fmt: skip
    page.cdp = session
    return str(session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def watched(page: Page) -> list[str]:
    """Return what the browser complains of: a policy that is broken, a script that fails."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.fixture(scope="module")
def administrator(served: Served, browser: Browser) -> str:
    """Return the first administrator's name, after they have come in by the terminal's link."""
    page = browser.new_context().new_page()
    said = watched(page)
    page.goto(served.link)
    assert page.locator("#code").input_value() == served.link.partition("#")[2]
    assert page.url == f"{served.url}/sign-in/enrol", "the code is in the address no more"
    picture(page, "enrol")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("text=Set the password and come in")
    page.wait_for_url(f"{served.url}/account")
    assert page.locator("h1").inner_text() == "administrator"
    assert said == []
    picture(page, "account")
    page.goto(f"{served.url}/people")
    picture(page, "people")
    page.context.close()
    return "administrator"


def signed_in(page: Page, served: Served, name: str) -> None:
    page.goto(f"{served.url}/sign-in")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("form.write button")
    page.wait_for_url(f"{served.url}/models")


def test_the_terminals_link_lets_the_first_administrator_in_once(
    served: Served, administrator: str, room: BrowserContext
) -> None:
    assert administrator == "administrator"
    page = room.new_page()
    page.goto(served.link)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.click("text=Set the password and come in")
    assert "expected a code that holds" in page.locator("[role=alert]").inner_text()


def test_a_passkey_is_registered_and_signs_in(served: Served, administrator: str, room: BrowserContext) -> None:
    page = room.new_page()
    said = watched(page)
    device = authenticator(page)
    signed_in(page, served, administrator)
    page.goto(f"{served.url}/account")
    page.fill("[name=label]", "laptop")
    page.click("text=Add a passkey")
    page.wait_for_selector("text=laptop")
    picture(page, "passkey")
    page.click("header >> text=Sign out")
    page.wait_for_url(f"{served.url}/sign-in")
    picture(page, "sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"{served.url}/models")
    shown = page.request.get(f"{served.url}/account.json").json()
    assert [(one["label"], bool(one["used_at"])) for one in shown["passkeys"]] == [("laptop", True)]
    assert {one["how"] for one in shown["sessions"] if one["this"]} == {"passkey"}
    assert said == []
    (held,) = page.cdp.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert held["rpId"] == "localhost"
    assert "administrator" not in held["userHandle"]


def test_a_device_that_did_not_verify_its_user_signs_nobody_in(
    served: Served, administrator: str, room: BrowserContext
) -> None:
    page = room.new_page()
    device = authenticator(page)
    signed_in(page, served, administrator)
    page.goto(f"{served.url}/account")
    page.fill("[name=label]", "careless")
    page.click("text=Add a passkey")
    page.wait_for_selector("text=careless")
    page.click("header >> text=Sign out")
    page.wait_for_url(f"{served.url}/sign-in")
    page.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("#problem:not([hidden])")
    assert page.request.get(f"{served.url}/account.json", max_redirects=0).status == 401


def test_a_copied_device_is_found_by_its_count(served: Served, administrator: str, room: BrowserContext) -> None:
    page = room.new_page()
    device = authenticator(page)
    signed_in(page, served, administrator)
    page.goto(f"{served.url}/account")
    page.fill("[name=label]", "copied")
    page.click("text=Add a passkey")
    page.wait_for_selector("text=copied")
    page.click("header >> text=Sign out")
    (held,) = page.cdp.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    page.click("text=Sign in with a passkey")
    page.wait_for_url(f"{served.url}/models")
    page.goto(f"{served.url}/account")
    page.click("header >> text=Sign out")
    page.wait_for_url(f"{served.url}/sign-in")
    page.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    copy = {"authenticatorId": device, "credential": {**held, "signCount": 0}}
    page.cdp.send("WebAuthn.addCredential", copy)
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("#problem:not([hidden])")
    assert "expected the answer of a passkey" in page.locator("#problem").inner_text()


def test_a_passkey_of_one_address_is_none_at_another(served: Served, administrator: str, room: BrowserContext) -> None:
    del administrator
    page = room.new_page()
    authenticator(page)
    page.goto(served.url.replace("localhost", "127.0.0.1") + "/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("#problem:not([hidden])")


def test_a_provider_signs_in_across_its_own_page(
    served: Served, administrator: str, provider: str, room: BrowserContext
) -> None:
    del administrator
    httpx.put(f"{provider}/users/ida", json={"preferred_username": "ida", "groups": ["audit"]}).raise_for_status()
    page = room.new_page()
    said = watched(page)
    page.goto(f"{served.url}/sign-in")
    page.click("text=Sign in with Corp")
    page.wait_for_url(f"{provider}/**")
    page.fill("[name=sub]", "ida")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/models")
    shown = page.request.get(f"{served.url}/account.json").json()
    assert (shown["name"], shown["roles"]) == ("ida", ["auditor"])
    assert [one for one in said if served.url in one] == []
    cookies = {one["name"]: one for one in room.cookies(served.url)}
    assert set(cookies) == {"assay-session"}, "the visitor's cookie has gone"
    assert (cookies["assay-session"]["httpOnly"], cookies["assay-session"]["sameSite"]) == (True, "Lax")
