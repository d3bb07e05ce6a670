"""Paired counts: the same people decided by two versions, the champion in production and the challenger.

Rows of both become counts once, near the data; every paired test and interval is computed from the counts.
"""

from __future__ import annotations

from assay.records.tally import ClassValue, FileDigest, Frozen, Gap, GroupValue


class PairedCell(Frozen, kw_only=True):
    """How many people share one group, one label and both decisions.

    Attributes:
        group: a value for each of the attributes, in their order.
        label: the true class, 1 positive, 0 negative; None where it is missing or no label column was named.
        champion: the class that the version in production predicts.
        challenger: the class that the new version predicts.
        count: people.
    """

    group: tuple[GroupValue, ...]
    label: ClassValue = None
    champion: int
    challenger: int
    count: int


class PairedRanks(Frozen, kw_only=True):
    """Sums over a group's people of twice the number of the other class that each one's score beats, ties once.

    For a person with a positive label it is ``u = 2 * negatives below + negatives level``; for one with a negative
    label ``w = 2 * positives above + positives level``. Whole numbers, so that the areas under both curves and DeLong's
    covariance are exact (Sun and Xu 2014, IEEE Signal Processing Letters 21:1389-1393: midranks).

    Attributes:
        group: attribute to value; empty for everybody.
        positives: people with a positive label and both scores.
        negatives: people with a negative label and both scores.
        beaten: sum of u by the champion's, and by the challenger's scores.
        positive_squares: over the positives, sums of u_champion^2, u_champion * u_challenger, u_challenger^2.
        negative_squares: over the negatives, the same of w.
    """

    group: dict[str, GroupValue] = {}
    positives: int
    negatives: int
    beaten: tuple[int, int]
    positive_squares: tuple[int, int, int]
    negative_squares: tuple[int, int, int]


class Joined(Frozen, kw_only=True):
    """How the people of two tables were found to be the same.

    Attributes:
        identifier: the column that names a person; None where one table holds both predictions.
        champion_rows: rows of the champion's table.
        challenger_rows: rows of the challenger's table.
        champion_only: people that only the champion decided.
        challenger_only: people that only the challenger decided.
    """

    identifier: str | None = None
    champion_rows: int
    challenger_rows: int
    champion_only: int = 0
    challenger_only: int = 0


class PairedCounts(Frozen, kw_only=True):
    """Two versions' decisions on the same people.

    Attributes:
        attributes: protected attributes, in the order of each cell's group.
        intersections: combinations of them that are compared, too.
        labelled: whether a label column was named.
        scored: whether both versions gave scores.
        favourable_is_positive: whether the favourable outcome is the positive class.
        rows: people that both decided.
        joined: how they were found.
        cells: ordered by group, label, champion and challenger.
        ranks: of everybody, each group and each intersection's groups; empty without labels and scores.
        unranked: people with a label of whom one score cannot be used.
        gaps: what is not known of people.
        files: role (``champion``, ``challenger``) to the files that were read.
    """

    attributes: tuple[str, ...]
    intersections: tuple[tuple[str, ...], ...] = ()
    labelled: bool
    scored: bool
    favourable_is_positive: bool = True
    rows: int
    joined: Joined
    cells: tuple[PairedCell, ...]
    ranks: tuple[PairedRanks, ...] = ()
    unranked: int = 0
    gaps: tuple[Gap, ...] = ()
    files: dict[str, tuple[FileDigest, ...]] = {}
