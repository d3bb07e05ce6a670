"""What people wrote about the system, in the project's `dossier.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lifecycle.project import read_file
from assay.reports.card_claims import contradictions
from assay.reports.documents.dossier import NAME, Dossier, read_dossier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from assay.lifecycle.project import Project
    from assay.records.measurement import Measurement


def dossier_path(project: Project) -> Path:
    """Return where people's words about the system stand, or would stand."""
    return project.root / (project.config.dossier or NAME)


def dossier_of(project: Project) -> Dossier:
    """Read what people wrote about the system; an empty dossier where they wrote none.

    Raises:
        InputError: when the file that `assay.yaml` names is not there.
        DocumentError: with every problem in it.
    """
    path = dossier_path(project)
    if project.config.dossier is None and not path.is_file():
        return Dossier()
    return read_dossier(read_file(path, "what people wrote about the system"), path.name)


def dossier_contradictions(project: Project, measurements: Sequence[Measurement]) -> tuple[str, ...]:
    """Return a sentence for every number of the dossier that the measurements contradict.

    Args:
        project: whose dossier.
        measurements: the evidence.
    """
    name = dossier_path(project).name
    spoken = [(f"{name} {path}", text) for path, text in dossier_of(project).texts()]
    return contradictions((), spoken, measurements)
