"""Regulators' documents in a real browser: axe-core, phone width, dark mode, and no request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from assay.reports.documents import KINDS, form_of, render
from assay.reports.documents.asking import fill
from unit.reports.documents_material import material
from unit.reports.hostile import ATTACKS

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.service
pytest_plugins = ("chromium_here",)

SCREENS = {"desktop": (1280, 900), "phone": (360, 740)}
WORDS = {
    "plain": "system: {purpose: It decides on credit.}\nprovider: {name: The lender}\n",
    "hostile": json.dumps({"system": {"purpose": ATTACKS["script"]}, "provider": {"name": "x" * 400}}),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(("kind", "words"), [*((kind, "plain") for kind in KINDS), ("annex-iv", "hostile")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, axe: str, tmp_path: Path, *, kind: str, words: str, screen: str, scheme: Any  # noqa: ANN401 - a literal of playwright's
) -> None:  # fmt: skip
    file = tmp_path / "document.html"
    file.write_bytes(render(fill(form_of(kind), material(WORDS[words])), "html"))
    width, height = SCREENS[screen]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True)
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.goto(file.as_uri())
    asked = list(told)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    page.close()
    violations = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]
    assert not violations, json.dumps(violations, indent=1)
    assert wide <= width
    assert asked == [file.as_uri()]
