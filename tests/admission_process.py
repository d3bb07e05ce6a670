"""A server as a process that speaks TLS, as `assay serve` runs one, for tests: the folder is the one argument."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import uvicorn

from assay.server import admission_api
from assay.server.app import create_app
from assay.server.entrance import open_entrance
from assay.server.gates import warm
from assay.server.home import open_home
from assay.server.serving import Server
from assay.server.tls import renewing, tls_files


def main(folder: Path) -> None:
    home = open_home(folder)
    entrance = open_entrance(home)
    entrance.outbox.start()
    files = tls_files(home)
    assert files is not None
    server = Server(home, entrance=entrance)
    config = uvicorn.Config(
        create_app(server, admission_api.ROUTES), host=home.settings.host, port=home.settings.port,
        ssl_certfile=files[0], ssl_keyfile=files[1], access_log=False, log_level="warning",
    )  # fmt: skip
    config.load()
    warm(server)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again at its end; what follows must still run
    with renewing(config.ssl, files):
        uvicorn.Server(config).run()
    entrance.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
