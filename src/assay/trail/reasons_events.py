"""Events of decisions on people: that reasons were given, and what fixes them; nobody is named."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Name, Sha256


class ReasonsGiven(Fields, kw_only=True):
    """The reasons of some adverse decisions were computed and fixed when the decisions were taken.

    The record beside the log holds a salted commitment to each person's reasons; the log holds the record's digest.

    Attributes:
        batch: the record's id.
        model: the model's name.
        version: its version.
        model_sha256: digest of its files.
        reasons_sha256: digest of the record.
        mapping_sha256: digest of the file that puts features into words.
        method: how contributions were computed.
        reference: whom the denied are compared with.
        asked: people decided on.
        denied: those who were denied, and have reasons.
        flagged: those with a reason that is a protected attribute, or stands in for one.
    """

    batch: Name
    model: Name
    version: Name
    model_sha256: Sha256
    reasons_sha256: Sha256
    mapping_sha256: Sha256
    method: Literal["additive", "shap-exact", "shap-permutation"]
    reference: Literal["passing", "approved", "all"]
    asked: Count
    denied: Count
    flagged: Count
