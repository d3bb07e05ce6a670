"""The console in a real browser: axe-core, phone width, keyboard, and no request but to the server."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn

from browser.test_browser_report import SCREENS
from live_server import free_port
from unit.server._home import ROSA, VERA, waiting_home
from unit.server._home import Browser as Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.service
pytest_plugins = ("chromium_here",)

TWO = "/models/mortgage-approval/2"
GAP = "race-and-sex-gap/race,sex"
PAGES = (
    "/models", "/models?q=nothing", "/inbox", "/production", "/production?model=mortgage-approval", "/incidents",
    "/incidents/mortgage-approval~2~week-2~applicants-as-before~debt_ratio", "/policies", "/policies/mortgage-approval",
    "/policies/mortgage-approval/replay", "/models/mortgage-approval/1", TWO, f"{TWO}/charts",
    f"{TWO}/waive?finding={GAP}", "/remediations", "/requests", "/account", "/trail",
)  # fmt: skip


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Console]]:
    """Return a console that listens, and who is before it."""
    found = Console(waiting_home(tmp_path_factory.mktemp("console")), ROSA)
    port = free_port()
    served = uvicorn.Server(uvicorn.Config(found.app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    while not served.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}", found
    served.should_exit = True
    thread.join(timeout=10)


def opened(browser: Browser, address: str, screen: str, scheme: str, *, bypass: bool = False) -> tuple[Page, list[str]]:
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=bypass)
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("console", lambda message: told.append(message.text))
    page.goto(address)
    return page, told


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("screen", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser,
    axe: str,
    console: tuple[str, Console],
    *,
    path: str,
    screen: str,
    scheme: str,
) -> None:
    address, _ = console
    page, told = opened(browser, f"{address}{path}", screen, scheme, bypass=True)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    violations = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]
    page.close()
    assert not violations, json.dumps(violations, indent=1)
    assert wide == 0
    assert [one for one in told if not one.startswith((address, "data:")) and "favicon" not in one] == []


def test_a_version_is_approved_by_the_keyboard_alone(browser: Browser, console: tuple[str, Console]) -> None:
    address, before = console
    before.actor = VERA
    page, _ = opened(browser, f"{address}/inbox", "desktop", "light")
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TEXTAREA":
            break
    page.keyboard.type("Tested, and sound.")
    page.keyboard.press("Tab")
    assert "Approve mortgage-approval 2 as validator" in page.evaluate("document.activeElement.textContent")
    page.close()
    before.actor = ROSA
