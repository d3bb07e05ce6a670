"""A real Chromium, and axe-core, as fixtures: name this module in ``pytest_plugins``.

There is one of each a process, whatever tests it runs: its driver cannot be started twice in one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

AXE = "axe-core@4.14.1"
CHROMIUM = os.environ.get("ASSAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return axe-core's script, fetched by npm; it is not kept in the repository."""
    folder: Path = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run(["npm", "pack", AXE, "--silent"], cwd=folder, check=True, capture_output=True, timeout=120)
    except FileNotFoundError:
        pytest.skip("npm is not installed")
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as opened:
        script = opened.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[[Sequence[str]], Browser]]:
    """Return what opens Chromium with some flags more; all are closed in the end."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed; set ASSAY_CHROMIUM or apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        opened: dict[tuple[str, ...], Browser] = {}

        def launch(flags: Sequence[str] = ()) -> Browser:
            key = tuple(flags)
            if key not in opened:
                opened[key] = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
            return opened[key]

        yield launch
        for one in opened.values():
            one.close()


@pytest.fixture(scope="session")
def browser(chromium: Callable[[Sequence[str]], Browser]) -> Browser:
    """Return Chromium with no flags more."""
    return chromium(())
