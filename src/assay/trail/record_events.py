"""Events about records: personal data erased, reports issued."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Commitment, Count, Fields, Label, Name, Person, Sha256


class PrivacyErasure(Fields, kw_only=True):
    """Personal data is going to be erased; recorded first, so that a restored backup is erased again.

    Attributes:
        erasure: its id.
        person: whose; the pseudonym stays, and leads to nobody afterwards.
        ground: the legal ground.
        disclosures: how many disclosures are to be destroyed.
        role: in which role the signer erases; it counts for those who have it in the trust file.
        reason_commitment: commitment to why, in the signer's words.
        replaced: SHA-256 of each document that is rewritten without the value, to the SHA-256 of what takes its place.
        destroyed: SHA-256 of each document that nothing takes the place of.
    """

    erasure: Name
    person: Person
    ground: Literal["request", "retention-over", "unlawful", "consent-withdrawn", "legal-obligation"]
    disclosures: Count
    role: Label | None = None
    reason_commitment: Commitment | None = None
    replaced: dict[Sha256, Sha256] = {}  # noqa: RUF012 - msgspec gives each record its own copy
    destroyed: tuple[Sha256, ...] = ()


class PrivacyErasureDone(Fields, kw_only=True):
    """Personal data was erased.

    Attributes:
        erasure: id of the erasure.
        stores: stores in which it was erased and searched for.
        disclosures: how many disclosures were destroyed.
        left: places that were searched and still hold it, which its report names.
    """

    erasure: Name
    stores: tuple[Name, ...]
    disclosures: Count
    left: Count | None = None


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
