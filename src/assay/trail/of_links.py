"""The trail narrowed to some alerts and remediations: every entry that bears on how these stand, and few others.

An alert's history is its own: what was done about it, the remediations that were opened of it, and what became
of those. A remediation of what a release's verdict found rests on later decisions, too, and on who made the version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.trail import incidents, remediations
from assay.trail.marks import ALERT, MENDING, MODEL, REMEDIATION, VERDICT, together
from assay.trail.narrowing import marked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.trail.incidents import Incident
    from assay.trail.remediations import Remediation
    from assay.trail.view import View

_ACTS = tuple(dict.fromkeys((*incidents.ACTS, *remediations.ACTS)))
_OPENED, _TESTED = "remediation.opened", "remediation.retested"


def around_links(view: View, start: Iterable[str]) -> tuple[set[str], View]:
    """Return the marks of alerts and remediations that cannot be told apart from some, and the trail narrowed to them.

    Args:
        view: the trail.
        start: marks, such as ``alert:drift``.
    """
    marks = together(view.connection, start, (ALERT, REMEDIATION))
    held = marked(view.connection, marks, _ACTS)
    acts = view.holding(held).facts(_OPENED, _TESTED)
    opened = [one for one in acts if one.event.type == _OPENED and one.said.verdict_sha256 is not None]
    if opened:
        mine = {one.said.remediation for one in opened}
        verdicts = {one.said.verdict_sha256 for one in opened}
        verdicts |= {
            one.said.evidence_sha256 for one in acts if one.event.type == _TESTED and one.said.remediation in mine
        }
        models = {f"{MODEL}{one.said.model}" for one in opened}
        held |= marked(view.connection, (f"{VERDICT}{one}" for one in verdicts), (remediations.DECIDED,))
        held |= marked(view.connection, models, (remediations.REGISTERED,))
    return marks, view.holding(held)


def incidents_named(view: View, names: Iterable[str]) -> list[Incident]:
    """Return some alerts and serious incidents, in the order of the names; one that there is not is left out."""
    wanted = list(names)
    _, narrowed = around_links(view, (f"{ALERT}{one}" for one in wanted))
    known = {one.name: one for one in incidents.incidents(narrowed)}
    return [known[name] for name in wanted if name in known]


def remediations_of(view: View, model: str, version: str) -> list[Remediation]:
    """Return the remediations of what the verdict on a version found, in the order in which they were opened."""
    opened = view.bearing((f"{MENDING}{model} {version}",), _OPENED).reads(_OPENED)
    found = remediations_named(view, {read.event.fields.remediation for read in opened if read.event is not None})
    return [one for one in found if (one.opened.said.model, one.opened.said.version) == (model, version)]


def remediations_named(view: View, names: Iterable[str]) -> list[Remediation]:
    """Return some remediations of what releases' verdicts found, in the order in which they were opened."""
    wanted = set(names)
    if not wanted:
        return []
    _, narrowed = around_links(view, (f"{REMEDIATION}{one}" for one in wanted))
    return [one for one in remediations.release_remediations(narrowed) if one.name in wanted]
