"""Releases and measurements in which every word that people or data can choose is an attack."""

from __future__ import annotations

from typing import Any

import msgspec

from assay.records.evidence import Evidence
from assay.records.tally import Tally
from assay.records.verdict import Verdict
from assay.reports.card import Card
from assay.reports.release import Release
from unit.reports.mortgage_release import release

ATTACKS = {
    "script": "<script>alert('x')</script>",
    "attribute": "\" onload=alert(1) x='",
    "table": "a|b\n| c | d |\n\n# heading",
    "markup": "[bold red]x[/] **b** `c` ![i](http://evil.example/p.png) @team",
    "control": "\x1b[31mred\x1b]0;title\x07\x00\x08\u202egnp.\u2028\u2069",
    "xml": "]]> &amp; </failure><!-- \ufffe \ud800",
    "template": "{{ 7*7 }}{% raw %}${{ secrets.TOKEN }}",
    "yaml": "---\nkey: value\n- x: &a *a\n# c: '\"",
    "path": "../../etc/passwd; rm -rf $(pwd)",
}

WORDS_OF_THE_RECORD = {
    "schema", "decision", "status", "enforcement", "severity", "decide", "kind", "stage", "unit", "task",
    "decided_at", "measured_at", "id", "waiver", "role_of_data", "measured_on",
}  # fmt: skip


def attack(found: Any, poison: str, key: str = "") -> Any:  # noqa: ANN401 - walks any JSON
    """Put an attack behind every free word, keeping the record's own words and the digests."""
    if isinstance(found, dict):
        free = key in {"group", "datasets", "lowest", "highest"}
        return {f"{name}{poison}" if free else name: attack(value, poison, name) for name, value in found.items()}
    if isinstance(found, list):
        return [attack(item, poison, key) for item in found]
    if isinstance(found, str) and not (key in WORDS_OF_THE_RECORD or "sha256" in key or key == "protected"):
        return f"{found}{poison}"
    return found


def hostile_release(poison: str) -> Release:
    """Return the mortgage release with an attack in every free word."""
    clean = release()

    def poisoned(record: Any, kind: Any) -> Any:  # noqa: ANN401 - any record
        return msgspec.convert(attack(msgspec.to_builtins(record), poison), kind)

    return Release(
        evidence=poisoned(clean.evidence, Evidence),
        verdict=poisoned(clean.verdict, Verdict),
        tally=poisoned(clean.tally, Tally),
        card=poisoned(clean.card, Card),
    )
