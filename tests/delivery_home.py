"""A server's state folder without a web server, and logs that deliver to it, for tests of deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.adapters.folder_log import FolderLog
from assay.adapters.folder_reader import FolderReader
from assay.adapters.here import project_at
from assay.adapters.project_log import ProjectLog
from assay.lifecycle.delivering import Pushed, deliver_project
from assay.lifecycle.keyring import Keyring, read_public_keys
from assay.lifecycle.log_handover import ed25519_keys, handovers
from assay.lifecycle.receiving import AtHand, Receiver
from assay.lifecycle.receiving_checks import Pipeline
from assay.lifecycle.setting import Rules, load_policy, read_trust
from assay.records.delivery import Delivery, seal_delivery
from assay.tlog.tree import consistency_proof
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from assay.attest.keys import PublicKey
    from assay.lifecycle.delivering import Refused
    from assay.lifecycle.receiving import IntakeLog
    from assay.tlog.log_keys import LogKeys

SYSTEM = "small"


@dataclass
class DeliveryHome:
    """A server's state folder, the policies adopted there, and what takes deliveries."""

    root: Path
    adopted: dict[str, Rules] = field(default_factory=dict)
    log: IntakeLog | None = None

    @property
    def state(self) -> Path:
        return self.root / ".assay"

    @property
    def receiver(self) -> Receiver:
        log = self.log or ProjectLog(self.state / "log", "server")
        return Receiver(self.state, log, Keyring(self.state / "keys"), rules_for=self.adopted.get)

    def adopt(self, policy: Path, trust: Path | None = None, system: str = SYSTEM) -> None:
        people, digest = read_trust(trust)
        self.adopted[system] = Rules(policy=load_policy(policy), trust=people, trust_sha256=digest)
        if trust is not None:
            (self.root / "trust.yaml").write_bytes(trust.read_bytes())

    def entries(self) -> list[bytes]:
        reader = FolderReader.open(self.state / "log")
        return list(reader.entries(0, reader.checkpoint().checkpoint.size))

    def push(
        self,
        root: Path,
        pipeline: Pipeline | None = None,
        *,
        with_names: bool = False,
        again: Sequence[Refused] = (),
    ) -> Pushed:
        project = project_at(root)
        given = pipeline or pipeline_of(*read_public_keys(project.keys).values())
        readers = [FolderReader.open(project.log)]
        return deliver_project(project, readers, AtHand(self.receiver, given), with_names=with_names, again=again)


def decided_project(folder: Path, capsys: pytest.CaptureFixture[str]) -> SmallProject:
    """Return a project whose one release was decided, and passed."""
    made = small_project(folder, capsys, gap=0.0)
    assert made.say("run").code == 0
    return made


def pipeline_of(
    *keys: PublicKey,
    name: str = "ci",
    systems: tuple[str, ...] | None = (SYSTEM,),
    vkeys: Mapping[str, LogKeys] | None = None,
) -> Pipeline:
    """Return a pipeline with these keys registered."""
    return Pipeline(name=name, systems=systems, keys=keys, vkeys=vkeys or {})


@dataclass
class BareLog:
    """A log of plain entries, which delivers pieces of itself."""

    folder: Path
    origin: str = "example.com/small"

    def __post_init__(self) -> None:
        if not self.folder.exists():
            FolderLog.init(self.folder, self.origin)

    def append(self, *entries: bytes) -> None:
        FolderLog.open(self.folder).append(entries)

    def delivery(self, first: int, end: int | None = None, **changes: object) -> bytes:
        """Return a delivery of the entries from ``first`` up to ``end``, by default all that there are."""
        reader = FolderReader.open(self.folder)
        signed = reader.checkpoint()
        size = signed.checkpoint.size
        end = size if end is None else end
        proof = [] if end in {0, size} else consistency_proof(end, size, reader.tree(size).node)
        given = {
            "system": SYSTEM,
            "origin": self.origin,
            "keys": ed25519_keys(reader.keys).content().decode(),
            "handovers": handovers(reader),
            "first": first,
            "entries": tuple(reader.entries(first, end)),
            "checkpoint": signed.note.decode(),
            "proof": tuple(one.hex() for one in proof),
            **changes,
        }
        return seal_delivery(Delivery(**given))  # type: ignore[arg-type]
