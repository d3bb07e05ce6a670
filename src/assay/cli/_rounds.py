"""`assay monitor --every`: look again and again, until somebody says stop; and alerts in a project's trail."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click
import msgspec

from assay.cli.options import print_machine
from assay.errors import EXIT_ALLOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.adapters.stream_alerts import StreamAlerts
    from assay.lifecycle.watch_rounds import Round
    from assay.lifecycle.watching import Watched

_SPAN = re.compile(r"([1-9][0-9]*)(s|m|h|d)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Span(click.ParamType[int]):
    """A span of time: 60s, 5m, 1h, 1d."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds, or say what was expected."""
        if isinstance(value, int):
            return value
        found = _SPAN.match(str(value))
        if found is None:
            self.fail(f"expected a span such as 60s, 5m, 1h or 1d, found {value!r}", param, ctx)
        return int(found[1]) * _SECONDS[found[2]]


def watch_rounds(
    look: Callable[[], Watched], *, every: int, no_data_after: int, alerts: StreamAlerts | None, form: str
) -> int:
    """Look every so many seconds until SIGTERM or SIGINT, and return the last round's exit code.

    A round under way is finished first, so the state is whole.
    """
    from assay.lifecycle.watch_rounds import rounds  # noqa: PLC0415 - only when called

    stop = threading.Event()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    code = EXIT_ALLOW
    try:
        for found in rounds(look, lambda: not stop.wait(every), no_data_after=no_data_after):
            code = found.exit_code
            tell_round(found, form)
            if alerts is not None:
                record_alerts(alerts, found)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code


def tell_round(found: Round, form: str) -> None:
    """Write one round as a line: words, or JSON."""
    rows = None if found.watched is None else found.watched.rows
    if form == "json":
        document = {
            "round": found.number, "rows": rows, "new_rows": found.new_rows,
            "alerts": msgspec.to_builtins(found.new_alerts), "no_data": found.no_data, "problem": found.problem,
            "exit_code": found.exit_code,
        }  # fmt: skip
        print_machine(json.dumps(document))
    else:
        parts = [
            f"round {found.number}: {'no rows taken' if rows is None else f'{found.new_rows} new rows, {rows} in all'}"
        ]
        parts += [f"ALERT {one.metric} over {one.over.attribute}: {one.estimate:.4g}, limit {one.limit:g}, from row "
                  f"{one.row}" for one in found.new_alerts]  # fmt: skip
        parts += [f"NO DATA for {found.empty} rounds"] if found.no_data else []
        parts += [found.problem] if found.problem else []
        print_machine("; ".join(parts))
    sys.stdout.flush()  # a line is there when its round is over


def record_alerts(alerts: StreamAlerts, found: Round) -> None:
    """Record what a round raised in the project's trail, and tell its channels."""
    from assay.cli._alerts import deliver_after  # noqa: PLC0415 - only with a project

    for name in alerts.take(found):
        click.echo(f"alert {name} is in the trail. Take it up with: assay incident ack {name} --as YOU", err=True)
    deliver_after(alerts.project, alerts.key)
