"""`assay log witness` as people run it: a process that is started, asked, killed and started again."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assay.adapters.witness_state import WitnessState
from assay.tlog.vkey import parse_vkey
from assay.tlog.witness import AddCheckpoint, parse_cosignatures
from unit.adapters.witness_cast import LOG, ORIGIN, Leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NAME = "example.com/witness"
LEAVES = 20_000
TREE = Leaves(most=LEAVES)


class Process:
    """A running witness."""

    def __init__(self, state: Path) -> None:
        command = [sys.executable, "-m", "assay", "log", "witness", str(state), "--name", NAME]
        self._process = subprocess.Popen(
            [*command, "--log", str(LOG.verifier), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.vkeys = [self._process.stdout.readline().strip() for _ in range(2)]
        told = self._process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", told)
        assert found, told
        self.port = int(found[1])
        # What it says is read all along, so that a full pipe cannot hold it up.
        self._reading = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._reading.start()

    def submit(self, old: int, size: int) -> tuple[int, bytes]:
        hashes = tuple(TREE.prove(old, size)) if 0 < old < size else ()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/add-checkpoint", AddCheckpoint(old, hashes, TREE.note(size)).content())
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def end(self, how: signal.Signals) -> int:
        self._process.send_signal(how)
        code = self._process.wait(20)
        self._reading.join(10)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return code


@contextlib.contextmanager
def started(state: Path) -> Iterator[Process]:
    process = Process(state)
    try:
        yield process
    finally:
        if process._process.poll() is None:
            process.end(signal.SIGKILL)


def recorded(state: Path) -> int:
    with contextlib.closing(WitnessState.open(state, NAME)) as found:
        checkpoint = found.recorded(ORIGIN)
        return checkpoint.size if checkpoint else 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_its_keys_cosigns_and_ends_when_told(tmp_path: Path, how: signal.Signals) -> None:
    with started(tmp_path / "state") as process:
        keys = [parse_vkey(text) for text in process.vkeys]
        assert [key.kind for key in keys] == [4, 6]
        status, body = process.submit(0, 5)
        assert status == 200
        assert len(parse_cosignatures(body, TREE.checkpoint(5).text(), keys).signatures) == 2
        assert process.end(how) == 0
    with started(tmp_path / "state") as process:
        assert process.vkeys == [str(key) for key in keys]
        assert process.submit(0, 9) == (409, b"5\n")


def kill_under_load(state: Path, draw: random.Random) -> tuple[int, int]:
    """Push checkpoints from three threads, kill the witness meanwhile; return sizes cosigned and recorded."""
    acknowledged = [recorded(state)] if state.exists() else [0]
    with started(state) as process:

        def push(seed: int) -> None:
            steps = random.Random(seed)
            old = acknowledged[0]
            while True:
                size = old + steps.randrange(1, 5)
                assert size <= LEAVES, "the machine is too fast for this tree: give it more leaves"
                try:
                    status, body = process.submit(old, size)
                except (OSError, http.client.HTTPException):
                    return  # killed
                assert status in {200, 409}
                old = int(body) if status == 409 else size
                if status == 200:
                    acknowledged.append(size)

        threads = [threading.Thread(target=push, args=(draw.random(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        timer = threading.Timer(0.05 + draw.random() * 0.25, process.end, (signal.SIGKILL,))
        timer.start()
        for thread in [*threads, timer]:
            thread.join(30)
    assert len(acknowledged) == len(set(acknowledged)), "one record was won twice"
    return max(acknowledged), recorded(state)


@pytest.mark.parametrize("rounds", [pytest.param(4, id="short"), pytest.param(60, id="long", marks=pytest.mark.slow)])
def test_killed_under_load_it_never_forgets_what_it_cosigned(tmp_path: Path, rounds: int) -> None:
    draw = random.Random(21)
    reached = 0
    for _ in range(rounds):
        cosigned, kept = kill_under_load(tmp_path / "state", draw)
        assert kept >= cosigned >= reached
        reached = kept
    assert reached > rounds


def test_it_tells_what_is_wrong_with_the_command(tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "assay", "log", "witness", str(tmp_path / "state"), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=environment)
        return done.returncode, done.stderr

    key = str(LOG.verifier)
    for arguments, words in (
        (["--name", NAME], "expected --log VKEY"),
        (["--name", NAME, "--log", "nonsense"], "verifier key: expected"),
        (["--name", "a b", "--log", key], "witness name 'a b'"),
        (["--name", NAME, "--log", key, "--listen", "7380"], "expected HOST:PORT"),
    ):
        code, told = run(*arguments)
        assert (code, words in told) == (2, True), told
        assert "Traceback" not in told
    assert not (tmp_path / "state").exists()
