"""Whether a version of a registry may serve by a name: asked of projects on this machine, or of an Assay server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from assay.adapters.here import project_at
from assay.adapters.http_post import NoAnswerError, get, post
from assay.adapters.trail_here import record
from assay.errors import AssayError, InputError
from assay.lifecycle.chronicle import name_of
from assay.lifecycle.clearing import Asked, Clearance, Clearings
from assay.lifecycle.setting import now, setting_of
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from assay.adapters.guard_settings import GuardSettings
    from assay.adapters.http_post import Answer
    from assay.lifecycle.clearing import RulesFor
    from assay.lifecycle.setting import Rules
    from assay.trail.registry_events import Door, Why

TIMEOUT_S, ANSWER_CAP = 20.0, 1 << 20
_OK, _CREATED = 200, 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A version that is to serve by a name.

    Attributes:
        door: by what.
        mark: which alias, stage or tag; for a registration or a rename the registered model.
        model: the registered model.
        version: its version; None while it is only being registered, or when nobody said which.
    """

    door: Door
    mark: str
    model: str
    version: str | None

    def words(self) -> str:
        """Return who is to serve, by what."""
        named = f"{self.model} version {self.version}" if self.version else f"a version of {self.model}"
        return f"{named} ({self.door} {self.mark!r})" if self.mark != self.model else f"{named} ({self.door})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of it.

    Attributes:
        clearance: whether the version's files may serve; None when that was not even asked.
        model_sha256: root digest of its files; None when they could not be hashed.
        why: why it may not; None when it may.
        words: why it may not and what to do, for a person.
    """

    clearance: Clearance | None = None
    model_sha256: str | None = None
    why: Why | None = None
    words: str = ""


class Judge(Protocol):
    """Who knows what was released, and keeps what was asked."""

    def clear(self, model_sha256: str) -> Clearance:
        """Say whether files may serve now; raises `AssayError` when it cannot be told."""
        ...

    def keep(self, move: Move, judged: Judged) -> None:
        """Record what came of it; raises `AssayError` when it cannot be."""
        ...


def judge(move: Move, model_sha256: str, asked: Judge, settings: GuardSettings) -> Judged:
    """Say whether a version with these files may serve by a name."""
    try:
        found = asked.clear(model_sha256)
    except (AssayError, OSError) as error:
        return Judged(model_sha256=model_sha256, why="no-answer", words=f"Nobody can say what was released: {error}.")
    if not found.allowed:
        return Judged(clearance=found, model_sha256=model_sha256, why="not-cleared", words=found.words)
    if found.model is None or not settings.holds(move.model, found.model):
        words = (
            f"Its files were released as {found.model} {found.version}, not as {move.model}. If this registered model "
            f"is to hold that one, say so where the server is configured: ASSAY_GUARD_NAMES={move.model}={found.model}."
        )
        return Judged(clearance=found, model_sha256=model_sha256, why="other-model", words=words)
    return Judged(clearance=found, model_sha256=model_sha256)


def event_of(move: Move, judged: Judged, settings: GuardSettings) -> tuple[str, dict[str, str | None]]:
    """Return type and fields of the event that says what came of it."""
    said = {
        "registry": name_of(settings.registry),
        "door": move.door,
        "mark": name_of(move.mark) if settings.names_mark(move.mark) else "other",
        "model": name_of(move.model),
        "version": None if move.version is None else name_of(move.version),
        "model_sha256": judged.model_sha256,
    }
    if judged.why is None and judged.clearance is not None:
        return "registry.allowed", said | {"verdict_sha256": judged.clearance.verdict_sha256}
    return "registry.refused", said | {"why": judged.why}


class ProjectsJudge:
    """Projects on this machine: their releases count, and their logs keep what was asked.

    Args:
        settings: which projects; `assay.yaml`, policy and people are read anew each time, so that a change counts.

    Raises:
        AssayError: when one of them cannot be read.
    """

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        self._clearings: dict[Path, Clearings] = {}
        for path in settings.projects:
            state = project_at(path).state
            self._clearings[path] = Clearings(state, _rules_at(path))

    def clear(self, model_sha256: str) -> Clearance:
        """Return the best that the projects say."""
        found = [one.clear(Asked(model_sha256=model_sha256), at=now()) for one in self._clearings.values()]
        return next((one for one in found if one.allowed), None) or max(found, key=lambda one: one.model is not None)

    def keep(self, move: Move, judged: Judged) -> None:
        """Record it in the log of the project whose release it is about, else of the first."""
        if not self._settings.records:
            return
        projects = [project_at(path) for path in self._settings.projects]
        name = judged.clearance.model if judged.clearance is not None else None
        about = next((one for one in projects if one.config.model.name in {name, move.model}), projects[0])
        kind, said = event_of(move, judged, self._settings)
        record([make_event(kind, said, claimed_at=now())], about)


def _rules_at(path: Path) -> RulesFor:
    def rules_for(system: str) -> Rules | None:
        project = project_at(path)
        return setting_of(project) if project.config.system == system else None

    return rules_for


class ServerJudge:
    """An Assay server: it says what was released, and keeps what was asked.

    Args:
        settings: its address, and the file with the token, which is read each time: a new one counts at once.
    """

    def __init__(self, settings: GuardSettings) -> None:
        self._settings = settings
        self._server = (settings.server or "").rstrip("/")

    def clear(self, model_sha256: str) -> Clearance:
        """Ask ``GET /api/v1/clearance``."""
        address = f"{self._server}/api/v1/clearance"
        query = {"model_sha256": model_sha256}
        return msgspec.json.decode(self._told(lambda: get(address, query, **self._limits()), _OK), type=Clearance)

    def keep(self, move: Move, judged: Judged) -> None:
        """Send the event to ``POST /api/v1/mlflow/{registry}/moves``, where it is recorded."""
        kind, said = event_of(move, judged, self._settings)
        address = f"{self._server}/api/v1/mlflow/{self._settings.registry}/moves"
        body = msgspec.json.encode({"type": kind, "fields": said})
        self._told(lambda: post(address, body, "application/json", **self._limits()), _CREATED)

    def _limits(self) -> dict[str, Any]:
        token = read_token(self._settings.token_file)
        return {"timeout_s": TIMEOUT_S, "cap": ANSWER_CAP, "headers": {"Authorization": f"Bearer {token}"}}

    def _told(self, ask: Callable[[], Answer], expected: int) -> bytes:
        try:
            answer = ask()
        except NoAnswerError as error:
            raise InputError(f"the Assay server {self._server} does not answer ({error})") from None
        if answer.status != expected:
            raise InputError(f"the Assay server {self._server} does not tell: {answer.words()}")
        return answer.body


def read_token(path: Path | None) -> str:
    """Read a token from its file.

    Raises:
        InputError: when there is none.
    """
    try:
        found = "" if path is None else path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"expected a token in {path}, and it cannot be read: {error.strerror}") from None
    if not found:
        raise InputError(f"expected a token in {path}, found none")
    return found


def judge_of(settings: GuardSettings) -> Judge:
    """Return who is asked."""
    return ServerJudge(settings) if settings.server else ProjectsJudge(settings)
