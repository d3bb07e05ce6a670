"""Every page of the server, asked often enough to tell what it costs: by each role, with filters, far back, in JSON."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bench._many_folders import SYSTEMS
from bench._many_models import OLD, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench._asking import Answer, Asking
    from bench._many_models import Many

REPEATS = 2
READERS = ("developer", "approver", "auditor", "administrator", "bound")
_OF = {"/reads": ("auditor",), "/people": ("auditor", "administrator"), "/requests": ("approver", "auditor")}
_DAYS = ("2024-06-01", "2025-01-15", "2025-09-30", "2026-03-01")
_LIMIT_MS, _LIMIT_BYTES, _OK = 100, 200_000, 200


def told(asking: Asking, many: Many) -> Iterator[str]:
    """Yield the lines of a table: each page's cost in ms of CPU (median and 99th percentile) and its bytes."""
    yield "| page | first, ms | p50, ms | p99, ms | largest, kB | as JSON, kB | |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for name, path in _pages(many).items():
        answers: list[Answer] = []
        twins: list[Answer] = []
        for who in _OF.get(name, READERS):
            answers += asking.get_all([path() for _ in range(REPEATS)], who)
            twins += asking.get_all([] if "." in name else [_twin(path()) for _ in range(REPEATS)], who)
        yield _line(name, answers, twins)


def _line(name: str, answers: list[Answer], twins: list[Answer]) -> str:
    seen = [one for one in answers if one.status == _OK]  # what is not for somebody is refused sooner
    wrong = {one.status for one in (*answers, *twins)} - {_OK, 404}
    if wrong or not seen:
        return f"| `{name}` | | | | | | answered {sorted(wrong)} |"
    first, costs = seen[0].cpu, sorted(one.cpu for one in (*seen[1:], *twins))
    last = costs[int(0.99 * (len(costs) - 1))]
    sizes = [max((one.size for one in those), default=0) for those in (seen, twins)]
    over = "over" if max(first, last) > _LIMIT_MS or max(sizes) > _LIMIT_BYTES else ""
    return (
        f"| `{name}` | {first:.0f} | {costs[len(costs) // 2]:.1f} | {last:.1f} | {sizes[0] / 1e3:.0f} |"
        f" {sizes[1] / 1e3:.0f} | {over} |"
    )


def _twin(path: str) -> str:
    where, mark, query = path.partition("?")
    return f"{where}.json{mark}{query}"


def _pages(many: Many) -> dict[str, Callable[[], str]]:
    """Return each page by name, and what draws an address of it."""
    draw = random.Random(3)  # noqa: S311 - the same each time
    numbered = {int(name.rpartition("-")[2]): name for name in many.models}
    old = numbered[OLD]

    def model() -> str:
        return draw.choice(many.models)

    def bound() -> str:
        return numbered[OLD + SYSTEMS * draw.randrange(len(many.models) // SYSTEMS)]

    def entry() -> int:
        return draw.randrange(many.events)

    return {
        "/models": lambda: "/models",
        "/models, words": lambda: f"/models?q={draw.choice(('0012', 'hiring', 'person.017'))}",
        "/models, filters and order": lambda: (
            f"/models?findings=open&decision={draw.choice(('warn', 'deny'))}&within=60&order=-findings"
        ),
        "/models, far back": lambda: f"/models?offset={draw.randrange(10_000)}&order=-decided",
        "/models/MODEL/VERSION": lambda: f"/models/{model()}/1",
        "/models/MODEL/VERSION, one of the reader's": lambda: f"/models/{bound()}/1",
        f"/models/MODEL/VERSION, of {VERSIONS}": lambda: f"/models/{old}/{draw.randrange(1, VERSIONS + 1)}",
        "/models/MODEL/VERSION, the most watched": lambda: f"/models/{numbered[0]}/1",
        "/models/MODEL/VERSION/charts": lambda: f"/models/{model()}/1/charts",
        "/models/MODEL/VERSION/lineage.svg": lambda: f"/models/{model()}/1/lineage.svg",
        "/models/MODEL/VERSION/files/report.html": lambda: f"/models/{model()}/1/files/report.html",
        "/models/MODEL/VERSION/waive": lambda: f"/models/{model()}/1/waive?finding=accuracy",
        "/inbox": lambda: "/inbox",
        "/inbox, far back": lambda: f"/inbox?offset={draw.randrange(0, 300, 10)}",
        "/production": lambda: "/production",
        "/production, on a date": lambda: f"/production?model={model()}&on={draw.choice(_DAYS)}",
        "/incidents": lambda: "/incidents",
        "/incidents, all, far back": lambda: f"/incidents?everything=true&offset={draw.randrange(0, 100_000, 50)}",
        "/policies": lambda: "/policies",
        "/policies/SYSTEM": lambda: f"/policies/system-{draw.randrange(SYSTEMS):03d}",
        "/policies/SYSTEM/replay": lambda: f"/policies/system-{draw.randrange(SYSTEMS):03d}/replay",
        "/trail": lambda: "/trail",
        "/trail, far back": lambda: f"/trail?before={entry()}",
        "/trail, by type": lambda: f"/trail?type={draw.choice(('gate.decision', 'monitor.alert', 'waiver.granted'))}",
        "/trail, by model and type": lambda: f"/trail?model={model()}&type=monitor.alert",
        "/trail, by person on a day": lambda: (
            f"/trail?person=person.{draw.randrange(200):03d}&since={_DAYS[1]}&until={_DAYS[1]}"
        ),
        "/trail/ENTRY": lambda: f"/trail/{entry()}",
        "/trail/ENTRY/proof.json": lambda: f"/trail/{entry()}/proof.json",
        "/reads": lambda: "/reads",
        "/people": lambda: "/people",
        "/requests": lambda: "/requests",
        "/account": lambda: "/account",
    }
