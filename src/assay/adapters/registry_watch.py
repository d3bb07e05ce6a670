"""A registry that is put back: what came to serve by a name without a clearance serves by it no longer.

Where no guard stands in MLflow itself, its webhooks tell when to look, and a round every quarter of an hour sees what
they do not tell of (stage transitions; a delivery that was lost). What a webhook says is a hint: the registry itself is
read, and the files are hashed. What was let stays while its version and its files stay, also when its verdict lapses
later: taking a model out of production is a person's act, and `assay serving check` tells that it is due.
"""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.adapters.durable_files import replace_file, storage_errors
from assay.adapters.guard_judging import Judged, Move
from assay.adapters.guard_settings import Governed, folded
from assay.adapters.http_post import NoAnswerError
from assay.adapters.mlflow_api import UnreadableError
from assay.adapters.mlflow_files import PROMPTS
from assay.adapters.mlflow_moves import UNGOVERNED_STAGES
from assay.errors import AssayError, InputError, NotThereError, StorageError
from assay.lifecycle.chronicle import name_of
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from assay.adapters.guard_judging import Judging
    from assay.adapters.mlflow_api import MlflowApi

_LOG = logging.getLogger("assay.registry")


class Let(Frozen, kw_only=True):
    """What was let to serve by a name.

    Attributes:
        version: the version.
        model_sha256: root digest of its files then.
    """

    version: str
    model_sha256: str


class Seen(Frozen, kw_only=True):
    """What came of looking at one name.

    Attributes:
        move: the version, and the name.
        outcome: ``let``; ``reverted``; ``moved`` when somebody else changed it meanwhile.
        words: why, for a person.
        to_version: the version that serves by it again.
    """

    move: Move
    outcome: Literal["let", "reverted", "moved"]
    words: str = ""
    to_version: str | None = None


class RegistryWatch:
    """Watches one registry.

    Attributes:
        registry: its API; another takes its place when the token changes.

    Args:
        registry: its API.
        judging: says what may serve, and tells the trail.
        kept: file that holds what was let, so that an alias can be set back.
    """

    def __init__(self, registry: MlflowApi, judging: Judging, kept: Path) -> None:
        self.registry, self._judging, self._kept = registry, judging, kept
        self._lock = threading.Lock()

    @property
    def governed(self) -> Governed:
        """What of the registry needs a clearance."""
        return self._judging.governed

    def look_at_all(self) -> tuple[Seen, ...]:
        """Look at every registered model, and at files that were let before.

        Raises:
            StorageError: when something could not be read or put back; the rest was looked at all the same.
        """
        seen: list[Seen] = []
        problems: list[str] = []
        for model in self._models():
            try:
                seen += self.look_at(model, again=True)
            except StorageError as error:
                problems.append(str(error))
        if problems:
            raise StorageError("; ".join(problems))
        return tuple(seen)

    def look_at(self, model: str, *, again: bool = False) -> tuple[Seen, ...]:
        """Look at one registered model, and put back what may not serve.

        Args:
            model: its name.
            again: hash the files of what was let before, too.

        Raises:
            StorageError: when the registry does not answer, nobody can say what was released, or what may not serve
                could not be put back: come again later.
        """
        with self._lock:
            try:
                moves = list(self._standing(model))
                return tuple(seen for move in moves for seen in self._weighed(move, again=again))
            except NotThereError:  # deleted or renamed meanwhile
                return ()
            except (NoAnswerError, InputError) as error:
                raise StorageError(f"{self.registry.server}: {error}. What serves of {model} cannot be told") from None

    def _models(self) -> list[str]:
        try:
            return list(self.registry.models())
        except (NoAnswerError, InputError) as error:
            raise StorageError(f"the registry cannot be read: {error}") from None

    def _standing(self, model: str) -> Iterator[Move]:
        """Yield what serves by a governed name now."""
        found = self.registry.ask("registered-models/get", {"name": model}).get("registered_model", {})
        for one in found.get("aliases", ()):
            if self.governed.guards_alias(one["alias"]):
                yield Move(door="alias", mark=one["alias"], model=model, version=str(one["version"]))
        for tag in found.get("tags", ()):
            if self.governed.names_stage(tag["key"], tag.get("value") or ""):
                value = str(tag.get("value") or "").strip()
                number = value if value.isdecimal() else None
                yield Move(door="model-tag", mark=tag["key"], model=model, version=number)
        for one in self.registry.versions(model):
            version, stage = str(one["version"]), str(one.get("current_stage") or "None")
            if folded(stage) not in UNGOVERNED_STAGES:
                yield Move(door="stage", mark=stage, model=model, version=version)
            for tag in one.get("tags", ()):
                if self.governed.names_stage(tag["key"], tag.get("value") or ""):
                    yield Move(door="tag", mark=tag["key"], model=model, version=version)

    def _weighed(self, move: Move, *, again: bool) -> Iterator[Seen]:
        let = self._read().get(_key(move))
        same = let is not None and let.version == move.version
        if same and not again:
            return
        found = self._found(move)
        if found is None or (same and let is not None and found == let.model_sha256):
            return
        judged = self._judging.weigh(move, found) if isinstance(found, str) else found
        if judged.why == "no-answer":
            raise StorageError(f"{move.words()}: {judged.words}")
        if judged.why is not None:
            yield self._put_back(move, judged, let)
            return
        self._judging.tell(*self._judging.event(move, judged))
        self._write(_key(move), Let(version=move.version or "", model_sha256=judged.model_sha256 or ""))
        yield Seen(move=move, outcome="let")

    def _found(self, move: Move) -> str | Judged | None:
        """Return the digest of a version's files, or why it cannot be told; None for a prompt, which is a text."""
        if move.version is None:
            return Judged(why="no-version", words="A tag on the whole model does not say which version it is about.")
        try:
            place = self.registry.place(move.model, move.version)
            return None if place in PROMPTS else self.registry.digest(place)
        except (UnreadableError, NotThereError) as error:
            return Judged(why="unreadable", words=f"What it is cannot be told: {error}.")

    def _put_back(self, move: Move, judged: Judged, let: Let | None) -> Seen:
        to_version = self._earlier(move, let)
        try:
            moved = self._undo(move, to_version)
        except (AssayError, OSError) as error:
            self._tell(move, judged, None, "failed")
            words = f"{move.words()} may not serve and could not be put back: {error}. {judged.words}"
            _LOG.error("%s", words)
            raise StorageError(words) from None
        if moved:
            return Seen(move=move, outcome="moved")
        self._tell(move, judged, to_version, "reverted")
        _LOG.warning("put back: %s: %s", move.words(), judged.words)
        return Seen(move=move, outcome="reverted", words=judged.words, to_version=to_version)

    def _tell(self, move: Move, judged: Judged, to_version: str | None, outcome: Literal["reverted", "failed"]) -> None:
        _, said = self._judging.event(move, judged)
        said |= {"to_version": None if to_version is None else name_of(to_version), "outcome": outcome}
        self._judging.tell("registry.reverted", said)

    def _earlier(self, move: Move, let: Let | None) -> str | None:
        """Return the version that an alias led to before, when its files are the same and may serve now."""
        if move.door != "alias" or let is None or let.version == move.version:
            return None
        before = Move(door="alias", mark=move.mark, model=move.model, version=let.version)
        found = self._found(before)
        fine = found == let.model_sha256 and self._judging.weigh(before, let.model_sha256).why is None
        return let.version if fine else None

    def _undo(self, move: Move, to_version: str | None) -> bool:
        """Take a name from a version; return whether somebody else has done so meanwhile."""
        named = {"name": move.model}
        if move not in self._standing(move.model):
            return True
        if move.door == "alias" and to_version is not None:
            body = {**named, "alias": move.mark, "version": to_version}
            self.registry.tell("POST", "registered-models/alias", body)
        elif move.door == "alias":
            self.registry.tell("DELETE", "registered-models/alias", {**named, "alias": move.mark})
        elif move.door == "stage":
            body = {**named, "version": move.version or "", "stage": "None"}
            self.registry.tell("POST", "model-versions/transition-stage", body)
        elif move.door == "tag":
            body = {**named, "version": move.version or "", "key": move.mark}
            self.registry.tell("DELETE", "model-versions/delete-tag", body)
        else:
            self.registry.tell("DELETE", "registered-models/delete-tag", {**named, "key": move.mark})
        return False

    def _read(self) -> dict[str, Let]:
        if not self._kept.exists():
            return {}
        try:
            return msgspec.json.decode(self._kept.read_bytes(), type=dict[str, Let])
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                f"{self._kept}: expected what was let to serve, and it cannot be read: {error}"
            ) from None

    def _write(self, key: str, let: Let) -> None:
        with storage_errors(self._kept.parent, "What was let serves on"):
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self._kept, msgspec.json.encode(self._read() | {key: let}, order="sorted"))


def _key(move: Move) -> str:
    """Return the name by which something serves; an alias leads to one version, the others to as many as have it."""
    parts = [move.model, move.door, move.mark, *([] if move.door == "alias" else [move.version])]
    return json.dumps(parts)
