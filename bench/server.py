"""What a server's pages cost with 10,000 models and 1,000,000 events, and the questions behind them.

``python -m bench.server [MODELS EVENTS]`` makes a server's folder, reads its log, asks for every page (HTML and JSON,
as everybody who may) and then the questions, beside bare SQLite queries of the same rows. ``--kept FOLDER`` asks one
that is there (`bench._many_models` makes it), and leaves it there; ``--pages`` leaves the questions out. A page costs
what the processor has worked on it, in all threads, from the request's first byte to the answer's last.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._asking import Asking
from bench._many_models import EVENTS, MODELS, TODAY, Many, make
from bench._pages import told
from bench.measured import ROOT

from assay.adapters.folder_log import FolderLog
from assay.adapters.standing_here import open_standing_trail
from assay.attest import dsse
from assay.attest.keys import Signer, generate_key
from assay.server.home import open_home
from assay.server.starting import start
from assay.trail import histories
from assay.trail.events import event_statement, make_event
from assay.trail.exploring import Filter, entries
from assay.trail.incidents import incidents
from assay.trail.inventory import inventory
from assay.trail.lineage import lineage
from assay.trail.projection import select_indices
from assay.trail.questions import production
from assay.trail.remediations import release_remediations
from assay.trail.standing_table import Order, Wanted, standing_of, standings

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.lifecycle.standing_trail import StandingTrail

REPEATS = 200
_ORDERS: tuple[Order, ...] = ("model", "-findings", "-decided", "expires", "newest")
DAYS = ("2024-06-01", "2025-01-15", "2025-09-30", "2026-03-01")


@dataclass(frozen=True)
class Timed:
    """What some questions of a kind cost, in ms."""

    name: str
    p50: float
    p99: float
    cpu: float
    wanted: str = ""


class Questions:
    """Questions of each kind, about something else each time."""

    def __init__(self, trail: StandingTrail, many: Many, seed: int) -> None:
        self.trail, self.many, self.draw = trail, many, random.Random(seed)  # noqa: S311 - the same each time

    def model(self) -> str:
        """Return a model's name."""
        return self.draw.choice(self.many.models)

    def before(self) -> int:
        """Return a place in the trail."""
        return self.draw.randrange(1000, self.many.events)

    def all(self) -> dict[str, tuple[Callable[[], object], str]]:
        """Return the questions, each with the limit in ms that is wanted."""
        view = self.trail.view
        connection = view().connection
        draw, many = self.draw, self.many

        def listed(**more: Any) -> object:  # noqa: ANN401 - as a form fills it in
            order: Order = draw.choice(_ORDERS)
            place = draw.choice((0, 50, 5000))
            return standings(connection, Wanted(**more), today=TODAY, order=order, limit=50, offset=place)

        def found(**more: Any) -> object:  # noqa: ANN401 - as above
            return entries(view(), Filter(**more), limit=50)

        subject = [one.model_sha256 for one in standings(connection, today=TODAY, limit=200).rows]
        ids = self._ids()
        return {
            "inventory, a page": (listed, "20"),
            "inventory, words and open findings": (
                lambda: listed(text=draw.choice(("0012", "hiring")), open_findings=True), "20",
            ),
            "inventory, decision and an end within 60 days": (
                lambda: listed(decision="warn", expires_before="2027-01-22"), "20",
            ),
            "one model's versions, decisions, incidents": (self._version, "100"),
            "who was in production on a date": (self._produced, "100"),
            "lineage of a model": (lambda: lineage(view(), self.model()), "100"),
            "timeline of a model": (lambda: found(model=self.model()), "50"),
            "trail, a page": (lambda: entries(view(), before=self.before(), limit=50), "50"),
            "trail, by type": (lambda: found(types=("gate.decision",)), "50"),
            "trail, by model and type": (lambda: found(model=self.model(), types=("gate.decision", "monitor.")), "50"),
            "trail, by person": (lambda: found(person=draw.choice(many.people)), "50"),
            "trail, by a digest that it is about": (lambda: found(subject=draw.choice(subject)), "50"),
            "trail, by a day": (lambda: found(**self._day()), "50"),
            "trail, by person on a day": (lambda: found(person=draw.choice(many.people), **self._day()), "50"),
            "an event by its id": (lambda: found(id=draw.choice(ids)), "50"),
            "refresh where nothing is new": (self.trail.refresh, ""),
        }  # fmt: skip

    def _ids(self) -> list[str]:
        places = [self.before() for _ in range(REPEATS)]
        reads = select_indices(self.trail.view().connection, places)
        return [read.event.id for read in reads if read.event is not None]

    def _day(self) -> dict[str, str]:
        day = self.draw.choice(DAYS)
        return {"since": day, "until": day}

    def _version(self) -> object:
        name = self.model()
        about = self.trail.view().about(name)
        return (
            inventory(about, name), histories.decisions(about, name), incidents(about), release_remediations(about),
            standing_of(about.connection, name, today=TODAY),
        )  # fmt: skip

    def _produced(self) -> object:
        name = self.model()
        return production(self.trail.view().about(name), name, self.draw.choice(DAYS))

    def floors(self) -> dict[str, Callable[[], object]]:
        """Return the same rows, or as many, by bare queries."""
        connection = self.trail.view().connection

        def asked(query: str, *values: object) -> object:
            return connection.execute(query, values).fetchall()

        return {
            "inventory, a page": lambda: asked("SELECT * FROM standing ORDER BY model LIMIT 50"),
            "trail, a page": lambda: asked(
                "SELECT * FROM event WHERE idx < ? ORDER BY idx DESC LIMIT 50", self.before()
            ),
            "timeline of a model": lambda: asked(
                "SELECT * FROM event WHERE idx IN (SELECT idx FROM mark WHERE mark = ? ORDER BY idx DESC LIMIT 50)",
                f"model:{self.model()}",
            ),
            "one model's versions, decisions, incidents": lambda: asked(
                "SELECT * FROM event WHERE idx IN (SELECT idx FROM mark WHERE mark = ?)", f"model:{self.model()}"
            ),
        }  # fmt: skip


def timed(name: str, ask: Callable[[], object], wanted: str = "", repeats: int = REPEATS) -> Timed:
    """Ask often, after a first time."""
    ask()
    times, used = [], []
    for _ in range(repeats):
        begun, before = time.perf_counter(), time.thread_time()
        ask()
        times.append(1e3 * (time.perf_counter() - begun))
        used.append(1e3 * (time.thread_time() - before))
    return _timed(name, times, used, wanted)


def _timed(name: str, times: list[float], used: list[float], wanted: str = "") -> Timed:
    last = int(0.99 * (len(times) - 1))
    return Timed(name, statistics.median(times), sorted(times)[last], statistics.median(used), wanted)


def growing(trail: StandingTrail, many: Many) -> Timed:
    """Record one event at a time and bring the projection up to it: what follows a person's act."""
    log, signer = FolderLog.open(many.home / ".assay/log"), Signer("nobody", generate_key())
    times, used = [], []
    for number in range(20):
        fields = {"model": many.models[number], "version": "1", "about": "a", "comment_sha256": "0" * 64,
                  "by": many.people[0]}  # fmt: skip
        event = make_event("review.comment", fields, claimed_at="2026-11-23T00:00:00Z", identity=f"grow-{number}")
        log.extend([dsse.sign(event_statement(event), [signer]).content()])
        begun, before = time.perf_counter(), time.thread_time()
        trail.refresh()
        times.append(1e3 * (time.perf_counter() - begun))
        used.append(1e3 * (time.thread_time() - before))
    return _timed("refresh after one new entry", times, used)


def started(many: Many) -> None:
    """Start the server of the folder, ask for every page, and print what each costs."""
    begun, used = time.perf_counter(), time.process_time()
    with start(open_home(many.home)) as server:
        server.ready.wait()
        size = server.inside.view().size
        took, used = time.perf_counter() - begun, time.process_time() - used
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"{len(many.models):,} models, {size:,} events")
        print(f"started: {took:,.0f} s, {used:,.1f} s of CPU, {memory:,.0f} MB of memory\n")
        for line in told(Asking(server), many, server.inside.view().connection):
            print(line, flush=True)


def measured(many: Many) -> None:
    """Ask the questions, and print."""
    trail = open_standing_trail(many.home)
    size = trail.refresh()
    stored = sum(path.stat().st_size for path in (many.home / ".assay").glob("*.sqlite*")) / 1e6
    total = standings(trail.view().connection, today=TODAY).total
    print(f"\n{total:,} versions, {size:,} events, {stored:,.0f} MB of tables on disk\n")
    print("| question | p50, ms | p99, ms | CPU p50, ms | wanted, ms | bare SQLite, CPU p50, ms |")
    print("|---|---:|---:|---:|---:|---:|")
    questions = Questions(trail, many, 1)
    floors = {name: timed(name, ask) for name, ask in questions.floors().items()}
    rows = [timed(name, ask, wanted) for name, (ask, wanted) in questions.all().items()]
    for one in (*rows, growing(trail, many)):
        floor = f"{floors[one.name].cpu:.2f}" if one.name in floors else ""
        print(f"| {one.name} | {one.p50:.2f} | {one.p99:.2f} | {one.cpu:.2f} | {one.wanted} | {floor} |")
    trail.close()


def main() -> None:
    """Make the folder where none is given, and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("models", nargs="?", type=int, default=MODELS)
    parser.add_argument("events", nargs="?", type=int, default=EVENTS)
    parser.add_argument("--kept", type=Path, help="a folder that bench._many_models has made")
    parser.add_argument("--pages", action="store_true", help="pages alone, without the questions behind them")
    asked = parser.parse_args()
    if asked.kept is not None:
        _all(_kept(asked.kept), questions=not asked.pages)
        return
    with tempfile.TemporaryDirectory(prefix=".assay-bench-", dir=ROOT) as name:
        begun = time.perf_counter()
        many = make(Path(name), asked.models, asked.events)
        print(f"made in {time.perf_counter() - begun:,.0f} s", file=sys.stderr)
        _all(many, questions=not asked.pages)


def _all(many: Many, *, questions: bool) -> None:
    started(many)
    if questions:
        measured(many)


def _kept(home: Path) -> Many:
    """Return what a folder holds that was made before."""
    state = home / ".assay"
    size = int((state / "log/checkpoint").read_text(encoding="utf-8").splitlines()[1])
    models = tuple(sorted(path.name for path in (state / "releases").iterdir()))
    return Many(home, models, size, tuple(sorted(path.stem for path in (state / "people").glob("p_*.json"))))


if __name__ == "__main__":
    main()
