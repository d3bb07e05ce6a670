"""Who is asked by a guard: the projects on this machine, or an Assay server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.adapters.guard_judging import Judge, Judged, Judging, question
from assay.adapters.here import project_at
from assay.adapters.trail_here import record
from assay.errors import AssayError
from assay.lifecycle.clearing import Asked, Clearance, Clearings
from assay.lifecycle.setting import now, setting_of
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from assay.adapters.guard_judging import Move
    from assay.adapters.guard_settings import GuardSettings
    from assay.lifecycle.clearing import RulesFor
    from assay.lifecycle.setting import Rules


def judge_of(settings: GuardSettings) -> Judge:
    """Return who is asked.

    Raises:
        AssayError: when a project cannot be read.
    """
    return _Server(settings, settings.server) if settings.server else _of_projects(settings)


def _of_projects(settings: GuardSettings) -> Judging:
    """Return a judge by the releases of projects; `assay.yaml`, policy and people are read anew, so a change counts."""
    clearings = [Clearings(project_at(path).state, _rules_at(path)) for path in settings.projects]

    def clear(model_sha256: str) -> Clearance:
        found = [one.clear(Asked(model_sha256=model_sha256), at=now()) for one in clearings]
        return next((one for one in found if one.allowed), None) or max(found, key=lambda one: one.model is not None)

    def tell(kind: str, said: Mapping[str, Any]) -> None:
        if not settings.records:
            return
        projects = [project_at(path) for path in settings.projects]
        about = next((one for one in projects if one.config.model.name == said["model"]), projects[0])
        record([make_event(kind, said, claimed_at=now())], about)

    return Judging(clear=clear, tell=tell, governed=settings.governed, registry=settings.registry)


def _rules_at(path: Path) -> RulesFor:
    def rules_for(system: str) -> Rules | None:
        project = project_at(path)
        return setting_of(project) if project.config.system == system else None

    return rules_for


class _Server:
    """An Assay server: it weighs, and keeps what it was asked."""

    def __init__(self, settings: GuardSettings, url: str) -> None:
        from assay.adapters.server_push import HttpServer  # noqa: PLC0415 - only where a server is asked

        self._registry = settings.registry
        self._server = HttpServer(url)

    def judge(self, move: Move, found: str | Judged) -> Judged:
        """Ask it; what it does not answer may not be."""
        try:
            judged = self._server.ask(f"/mlflow/{self._registry}/moves", Judged, question(move, found))
        except AssayError as error:
            judged = Judged(why="no-answer", words=f"Nobody can say what was released: {error}.")
        return judged if isinstance(found, str) else found
