"""files-unchanged: the model's files are those that were measured, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.checks._finding import finding
from assay.checks.control import Check

if TYPE_CHECKING:
    from assay.checks.control import Control, Terms
    from assay.records.evidence import Evidence
    from assay.records.verdict import Finding

TOLD = 5
"""So many files are named; the rest are counted."""


def _some(names: list[str]) -> str:
    rest = len(names) - TOLD
    return ", ".join(names[:TOLD]) + (f" and {rest} more" if rest > 0 else "")


def run(control: Control, evidence: Evidence, terms: Terms) -> tuple[Finding, ...]:
    """Yield one finding: pass, fail when a file differs, unknown when the gate was not given the files."""
    if terms.files_now is None:
        reason = "the gate was not given the model's files, so nobody compared them with those that were measured."
        return (finding(control, terms, "unknown", reason),)
    before = {file.name: file.sha256 for file in evidence.model.files}
    now = {file.name: file.sha256 for file in terms.files_now}
    if not before:
        return (finding(control, terms, "unknown", "the evidence names no file of the model: measure again."),)
    told = {
        "changed": sorted(name for name in before.keys() & now.keys() if before[name] != now[name]),
        "missing": sorted(before.keys() - now.keys()),
        "new": sorted(now.keys() - before.keys()),
    }
    differences = "; ".join(f"{word}: {_some(names)}" for word, names in told.items() if names)
    if differences:
        reason = f"the model's files are not those that were measured ({differences}). Measure again, or restore them."
        return (finding(control, terms, "fail", reason),)
    return (finding(control, terms, "pass", f"all {len(before)} files are those that were measured, byte for byte."),)


CHECK = Check(
    id="files-unchanged",
    title="The model's files are those that were measured",
    run=run,
)
