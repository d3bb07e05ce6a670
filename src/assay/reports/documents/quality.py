"""Index of the quality management system after Article 17(1)(a)-(m) of Regulation (EU) 2024/1689."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.reports.documents import facts, tested
from assay.reports.documents.asking import Answer, Asks, Form, Want, asks, found, people
from assay.reports.documents.market_plan import watched
from assay.reports.documents.standing import FRAMEWORK, NOTE, standing

if TYPE_CHECKING:
    from assay.reports.documents.material import Material

RUN = "Decide a release: assay run"

LIST: tuple[tuple[str, str, str], ...] = (
    ("a", "Strategy for the rules", "strategy"),
    ("b", "Design, its control and verification", "design_control"),
    ("c", "Development, quality control and assurance", "development"),
    ("d", "Examination, test and validation", "testing"),
    ("e", "Technical specifications", "specifications"),
    ("f", "Data management", "data"),
    ("g", "Risk management", "risk"),
    ("h", "Post-market monitoring", "monitoring"),
    ("i", "Reporting of serious incidents", "incidents"),
    ("j", "Dealing with authorities and others", "communication"),
    ("k", "Records", "records"),
    ("l", "Resources and supply", "resources"),
    ("m", "Accountability", "accountability"),
)
"""Letter, title and field of the dossier's section ``quality``."""


def form() -> Form:
    """Return the written list of the index."""
    return Form(
        kind="qms-index",
        title="Index of the quality management system",
        about=(
            (
                "Where each of the thirteen procedures is written, and what shows that it was followed for this "
                "version. That a procedure exists is people's word; evidence shows that it ran."
            ),
            NOTE,
        ),
        law=("Article 17",),
        framework=FRAMEWORK,
        sections={"Before the list": (standing("qms-index"),), "The index": tuple(_item(*one) for one in LIST)},
    )


def _item(letter: str, title: str, key: str) -> Asks:
    wants = [people("where the procedure is", f"quality.{key}")]
    if letter in _SHOWN:
        wants.append(_SHOWN[letter])
    return asks(f"({letter})", title, f"eu-ai-act:17(1)({letter})", *wants)


def kept(material: Material) -> Answer | None:
    """Say how much of the record is in the log."""
    if material.log is None:
        return None
    told = f"{len(material.events)} events about this model stand in the log {material.log.origin}."
    return Answer(words=(told,), sources=(material.evidence_source, material.verdict_source))


_SHOWN: dict[str, Want] = {
    "c": found("runs on record", facts.training, "Record the training run: assay.monitor in the training script"),
    "d": found("tests of this version", tested.tests, RUN),
    "e": found("limits and where they come from", tested.limits, RUN),
    "f": found("datasets", facts.datasets, RUN),
    "h": found("limits watched in use", watched, "Write controls with stage: monitoring in the policy"),
    "k": found("records in the log", kept, RUN),
    "m": found("approvals and accepted risks", tested.approvals, "Have it approved: assay approve"),
}
"""What shows that a procedure ran, by letter."""
