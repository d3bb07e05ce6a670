"""Events about a model registry: a version was to serve by an alias, a stage or a tag, and was let or was not."""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.trail.fields import Fields, Name, Sha256

Door: TypeAlias = Literal["alias", "stage", "tag", "model-tag", "registration", "rename", "deployment-job"]
"""By what a version of a registry comes to serve."""

Why: TypeAlias = Literal["not-cleared", "other-model", "no-version", "unreadable", "no-answer"]
"""Why a version was not let: no verdict that stands now, one of another model, or it could not be told."""


class _Move(Fields, kw_only=True):
    registry: Name
    door: Door
    mark: Name
    model: Name
    version: Name | None = None


class RegistryAllowed(_Move, kw_only=True):
    """A version of a registry was let to serve by a name.

    Attributes:
        registry: what the registry is called.
        door: by what it serves.
        mark: the alias, the stage or the tag; ``other`` for one that no setting names, since people name them freely.
        model: the registered model.
        version: its version; none when it is only being registered.
        model_sha256: root digest of the files that the registry holds for it.
        verdict_sha256: digest of the verdict that stands.
    """

    model_sha256: Sha256
    verdict_sha256: Sha256


class RegistryRefused(_Move, kw_only=True):
    """A version of a registry was not let to serve by a name: nothing was written.

    Attributes:
        registry: what the registry is called.
        door: by what it should have served.
        mark: the alias, the stage or the tag; ``other`` for one that no setting names, since people name them freely.
        model: the registered model.
        version: its version; none when it was only being registered.
        model_sha256: root digest of the files that the registry holds for it; none when they could not be hashed.
        why: why.
    """

    model_sha256: Sha256 | None = None
    why: Why


class RegistryReverted(_Move, kw_only=True):
    """A version served by a name without a clearance, and the registry was put back.

    Attributes:
        registry: what the registry is called.
        door: by what it served.
        mark: the alias or the tag; ``other`` for one that no setting names, since people name them freely.
        model: the registered model.
        version: the version that served.
        model_sha256: root digest of the files that the registry holds for it; none when they could not be hashed.
        why: why it was put back.
        to_version: the cleared version that serves again; none when nothing serves by this name now.
        outcome: whether the registry took it; while it has not, the version still serves.
    """

    model_sha256: Sha256 | None = None
    why: Why
    to_version: Name | None = None
    outcome: Literal["reverted", "failed"]
