"""Events about deliveries: a server has taken the next entries of a project's log, and a release with them."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Label, Name, Sha256


class LogDelivered(Fields, kw_only=True):
    """The entries just before this one are another log's, as they stand there.

    Attributes:
        origin: the name of the log that they come from.
        pipeline: the pipeline that delivered them.
        first: index of the first of them in that log.
        entries: how many they are; they stand just before this event, in their order.
        root: root of that log's tree up to the last of them.
        checkpoint_sha256: digest of the signed checkpoint that they came under.
        delivery_sha256: digest of the delivery.
        apart: positions among them, from 0, of those that are kept and answer nothing here: what is decided here, or
            not theirs to say.
    """

    origin: Label
    pipeline: Label
    first: Count
    entries: Count
    root: Sha256
    checkpoint_sha256: Sha256
    delivery_sha256: Sha256
    apart: tuple[Count, ...] = ()


class ReleaseDelivered(Fields, kw_only=True):
    """A release was delivered with its evidence; what was decided about it elsewhere is evidence, and no permission.

    Attributes:
        origin: the name of the log that it is recorded in.
        pipeline: the pipeline that delivered it.
        system: the AI system.
        model: the model's name.
        version: its version.
        model_sha256: root digest of its files.
        stage: the stage that was decided.
        decision: what was decided where it comes from.
        evidence_sha256: digest of the evidence.
        verdict_sha256: digest of the verdict where it comes from.
        policy_sha256: digest of the policy that it was decided under there.
    """

    origin: Label
    pipeline: Label
    system: Label
    model: Name
    version: Name
    model_sha256: Sha256
    stage: Literal["data", "training", "release", "monitoring"]
    decision: Literal["allow", "warn", "deny", "undecided"]
    evidence_sha256: Sha256
    verdict_sha256: Sha256
    policy_sha256: Sha256
