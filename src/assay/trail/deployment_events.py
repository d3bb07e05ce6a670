"""Events about deployment: started, finished, rolled back."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Fields, Name, Person, Sha256


class DeploymentStarted(Fields, kw_only=True):
    """A version is being put into an environment.

    Attributes:
        deployment: the deployment's id.
        model: the model's name.
        version: its version.
        model_sha256: root digest of the files that are being deployed.
        environment: where, such as ``production``.
        by: who, or which service account.
    """

    deployment: Name
    model: Name
    version: Name
    model_sha256: Sha256
    environment: Name
    by: Person | None = None


class DeploymentFinished(Fields, kw_only=True):
    """A deployment has ended; where it succeeded, the version serves from the claimed time on.

    Attributes:
        deployment: the deployment's id.
        model: the model's name.
        version: its version.
        model_sha256: root digest of the files that serve.
        environment: where, such as ``production``.
        outcome: whether it serves now.
        by: who, or which service account.
    """

    deployment: Name
    model: Name
    version: Name
    model_sha256: Sha256
    environment: Name
    outcome: Literal["succeeded", "failed"]
    by: Person | None = None


class DeploymentRolledBack(Fields, kw_only=True):
    """A version was taken out of an environment again.

    Attributes:
        deployment: id of the deployment that is undone.
        model: the model's name.
        version: the version that no longer serves.
        environment: where.
        to_version: the version that serves instead; none when nothing serves.
        to_model_sha256: root digest of its files.
        reason_sha256: digest of the reason.
        by: who, or which service account.
    """

    deployment: Name
    model: Name
    version: Name
    environment: Name
    to_version: Name | None = None
    to_model_sha256: Sha256 | None = None
    reason_sha256: Sha256 | None = None
    by: Person | None = None
