"""Witnesses and logs for tests: a real server in a thread, and a log whose leaves are in memory."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from assay.adapters.witness_server import WitnessServer
from assay.adapters.witness_state import WitnessState
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.merkle import hash_leaf
from assay.tlog.signer import sign_note, signer_key
from assay.tlog.tree import consistency_proof, perfect_root, root_hash
from assay.tlog.witness import watched_logs
from assay.tlog.witness_policy import WitnessPolicy, parse_witness_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ORIGIN = "example.com/log"
LOG = signer_key(ORIGIN, bytes(range(32)))


class Leaves:
    """A log's leaves; logs of another salt are other histories under the same key."""

    def __init__(self, salt: bytes = b"", shared: int = 0, most: int = 300) -> None:
        self._hashes = [hash_leaf((b"" if number < shared else salt) + b"%d" % number) for number in range(most)]

    def node(self, level: int, index: int) -> bytes:
        return perfect_root(self._hashes[index << level : (index + 1) << level])

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(ORIGIN, size, root_hash(size, self.node))

    def note(self, size: int) -> bytes:
        return sign_note(self.checkpoint(size).text(), [LOG])

    def prove(self, old: int, size: int) -> Sequence[bytes]:
        return consistency_proof(old, size, self.node)


def place(server: WitnessServer) -> tuple[str, int]:
    host, port = server.server_address[:2]
    return str(host), port


@contextlib.contextmanager
def running(server: WitnessServer) -> Iterator[WitnessServer]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def witness(folder: Path, name: str = "example.com/witness", port: int = 0) -> Iterator[WitnessServer]:
    logs = watched_logs([LOG.verifier])
    with (
        contextlib.closing(WitnessState.open(folder, name)) as state,
        running(WitnessServer(("127.0.0.1", port), state, logs)) as server,
    ):
        yield server


def vkeys(folder: Path, name: str = "example.com/witness") -> list[str]:
    with contextlib.closing(WitnessState.open(folder, name)) as state:
        return [str(signer.verifier) for signer in state.signers]


def policy(threshold: str, witnesses: dict[str, tuple[str, str]]) -> WitnessPolicy:
    """Return a policy: names to verifier key and address, and how many must sign."""
    lines = [f"log {LOG.verifier}"]
    lines += [f"witness {name} {vkey} {address}" for name, (vkey, address) in witnesses.items()]
    lines += [f"group all-of-them {threshold} {' '.join(witnesses)}", "quorum all-of-them"]
    return parse_witness_policy("\n".join(lines).encode())
