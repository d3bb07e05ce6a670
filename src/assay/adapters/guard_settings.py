"""What the guard of a registry is told by the environment of the server that it stands in."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError, suggest
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ASSAY_GUARD_"
ALIASES, WORDS, MODELS, NAMES, ACCEPT, APP, REGISTRY, RECORD = _KNOWN = tuple(
    f"{PREFIX}{name}" for name in ("ALIASES", "WORDS", "MODELS", "NAMES", "ACCEPT", "APP", "REGISTRY", "RECORD")
)
PROJECT, SERVER, TOKEN_FILE = "ASSAY_PROJECT", "ASSAY_SERVER", "ASSAY_TOKEN_FILE"

STAGE_WORDS = ("approved", "champion", "deployed", "live", "prod", "production", "released", "staging")
STAGES = frozenset({"none", "staging", "production", "archived"})
"""Stages of MLflow (`mlflow.entities.model_registry.model_version_stages`), in small letters."""

PRODUCTION_MODELS = ("prod.*", "production.*", "staging.*")
LONGEST_TAG = 64
"""A longer value of a tag, or one with a space in it, is a sentence and names no stage."""

_NOT_A_WORD = re.compile(r"[^0-9a-z]+")


class Governed(Frozen, kw_only=True):
    """What of a registry is governed.

    Attributes:
        aliases: patterns of aliases that need a clearance.
        words: words that name a stage, in a tag's key or value.
        models: patterns of registered models that hold cleared versions alone, from the moment of registration.
        names: registered model to the released model that it holds, where their names differ.
    """

    aliases: tuple[str, ...] = ("*",)
    words: tuple[str, ...] = STAGE_WORDS
    models: tuple[str, ...] = PRODUCTION_MODELS
    names: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record its own copy

    def guards_alias(self, alias: str) -> bool:
        """Say whether an alias needs a clearance; case and accents hide nothing, for some databases ignore them."""
        return any(fnmatchcase(folded(alias), folded(pattern)) for pattern in self.aliases)

    def guards_model(self, name: str) -> bool:
        """Say whether a registered model holds cleared versions alone."""
        return any(fnmatchcase(folded(name), folded(pattern)) for pattern in self.models)

    def names_stage(self, key: str, value: str) -> bool:
        """Say whether a tag says that a version serves: by a word of its key, or of its value."""
        told = [_NOT_A_WORD.split(folded(key))]
        if len(value) <= LONGEST_TAG and not re.search(r"\s", value.strip()):
            told.append(_NOT_A_WORD.split(folded(value)))
        return not {folded(word) for word in self.words}.isdisjoint(word for words in told for word in words)

    def names_mark(self, mark: str) -> bool:
        """Say whether a mark is fixed by these settings or MLflow; others are free text, and stay out of the log."""
        return folded(mark) in STAGES.union(
            map(folded, self.words), (folded(one) for one in self.aliases if "*" not in one)
        )

    def holds(self, registered: str, released: str) -> bool:
        """Say whether a registered model may hold versions that were released under a name.

        Its own name, or the last part of it (``credit`` in ``prod.risk.credit``), unless `names` says another.
        """
        said = self.names.get(registered)
        return released in ({said} if said is not None else {registered, registered.rpartition(".")[2]})


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """What is guarded, and who is asked.

    Attributes:
        projects: projects (``assay.yaml`` or its folder) whose releases count; empty when a server is asked.
        server: address of the Assay server that is asked instead.
        registry: what this registry is called in the trail.
        records: whether projects' logs keep what was asked; then what cannot be kept is refused.
        governed: what needs a clearance.
        accepted: doors of an MLflow that is newer than the guard, which somebody has looked at.
        app: another MLflow app that answers behind the guard, such as ``basic-auth``.
    """

    projects: tuple[Path, ...] = ()
    server: str | None = None
    registry: str = "mlflow"
    records: bool = True
    governed: Governed
    accepted: frozenset[str] = frozenset()
    app: str | None = None


def folded(text: str) -> str:
    """Return a text without the differences that a database may not see: case, accents, width."""
    parts = unicodedata.normalize("NFKD", text.strip())
    return "".join(sign for sign in parts if not unicodedata.combining(sign)).casefold()


def guard_settings(environ: Mapping[str, str] = os.environ) -> GuardSettings:
    """Read what the environment says, strictly.

    Raises:
        InputError: for a variable that is not known, or when nobody is there to be asked.
    """
    for name in environ:
        if name.startswith(PREFIX) and name not in _KNOWN:
            raise InputError(f"{name}: expected one of {', '.join(_KNOWN)}{suggest(name, _KNOWN)}")
    projects = tuple(Path(one) for one in environ.get(PROJECT, "").split(os.pathsep) if one)
    server = environ.get(SERVER) or None
    if bool(projects) == bool(server):
        raise InputError(
            f"expected one of {PROJECT} (folders with assay.yaml) and {SERVER} (address of an Assay server) to say "
            f"what was released, found {'both' if projects else 'neither'}. Without it nothing could be promoted at all"
        )
    if server and not environ.get(TOKEN_FILE):
        raise InputError(
            f"{SERVER}: expected {TOKEN_FILE} with it, the file that holds NAME:SECRET of a pipeline of that server, "
            "found none"
        )
    return GuardSettings(
        projects=projects,
        server=server,
        registry=environ.get(REGISTRY) or "mlflow",
        records=_choice(environ, RECORD),
        governed=Governed(
            aliases=_listed(environ, ALIASES, ("*",)),
            words=_listed(environ, WORDS, STAGE_WORDS),
            models=_listed(environ, MODELS, PRODUCTION_MODELS),
            names=dict(_pairs(environ.get(NAMES, ""))),
        ),
        accepted=frozenset(one.strip() for one in environ.get(ACCEPT, "").split(";") if one.strip()),
        app=environ.get(APP) or None,
    )


def _choice(environ: Mapping[str, str], name: str) -> bool:
    said = environ.get(name, "yes")
    if said not in {"yes", "no"}:
        raise InputError(f"{name}: expected yes or no, found {said!r}")
    return said == "yes"


def _listed(environ: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if name not in environ:
        return default
    return tuple(one.strip() for one in environ[name].split(",") if one.strip())


def _pairs(text: str) -> list[tuple[str, str]]:
    found = [tuple(part.strip() for part in one.split("=")) for one in text.split(",") if one.strip()]
    pairs = [(one[0], one[1]) for one in found if len(one) == 2 and all(one)]  # noqa: PLR2004 - a pair
    if len(pairs) != len(found):
        raise InputError(
            f"{NAMES}: expected REGISTERED=RELEASED,... such as prod.credit=credit-scoring, found {text!r}"
        )
    return pairs
