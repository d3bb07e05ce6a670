"""Events about records: personal data erased, reports issued."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Name, Person, Sha256


class PrivacyErasure(Fields, kw_only=True):
    """Personal data is going to be erased; recorded first, so that a restored backup is erased again.

    Attributes:
        erasure: its id.
        person: whose; the pseudonym stays, and leads to nobody afterwards.
        ground: the legal ground.
        disclosures: how many disclosures are to be destroyed.
    """

    erasure: Name
    person: Person
    ground: Literal["request", "retention-over", "unlawful", "consent-withdrawn", "legal-obligation"]
    disclosures: Count


class PrivacyErasureDone(Fields, kw_only=True):
    """Personal data was erased.

    Attributes:
        erasure: id of the erasure.
        stores: stores in which it was erased and searched for.
        disclosures: how many disclosures were destroyed.
    """

    erasure: Name
    stores: tuple[Name, ...]
    disclosures: Count


class ReportIssued(Fields, kw_only=True):
    """A report was given to somebody, or written beside the release that it tells of.

    Attributes:
        report: what kind of report; the file's name for a document of a release.
        report_sha256: digest of its bytes.
        size: the size of the log that it tells of; none for a document of one release.
        verdict_sha256: digest of the ``verdict.json`` that it tells of, for a document of a release.
        template: version of what wrote it.
        to: who received it.
    """

    report: Name
    report_sha256: Sha256
    size: Count | None = None
    verdict_sha256: Sha256 | None = None
    template: Name
    to: Person | None = None
