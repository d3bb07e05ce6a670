"""Events about why findings were no pass."""

from __future__ import annotations

from assay.records.explanation import CauseKind, Looked  # noqa: TC001 - msgspec reads the annotations
from assay.trail.fields import Fields, Label, Name, Person, Sha256


class FindingExplained(Fields, kw_only=True):
    """Causes were sought of a finding that is no pass; the explanation, with its evidence, is kept beside the log.

    Attributes:
        model: the model's name.
        version: the version that was judged.
        model_sha256: root digest of its files.
        verdict_sha256: the verdict that the finding is of.
        record_sha256: digest of the explanation's record.
        finding: the finding.
        cause: the cause named first.
        causes: every cause that was named, in order.
        examined: what was looked at: the counts alone, or rows, training rows and model, too.
        by: who asked.
    """

    model: Name
    version: Name
    model_sha256: Sha256
    verdict_sha256: Sha256
    record_sha256: Sha256
    finding: Label
    cause: CauseKind
    causes: tuple[CauseKind, ...] = ()
    examined: tuple[Looked, ...] = ()
    by: Person
