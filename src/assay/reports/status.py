"""How a system version stands, for people: counts, then what shows each control, and where the proof is."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import msgspec

from assay.records.status import STATES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from assay.records.status import ControlStatus, FrameworkStatus, Shown, State, SystemStatus

WIDTH = 110
_SHOWN = 3
TO_JUDGE = "a person still has to judge it"
BY_PEOPLE = "nothing in Assay can show: somebody has to attest it"
NOT_A_VERDICT = (
    "This says what is shown, by what, and what is not. Computed in part: a person still has to judge it, or evidence "
    "that the control names is not held. It is no opinion of law: whether a duty is fulfilled is for people to say."
)


def status_text(found: SystemStatus, states: Collection[str] = (), *, most: int | None = None) -> str:
    """Return a status as text.

    Args:
        found: the status.
        states: the states whose controls are told; by default all but those that are not applicable.
        most: tell at most so many controls of each framework.
    """
    lines = [
        f"{found.system}: {found.model} {found.version} on {found.as_of}",
        f"read from the trail at size {found.log_size}; files {found.model_sha256[:16]}",
    ]
    for one in found.frameworks:
        lines += ["", *_framework(one, states, most)]
    if found.not_looked_at:
        lines += ["", *_wrapped(f"not looked at: {', '.join(found.not_looked_at)}; not named under `regulation:`")]
    if found.problems:
        lines += ["", f"{len(found.problems)} to decide or to mend:"]
        lines += [line for problem in found.problems for line in _wrapped(f"- {problem}", "  ")]
    return "\n".join([*lines, "", *textwrap.wrap(NOT_A_VERDICT, WIDTH)])


def counts_words(one: FrameworkStatus) -> str:
    """Return how many controls are in each state, and of how many of them people still have to speak."""
    part = f" ({one.in_part} of them in part)" if one.in_part else ""
    counted = [f"{one.counts[state]} {state_words(state)}{part * (state == 'computed')}" for state in STATES]
    people = f"; {one.by_people} of what is missing or stale {BY_PEOPLE}" if one.by_people else ""
    return f"{', '.join(counted)}; {one.open} open{people}"


def state_words(state: State) -> str:
    """Return a state as it is told."""
    return state.replace("-", " ")


def standing_words(row: ControlStatus) -> str:
    """Return how a control stands in a few words: ``computed in part (pass)``."""
    part = " in part" if row.in_part else ""
    return f"{state_words(row.state)}{part}{f' ({row.outcome})' if row.outcome is not None else ''}"


def why_words(row: ControlStatus) -> str:
    """Return why a control stands so, and what of it is left to people."""
    more = [f"not held: {', '.join(row.lacking)}"] if row.in_part and row.lacking else []
    more += [TO_JUDGE] if row.judgement else []
    return "; ".join([row.reason, *more])


def _framework(one: FrameworkStatus, states: Collection[str], most: int | None) -> Iterator[str]:
    route = f", route {one.route}" if one.route else ""
    role = f"as {' and '.join(one.roles)}" if one.roles else "role not set"
    yield f"{one.framework}@{one.version} ({one.text}), {role}{route}"
    yield from _wrapped(counts_words(one), "  ", again="  ")
    wanted = [row for row in one.controls if row.state in (states or set(STATES) - {"not-applicable"})]
    for row in wanted[:most]:
        yield from _row(row)
    if most is not None and len(wanted) > most:
        yield f"  ... and {len(wanted) - most} more"


def _row(row: ControlStatus) -> Iterator[str]:
    yield from _wrapped(f"{standing_words(row)}  {row.control}  {row.title}", "  ")
    yield from _wrapped(why_words(row), "      ", again="      ")
    for shown in row.shown[:_SHOWN]:
        yield f"      - {_proof(shown)}"
    if len(row.shown) > _SHOWN:
        yield f"      - and {len(row.shown) - _SHOWN} more"
    for command in row.mend:
        yield f"      -> {command}"


def _proof(shown: Shown) -> str:
    parts = [f"{shown.name}: {shown.says}"]
    parts += [f"sha256 {shown.sha256[:16]}"] if shown.sha256 else []
    parts += [f"entry {shown.entry}"] if shown.entry is not None else []
    parts += [f"until {shown.until}"] if shown.until else []
    return ", ".join(parts)


def _wrapped(text: str, first: str = "", *, again: str | None = None) -> list[str]:
    later = again if again is not None else f"{first}    "
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=later)


def status_json(found: Sequence[SystemStatus]) -> str:
    """Return statuses for machines: of one system laid out, of many without white space, which would outweigh them."""
    told = msgspec.json.encode({"systems": found})
    return (msgspec.json.format(told, indent=2) if len(found) == 1 else told).decode()


def status_markdown(found: SystemStatus, states: Collection[str] = ()) -> str:
    """Return a status as Markdown tables."""
    lines = [f"# {found.system}: {found.model} {found.version}, as of {found.as_of}", ""]
    lines += [f"Read from the trail at size {found.log_size}. {NOT_A_VERDICT}", ""]
    for one in found.frameworks:
        lines += [f"## {one.framework}@{one.version} ({one.text})", "", counts_words(one) + ".", ""]
        lines += ["| control | state | why | shown by | what would settle it |", "|---|---|---|---|---|"]
        for row in one.controls:
            if row.state not in (states or STATES):
                continue
            shown = "; ".join(_proof(each) for each in row.shown[:_SHOWN])
            mend = "; ".join(f"`{command}`" for command in row.mend)
            cells = (f"{row.control} {row.title}", standing_words(row), why_words(row), shown, mend)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    if found.problems:
        lines += ["## To decide or to mend", "", *(f"- {problem}" for problem in found.problems), ""]
    return "\n".join(lines).rstrip()
