"""`assay log witness`: be a witness of other people's logs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from types import FrameType

EPILOG = """\b
Example:
  assay log witness /var/lib/witness --name example.com/witness \\
      --log "$(cat trail.vkey)" --listen 127.0.0.1:7380

\b
Exit codes: 0 stopped by SIGINT or SIGTERM, 2 wrong command or input, or a record that cannot be read.
"""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@click.command(epilog=EPILOG)
@click.argument("state", metavar="STATE", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The witness's name: a URL without scheme, such as example.com/witness.")
@click.option("--log", "logs", metavar="VKEY", multiple=True, help="Verifier key of a log to watch; give one for each.")
@click.option("--listen", default="127.0.0.1:7380", show_default=True, metavar="HOST:PORT", help="Where to listen.")
def witness(state: Path, name: str, logs: tuple[str, ...], listen: str) -> None:
    """Cosign the checkpoints of the logs given, as long as each continues the last one (C2SP tlog-witness).

    STATE, a folder that only you can read, holds the keys (made the first time) and what was cosigned last. Never bring
    it back from a backup: a witness that forgets signs any history. The verifier keys are printed first: those who
    trust this witness put them in their policy.
    """
    from assay.adapters.witness_server import WitnessServer, parse_listen  # noqa: PLC0415 - only when called
    from assay.adapters.witness_state import WitnessState  # noqa: PLC0415 - only when called
    from assay.tlog.vkey import parse_vkey  # noqa: PLC0415 - only when called
    from assay.tlog.witness import watched_logs  # noqa: PLC0415 - only when called

    if not logs:
        raise click.UsageError("expected --log VKEY for each log to watch, found none; `assay log vkey LOG` prints it")
    place = parse_listen(listen)
    watched = watched_logs(parse_vkey(text.strip()) for text in logs)
    kept = WitnessState.open(state, name)
    try:
        with WitnessServer(place, kept, watched) as server:
            for signer in kept.signers:
                click.echo(str(signer.verifier))
            click.echo(f"{name} watches {', '.join(watched)} at {server.address}", err=True)
            for stopping in (signal.SIGINT, signal.SIGTERM):
                signal.signal(stopping, _stop)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                click.echo("stopping: what was asked is answered first", err=True)
    finally:
        kept.close()
