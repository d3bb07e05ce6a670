"""A real server under uvicorn, with a pipeline that may deliver, for tests of deliveries end to end."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from assay.adapters.server_push import HttpServer
from assay.lifecycle.keyring import read_public_keys
from assay.server.app import create_app
from assay.server.deliveries import receiver_of
from assay.server.home import open_home
from assay.server.routes import ROUTES
from assay.server.starting import start
from assay.server.store.pipelines import Pipeline
from assay.server.today import put_in_force
from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.lifecycle.receiving import Receiver
    from assay.server.serving import Server

SYSTEM = "small"
AT = 1_795_000_000


@dataclass
class Running:
    """A server that answers, and the secret of its pipeline."""

    server: Server
    url: str
    secret: Path

    @property
    def receiver(self) -> Receiver:
        return receiver_of(self.server)

    @property
    def environment(self) -> dict[str, str]:
        return {"ASSAY_TOKEN_FILE": str(self.secret)}

    def client(self) -> HttpServer:
        return HttpServer(self.url, self.environment)

    def adopt(self, root: Path) -> None:
        files = {"policy.yaml": (root / "policy.yaml").read_bytes()}
        put_in_force(self.server, SYSTEM, files, by="vera", at=1_760_000_000)
        self.receiver.judge.decide_waiting(SYSTEM)


@contextlib.contextmanager
def running(
    folder: Path, *projects: Path, port: int | None = None, systems: tuple[str, ...] = (SYSTEM,)
) -> Iterator[Running]:
    """Run a server; the pipeline ``ci`` is registered with the public keys of some projects."""
    port = port or free_port()
    home = open_home(folder / "home", listen=f"127.0.0.1:{port}")
    keys = tuple(key.pem() for root in projects for key in read_public_keys(root / ".assay/keys").values())
    with start(home) as server:
        people, secret = server.entrance.people, folder / "secret"
        if not secret.exists():
            people.register(
                Pipeline(
                    name="ci", systems=systems, public_keys=keys, created_by="root", created_at=AT, changed_at=AT
                ),
                at=AT,
            )  # fmt: skip
            secret.write_text(f"ci:{people.make_secret('ci', by='root', at=AT)}\n")
        config = uvicorn.Config(
            create_app(server, ROUTES), host="127.0.0.1", port=port, log_config=None, lifespan="off"
        )
        web = uvicorn.Server(config)
        thread = threading.Thread(target=web.run, daemon=True)
        thread.start()
        ends = time.monotonic() + 20
        while not web.started and time.monotonic() < ends:
            time.sleep(0.02)
        assert web.started
        try:
            yield Running(server, f"http://127.0.0.1:{port}", secret)
        finally:
            web.should_exit = True
            thread.join(20)
