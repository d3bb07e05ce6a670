"""Whether a version of a registry may serve by a name: weighed by what was released, and kept in the trail."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from assay.errors import AssayError
from assay.lifecycle.chronicle import name_of
from assay.records.tally import Frozen
from assay.trail.registry_events import Door, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.adapters.guard_settings import Governed
    from assay.lifecycle.clearing import Clearance

_LOG = logging.getLogger("assay.guard")


class Move(Frozen, kw_only=True):
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
    version: str | None = None

    def words(self) -> str:
        """Return who is to serve, by what."""
        named = f"{self.model} version {self.version}" if self.version else f"a version of {self.model}"
        return f"{named} ({self.door} {self.mark!r})" if self.mark != self.model else f"{named} ({self.door})"


class Judged(Frozen, kw_only=True):
    """What came of it.

    Attributes:
        model_sha256: root digest of its files; None when they could not be hashed.
        verdict_sha256: digest of the verdict that stands; None when none does.
        why: why it may not; None when it may.
        words: why it may not and what to do, for a person.
    """

    model_sha256: str | None = None
    verdict_sha256: str | None = None
    why: Why | None = None
    words: str = ""


class Judge(Protocol):
    """Who says whether a version may serve, and keeps what it was asked."""

    def judge(self, move: Move, found: str | Judged) -> Judged:
        """Say whether a version may serve by a name.

        Args:
            move: the version, and the name.
            found: root digest of its files; or why that could not even be told.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """A judge where the releases are.

    Attributes:
        clear: says whether files may serve now; raises `AssayError` when it cannot be told.
        tell: keeps an event, of a type and with fields, in the trail; raises `AssayError` when it cannot.
        governed: what the registry's settings say.
        registry: what the registry is called.
    """

    clear: Callable[[str], Clearance]
    tell: Callable[[str, Mapping[str, Any]], None]
    governed: Governed
    registry: str

    def judge(self, move: Move, found: str | Judged) -> Judged:
        """Weigh it and keep what came of it; what cannot be kept may not be."""
        judged = self.weigh(move, found) if isinstance(found, str) else found
        try:
            self.tell(*self.event(move, judged))
        except (AssayError, OSError) as error:
            if judged.why is None:
                return Judged(why="no-answer", words=f"It may serve, and that cannot be recorded: {error}.")
            _LOG.error("refused, and not recorded: %s", error)
        return judged

    def weigh(self, move: Move, model_sha256: str) -> Judged:
        """Say whether a version with these files may serve by a name."""
        try:
            found = self.clear(model_sha256)
        except (AssayError, OSError) as error:
            words = f"Nobody can say what was released: {error}."
            return Judged(model_sha256=model_sha256, why="no-answer", words=words)
        if not found.allowed:
            return Judged(model_sha256=model_sha256, why="not-cleared", words=found.words)
        if found.model is None or not self.governed.holds(move.model, found.model):
            words = (
                f"Its files were released as {found.model} {found.version}, not as {move.model}. If this registered "
                f"model is to hold that one, the registry's settings must say so (names: {move.model}={found.model})."
            )
            return Judged(model_sha256=model_sha256, why="other-model", words=words)
        return Judged(model_sha256=model_sha256, verdict_sha256=found.verdict_sha256)

    def event(self, move: Move, judged: Judged) -> tuple[str, dict[str, Any]]:
        """Return type and fields of the event that says what came of it."""
        said = {
            "registry": name_of(self.registry),
            "door": move.door,
            "mark": name_of(move.mark) if self.governed.names_mark(move.mark) else "other",
            "model": name_of(move.model),
            "version": None if move.version is None else name_of(move.version),
            "model_sha256": judged.model_sha256,
        }
        if judged.why is None:
            return "registry.allowed", said | {"verdict_sha256": judged.verdict_sha256}
        return "registry.refused", said | {"why": judged.why}


class Question(Frozen, kw_only=True):
    """What a guard asks a server: ``POST /api/v1/mlflow/{registry}/moves``.

    Attributes:
        move: the version, and the name.
        model_sha256: root digest of its files, as the guard has hashed them.
        why: why that could not be told.
    """

    move: Move
    model_sha256: str | None = None
    why: Why | None = None

    def found(self) -> str | Judged:
        """Return what a judge is given."""
        if self.why is not None or self.model_sha256 is None:
            return Judged(model_sha256=self.model_sha256, why=self.why or "unreadable")
        return self.model_sha256


def question(move: Move, found: str | Judged) -> bytes:
    """Return a question as it is sent."""
    if isinstance(found, str):
        return msgspec.json.encode(Question(move=move, model_sha256=found))
    return msgspec.json.encode(Question(move=move, model_sha256=found.model_sha256, why=found.why))
