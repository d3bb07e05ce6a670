"""The HTML report, and a search for a remedy, in a real browser: axe-core, phone width, dark, paper, no request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from assay.reports.html import html
from assay.reports.mitigation_page import mitigation_html
from assay.reports.release import Release
from unit.reports.explained_release import explained_release
from unit.reports.hostile import ATTACKS, hostile_release
from unit.reports.mitigation_search import search
from unit.reports.mortgage_release import release
from unit.reports.since_release import release_since

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.service
pytest_plugins = ("chromium_here",)

SCREENS = {"desktop": (1280, 900), "phone": (360, 740)}
PAGES: dict[str, Callable[[], str]] = {
    "whole": lambda: html(release()),
    "without tally and card": lambda: html(Release(evidence=release().evidence, verdict=release().verdict)),
    "explained": lambda: html(explained_release()),
    "since": lambda: html(release_since()),
    "hostile": lambda: html(hostile_release(ATTACKS["script"])),
    "mitigation": lambda: mitigation_html(search()),
    "hostile mitigation": lambda: mitigation_html(search(subject=ATTACKS["script"], recommendation="x" * 400)),
}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    written = {}
    for name, make in PAGES.items():
        written[name] = folder / f"{name}.html"
        written[name].write_text(make(), encoding="utf-8")
    return written


def show(
    browser: Browser,
    file: Path,
    screen: str,
    scheme: Any,  # noqa: ANN401 - a literal of playwright's
    *,
    bypass: bool = False,
) -> tuple[Page, list[str]]:
    """Open a page; return it and every address it asked for or complaint it made.

    ``bypass`` lets axe-core run against the page's own content security policy.
    """
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=bypass)
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(file.as_uri())
    return page, told


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(
    browser: Browser, axe: str, files: dict[str, Path], *, name: str, screen: str, scheme: str
) -> None:
    page, _ = show(browser, files[name], screen, scheme, bypass=True)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]
    page.close()
    assert not told, json.dumps(told, indent=1)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_page_asks_for_nothing_and_does_not_scroll_sideways(
    browser: Browser, files: dict[str, Path], name: str, screen: str
) -> None:
    page, told = show(browser, files[name], screen, "light")
    page.wait_for_timeout(200)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.close()
    assert told == [files[name].as_uri()]
    assert wide == 0


def test_dark_page_is_dark_and_its_charts_follow(browser: Browser, files: dict[str, Path]) -> None:
    read = """() => [getComputedStyle(document.body).backgroundColor,
      getComputedStyle(document.querySelector('figure svg text')).fill]"""
    seen = {}
    for scheme in ("light", "dark"):
        page, _ = show(browser, files["whole"], "desktop", scheme)
        seen[scheme] = page.evaluate(read)
        page.close()
    assert seen["light"] == ["rgb(251, 250, 247)", "rgb(28, 33, 38)"]
    assert seen["dark"] == ["rgb(20, 23, 26)", "rgb(228, 230, 232)"]


def test_paper_is_white_and_shows_the_numbers_of_the_charts_that_were_opened(
    browser: Browser, files: dict[str, Path]
) -> None:
    page, _ = show(browser, files["whole"], "desktop", "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    height = "document.querySelector('figure details table').getBoundingClientRect().height"
    assert page.evaluate(height) == 0
    page.evaluate("document.querySelector('figure details').open = true")
    assert page.evaluate(height) > 0
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def test_keyboard_reaches_the_findings_first(browser: Browser, files: dict[str, Path]) -> None:
    page, _ = show(browser, files["whole"], "desktop", "light")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()
