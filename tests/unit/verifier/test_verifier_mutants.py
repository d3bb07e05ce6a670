"""The verifier's tests notice nine in ten small changes to it, and every one in the code of proofs and signatures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOL = [sys.executable, str(ROOT / "tools" / "mutate_verifier.py"), "--jobs", "2", "--sample", "200"]
"""A sample, the same each time: all of them take half an hour of CPU."""


@pytest.mark.slow
def test_small_changes_are_noticed() -> None:
    done = subprocess.run(TOOL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
