"""A signed release whose log real witnesses cosign: servers on the loopback interface, in threads."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.adapters.folder_log import open_log
from assay.adapters.witness_server import WitnessServer
from assay.adapters.witness_state import WitnessState
from assay.tlog.vkey import parse_vkey
from assay.tlog.witness import watched_logs
from unit.adapters.witness_cast import place, running
from unit.lifecycle.signed_release import Made, make_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Witnessed:
    """A release, its log's folder, and the lines of a tlog-policy that name the witnesses."""

    made: Made
    lines: tuple[str, ...]

    @property
    def log(self) -> Path:
        return self.made.root / ".assay" / "log"

    def policy(self, quorum: str = "both") -> str:
        """Return a tlog-policy over the witnesses bank and auditor, which asks for both, any or none of them."""
        groups = {"both": "group both all bank auditor\n", "one": "group one any bank auditor\n"}
        return "\n".join(self.lines) + f"\n{groups.get(quorum, '')}quorum {quorum}\n"


@contextlib.contextmanager
def witnessed(root: Path, *, when: str = "before", quorum: str = "both") -> Iterator[Witnessed]:
    """Make a release, with the log's policy in place before it, after it, or never."""
    log = open_log(root / "project" / ".assay" / "log", "mortgage-approval")
    lines = [f"log {log.vkey}"]
    with contextlib.ExitStack() as stack:
        for name in ("bank", "auditor"):
            state = stack.enter_context(contextlib.closing(WitnessState.open(root / name, f"example.com/{name}")))
            server = WitnessServer(("127.0.0.1", 0), state, watched_logs([parse_vkey(log.vkey)]))
            host, port = place(stack.enter_context(running(server)))
            lines.append(f"witness {name} {state.signers[0].verifier} http://{host}:{port}")
        found = Witnessed(Made(root / "project", root), tuple(lines))
        policy = root / "project" / ".assay" / "log.policy"
        if when == "before":
            policy.write_text(found.policy(quorum))
        made = make_release(root / "project")
        if when == "after":
            policy.write_text(found.policy(quorum))
        yield Witnessed(made, tuple(lines))
