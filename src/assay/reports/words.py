"""Numbers, groups, limits and decisions in the words that every report shares."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.records.measurement import Measurement
    from assay.records.tally import Gap, GroupValue
    from assay.records.verdict import ApprovalStep, ConsentUse, Decision, Enforcement, Finding, Limit, Status, Verdict

DECISIONS: dict[Decision, str] = {
    "allow": "may be released",
    "warn": "may be released, with warnings",
    "deny": "may not be released",
    "undecided": "is not decided yet",
}

OF_STAGE: dict[str, dict[Decision, str]] = {
    "data": {
        "allow": "may be learnt from",
        "warn": "may be learnt from, with warnings",
        "deny": "may not be learnt from",
        "undecided": "is not decided yet",
    },
    "training": {
        "allow": "went as the policy wants",
        "warn": "went as the policy wants, with warnings",
        "deny": "did not go as the policy wants",
        "undecided": "is not decided yet",
    },
    "monitoring": {
        "allow": "serves as it was approved",
        "warn": "serves as it was approved, with warnings",
        "deny": "does not serve as it was approved",
        "undecided": "is not decided yet",
    },
}
"""What a decision lets happen at a stage, where that is no release."""

STATUSES: dict[Status, str] = {
    "fail": "fail",
    "unknown": "unknown",
    "pass": "pass",
    "not-applicable": "not applicable",
}

ENFORCEMENTS: dict[Enforcement, str] = {
    "deny": "blocks the release",
    "warn": "warns",
    "audit": "is recorded only",
}

OF_STAGE_ENFORCEMENTS: dict[str, str] = {
    "data": "blocks the training",
    "training": "speaks against the run",
    "monitoring": "raises an alert",
}
"""What a denying finding does at a stage that is no release."""

EXIT_CODES: dict[Decision, int] = {"allow": 0, "warn": 0, "deny": 1, "undecided": 3}

NAMES = {
    "matthews": "Matthews",
    "fisher": "Fisher",
    "brier": "Brier",
    "r2": "R\u00b2",
    "roc": "ROC",
    "auc": "AUC",
    "mae": "MAE",
    "rmse": "RMSE",
    "mcc": "MCC",
    "ece": "ECE",
    "f1": "F1",
    "psi": "PSI",
}

CAUSES: dict[str, str] = {
    "data.sample_size": "too few people to tell",
    "data.representation": "a group is not in the data as it should be",
    "data.base_rate": "unequal base rates in the labels",
    "data.label_noise": "labels of one group are less true",
    "data.missingness": "values are missing more for one group",
    "data.proxy": "a feature stands in for the protected attribute",
    "data.split_mismatch": "the model learnt from other rows than it is tested on",
    "model.error_gap": "the model errs more for one group",
    "model.calibration": "a score means something else for one group",
    "model.feature": "a feature's weight carries the gap",
    "model.slice": "the gap lives in one slice of the rows",
    "threshold.cut": "scores are cut in the wrong place",
    "none": "no single cause in data, model or threshold",
}
"""Each kind of cause in words."""

_LARGE, _SMALL, _MOST_DIGITS = 1000, 0.01, 9

_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def plain(text: object) -> str:
    """Return text on one line, without characters that steer a terminal, an editor or the reading direction.

    White space of every kind becomes one space; other control, format, unassigned and surrogate characters become
    U+FFFD, so that a name written to deceive is seen to be odd.
    """
    one_line = _SPACES.sub(" ", str(text)).strip()
    return "".join(
        "\ufffd" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn"} and character != "\u200d" else character
        for character in one_line
    )


def paragraph(text: object) -> str:
    """Return text with its line breaks kept and everything else as `plain` makes it."""
    return "\n".join(plain(line) for line in str(text).splitlines()).strip()


def group_value(found: GroupValue) -> str:
    """Return a group's value; people for whom it is not known are ``not known``."""
    if found is None:
        return "not known"
    if isinstance(found, bool):
        return "true" if found else "false"
    return plain(found) or "(empty text)"


def group_words(group: Mapping[str, GroupValue]) -> str:
    """Return ``race: black, sex: female``; everybody when no group is named."""
    return ", ".join(f"{plain(name)}: {group_value(found)}" for name, found in group.items()) or "everybody"


def about(subject: Measurement | Finding) -> str:
    """Return whom a measurement or finding is about: a group, everybody, or the groups of an attribute."""
    one_of = getattr(subject, "one_of", msgspec.UNSET)
    of_class = "" if one_of is msgspec.UNSET else f", class {plain(one_of)}"
    if subject.group and not _column_of(subject):
        return group_words(subject.group) + of_class
    told = _observed_label(subject)
    if told:
        return told + of_class
    if subject.over:
        return f"between groups of {plain(' and '.join(subject.over.names))}" + of_class
    return "everybody" + of_class


def _column_of(subject: Measurement | Finding) -> dict[str, str]:
    found = getattr(subject, "about", getattr(subject, "of", msgspec.UNSET))
    return {} if found is msgspec.UNSET else found


def _observed_label(subject: Measurement | Finding) -> str:
    """Return what is observed beside groups: a column, two datasets, a source; empty where nothing is."""
    named = _column_of(subject)
    told = [plain(name) for name in named.values()]
    if told and subject.group:
        told.append(group_words(subject.group))
    if told and subject.over:
        told.append(f"between groups of {plain(' and '.join(subject.over.names))}")
    return ", ".join(told)


def metric_words(metric: str) -> str:
    """Return a metric's name as words: ``roc_auc`` becomes ``ROC AUC``."""
    return " ".join(NAMES.get(word, word) for word in plain(metric).split("_"))


def number(found: float, *, beside: Limit | None = None) -> str:
    """Return a number in three decimals, or in as many as it takes to tell it from the limit beside it.

    Whole numbers above 1 have no decimals, thousands are separated, and small numbers keep two significant digits.
    """
    magnitude = abs(found)
    if not math.isfinite(found):
        return str(found)
    if magnitude > 1 and float(found).is_integer():
        return f"{int(found):,}"
    if magnitude >= _LARGE:
        return f"{found:,.1f}"
    digits = 3 if found == 0 or magnitude >= _SMALL else 1 - math.floor(math.log10(magnitude))
    if digits > _MOST_DIGITS:
        return f"{found:.2g}"
    bounds = (1.0, beside.min, beside.max) if beside else (1.0,)  # nor is anything short of whole shown as whole
    others = [bound for bound in bounds if bound is not None and bound != found]
    while digits < _MOST_DIGITS and any(f"{bound:.{digits}f}" == f"{found:.{digits}f}" for bound in others):
        digits += 1
    return f"{found:.{digits}f}"


def interval_words(interval: tuple[float, float] | None) -> str:
    """Return ``0.667 to 0.818``, or that there is none."""
    return f"{number(interval[0])} to {number(interval[1])}" if interval else "no interval"


def limit_words(limit: Limit | None) -> str:
    """Return ``at least 0.8``, ``at most 0.1``, ``0.2 to 0.4``, or ``no limit``."""
    if limit is None or (limit.min is None and limit.max is None):
        return "no limit"
    if limit.max is None:
        return f"at least {limit.min:g}"
    if limit.min is None:
        return f"at most {limit.max:g}"
    return f"{limit.min:g} to {limit.max:g}"


def people(n: int | None) -> str:
    """Return ``197 people``, or that the number is not known."""
    if n is None:
        return "number of people not known"
    return "1 person" if n == 1 else f"{n:,} people"


def level_words(level: float) -> str:
    """Return a level of confidence as ``95 %``."""
    return f"{level * 100:g} %"


def stage_of(verdict: Verdict) -> str:
    """Return the stage that a verdict is about."""
    return "release" if verdict.stage is msgspec.UNSET else verdict.stage


def decision_words(verdict: Verdict) -> str:
    """Return what the decision lets happen: ``may be released``, ``may not be learnt from``."""
    return OF_STAGE.get(stage_of(verdict), DECISIONS)[verdict.decision]


def subject_words(verdict: Verdict) -> str:
    """Return what the decision is about: a version, or the data that it is to learn from."""
    name = f"{plain(verdict.model)} {plain(verdict.version)}"
    subjects = {"data": f"the data of {name}", "training": f"the training of {name}"}
    return subjects.get(stage_of(verdict), name)


def does_words(finding: Finding, verdict: Verdict) -> str:
    """Return what a finding does to the decision at the verdict's stage."""
    if finding.enforcement == "deny":
        return OF_STAGE_ENFORCEMENTS.get(stage_of(verdict), ENFORCEMENTS["deny"])
    return ENFORCEMENTS[finding.enforcement]


def measured_words(finding: Finding, level: float | None = None) -> str:
    """Return ``measured 0.743 (0.667 to 0.818 at 95 %), limit at least 0.8; 197 people``, without what is not known."""
    if finding.measured is None and finding.metric is None:
        return ""
    parts = "not measured" if finding.measured is None else f"measured {number(finding.measured, beside=finding.limit)}"
    if finding.interval:
        at = f" at {level_words(level)}" if level is not None else ""
        parts += f" ({interval_words(finding.interval)}{at})"
    if finding.limit:
        parts += f", limit {limit_words(finding.limit)}"
    return parts if finding.n is None else f"{parts}; {people(finding.n)}"


def decide_words(finding: Finding) -> str:
    """Return what decided: the interval, or the point with what that means."""
    if finding.decide == "interval":
        return "the interval decides"
    if finding.decide == "point":
        return "the point decides; the interval is shown beside it"
    return ""


def enforcement_words(finding: Finding, verdict: Verdict) -> str:
    """Return what the finding does to the decision; an accepted one stays what it is."""
    if finding.waiver:
        return f"accepted by a waiver; {stays_words(finding)}"
    return f"{finding.severity}; {does_words(finding, verdict)}"


def place_words(finding: Finding) -> str:
    """Return ``policy.yaml:14:3``, or an empty string."""
    return f"{plain(finding.place.file)}:{finding.place.line}:{finding.place.column}" if finding.place else ""


def approval_words(step: ApprovalStep) -> str:
    """Return ``validator: 1 of 2 given, by Ada; 1 still needed``."""
    missing = max(step.needed - len(step.given), 0)
    by = f", by {', '.join(plain(name) for name in step.given)}" if step.given else ""
    open_words = f"; {missing} still needed" if missing else ""
    return f"{plain(step.role)}: {len(step.given)} of {step.needed} given{by}{open_words}"


def stays_words(finding: Finding) -> str:
    """Return what a waiver does not change: ``the finding stays a fail``."""
    return f"the finding stays {'a fail' if finding.status == 'fail' else STATUSES[finding.status]}"


def consent_words(use: ConsentUse) -> str:
    """Return ``waiver for parity by Rene as risk owner: obeyed. Why. Ends 2027-01-31. Meanwhile: ...``."""
    control = f" for {plain(use.control)}" if use.control else ""
    by = plain(use.by) if use.by else "an unknown key"
    role = f" as {plain(use.role)}" if use.role else ""
    return f"{use.kind}{control} by {by}{role}: {use.status}. {terms_words(use)}"


def terms_words(use: ConsentUse) -> str:
    """Return why a consent was given, when it ends, and what limits the harm meanwhile."""
    ends = f" Ends {plain(use.expires)}." if use.expires else ""
    meanwhile = f" Meanwhile: {plain(use.compensating)}" if use.compensating else ""
    reason = plain(use.reason)
    stop = "." if (ends or meanwhile) and reason and reason[-1] not in ".!?\u3002" else ""
    return f"{reason}{stop}{ends}{meanwhile}"


def range_words(found: Measurement) -> str:
    """Return the groups at the ends of a comparison: ``black to white``; an empty string when there are none."""
    if found.lowest is msgspec.UNSET or found.highest is msgspec.UNSET:
        return ""
    low, high = (", ".join(group_value(value) for value in group.values()) for group in (found.lowest, found.highest))
    return f"{low} to {high}" if low and high else ""


def remark_words(found: Measurement) -> str:
    """Return what limits a value or why there is none, and which groups a comparison is about."""
    parts = [plain(found.reason)] if found.reason else []
    if found.lowest is not msgspec.UNSET and found.highest is not msgspec.UNSET:
        parts.append(f"lowest {group_words(found.lowest)}; highest {group_words(found.highest)}")
    if found.over and not found.group and isinstance(found.minimum_group, int) and found.minimum_group > 1:
        parts.append(f"groups of {found.minimum_group:,} or more")
    if found.left_out is not msgspec.UNSET and found.left_out:
        parts.append(f"too small to take part: {'; '.join(group_words(group) for group in found.left_out)}")
    return "; ".join(parts)


def gap_words(gap: Gap) -> str:
    """Return ``sex: 15 rows null``."""
    return f"{plain(gap.column)}: {gap.count:,} {'row' if gap.count == 1 else 'rows'} {gap.kind}"


def short(digest: str) -> str:
    """Return the first twelve digits of a digest, for eyes; the whole one stands beside it wherever it matters."""
    return plain(digest)[:12]


def counted(total: int, word: str) -> str:
    """Return ``1 finding`` or ``2 findings``."""
    return f"{total:,} {word if total == 1 else word + 's'}"
