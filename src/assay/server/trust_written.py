"""The trust file as the server writes it: who may sign, by which key, in which roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from assay.server.store import pipelines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.server.store import Rows


def of_pipelines(rows: Rows) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield name, key in PEM and roles of each key of a pipeline that may deliver."""
    for one in pipelines.every(rows):
        if not one.disabled:
            for number, key in enumerate(one.public_keys, 1):
                yield one.name if number == 1 else f"{one.name}#{number}", key, ("pipeline",)


def trust_file(entries: Sequence[tuple[str, str, tuple[str, ...]]]) -> bytes:
    """Return a trust file of (name, key in PEM, roles)."""
    lines = ["# Written by the server from its accounts; what is changed here is written over.", "people:"]
    for name, key, roles in entries:
        lines += [
            f"  - name: {json.dumps(name)}",
            "    key: |",
            *(f"      {line}" for line in key.strip().splitlines()),
        ]
        lines.append(f"    roles: [{', '.join(json.dumps(role) for role in dict.fromkeys(roles))}]")
    if not entries:
        lines[-1] = "people: []"
    return "\n".join([*lines, ""]).encode()
