"""Every page of the server, asked often enough to tell what it costs, with filters, far back, in JSON.

An administrator asks, who has to do with some systems alone, and who else may. The routes tell which pages there are.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from bench._many_folders import SYSTEMS
from bench._many_models import OLD, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench._asking import Answer, Asking
    from bench._many_models import Many

    from assay.trail.projection import Connection

REPEATS = 3
READERS = ("administrator", "bound", "auditor")
"""Who asks for each page: the first sees all, the second has to do with some systems, the third sees all reads."""

_OF = {
    "/reads": ("auditor",), "/people": ("administrator", "auditor"), "/people/logs": ("administrator", "auditor"),
    "/requests": ("administrator", "approver", "auditor"), "/policies/SYSTEM/replay": ("auditor", "developer", "bound"),
}  # fmt: skip
_ALONE = re.compile(r"\.json\Z|\.svg\Z|/files/|/reports/|/entry|/log/|^/\Z")
"""Addresses that have no twin."""

_ELSEWHERE = ("/api/", "/health", "/ready", "/static/", "/sign-in/oidc/", "/sign-in/enrol", "/log/shards/")
"""What is no page of who has signed in at a server with one log: what programs call, and ways in."""

_DAYS = ("2024-06-01", "2025-01-15", "2025-09-30", "2026-03-01")
_LIMIT_MS, _LIMIT_BYTES, _WRONG, _NOT_THERE = 100, 200_000, 400, 404
_PARAMETER = re.compile(r"\\{(\w+)\\}")


def told(asking: Asking, many: Many, rows: Connection) -> Iterator[str]:
    """Yield the lines of a table: each page's cost in ms of CPU (first, median, 99th percentile) and its bytes.

    Args:
        asking: who asks the server.
        many: what its folder holds.
        rows: its projection, which names incidents and remediations.
    """
    yield "| page | first, ms | p50, ms | p99, ms | largest, kB | as JSON, kB | |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    asked: set[str] = set()
    for name, path in _pages(many, _Names(rows)).items():
        firsts: list[Answer] = []
        answers: list[Answer] = []
        twins: list[Answer] = []
        for who in _OF.get(name.partition(",")[0], READERS):
            paths = [path() for _ in range(REPEATS)]
            asked.update(one.partition("?")[0] for one in paths)
            first, *others = asking.get_all(paths, who)
            firsts.append(first)
            answers += others
            if not _ALONE.search(paths[0].partition("?")[0]):
                asked.update(_twin(one).partition("?")[0] for one in paths)
                twins += asking.get_all([_twin(one) for one in paths], who)
        yield _line(name, firsts, answers, twins)
    for route in asking.routes():
        if not route.startswith(_ELSEWHERE) and not any(_matches(route, one) for one in asked):
            yield f"| `{route}` | | | | | | never asked |"


def _line(name: str, firsts: Sequence[Answer], others: Sequence[Answer], twins: Sequence[Answer]) -> str:
    shown, every = [*firsts, *others], [*firsts, *others, *twins]
    wrong = {one.status for one in every if one.status >= _WRONG} - {_NOT_THERE}
    if wrong or not any(one.status < _WRONG for one in shown):
        return f"| `{name}` | | | | | | answered {sorted(wrong)} |"
    first = max(one.cpu for one in firsts if one.status < _WRONG)  # what is not for somebody is refused sooner
    costs = sorted(one.cpu for one in (*others, *twins))
    last = costs[int(0.99 * (len(costs) - 1))]
    sizes = [max((one.size for one in those), default=0) for those in (shown, twins)]
    over = "over" if max(first, last) > _LIMIT_MS or max(sizes) > _LIMIT_BYTES else ""
    return (
        f"| `{name}` | {first:.0f} | {costs[len(costs) // 2]:.1f} | {last:.1f} | {sizes[0] / 1e3:.0f} |"
        f" {sizes[1] / 1e3:.0f} | {over} |"
    )


def _twin(path: str) -> str:
    where, mark, query = path.partition("?")
    return f"{where}.json{mark}{query}"


def _matches(route: str, path: str) -> bool:
    """Say whether an address is one of a route's."""
    form = _PARAMETER.sub(
        lambda one: ".+" if one[1] == "path" else "[^/]+", re.escape(route.replace("/.json", ".json"))
    )
    return re.fullmatch(form, path) is not None


class _Names:
    """Names of incidents, remediations and entries that there are."""

    def __init__(self, rows: Connection) -> None:
        self.incidents = [row[0] for row in rows.execute("SELECT name FROM alarm ORDER BY name")]
        wanted = "SELECT remediation FROM mending WHERE of_release = 1 ORDER BY remediation"
        self.remediations = [row[0] for row in rows.execute(wanted)]


def _pages(many: Many, names: _Names) -> dict[str, Callable[[], str]]:
    """Return each page by name, and what draws an address of it."""
    draw = random.Random(3)  # noqa: S311 - the same each time
    numbered = {int(name.rpartition("-")[2]): name for name in many.models}

    def system() -> str:
        return f"system-{draw.randrange(SYSTEMS):03d}"

    return {
        **_of_models(draw, many, numbered),
        "/production": lambda: "/production",
        "/production, on a date": lambda: f"/production?model={draw.choice(many.models)}&on={draw.choice(_DAYS)}",
        f"/production, of a model with {VERSIONS}": lambda: (
            f"/production?model={numbered[OLD]}&on={draw.choice(_DAYS)}"
        ),
        "/production, of the most watched": lambda: f"/production?model={numbered[0]}&on={draw.choice(_DAYS)}",
        "/incidents": lambda: "/incidents",
        "/incidents, all, far back": lambda: f"/incidents?everything=true&offset={draw.randrange(0, 100_000, 50)}",
        "/incidents/NAME": lambda: f"/incidents/{draw.choice(names.incidents)}",
        "/remediations": lambda: "/remediations",
        "/remediations, all, far back": lambda: f"/remediations?everything=true&offset={draw.randrange(0, 1500, 50)}",
        "/remediations/NAME": lambda: f"/remediations/{draw.choice(names.remediations).replace('/', '~')}",
        "/policies": lambda: "/policies",
        "/policies/SYSTEM": lambda: f"/policies/{system()}",
        "/policies/SYSTEM/replay": lambda: f"/policies/{system()}/replay",
        **_of_trail(draw, many),
        "/reads": lambda: "/reads",
        "/people": lambda: "/people",
        "/people/logs": lambda: "/people/logs",
        "/requests": lambda: "/requests",
        "/account": lambda: "/account",
        "/sign-in": lambda: "/sign-in",
        "/": lambda: "/",
        "/log/checkpoint": lambda: "/log/checkpoint",
        "/log/tile": lambda: f"/log/tile/0/x{draw.randrange(3):03d}/{draw.randrange(256):03d}",
    }


def _of_models(draw: random.Random, many: Many, numbered: dict[int, str]) -> dict[str, Callable[[], str]]:
    def model() -> str:
        return draw.choice(many.models)

    def theirs() -> str:
        return numbered[OLD + SYSTEMS * draw.randrange(len(many.models) // SYSTEMS)]

    found: dict[str, Callable[[], str]] = {
        "/models": lambda: "/models",
        "/models, words": lambda: f"/models?q={draw.choice(('0012', 'hiring', 'person.017'))}",
        "/models, filters and order": lambda: (
            f"/models?findings=open&decision={draw.choice(('warn', 'deny'))}&within=60&order=-findings"
        ),
        "/models, far back": lambda: f"/models?offset={draw.randrange(10_000)}&order=-decided",
        "/inbox": lambda: "/inbox",
        "/inbox, far back": lambda: f"/inbox?offset={draw.randrange(0, 300, 10)}",
    }
    of_version: dict[str, Callable[[], str]] = {
        "": lambda: f"/models/{model()}/1",
        ", one of the reader's": lambda: f"/models/{theirs()}/1",
        f", of {VERSIONS}": lambda: f"/models/{numbered[OLD]}/{draw.randrange(1, VERSIONS + 1)}",
        ", the most watched": lambda: f"/models/{numbered[0]}/1",
    }
    for kind, path in of_version.items():
        found[f"/models/MODEL/VERSION{kind}"] = path
        found[f"/models/MODEL/VERSION/lineage.svg{kind}"] = lambda path=path: f"{path()}/lineage.svg"  # type: ignore[misc]
    below = {
        "charts": "charts", "files/report.html": "files/report.html", "waive": "waive?finding=accuracy",
        "charts/NAME.svg": f"charts/{_CHART}.svg", "reports/report.html": "reports/report.html",
    }  # fmt: skip
    for name, what in below.items():
        found[f"/models/MODEL/VERSION/{name}"] = lambda what=what: f"/models/{theirs()}/1/{what}"  # type: ignore[misc]
    return found


_CHART = "rate-0"


def _of_trail(draw: random.Random, many: Many) -> dict[str, Callable[[], str]]:
    def entry() -> int:
        return draw.randrange(many.events)

    types = ("gate.decision", "monitor.alert", "waiver.granted", "approval.granted", "approval.revoked")
    found: dict[str, Callable[[], str]] = {
        "/trail": lambda: "/trail",
        "/trail, far back": lambda: f"/trail?before={entry()}",
        **{f"/trail, by type, {one}": lambda one=one: f"/trail?type={one}" for one in types},  # type: ignore[misc]
        "/trail, by type, far back": lambda: f"/trail?type={draw.choice(types)}&before={entry()}",
        "/trail, by model": lambda: f"/trail?model={draw.choice(many.models)}",
        "/trail, by model and type": lambda: f"/trail?model={draw.choice(many.models)}&type=monitor.alert",
        "/trail, by model and consents": lambda: f"/trail?model={draw.choice(many.models)}&type=waiver.granted",
        "/trail, by person": lambda: f"/trail?person=person.{draw.randrange(200):03d}",
        "/trail, by person on a day": lambda: (
            f"/trail?person=person.{draw.randrange(200):03d}&since={_DAYS[1]}&until={_DAYS[1]}"
        ),
        "/trail, by person and type": lambda: f"/trail?person=person.{draw.randrange(200):03d}&type=waiver.granted",
        "/trail, who read what": lambda: "/trail?type=record.read",
        "/trail/ENTRY": lambda: f"/trail/{entry()}",
        "/trail/ENTRY/proof.json": lambda: f"/trail/{entry()}/proof.json",
        "/trail/ENTRY/entry": lambda: f"/trail/{entry()}/entry",
        "/trail/ENTRY/entry.tlog-proof": lambda: f"/trail/{entry()}/entry.tlog-proof",
    }
    return found
