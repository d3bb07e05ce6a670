"""A light S3 server for one test run: the emulator ministack, from PyPI, on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from assay.adapters.s3_client import connect
from live_server import free_port
from worm_scenarios import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 60


def wait_for(address: str, alive: Callable[[], bool]) -> None:
    """Wait until something answers, whatever it says."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and alive():
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - http on loopback
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"nothing answers at {address}")


@contextlib.contextmanager
def running_ministack(folder: Path) -> Iterator[Store]:
    """Start an S3 emulator in a folder; it ends with the block."""
    for needed in ("boto3", "ministack"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    port = free_port()
    loopback = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "s3", "IOT_MTLS_ENABLED": "0"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env={**os.environ, **loopback, "STATE_DIR": str(folder)},
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/", lambda: process.poll() is None)
        yield local(port, "test", "test")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def local(port: int, key: str, secret: str) -> Store:
    return Store(
        connect(
            f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )
    )
