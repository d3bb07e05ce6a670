"""Events on their way into the log: kept in the store with what they tell of, appended a moment later, exactly once.

What somebody does and the event that says so are written in one transaction, so that neither is ever without the other.
From there events go into the log together: each under an id of its own, so that a crash between the log and the store
appends nothing twice.
"""

from __future__ import annotations

import logging
import secrets
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assay.adapters.folder_log import open_log
from assay.attest import dsse
from assay.errors import AssayError, StorageError
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.people import FOLDER, is_coded, pseudonym
from assay.lifecycle.publishing import Submission
from assay.lifecycle.recording import one_recorder
from assay.lifecycle.setting import TIME
from assay.server.signing_in import opaque
from assay.server.store import deliveries
from assay.trail.events import event_statement, make_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.attest.keys import Signer
    from assay.server.home import Home
    from assay.server.store import Rows, Store
    from assay.trail.events import Event

LOGGER = logging.getLogger("assay.server")

EVERY_SECONDS = 1.0
_ID_BYTES = 16
_ANYBODY = f"p_{0:032x}"


class Outbox:
    """Events that wait in a store for the log of a server.

    Args:
        store: where they wait.
        home: whose log it is.
    """

    def __init__(self, store: Store, home: Home) -> None:
        self._store, self._home = store, home
        self._secret = opaque.server_secret(home.root)
        self._names: dict[str, str] = {}
        self._one = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def person(self, name: str) -> str:
        """Return the pseudonym of somebody, made when there is none; one that was erased is made anew."""
        if is_coded(name):
            return name  # somebody who was erased
        known = self._names.get(name)
        if known is not None and (self._home.state / FOLDER / f"{known}.json").exists():
            return known
        with one_recorder(self._home.state):
            self._names[name] = pseudonym(self._home.state, name)
        return self._names[name]

    def forget(self, name: str) -> None:
        """Forget a name."""
        self._names.pop(name, None)

    def commitment(self, *parts: str) -> str:
        """Return what the log holds of words: a digest that takes the server's secret to try words against."""
        return opaque.derived(self._secret, "commitment", *parts)

    def say(
        self, rows: Rows, kind: str, fields: Mapping[str, Any], *, people: Mapping[str, str | None], at: int
    ) -> None:
        """Let an event wait for the log.

        Args:
            rows: the transaction that writes what the event tells of.
            kind: its type.
            fields: what it says; one that is None is left out.
            people: fields that are people, by name: in the log they stand as pseudonyms.
            at: when it happened.

        Raises:
            DocumentError: when the vocabulary has no such event.
        """
        deliveries.wait(rows, _made(kind, fields, people, at), at=at)

    def tell(self, kind: str, fields: Mapping[str, Any], *, people: Mapping[str, str | None], at: int) -> None:
        """Let an event wait that no change goes with; where the database does not answer, it enters the log at once.

        Raises:
            DocumentError: when the vocabulary has no such event.
            StorageError: when neither database nor log take it.
        """
        try:
            with self._store.writing() as rows:
                self.say(rows, kind, fields, people=people, at=at)
        except StorageError:
            self._append([deliveries.Waiting(number=0, at=at, event=_made(kind, fields, people, at))])

    def flush(self) -> int:
        """Append what waits; return how many events.

        Raises:
            StorageError: when log or store refuse; what waits goes on waiting.
        """
        with self._one:
            with self._store.reading() as rows:
                found = deliveries.waiting(rows)
            if not found:
                return 0
            self._append(found)
            with self._store.writing() as rows:
                deliveries.waited(rows, found[-1].number)
            return len(found)

    def _append(self, found: Sequence[deliveries.Waiting]) -> None:
        signer = Keyring(self._home.keys).signer(DEFAULT)
        log = open_log(self._home.log_folder, self._home.settings.name)
        with log.sequencing() as sequencer:
            sequencer.append([self._submission(one, signer) for one in found])
        log.publish()

    def _submission(self, waiting: deliveries.Waiting, signer: Signer) -> Submission:
        said = waiting.event
        fields = said["fields"] | {key: self.person(name) for key, name in said["people"].items()}
        event = _event(said["type"], fields, said["id"], waiting.at)
        return Submission(dsse.sign(event_statement(event), [signer]).content(), event.id.encode())

    def start(self) -> None:
        """Append what waits every second from now on, until `stop`."""
        self._thread = threading.Thread(target=self._run, name="assay outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Append what waits once more, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._try()
        self._try()

    def _try(self) -> None:
        try:
            while self.flush():
                pass
        except AssayError as error:
            LOGGER.warning("events wait for the log: %s", error)  # they are kept, and tried again a second later


def _made(kind: str, fields: Mapping[str, Any], people: Mapping[str, str | None], at: int) -> dict[str, Any]:
    """Return an event as it waits: under its id, its people by name."""
    said = {key: value for key, value in fields.items() if value is not None}
    named = {key: name for key, name in people.items() if name is not None}
    _event(kind, said | dict.fromkeys(named, _ANYBODY), "e_", at)  # what the log would refuse is refused here
    return {"type": kind, "id": f"e_{secrets.token_hex(_ID_BYTES)}", "fields": said, "people": named}


def time_of(at: int) -> str:
    """Return POSIX seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime(TIME)


def seconds_of(time: str) -> int:
    """Return the POSIX seconds of a time in RFC 3339."""
    return int(datetime.fromisoformat(time).timestamp())


def _event(kind: str, fields: Mapping[str, Any], identity: str, at: int) -> Event:
    return make_event(kind, fields, claimed_at=time_of(at), identity=identity, signed_by="ingest")
