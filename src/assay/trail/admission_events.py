"""Events about what a platform lets in: images that were built, and what was admitted to a cluster or turned away."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Label, Name, Person, Sha256, Time


class ImageBuilt(Fields, kw_only=True):
    """An image was built that holds a model version: what a cluster pulls by digest is this version.

    Attributes:
        image: name of the image's repository.
        image_sha256: digest of the image's manifest, as registries and clusters have it.
        model: the model's name.
        version: its version.
        model_sha256: root digest of the model's files in the image.
    """

    image: Name
    image_sha256: Sha256
    model: Name
    version: Name
    model_sha256: Sha256


class AdmissionDecided(Fields, kw_only=True):
    """A cluster asked whether a workload may run, and was told no, or yes by break-glass.

    Attributes:
        cluster: the cluster.
        request: the cluster's id of what it asked.
        operation: what was to be done.
        kind: kind of the workload.
        workload: its namespace and name, or what its name begins with: ``credit/scorecard``.
        outcome: what was answered.
        status: how the worst thing in it stood: as `assay serving check` has it, ``unpinned`` where a reference names
            no digest, ``late`` where no answer was ready in time, ``unreadable`` where it could not be read.
        reference: the image or model as the workload names it.
        image_sha256: digest of the image.
        model: the model in it.
        version: its version.
        model_sha256: root digest of its files.
        verdict_sha256: the verdict that was found.
        break_glass: id of the two-person request by which it was let in.
        by: who asked the cluster.
    """

    cluster: Name
    request: Label
    operation: Literal["CREATE", "UPDATE"] | None = None
    kind: Label | None = None
    workload: Label | None = None
    outcome: Literal["denied", "break-glass"]
    status: Literal["approved", "lapsed", "not-approved", "unknown", "unpinned", "late", "unreadable"]
    reference: Label | None = None
    image_sha256: Sha256 | None = None
    model: Name | None = None
    version: Name | None = None
    model_sha256: Sha256 | None = None
    verdict_sha256: Sha256 | None = None
    break_glass: Name | None = None
    by: Person | None = None


class AdmissionCounted(Fields, kw_only=True):
    """What else a cluster asked during a time, counted: what was let in, and denials that were told before.

    Attributes:
        cluster: the cluster.
        first: time of the first that is counted here.
        last: time of the last.
        allowed: how often something was let in.
        exempt: how often there was nothing to decide: all of it is exempt, by the server's settings.
        denied_again: how often what stands in an ``admission.decided`` was asked and denied again.
        versions: model and version (``name/version``) to how often one was let in that holds it.
    """

    cluster: Name
    first: Time
    last: Time
    allowed: Count = 0
    exempt: Count = 0
    denied_again: Count = 0
    versions: dict[Label, Count] = {}  # noqa: RUF012 - msgspec gives each record its own copy
