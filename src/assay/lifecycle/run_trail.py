"""What of a monitored run goes into the trail: that it began, its iterations in batches, and how it ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.recording import Nothing, one_recorder, record
from assay.lifecycle.storing import keep_document
from assay.records.canonical import canonical_json, sha256_hex
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.project import Project
    from assay.lifecycle.run_record import EndLine, IterationLine, RunLine
    from assay.lifecycle.setting import Log
    from assay.trail.events import Event

MOST_SETTINGS = 100
_NOT_NAME = re.compile(r"[^A-Za-z0-9._:/+=,-]+")
_PLAIN = re.compile(r"[A-Za-z0-9.+-][A-Za-z0-9._:/+=,-]{0,199}\Z")


def as_name(text: str) -> str:
    """Return a text as a name of the trail: other characters become one hyphen."""
    return _NOT_NAME.sub("-", text).lstrip("._:/+=,-")[:200] or "unnamed"


def as_decimal(value: float) -> str | None:
    """Return a number as a decimal string of the trail; None for what is no finite number that fits."""
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return None if re.fullmatch(r"-?\d{1,30}(\.\d+)?", text) is None else "0" if text == "-0" else text


class RunTrail:
    """The trail of one project, for one run."""

    def __init__(self, project: Project, log: Log, key: str = DEFAULT) -> None:
        self._project = project
        self._log = log
        self._key = key

    def began(self, about: RunLine) -> None:
        """Record that a run begins; all that was captured is kept beside the log.

        Raises:
            AssayError: when it cannot be recorded.
        """
        captured = about.captured
        content = canonical_json(about)
        plain = {name: value for name, value in captured.hyperparameters.items() if _PLAIN.match(value)}
        fields: dict[str, Any] = {
            "run": about.run,
            "job": as_name(f"train-{about.name}"),
            "kind": "training",
            "hyperparameters": {as_name(name): plain[name] for name in sorted(plain)[:MOST_SETTINGS]},
            "inputs": {as_name(name): digest for name, digest in captured.datasets.items()},
            "captured_sha256": sha256_hex(content),
        }
        if captured.code.commit is not None:
            fields["code_sha256"] = sha256_hex(captured.code.commit.encode())
        keep_document(self._project.state, content)
        self._record([make_event("run.started", fields, claimed_at=about.started_at)])

    def iterations(self, about: RunLine, lines: Sequence[IterationLine], content: bytes, at: str) -> None:
        """Record a batch of iterations: what came of them, and the digest of their lines, which are kept beside.

        Raises:
            AssayError: when it cannot be recorded.
        """
        first: dict[str, int] = {}
        for line in lines:
            first.setdefault(line.status, line.iteration)
        fields = {
            "run": about.run,
            "first": lines[0].iteration,
            "last": lines[-1].iteration,
            "lines_sha256": sha256_hex(content),
            "metrics": _metrics(lines[-1]),
        } | {status: sum(line.status == status for line in lines) for status in _STATUSES}
        fields |= {"first_breached": first["breached"]} if "breached" in first else {}
        keep_document(self._project.state, content)
        self._record([make_event("run.iterations", fields, claimed_at=at)])

    def ended(self, about: RunLine, end: EndLine, last: IterationLine | None, record_sha256: str | None) -> None:
        """Record how a run ended.

        Raises:
            AssayError: when it cannot be recorded.
        """
        outcomes = {"complete": "complete", "stopped": "aborted", "failed": "failed", "aborted": "aborted"}
        fields: dict[str, Any] = {
            "run": about.run,
            "job": as_name(f"train-{about.name}"),
            "outcome": outcomes[end.outcome],
            "metrics": _metrics(last) if last is not None else {},
            "outputs": {as_name(name): digest for name, digest in end.outputs.items()},
            "record_sha256": record_sha256,
            "kept_iteration": None if end.kept is None else end.kept.iteration,
            "kept_sha256": None if end.kept is None else end.kept.sha256,
            "stopped_at": end.stopped_at,
        }
        self._record([make_event("run.finished", _said(fields), claimed_at=end.ended_at)])

    def _record(self, events: Sequence[Event]) -> None:
        # One at a time: of two runs that begin at once, the second finds the key that the first has made. A run's id is
        # random, so no event of it can be in the log already.
        with one_recorder(self._project.state):
            keyring = Keyring(self._project.keys, late=True)
            signer = keyring.signer(self._key)
            with keyring.kept():
                record(events, self._log, signer, Nothing())


_STATUSES = ("satisfied", "breached", "undecided", "failed")


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _metrics(line: IterationLine) -> dict[str, str]:
    found = {as_name(one.id): as_decimal(one.value) for one in line.found if one.value is not None}
    found |= {as_name(name): as_decimal(value) for name, value in line.progress.items()}
    return {name: text for name, text in found.items() if text is not None}
