"""What probing a model came to, as counts: nothing of the rows is left in them."""

from __future__ import annotations

from typing import Literal, TypeAlias

from assay.records.tally import Frozen, GroupValue

Probe: TypeAlias = Literal["noise", "missing", "range", "counterfactual"]

ATTACKS = ("hop_skip_jump", "boundary", "zoo")
"""Attacks that there are, by the names of the Adversarial Robustness Toolbox."""


class Flips(Frozen, kw_only=True):
    """Decisions before and after a change, of everybody or of one group.

    Attributes:
        probe: what was changed.
        about: what it is about: column, strength, end of the range.
        group: whose decisions.
        tried: rows that were asked again.
        failed: rows of those without an answer.
        changed: rows whose decision is another one.
        why: the first failure in words.
        partial: why fewer rows were tried than could have been.
        reason: why nothing was tried.
        exact: why no row had to be asked, where that is so by construction.
    """

    probe: Probe
    about: dict[str, str] = {}
    group: dict[str, GroupValue] = {}
    tried: int = 0
    failed: int = 0
    changed: int = 0
    why: str = ""
    partial: str = ""
    reason: str | None = None
    exact: str = ""


class Slice(Frozen, kw_only=True):
    """Rows that share one or two properties, and how many of their predictions are wrong."""

    name: str
    rows: int
    errors: int


class Slices(Frozen, kw_only=True):
    """All slices that were looked at.

    Attributes:
        rows: rows with a label and a prediction.
        errors: wrong predictions among them.
        slices: each large enough one.
        smallest: rows that a slice needed.
        reason: why none was looked at.
    """

    rows: int = 0
    errors: int = 0
    slices: tuple[Slice, ...] = ()
    smallest: int = 0
    reason: str | None = None


class Evasion(Frozen, kw_only=True):
    """What one attack came to.

    Attributes:
        attack: its name.
        within: largest change that counts as a success, in standard deviations (Euclidean, over all features changed).
        queries: questions that it may ask about a row.
        distances: smallest change found of each row attacked, in standard deviations; None where none was found.
        partial: why fewer rows were attacked than could have been.
        made_by: what attacked.
        reason: why nothing was attacked.
    """

    attack: str
    within: float
    queries: int
    distances: tuple[float | None, ...] = ()
    partial: str = ""
    made_by: str = ""
    reason: str | None = None


class ProbeCounts(Frozen, kw_only=True):
    """Everything that probing a model came to.

    Attributes:
        compared: rows whose recorded prediction was held against the model's answer.
        agreed: rows of those where both are the same.
        flips: of every probe.
        slices: of the worst slices; None when nobody asked.
        evasions: of every attack.
        reason: why the model could not be asked at all; then ``asked`` says for which probes.
        asked: names of the metrics that were asked for.
    """

    compared: int = 0
    agreed: int = 0
    flips: tuple[Flips, ...] = ()
    slices: Slices | None = None
    evasions: tuple[Evasion, ...] = ()
    reason: str | None = None
    asked: tuple[str, ...] = ()
