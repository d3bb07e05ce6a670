"""The registries of a server that runs: what guards ask, what webhooks tell, and the round that sees the rest."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from assay.adapters.guard_judging import Judging
from assay.adapters.mlflow_api import MlflowApi, credentials
from assay.adapters.mlflow_webhook import read_notice
from assay.adapters.registry_watch import RegistryWatch
from assay.errors import AssayError, NotThereError
from assay.lifecycle.clearing import Asked, Clearance
from assay.server.gates import clearings_of
from assay.server.registry_section import read_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.adapters.guard_judging import Judged, Question
    from assay.adapters.mlflow_webhook import Notice
    from assay.adapters.registry_watch import Seen
    from assay.server.acting import Actor
    from assay.server.registry_section import RegistrySection
    from assay.server.serving import Server

LOGGER = logging.getLogger("assay.server")

KIND = "mlflow"
"""The kind of secret that a registry's webhooks are signed with (`assay.server.store.pipelines.set_webhook`)."""

FOLDER = "registries"
"""Below the state folder: what each registry was let to serve."""

_LOCK = threading.Lock()
_OPEN: WeakKeyDictionary[Server, Registries] = WeakKeyDictionary()


def registries_of(server: Server) -> Registries:
    """Return the registries of a server; they stay open."""
    with _LOCK:
        if server not in _OPEN:
            _OPEN[server] = Registries(server)
        return _OPEN[server]


class Registries:
    """The registries that a server's settings name.

    Args:
        server: the server.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._watches: dict[str, RegistryWatch] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def section(self, name: str) -> RegistrySection:
        """Return what the settings say of a registry.

        Raises:
            NotThereError: when they do not name it.
        """
        found = self._server.home.settings.registries.get(name)
        if found is None:
            raise NotThereError("expected a registry that server.yaml names under registries:, found another")
        return found

    def judge(self, name: str, asked: Question, actor: Actor) -> Judged:
        """Answer a guard: whether a version may serve by a name. What came of it enters the log.

        Raises:
            NotThereError: when there is no such registry.
        """
        return self._judging(name, self.section(name), actor).judge(asked.move, asked.found())

    def notice(self, name: str, body: bytes, headers: Mapping[str, str]) -> tuple[Notice, tuple[Seen, ...]]:
        """Take a delivery of a registry's webhook, look there, and put back what may not serve.

        Raises:
            NotThereError: when there is no such registry, or no webhook of it is believed.
            RefusedError: when it is not signed, or not lately.
            InputError: when it is no delivery.
            StorageError: when the registry does not answer or could not be put back: MLflow sends it again.
        """
        secret = self._secret(name, self.section(name))
        found = read_notice(body, headers, secret, at_s=self._server.entrance.at())
        return found, () if found.model is None else self.watch(name).look_at(found.model)

    def _secret(self, name: str, section: RegistrySection) -> bytes:
        """Return what a registry's webhooks are signed with: from its file, or the one made for it on the console."""
        if section.webhook_secret_file is not None:
            return read_secret(section.webhook_secret_file, self._server.home.root)
        entrance = self._server.entrance
        with entrance.store.reading() as rows:
            made = entrance.webhook_secret(rows, KIND, name)
        if made is None:
            raise NotThereError("expected a registry whose webhooks have a secret, found another")
        return made.encode()

    def watch(self, name: str) -> RegistryWatch:
        """Return what watches a registry; its token is read each time, so that a new one counts at once."""
        section, home = self.section(name), self._server.home
        if section.url is None:
            raise NotThereError("expected a registry that server.yaml gives a url, found another")
        shown = {}
        if section.token_file is not None:
            shown = credentials(read_secret(section.token_file, home.root).decode("utf-8", "replace"))
        registry = MlflowApi(section.url, shown, folders=section.folders)
        with self._lock:
            if name not in self._watches:
                kept = home.state / FOLDER / f"{name}.json"
                self._watches[name] = RegistryWatch(registry, self._judging(name, section, None), kept)
            self._watches[name].registry = registry
            return self._watches[name]

    def start(self) -> None:
        """Look at each registry now and then, until `stop`."""
        for name, section in self._server.home.settings.registries.items():
            if section.url is not None and section.poll_minutes:
                seconds = section.poll_minutes * 60
                thread = threading.Thread(
                    target=self._rounds, args=(name, seconds), name=f"registry {name}", daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """End the rounds; one that is under way comes to its end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _rounds(self, name: str, seconds: float) -> None:
        while True:
            try:
                self.watch(name).look_at_all()
            except AssayError as error:
                LOGGER.error("registry %s: %s", name, error)  # noqa: TRY400 - it says itself what to do; tried again
            except Exception:
                LOGGER.exception("registry %s: the round failed", name)
            if self._stop.wait(seconds):
                return

    def _judging(self, name: str, section: RegistrySection, actor: Actor | None) -> Judging:
        server = self._server

        def clear(model_sha256: str) -> Clearance:
            found = clearings_of(server).clear(Asked(model_sha256=model_sha256), at=server.clock())
            others = actor is not None and (
                not actor.reaches(found.system) if found.system is not None else actor.systems is not None
            )
            if others:  # its words may name what this pipeline does not reach
                words = "No release that you may see is about these files. Put the version through: assay run"
                return Clearance(allowed=False, status="not-approved", words=words)
            return found

        def tell(kind: str, said: Mapping[str, Any]) -> None:
            entrance = server.entrance
            with entrance.store.writing() as rows:
                entrance.outbox.say(rows, kind, said, people={}, at=entrance.at())

        return Judging(clear=clear, tell=tell, governed=section, registry=name)
