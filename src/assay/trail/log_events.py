"""Events about the log itself: opened, frozen, keys, witnesses, clocks, checks."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Name, Sha256, Time


class LogOpened(Fields, kw_only=True):
    """A log, or the next shard of one, begins.

    Attributes:
        origin: the log's name.
        predecessor: the shard before it; none for the first.
        predecessor_size: entries of the shard before it.
        predecessor_root: its root.
        predecessor_checkpoint_sha256: digest of its final checkpoint as signed then; cosignatures may be added later.
    """

    origin: Name
    predecessor: Name | None = None
    predecessor_size: Count | None = None
    predecessor_root: Sha256 | None = None
    predecessor_checkpoint_sha256: Sha256 | None = None


class LogFrozen(Fields, kw_only=True):
    """A shard's last entry: nothing follows it.

    Attributes:
        origin: the log's name.
        successor: the shard that goes on.
    """

    origin: Name
    successor: Name


class LogRetired(Fields, kw_only=True):
    """The entries of a frozen shard were deleted, because their retention is over; its final checkpoint stays.

    Attributes:
        origin: the log that says so, which goes on after it.
        retired: the log whose entries were deleted.
        size: how many it had.
        root: its root.
        checkpoint_sha256: digest of its final checkpoint as it stood then.
        ground: why they may be deleted.
        policy_sha256: digest of the retention policy, where one was named.
    """

    origin: Name
    retired: Name
    size: Count
    root: Sha256
    checkpoint_sha256: Sha256
    ground: Literal["retention-over", "legal-obligation"]
    policy_sha256: Sha256 | None = None


class KeyRotated(Fields, kw_only=True):
    """A key is followed by another.

    Attributes:
        whose: what the key is for: a log's origin, or the name of a key ring.
        old_key_sha256: digest of the old public key.
        new_key_sha256: digest of the new public key.
        old_ml_dsa_key_sha256: digest of the ML-DSA-44 key that was replaced with it, of a log that has one, too.
        new_ml_dsa_key_sha256: digest of the ML-DSA-44 key that follows that one.
        from_size: the size of the log from which on the new key signs.
        reason: why.
    """

    whose: Name
    old_key_sha256: Sha256
    new_key_sha256: Sha256
    old_ml_dsa_key_sha256: Sha256 | None = None
    new_ml_dsa_key_sha256: Sha256 | None = None
    from_size: Count
    reason: Literal["planned", "lost", "stolen", "algorithm"]


class WitnessChanged(Fields, kw_only=True):
    """A witness of the log joins or leaves.

    Attributes:
        witness: its name.
        key_sha256: digest of its public key.
        change: which of the two.
        quorum: witnesses that must sign from now on.
    """

    witness: Name
    key_sha256: Sha256
    change: Literal["added", "removed"]
    quorum: Count


class ClockSkew(Fields, kw_only=True):
    """A clock was found to be wrong, so that claimed times around here are doubtful.

    Attributes:
        host: whose clock.
        seconds: how far off it was; always positive.
        direction: which way.
        measured_against: what it was compared with.
    """

    host: Name
    seconds: Count
    direction: Literal["ahead", "behind"]
    measured_against: Name


class VerifyRun(Fields, kw_only=True):
    """Somebody checked the whole log.

    Attributes:
        size: entries checked.
        root: the root they hash to.
        outcome: whether everything agreed.
        problems: how many disagreed.
        report_sha256: digest of the check's report.
        finished_at: when the check ended.
    """

    size: Count
    root: Sha256
    outcome: Literal["clean", "problems"]
    problems: Count
    report_sha256: Sha256 | None = None
    finished_at: Time
