"""The risk register for people: the greatest first, what is done about each, and what is left to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.risk import Risk

WIDTH = 110


def risks_text(found: Sequence[Risk]) -> str:
    """Return the register as text."""
    if not found:
        return "No risk is recorded. Record one with: assay risk record ID --hazard ... --as NAME --role ROLE"
    lines = [line for one in found for line in (*_risk(one), "")]
    left = sum(bool(one.open) for one in found)
    many = f"{len(found)} {'risk' if len(found) == 1 else 'risks'}"
    return "\n".join([*lines, f"{many}; something is left to do about {left or 'none'}."])


def _risk(one: Risk) -> Iterator[str]:
    residual = _rated(one.residual_likelihood, one.residual_severity)
    yield f"{one.risk}  {one.likelihood} x {one.severity} = {one.score}, {one.harm}; left: {residual}"
    yield from _wrapped(one.hazard or "the words of the hazard are not kept here")
    if one.measure != "none":
        yield from _wrapped(f"measure by {one.measure}: {one.measures or 'its words are not kept here'}")
    yield from _wrapped(
        f"owner {one.owner}; recorded {one.reviews} times, last by {one.by} at {one.at}, entry {one.entry}; what is "
        f"left is acceptable: {one.accepted}"
    )
    for each in one.tests:
        yield f"    - test {each.control}: {each.says or 'no finding'}" + (
            f", sha256 {each.sha256[:16]}, entry {each.entry}" if each.sha256 else ""
        )
    if one.monitors:
        yield f"    - watched by {', '.join(one.monitors)}"
    for line in one.open:
        yield from _wrapped(f"TO DO: {line}")


def _rated(likelihood: int | None, severity: int | None) -> str:
    if likelihood is None or severity is None:
        return "not rated"
    return f"{likelihood} x {severity} = {likelihood * severity}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def risks_json(found: Sequence[Risk]) -> str:
    """Return the register for machines."""
    return msgspec.json.format(msgspec.json.encode({"risks": found}), indent=2).decode()


def risks_markdown(found: Sequence[Risk]) -> str:
    """Return the register as a Markdown table."""
    lines = [
        "| risk | hazard | before | measure | left | acceptable | tests | to do |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        tests = ", ".join(f"{each.control}: {each.says or 'no finding'}" for each in one.tests)
        cells = (
            one.risk, one.hazard or "", f"{one.likelihood} x {one.severity}", f"{one.measure}: {one.measures or ''}",
            _rated(one.residual_likelihood, one.residual_severity), f"{one.accepted}, {one.by}", tests,
            "; ".join(one.open),
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)
