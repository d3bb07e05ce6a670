"""Alerts of a stream in a project's trail: raised once, and told to its channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from assay.adapters.here import project_at
from assay.adapters.trail_here import open_trail, record
from assay.lifecycle.chronicle import decimal_of, name_of
from assay.lifecycle.keyring import DEFAULT
from assay.lifecycle.project import Project
from assay.lifecycle.setting import now
from assay.lifecycle.storing import keep_document
from assay.records.canonical import digest, sha256_hex
from assay.trail.events import make_event
from assay.trail.incidents import incidents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from assay.lifecycle.watch_rounds import Round
    from assay.records.verdict import Severity
    from assay.sequential import Alert
    from assay.trail.events import Event
    from assay.trail.incidents import Incident


class StreamAlerts:
    """Records what a watched stream raises.

    Args:
        project: itself, its `assay.yaml` or folder.
        severity: how much a breach matters.
        key: name of the key that signs.
    """

    def __init__(
        self, project: Project | Path | str | None, *, severity: Severity = "high", key: str = DEFAULT
    ) -> None:
        self.project = project if isinstance(project, Project) else project_at(project)
        self._severity, self.key = severity, key
        section = self.project.config.model
        self._about = {"model": section.name, "version": section.version}

    def take(self, found: Round) -> list[str]:
        """Record what a round has raised, and that data came again; return the ids of alerts that are new.

        A breach is raised once: a state file keeps it for ever, and somebody may have resolved it since.
        """
        if not (self.project.log / "checkpoint").is_file():
            events = [*self._breaches(found, lambda _identity: False), *self._silence(found, None)]
        else:
            with open_trail(self.project) as opened:
                standing = {one.name: one for one in incidents(opened.view())}
                events = [
                    *self._breaches(found, lambda identity: opened.with_id(identity) is not None),
                    *self._silence(found, standing.get(self._no_data)),
                ]
        if events:
            record(events, self.project, key=self.key)
        return [event.fields.alert for event in events if event.type == "monitor.alert"]

    def _breaches(self, found: Round, known: Callable[[str], bool]) -> Iterator[Event]:
        for one in found.new_alerts:
            said = {"alert": self._name(f"{one.metric}/{one.over.attribute}"), **self._about, **self._breach(one)}
            evidence = msgspec.json.encode(one, order="sorted")
            identity = f"stream_{digest({**said, 'evidence': sha256_hex(evidence)})[:32]}"
            if not known(identity):
                said["evidence_sha256"] = keep_document(self.project.state, evidence)
                yield make_event("monitor.alert", said, claimed_at=now(), identity=identity)

    def _silence(self, found: Round, standing: Incident | None) -> Iterator[Event]:
        open_ = standing is not None and standing.resolved is None
        if found.no_data and not open_:
            said = {"kind": "data-quality", "metric": "rows", "measured": "0", "limit": "1", "severity": self._severity}
            yield make_event("monitor.alert", {"alert": self._no_data, **self._about, **said}, claimed_at=now())
        if found.new_rows > 0 and open_:
            over = {"alert": self._no_data, "how": "back-within-limit"}
            yield make_event("monitor.resolved", over, claimed_at=now())

    @property
    def _no_data(self) -> str:
        return self._name("no-data")

    def _name(self, what: str) -> str:
        return name_of(f"{self._about['model']}/{self._about['version']}/stream/{what}")

    def _breach(self, one: Alert) -> dict[str, Any]:
        worse = one.lowest or one.highest
        return {
            "kind": "fairness", "metric": name_of(one.metric), "severity": self._severity,
            "group": {name: str(value) for name, value in worse.items()},
            "measured": decimal_of(one.estimate), "limit": decimal_of(one.limit),
        }  # fmt: skip
