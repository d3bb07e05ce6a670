"""The trail's pages in a real Chromium: an entry proves itself, a lie is found out, and what cannot be is said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pytest

from live_server import free_port, serving
from proof_cases import REFUTED, RUNNER, flips, proofs, wrong
from proof_vectors import inclusion_calls, note_cases, text_cases, tree_cases, whole_cases
from server_home import application, home_at
from small_project import CONFIG, POLICY, Said, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.service
pytest_plugins = ("chromium_here",)

SCREENS = {"desktop": (1280, 900), "phone": (390, 800)}
ELSEWHERE = "proof.test"
"""A name of this machine that is no secure context to a browser, as it is not loopback."""

RUN = """async (calls) => {
  const runner = await import("/runner.mjs");
  return runner.run(await runner.load("/static"), calls);
}"""


def acknowledge(project: Project, alert: str) -> None:
    said = project.say("trail", "append", "monitor.ack", "--as", "mila", "-f", f"alert={alert}", "-f", "by=mila")
    assert said.code == 0, said.err


class Project:
    """A small project whose commands run in processes of their own, so that many tests share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "model").mkdir()
        contents = {"assay.yaml": CONFIG, "policy.yaml": POLICY, "test.csv": rows(2000), "model/w.json": "{}"}
        for name, content in contents.items():
            (root / name).write_text(content)

    def say(self, *arguments: str) -> Said:
        """Run a command in the project's folder."""
        command = [sys.executable, "-m", "assay", *arguments]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False, timeout=120)
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("project"))
    for line in (("keys", "new", "mila"), ("run", "--key", "mila")):
        said = made.say(*line)
        assert said.code == 0, said.err
    return made


class Site:
    """A server's folder behind one address; what lies in it can be put in another's place."""

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder, self.project, self.port = folder, project, free_port()

    def copy(self, name: str) -> Path:
        """Return a folder that holds the project's log as it is now."""
        root = self.folder / name
        root.mkdir(mode=0o700)
        shutil.copytree(self.project.root / ".assay", root / ".assay")
        return root

    def served(self, root: Path) -> Any:  # noqa: ANN401 - a context
        return serving(application(home_at(root), by_default="auditor"), self.port)


@pytest.fixture
def site(tmp_path: Path, project: Project) -> Site:
    return Site(tmp_path, project)


@pytest.fixture
def context(chromium: Callable[..., Browser]) -> Iterator[BrowserContext]:
    made = chromium().new_context()
    yield made
    made.close()


def outcome(page: Page, address: str) -> tuple[str, str]:
    """Open an entry's page; return the state that it reaches, and what it says."""
    page.goto(address)
    page.wait_for_selector(".proof[data-state]")
    section = page.locator(".proof")
    return section.get_attribute("data-state") or "", section.inner_text()


def test_every_case_that_holds_in_node_holds_in_the_browser(context: BrowserContext, site: Site) -> None:
    cases = [*proofs(), *tree_cases(), *note_cases(), *text_cases(), *whole_cases()]
    changed, inclusions = list(flips()), inclusion_calls()
    with site.served(site.copy("one")) as address:
        page = context.new_page()
        page.route("**/runner.mjs", lambda route: route.fulfill(path=RUNNER, content_type="text/javascript"))
        page.goto(f"{address}/health")
        assert wrong(cases, page.evaluate(RUN, [one.call for one in cases])) == []
        found = page.evaluate(RUN, [{"call": "prove", "given": given} for _, given in changed])
        told = page.evaluate(RUN, [call for call, _, _ in inclusions])
    assert [name for (name, _), one in zip(changed, found, strict=True) if one["value"]["state"] != REFUTED] == []
    assert [one.get("value") == root for one, (_, root, _) in zip(told, inclusions, strict=True)] == [
        holds for _, _, holds in inclusions
    ]


def test_every_entry_proves_itself_and_asks_for_nothing_elsewhere(context: BrowserContext, site: Site) -> None:
    with site.served(site.copy("one")) as address:
        page, asked, complaints = context.new_page(), list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/trail")
        addresses = page.eval_on_selector_all("table a.what", "all => all.map((one) => one.href)")
        assert len(addresses) > 5
        for one in addresses:
            state, said = outcome(page, one)
            assert (state, "Proven here, in this browser" in said) == ("proven", True), said
    assert {one.split("/", 3)[2] for one in asked} == {f"127.0.0.1:{site.port}"}
    assert [one for one in complaints if "favicon" not in one and "404" not in one] == []


def test_a_log_that_grows_is_joined_to_what_was_seen_and_one_that_forks_is_found_out(
    context: BrowserContext, site: Site
) -> None:
    page = context.new_page()
    early = site.copy("early")
    with site.served(early) as address:
        assert "for the first time" in outcome(page, f"{address}/trail/0")[1]
        assert "this very checkpoint before" in outcome(page, f"{address}/trail/1")[1]
    fork = site.copy("fork")
    acknowledge(site.project, "a-1")
    with site.served(site.copy("grown")) as address:
        state, said = outcome(page, f"{address}/trail/0")
        assert (state, "hashes from the log's tiles join their roots" in said) == ("proven", True)
    with site.served(early) as address:
        state, said = outcome(page, f"{address}/trail/0")
        assert (state, "truncated: expected at least" in said) == ("refuted", True)
    state_folder = site.project.root / ".assay"
    shutil.rmtree(state_folder)
    shutil.copytree(fork / ".assay", state_folder)  # the same keys sign another history
    acknowledge(site.project, "b-1")
    with site.served(site.copy("forked")) as address:
        state, said = outcome(page, f"{address}/trail/0")
        assert (state, "split view" in said, "Keep both" in said) == ("refuted", True, True)
        page.get_by_role("button", name="Forget what this browser has seen").click()
        page.wait_for_selector(".proof[data-state='proven']")


def test_a_page_that_shows_other_words_than_were_signed_is_refuted(context: BrowserContext, site: Site) -> None:
    with site.served(site.copy("one")) as address:
        page = context.new_page()

        def lie(route: Any) -> None:  # noqa: ANN401 - playwright's route
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace("https://in-toto.io/", "https://in-t0to.io/"))

        page.route("**/trail/0", lie)
        state, said = outcome(page, f"{address}/trail/0")
    assert (state, "the statement below is another" in said) == ("refuted", True)


def test_a_changed_proof_is_refuted_with_what_was_expected_and_found(context: BrowserContext, site: Site) -> None:
    with site.served(site.copy("one")) as address:
        page = context.new_page()

        def change(route: Any) -> None:  # noqa: ANN401 - playwright's route
            answer = route.fetch()
            given = answer.json()
            route.fulfill(response=answer, json=given | {"index": given["index"] + 1})

        page.route("**/proof.json", change)
        state, said = outcome(page, f"{address}/trail/0")
        assert state == "refuted"
        assert "expected" in said
        assert "as the checkpoint states" in said
        page.unroute("**/proof.json")
        page.route("**/proof.json", lambda route: route.abort())
        assert outcome(page, f"{address}/trail/0")[0] == "unchecked"


def test_a_page_that_is_no_secure_context_says_so_and_how_else(chromium: Callable[..., Browser], site: Site) -> None:
    page = chromium((f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",)).new_page()
    with site.served(site.copy("one")):
        state, said = outcome(page, f"http://{ELSEWHERE}:{site.port}/trail/0")
    page.close()
    assert (state, "no WebCrypto" in said, "assay log verify 0.tlog-proof 0.entry" in said) == ("unchecked", True, True)


WITHOUT_ED25519 = """
  const before = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (format, key, algorithm, ...more) => algorithm.name === "Ed25519"
    ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
    : before(format, key, algorithm, ...more);
"""
"""What WebCrypto did before browsers knew Ed25519 (Chrome before 137); this Chromium has no switch for it."""


def test_a_browser_without_ed25519_says_so_and_goes_on(context: BrowserContext, site: Site) -> None:
    context.add_init_script(WITHOUT_ED25519)
    page = context.new_page()
    with site.served(site.copy("one")) as address:
        state, said = outcome(page, f"{address}/trail/0")
        assert page.evaluate("localStorage.length") == 0
    assert (state, "cannot verify Ed25519 signatures" in said) == ("unchecked", True)
    assert page.locator(".step.proven").count() == 4
    assert page.locator(".otherwise[open]").count() == 1


def test_what_the_page_says_to_do_without_it_works(context: BrowserContext, site: Site, tmp_path: Path) -> None:
    if shutil.which("openssl") is None or shutil.which("xxd") is None:
        pytest.skip("openssl or xxd is not installed")
    root = site.copy("one")
    with site.served(root) as address:
        page = context.new_page()
        page.goto(f"{address}/trail/1")
        page.locator(".otherwise summary").click()
        for name in ("entry", "entry.tlog-proof"):
            with page.expect_download() as saved:
                page.locator(f".otherwise a[href='/trail/1/{name}']").click()
            saved.value.save_as(tmp_path / saved.value.suggested_filename)
        by_assay, by_openssl, leaf = page.locator(".otherwise pre").all_inner_texts()
    told = subprocess.run(["sh", "-euc", by_openssl], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verified Successfully" in told.stdout, told
    hashed = subprocess.run(["sh", "-euc", leaf], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert hashed.stdout.split()[0] in page.inner_text("body")
    words = by_assay.replace("\\\n", " ").replace("'", "").split()
    assert words[:3] == ["assay", "log", "verify"]
    said = site.project.say("log", "verify", *(str(tmp_path / one) for one in words[3:5]), *words[5:])
    assert (said.code, "is entry 1 of the log" in said.out) == (0, True), said


def test_a_kept_proof_is_checked_offline(context: BrowserContext, site: Site, tmp_path: Path) -> None:
    root = site.copy("one")
    log = str(root / ".assay/log")
    for verb, name in (("prove", "2.tlog-proof"), ("get", "2.entry")):
        assert site.project.say("log", verb, log, "2", "-o", str(tmp_path / name)).code == 0
    with site.served(root) as address:
        page = context.new_page()
        page.goto(f"{address}/trail")
        context.set_offline(True)
        page.set_input_files("input[name=proof]", tmp_path / "2.tlog-proof")
        page.set_input_files("input[name=entry]", tmp_path / "2.entry")
        page.get_by_role("button", name="Check", exact=True).click()
        page.wait_for_selector(".proof[data-state='proven']")
        page.set_input_files("input[name=entry]", tmp_path / "2.tlog-proof")
        page.get_by_role("button", name="Check", exact=True).click()
        page.wait_for_selector(".proof[data-state='refuted']")
        page.set_input_files("input[name=proof]", tmp_path / "2.entry")
        page.get_by_role("button", name="Check", exact=True).click()
        page.wait_for_selector("text=expected the line c2sp.org/tlog-proof@v1")
        context.set_offline(False)


def _other(said: dict[str, Any], route: Any) -> None:  # noqa: ANN401 - playwright's route
    """Answer a page's request for a proof with another one."""
    route.fulfill(json=route.fetch().json() | said)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_nothing_in_any_state(
    chromium: Callable[..., Browser], axe: str, site: Site, *, screen: str, scheme: Literal["light", "dark"]
) -> None:
    width, height = SCREENS[screen]
    context = chromium().new_context(viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found: dict[str, Any] = {}
    with site.served(site.copy("one")) as address:
        for name, path, broken in (
            ("trail", "/trail", None), ("proven", "/trail/1", None), ("nothing", "/trail?model=nobody", None),
            ("refuted", "/trail/2", {"index": 1}), ("unchecked", "/trail/2", {"signers": []}),
        ):  # fmt: skip
            page.unroute_all()
            if broken is not None:
                page.route("**/proof.json", partial(_other, broken))
            page.goto(f"{address}{path}")
            if "/trail/" in path:
                page.wait_for_selector(f".proof[data-state='{name}']")
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            page.evaluate(axe)
            told = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            found[name] = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in told]
            found[name] += [f"scrolls sideways by {wide}"] if wide else []
    context.close()
    assert {name: one for name, one in found.items() if one} == {}, json.dumps(found, indent=1)


def test_the_keyboard_reaches_filters_entries_and_pages(context: BrowserContext, site: Site) -> None:
    with site.served(site.copy("one")) as address:
        page = context.new_page()
        page.goto(f"{address}/trail")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.locator("input[name=text]").focus()
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        page.wait_for_url("**/trail?*text=1*")
        assert page.locator("table a.what").count() == 1
        page.locator("table a.what").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/trail/1")
        page.locator("a[rel=next]").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/trail/2")
