"""Events about remedies that were looked for."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Label, Name, Person, Sha256


class MitigationSearched(Fields, kw_only=True):
    """Remedies were tried on a version; the whole search, failures included, is kept beside the log.

    Attributes:
        model: the model's name.
        version: the version that was to be mended.
        model_sha256: root digest of its files.
        verdict_sha256: the verdict that was to be mended.
        policy_sha256: digest of the policy that judged every candidate.
        search: whether known remedies were tried, or a grid of less discriminatory alternatives.
        record_sha256: digest of the search's record.
        metric: the metric that was to be mended.
        over: the attributes that it compares.
        candidates: candidates of the search.
        measured: of them, those that were measured.
        holding: of those, the ones that keep every limit that rows can tell of.
        recommended: the candidate that the choosing rows name.
        chosen: the candidate that was taken out as a new version.
        new_version: that version.
        new_model_sha256: root digest of its files.
        by: who searched.
    """

    model: Name
    version: Name
    model_sha256: Sha256
    verdict_sha256: Sha256
    policy_sha256: Sha256
    search: Literal["remedies", "lda"]
    record_sha256: Sha256
    metric: Label
    over: Label | None = None
    candidates: Count
    measured: Count
    holding: Count
    recommended: Label | None = None
    chosen: Label | None = None
    new_version: Name | None = None
    new_model_sha256: Sha256 | None = None
    by: Person
