"""A real server that is killed while people sign in, consent, and accept risks: nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from assay.adapters.folder_reader import FolderReader
from assay.server.demonstration import demonstrate
from assay.server.home import open_home
from assay.server.starting import start
from assay.server.store import two_person
from assay.trail.reading import CONSENT_DIGEST
from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROUNDS, READY_SECONDS = 4, 120.0
VERSION = "/models/mortgage-approval/2"
RISK = {"finding": "race-and-sex-gap/race,sex", "reason": "few people", "compensating": "every case is seen"}
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_SHOWN = re.compile(r'name="verdict_sha256" value="([^"]+)"')
_CONSENT = re.compile(r'name="consent" value="([^"]+)"')
_ASKED = re.compile(r'action="/requests/([^"/]+)/consent"')

SERVING = """
import sys
from pathlib import Path
from assay.server.running import serve
serve(Path(sys.argv[1]), listen=None, name="assay", demo=False, say=lambda words: print(words, flush=True))
"""


@dataclass
class Said:
    """What the server has acknowledged, by kind, and the cookies that it gave."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    cookies: list[httpx.Cookies] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


class Person:
    """Somebody with a browser, for as long as the server answers."""

    def __init__(self, url: str, said: Said, name: str, password: str) -> None:
        self.asked = httpx.Client(base_url=url, headers={"accept": "text/html", "origin": url}, timeout=60.0)
        self.said, self.name, self.password = said, name, password

    def sign_in(self) -> None:
        before = self.said.acknowledged["session.opened"]
        token = self.token("/sign-in")
        self.post("/sign-in", "session.opened", csrf=token, name=self.name, password=self.password)
        if self.said.acknowledged["session.opened"] > before:
            self.said.cookies.append(httpx.Cookies(self.asked.cookies))  # as they are now

    def token(self, path: str) -> str:
        self.text = self.asked.get(path).text
        return str(_TOKEN.findall(self.text)[0])

    def post(self, path: str, kind: str, /, **form: str) -> None:
        if self.asked.post(path, data=form).status_code == 303:
            self.said.acknowledged[kind] += 1

    def accept_and_take_back(self) -> None:
        token = self.token(f"{VERSION}/waive?finding=race-and-sex-gap/race,sex")
        if shown := _SHOWN.findall(self.text):
            self.post(
                f"{VERSION}/waive", CONSENT_DIGEST, csrf=token, verdict_sha256=shown[0], expires=self.day(), **RISK
            )
        token = self.token(VERSION)
        for consent in _CONSENT.findall(self.text)[:1]:
            self.post(f"{VERSION}/revoke", CONSENT_DIGEST, csrf=token, consent=consent, reason="thought again")

    def day(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 20 * 86_400))

    def ask(self) -> None:
        form = {"what": "key-rotation", "about": "rosa", "reason": "a laptop was lost"}
        self.post("/requests", "request.opened", csrf=self.token("/requests"), **form)

    def consent(self) -> None:
        token = self.token("/requests")
        for identity in _ASKED.findall(self.text)[:1]:
            self.post(f"/requests/{identity}/consent", "request.decided", csrf=token, words="so be it")

    def act(self, *acts: Callable[[Person], None]) -> None:
        """Sign in and act, again and again, until the server is gone."""
        with self.asked, contextlib.suppress(httpx.HTTPError):
            while not self.said.stop.is_set():
                self.asked.cookies.clear()
                self.sign_in()
                for act in acts:
                    act(self)


@contextlib.contextmanager
def serving(root: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SERVING, str(root)], env=os.environ.copy())
    try:
        ends = time.monotonic() + READY_SECONDS
        while time.monotonic() < ends and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/ready").status_code == 200:
                    break
            time.sleep(0.1)
        assert process.poll() is None
        yield process
    finally:
        process.kill()
        process.wait()


def passwords_of(told: list[str]) -> dict[str, str]:
    rows = [line.split() for line in told if line.startswith("  ")]
    return {row[0]: row[1] for row in rows}


@pytest.mark.slow
@pytest.mark.service
def test_a_server_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    told: list[str] = []
    home = open_home(tmp_path / "home", listen=f"127.0.0.1:{free_port()}")
    with start(home) as server:
        demonstrate(server, told.append)
    url, said, draw = home.settings.origin, Said(), random.Random(7)
    passwords = passwords_of(told)
    before = log_of(home.root)
    for _ in range(ROUNDS):
        with serving(home.root, url) as process:
            people = {name: Person(url, said, name, passwords[name]) for name in ("rosa", "vera", "administrator")}
            acts: dict[str, tuple[Callable[[Person], None], ...]] = {
                "rosa": (Person.accept_and_take_back,), "vera": (Person.ask,), "administrator": (Person.consent,),
            }  # fmt: skip
            threads = [threading.Thread(target=one.act, args=acts[name]) for name, one in people.items()]
            for thread in threads:
                thread.start()
            time.sleep(draw.uniform(4.0, 9.0))
            process.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
    with serving(home.root, url):
        assert all(httpx.get(f"{url}/account", cookies=one).status_code == 200 for one in said.cookies)
        person = Person(url, said, "rosa", passwords["rosa"])
        person.sign_in()
        accepted = said.acknowledged[CONSENT_DIGEST]
        person.accept_and_take_back()
        person.asked.close()
        assert said.acknowledged[CONSENT_DIGEST] > accepted
    with start(home) as server:
        while server.outbox.flush():
            pass
        with server.store.reading() as rows:
            asked = two_person.latest(rows, 10_000)
    found = log_of(home.root) - before
    assert {kind: many for kind, many in said.acknowledged.items() if found[kind] < many} == {}
    assert min(said.acknowledged[kind] for kind in ("session.opened", "request.opened", CONSENT_DIGEST)) >= ROUNDS
    assert len(asked) >= said.acknowledged["request.opened"]
    assert FolderReader.open(home.log_folder).check().problems == ()


def log_of(root: Path) -> Counter[str]:
    """Return how many entries of each type the server's log has."""
    with start(open_home(root)) as server:
        while server.outbox.flush():
            pass
        rows = server.inside.view().connection.execute("SELECT type, count(*) FROM event GROUP BY type").fetchall()
    return Counter(dict(rows))
