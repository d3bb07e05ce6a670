"""What a cluster is answered when it asks whether a workload may run, and what of that enters the log.

The answer is no unless everything in the workload is cleared, exempt by the settings, or let in by a break-glass; also
when the database, the log or this process is slow or cannot tell (``failurePolicy: Fail`` does the same for a server
that is not there at all). Each denial is an event, told before or soon after the answer; a use of break-glass is told
*before* it is let in. What was let in, and denials that are only repeated, are counted, and the count is an event every
ten minutes: a cluster that restarts a thousand pods writes one. A process that is killed loses the counts since the
last one, never a denial that was told nor a use of break-glass.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assay.adapters.admission_review import UNREADABLE, Review, answer, glimpse, parse_review
from assay.errors import AssayError, StorageError
from assay.lifecycle.admitting import Admitted, ClusterSection, admit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from assay.lifecycle.admitting import Clear, Glass, Ruling

    Tell = Callable[[str, Mapping[str, Any], Mapping[str, str | None]], None]
    """Has an event enter the log: type, fields, and the fields that are people, by name; durable when it returns."""

LOGGER = logging.getLogger("assay.server")

ANSWER_SECONDS = 3.0
"""A cluster is answered within this time, no if need be; its own patience (``timeoutSeconds``) is longer."""

COUNT_SECONDS = 600.0
"""How long is counted before the count is an event, and how long a repeated denial is only counted."""

MOST_PENDING, MOST_SEEN, MOST_VERSIONS = 1_000, 10_000, 200
_LABEL = 256
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=,-]{0,199}")  # `assay.trail.fields.Name`; a workload may say anything
LATE = (
    "no answer was ready in {seconds:g} seconds, so it may not run yet. Try again; if it stays so, tell the people who "
    "run Assay"
)
FAILED = "the server failed, so it may not run. Tell the people who run Assay; its own log tells more"


@dataclass
class _Counts:
    """What a cluster was answered since the last count."""

    first: str
    last: str
    allowed: int = 0
    exempt: int = 0
    denied_again: int = 0
    versions: dict[str, int] = field(default_factory=dict)


class ClusterGate:
    """Answers clusters.

    Args:
        clusters: what the settings say of each cluster; one that they do not name has no exemptions.
        clear: says whether an image or a model may run.
        in_force: tells the break-glasses of a cluster that two people have agreed on.
        tell: has an event enter the log.
        clock: the time, RFC 3339 in UTC.
        seconds: a clock that only goes on.
    """

    def __init__(
        self,
        clusters: Mapping[str, ClusterSection],
        *,
        clear: Clear,
        in_force: Callable[[str], Sequence[Glass]],
        tell: Tell,
        clock: Callable[[], str],
        seconds: Callable[[], float],
    ) -> None:
        self._clusters, self._clear, self._in_force, self._tell = clusters, clear, in_force, tell
        self._clock, self._seconds = clock, seconds
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._counts: dict[str, _Counts] = {}
        self._denied: dict[tuple[str, ...], float] = {}
        self._pending: list[tuple[str, dict[str, Any], dict[str, str | None]]] = []
        self._due: threading.Timer | None = None

    def decide(self, cluster: str, content: bytes) -> bytes:
        """Answer what a cluster asks.

        Args:
            cluster: the cluster, which has shown its secret.
            content: the AdmissionReview as it came.

        Raises:
            DocumentError: when it cannot be read, and bears no id that an answer could.
        """
        try:
            review = parse_review(content)
        except AssayError as error:
            uid, dry_run = glimpse(content)
            if uid is None:
                raise
            if not dry_run:
                self._told(_denied(cluster, "unreadable", uid))
            return answer(uid, allowed=False, message=f"Assay: {error.diagnostics()}", code=UNREADABLE)
        if review.settled is not None:
            return answer(review.uid, allowed=True, warnings=[review.warning] if review.warning else [])
        found = self._admitted(cluster, review)
        if not found.allowed:
            self._deny(cluster, review, found)
        elif not review.dry_run:
            try:
                self._let_in(cluster, review, found)
            except AssayError as error:
                words = f"{review.workload} may not run in {cluster}: a use of break-glass must be told first: {error}"
                return answer(review.uid, allowed=False, message=f"Assay: {words}")
        message = "" if found.allowed else f"Assay: {found.message}"
        return answer(review.uid, allowed=found.allowed, message=message, warnings=found.warnings)

    def late(self, cluster: str, content: bytes, *, seconds: float | None) -> bytes | None:
        """Return the refusal of what was not decided in time, or by a fault; None where it bears no id.

        Args:
            cluster: the cluster.
            content: the AdmissionReview as it came.
            seconds: how long it had; None for a fault.
        """
        uid, dry_run = glimpse(content)
        if uid is None:
            return None
        if not dry_run:
            with self._lock:  # told with the next that can be: what is slow now must not be asked again
                self._keep(_denied(cluster, "late", uid))
        words = FAILED if seconds is None else LATE.format(seconds=seconds)
        return answer(uid, allowed=False, message=f"Assay: {words}")

    def _admitted(self, cluster: str, review: Review) -> Admitted:
        if review.refused is not None:
            return Admitted(allowed=False, message=f"{review.workload} may not run in {cluster}: {review.refused}")
        return admit(
            review.things,
            workload=review.workload,
            cluster=cluster,
            namespace=review.namespace,
            section=self._clusters.get(cluster, ClusterSection()),
            clear=self._clear,
            in_force=lambda: self._in_force(cluster),
            at=self._clock(),
        )

    # What enters the log.

    def _deny(self, cluster: str, review: Review, found: Admitted) -> None:
        first = found.refused[0] if found.refused else None
        if review.dry_run:
            return
        about = "" if first is None else f"{first.status} {first.held.reference}"
        if self._is_repeated((cluster, review.kind, review.owner, about)):
            with self._lock:
                self._counted(cluster).denied_again += 1
            return
        event = _denied(cluster, "unreadable" if first is None else first.status, review.uid)
        event[1].update(_of_review(review), **_of_ruling(first))
        event[2]["by"] = review.by or None
        self._told(event)

    def _let_in(self, cluster: str, review: Review, found: Admitted) -> None:
        for one in found.by_glass:
            said = {"cluster": cluster, "request": review.uid, "outcome": "break-glass", "status": one.status}
            used = {"break_glass": one.glass.id} if one.glass is not None else {}
            fields = said | _of_review(review) | _of_ruling(one) | used
            self._tell("admission.decided", fields, {"by": review.by or None})
        versions = {
            f"{one.model}/{one.version}" for one in (each.clearance for each in found.rulings) if one and one.model
        }
        with self._lock:
            counts = self._counted(cluster)
            if any(one.exempt is None for one in found.rulings):
                counts.allowed += 1
            else:
                counts.exempt += 1
            for name in versions:
                if name in counts.versions or len(counts.versions) < MOST_VERSIONS:
                    counts.versions[name] = counts.versions.get(name, 0) + 1

    def _is_repeated(self, what: tuple[str, ...]) -> bool:
        """Say whether the very same was denied, and told, a moment ago."""
        with self._lock:
            before, here = self._denied.get(what), self._seconds()
            if before is not None and here - before < COUNT_SECONDS:
                return True
            if len(self._denied) >= MOST_SEEN:
                self._denied = {one: at for one, at in self._denied.items() if here - at < COUNT_SECONDS}
            if len(self._denied) < MOST_SEEN:
                self._denied[what] = here
            return False

    def _counted(self, cluster: str) -> _Counts:
        """Return the counts of a cluster, begun when there are none; the caller holds the lock."""
        at = self._clock()
        counts = self._counts.setdefault(cluster, _Counts(at, at))
        counts.last = at
        if self._due is None:
            self._due = threading.Timer(COUNT_SECONDS, self.flush)
            self._due.daemon = True
            self._due.start()
        return counts

    def _keep(self, event: tuple[str, dict[str, Any], dict[str, str | None]]) -> None:
        if len(self._pending) < MOST_PENDING:
            self._pending.append(event)
        else:
            self._counted(event[1]["cluster"]).denied_again += 1

    def _told(self, event: tuple[str, dict[str, Any], dict[str, str | None]]) -> None:
        with self._lock:
            self._keep(event)
        self._send()

    def _send(self) -> None:
        """Tell what waits; what cannot be told now waits on, and the answer, which is no, does not wait for it."""
        with self._sending:
            while self._pending:
                try:
                    self._tell(*self._pending[0])
                except StorageError as error:
                    LOGGER.error("denials of clusters wait for the log: %s", error)  # noqa: TRY400 - told in words
                    return
                except AssayError as error:  # nothing that waiting would mend, and others wait behind it
                    LOGGER.error("a denial of a cluster cannot be an event: %s", error)  # noqa: TRY400 - as above
                with self._lock:
                    self._pending.pop(0)

    def flush(self) -> None:
        """Tell what was counted, and what still waits."""
        with self._lock:
            counts, self._counts = self._counts, {}
            if self._due is not None:
                self._due.cancel()
                self._due = None
            for cluster, one in counts.items():
                fields = {
                    "cluster": cluster, "first": one.first, "last": one.last, "allowed": one.allowed,
                    "exempt": one.exempt, "denied_again": one.denied_again, "versions": one.versions,
                }  # fmt: skip
                self._pending.append(("admission.counted", fields, {}))
        self._send()


def _denied(cluster: str, status: str, uid: str) -> tuple[str, dict[str, Any], dict[str, str | None]]:
    said = {"cluster": cluster, "request": _label(uid) or "none", "outcome": "denied", "status": status}
    return "admission.decided", said, {}


def _of_review(review: Review) -> dict[str, Any]:
    workload = f"{review.namespace}/{review.name}"
    return {"operation": review.operation, "kind": _label(review.kind), "workload": _label(workload)}


def _of_ruling(one: Ruling | None) -> dict[str, Any]:
    if one is None:
        return {}
    found = {"reference": _label(one.held.reference)}
    if one.held.asked is not None and one.held.asked.image_sha256 is not None:
        found["image_sha256"] = one.held.asked.image_sha256
    if one.clearance is not None:
        names = ("model", "version", "model_sha256", "verdict_sha256")
        found |= {name: value for name in names if (value := getattr(one.clearance, name)) and _NAME.fullmatch(value)}
    return found


def _label(text: str) -> str | None:
    """Return a text as a label of the log: on one line, and not too long; None for an empty one."""
    printed = "".join(sign if sign.isprintable() else "?" for sign in text)
    return printed[:_LABEL] or None
