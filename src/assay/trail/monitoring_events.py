"""Events after release: alerts of monitoring, and the findings that people mend."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Day, Decimal, Fields, Label, Name, Person, Sha256


class MonitorAlert(Fields, kw_only=True):
    """Monitoring found something beyond its limit.

    Attributes:
        alert: the alert's id.
        model: the model's name.
        version: its version.
        kind: what has moved.
        metric: the metric.
        group: the group concerned, attribute to value; empty for everybody.
        column: the column concerned.
        measured: the value.
        limit: what it was held against.
        severity: how much it matters.
        evidence_sha256: digest of the measurements.
    """

    alert: Name
    model: Name
    version: Name
    kind: Literal["drift", "fairness", "performance", "data-quality"]
    metric: Name
    group: dict[Label, Label] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    column: Label | None = None
    measured: Decimal
    limit: Decimal
    severity: Literal["low", "medium", "high", "critical"]
    evidence_sha256: Sha256 | None = None


class MonitorAck(Fields, kw_only=True):
    """Somebody has seen an alert and takes care of it.

    Attributes:
        alert: the alert's id.
        by: who.
    """

    alert: Name
    by: Person


class MonitorResolved(Fields, kw_only=True):
    """An alert is over.

    Attributes:
        alert: the alert's id.
        how: what ended it.
        evidence_sha256: digest of the measurements that show it.
        by: who closed it; none when monitoring did.
    """

    alert: Name
    how: Literal["back-within-limit", "remediated", "false-alarm", "accepted"]
    evidence_sha256: Sha256 | None = None
    by: Person | None = None


class RemediationOpened(Fields, kw_only=True):
    """A finding or an alert is to be mended.

    Attributes:
        remediation: its id.
        model: the model's name.
        version: the version that it was found in.
        finding: what is to be mended: a finding's or an alert's id.
        severity: how much it matters.
        owner: who mends it.
        due: by when.
        plan_sha256: digest of the plan.
        verdict_sha256: the verdict that holds the finding; none for an alert.
    """

    remediation: Name
    model: Name
    version: Name
    finding: Label
    severity: Literal["low", "medium", "high", "critical"]
    owner: Person
    due: Day
    plan_sha256: Sha256 | None = None
    verdict_sha256: Sha256 | None = None


class RemediationAssigned(Fields, kw_only=True):
    """The remediation of a release's finding has another owner, or another day.

    Attributes:
        remediation: its id.
        owner: who mends it.
        due: by when.
        by: who says so.
    """

    remediation: Name
    owner: Person
    due: Day
    by: Person


class RemediationActed(Fields, kw_only=True):
    """The owner has done something about a release's finding; a later verdict has to show that it helped.

    Attributes:
        remediation: its id.
        by: who did it.
        evidence_sha256: digest of what was done: words, a file, a model's files.
    """

    remediation: Name
    by: Person
    evidence_sha256: Sha256


class RemediationClosed(Fields, kw_only=True):
    """A remediation is closed.

    Of an alert, by who mended it; it is open until somebody else has tested it again. Of a release's finding, by
    somebody else than who owns and who mended it, after a later verdict has passed it.

    Attributes:
        remediation: its id.
        by: who says so.
        evidence_sha256: digest of what shows it; of a release's finding, the later verdict.
    """

    remediation: Name
    by: Person
    evidence_sha256: Sha256


class RemediationRetested(Fields, kw_only=True):
    """It was tested whether it is mended; of an alert, a test by whoever mended it counts for nothing.

    Attributes:
        remediation: its id.
        outcome: whether it is mended; of a release's finding, what the later verdict says of it.
        by: who tested.
        evidence_sha256: digest of what was measured; of a release's finding, the later verdict.
    """

    remediation: Name
    outcome: Literal["passed", "failed"]
    by: Person
    evidence_sha256: Sha256
