"""Acts in a real browser, sent for good: a risk accepted by the keyboard alone, and what takes two persons."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from assay.server.carrying_out import carry_out_all
from assay.server.home import open_home
from assay.server.settings import NAME
from live_server import free_port, serving
from unit.server._home import ADA, ROSA, VERA, waiting_home
from unit.server._home import Browser as Console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.service
pytest_plugins = ("chromium_here",)

TWO = "/models/mortgage-approval/2"
LONG = f"{'Unbroken' * 20} and then {'many words ' * 12}"
RIGHT_TO_LEFT = "מבקר אנושי يراجع كل طلب מבקר"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[tuple[str, Console]]:
    """Return the console at the address that its settings say, so that it takes forms, and who is before it."""
    home, port = waiting_home(tmp_path), free_port()
    (home.root / NAME).write_text(f"name: assay\nlisten: 127.0.0.1:{port}\n")
    found = Console(open_home(home.root), ROSA)
    with serving(found.app, port) as address:
        yield address, found


def tab_to(page: Page, seen: str) -> None:
    """Press Tab until what has the focus says something, or bears a name."""
    said = "document.activeElement.name || document.activeElement.textContent"
    for _ in range(200):
        page.keyboard.press("Tab")
        if seen in page.evaluate(said):
            return
    pytest.fail(f"expected to reach {seen} by the keyboard, found no way")


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [json.dumps(one["nodes"][0]["html"][:160]) for one in found["violations"]]


def test_a_risk_is_accepted_by_the_keyboard_alone_in_any_words(
    browser: Browser, axe: str, console: tuple[str, Console]
) -> None:
    address, _ = console
    page = browser.new_page(viewport={"width": 390, "height": 844}, bypass_csp=True)
    page.goto(f"{address}{TWO}")
    tab_to(page, "Accept this risk")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/waive"))
    tab_to(page, "reason")
    page.keyboard.type(LONG)
    tab_to(page, "compensating")
    page.keyboard.type(RIGHT_TO_LEFT)
    page.fill("[name=expires]", page.get_attribute("[name=expires]", "min") or "")
    tab_to(page, "Accept the risk")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{TWO}")
    assert "Accepted in writing" in page.inner_text(".verdict")
    assert RIGHT_TO_LEFT in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert violations(page, axe) == []
    page.close()


def test_two_persons_break_the_glass(browser: Browser, axe: str, console: tuple[str, Console]) -> None:
    (address, before), digest = console, "5e" * 32
    before.actor = ADA
    page = browser.new_page(viewport={"width": 390, "height": 900}, bypass_csp=True)
    page.goto(f"{address}/requests")
    form = page.locator("form.write").filter(has=page.get_by_role("button", name="Ask for it", exact=True))
    for name, value in {"cluster": "prod", "namespace": "loans", "hours": "2", "reason": RIGHT_TO_LEFT}.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button").click()
    page.wait_for_load_state()
    assert "expected the digest of one image or of one model, found 0" in page.inner_text("main")
    page.goto(f"{address}/requests")
    for name, value in {
        "cluster": "prod",
        "namespace": "loans",
        "image_sha256": digest,
        "reason": RIGHT_TO_LEFT,
    }.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button").click()
    page.wait_for_load_state()
    assert page.get_by_role("button", name="Consent").count() == 0  # who asked does not consent
    before.actor = VERA
    page.goto(f"{address}/requests")
    page.get_by_role("button", name="Consent").click()
    page.wait_for_load_state()
    told = page.inner_text("article")
    assert f"sha256:{digest} may run there until" in told
    assert f"Consented to by {VERA.name}" in told
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


@pytest.mark.parametrize(
    ("fill", "done"),
    [
        ({"what": "erasure", "about": "mila", "ground": "request"}, "were rewritten or removed"),
        ({}, "key"),
    ],
)
def test_two_persons_ask_consent_and_see_it_done(
    browser: Browser, axe: str, console: tuple[str, Console], fill: dict[str, str], done: str
) -> None:
    (address, before), ask = console, "Ask" if fill else "Ask for another key"
    before.actor = ADA
    page = browser.new_page(viewport={"width": 1200, "height": 900}, bypass_csp=True)
    page.goto(f"{address}/requests")
    form = page.locator("form.write").filter(has=page.get_by_role("button", name=ask, exact=True))
    for name, value in fill.items():
        field = form.locator(f"[name={name}]")
        field.fill(value) if name == "about" else field.select_option(value)
    form.locator("[name=reason]").fill(LONG)
    form.get_by_role("button", name=ask, exact=True).click()
    page.wait_for_load_state()
    assert page.locator("article").count() == 1
    assert page.get_by_role("button", name="Consent").count() == 0  # who asked does not consent
    before.actor = VERA
    page.goto(f"{address}/requests")
    page.locator("article [name=words]").fill("agreed")
    page.get_by_role("button", name="Consent").click()
    page.wait_for_load_state()
    assert "It is being carried out" in page.inner_text("article")
    assert carry_out_all(before.server)
    page.reload()
    assert done in page.inner_text("article")
    assert "Done on" in page.inner_text("article")
    assert violations(page, axe) == []
    page.close()
