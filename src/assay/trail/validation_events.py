"""Events about validation: criteria fixed before the test, what the test found, comments."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Decimal, Fields, Label, Name, Person, Sha256


class ValidationCriteria(Fields, kw_only=True):
    """What a version will be held against, fixed before it is tested.

    Attributes:
        model: the model's name.
        version: the version, where the criteria are for one.
        policy: the policy's name.
        policy_sha256: digest of the resolved policy: metrics, comparators and limits.
        dataset_sha256: the dataset it will be tested on, where it is fixed too.
        by: who fixed them.
    """

    model: Name
    version: Name | None = None
    policy: Label
    policy_sha256: Sha256
    dataset_sha256: Sha256 | None = None
    by: Person


class ValidationResult(Fields, kw_only=True):
    """What was found when a version was held against a policy.

    Attributes:
        model: the model's name.
        version: the version; an in-toto test result does not say it.
        model_sha256: root digest of the model's files.
        outcome: failed when anything that denies failed or is unknown.
        policy: the policy's name.
        policy_sha256: digest of the resolved policy.
        evidence_sha256: digest of the evidence.
        passed: findings that pass.
        warned: findings that fail or are unknown, and warn.
        failed: findings that fail or are unknown, and deny.
        unknown: those of them that are unknown.
        stage: what was tested, where it was no release.
    """

    model: Label
    version: Name | None = None
    model_sha256: Sha256
    outcome: Literal["passed", "warned", "failed"]
    policy: Label
    policy_sha256: Sha256
    evidence_sha256: Sha256 | None = None
    passed: tuple[Label, ...] = ()
    warned: tuple[Label, ...] = ()
    failed: tuple[Label, ...] = ()
    unknown: tuple[Label, ...] = ()
    stage: Literal["data", "training", "monitoring"] | None = None


class ValidationChallenge(Fields, kw_only=True):
    """A new version was held against the one in production, on the same people.

    Attributes:
        model: the model's name.
        version: the new version, the challenger.
        champion: the version in production.
        people: how many both decided.
        outcome: what a margin decided; ``compared`` without one.
        margin: how much worse the challenger might be.
        worse: what is worse, metric and group; the first ones where there are many.
        better: what is better.
        challenge_sha256: digest of the comparison, which is kept beside the log.
        by: who compared.
    """

    model: Name
    version: Name
    champion: Name
    people: Count
    outcome: Literal["better-or-equal", "worse", "undecided", "compared"]
    margin: Decimal | None = None
    worse: tuple[Label, ...] = ()
    better: tuple[Label, ...] = ()
    challenge_sha256: Sha256
    by: Person


class ReviewComment(Fields, kw_only=True):
    """Somebody commented; the words are kept beside the log, their digest in it.

    Attributes:
        model: the model's name.
        version: its version.
        about: what the comment is about: a finding, a section, an event's id.
        comment_sha256: digest of the words.
        by: who commented.
        role: in which role.
    """

    model: Name
    version: Name
    about: Label
    comment_sha256: Sha256
    by: Person
    role: Label | None = None
