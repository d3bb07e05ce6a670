"""A challenge in words: for whom the new version is better, for whom worse, and by how many people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.reports.words import group_words, metric_words, number, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.records.challenge import Challenge, Change, Contender, Standing


class _Turn(NamedTuple):
    """How a metric's changed decisions are told.

    Attributes:
        gained: what happens to those for whom it turns from bad to good.
        lost: and to those for whom it turns the other way.
        more: the balance, where more of the first are left over.
        fewer: and where more of the second are.
        even: the balance where both are as many.
        among: whom the rate is about, where that is not everybody.
    """

    gained: str
    lost: str
    more: str
    fewer: str
    even: str
    among: str = ""


_TURNS = {
    "selection_rate": _Turn(
        "more decided favourably", "fewer", "{} more gain", "{} more lose", "as many gain as lose",
    ),
    "accuracy": _Turn(
        "now decided rightly", "no longer", "{} more decided rightly", "{} fewer decided rightly",
        "as many decided rightly as before",
    ),
    "true_positive_rate": _Turn(
        "now rightly decided positively", "no longer", "{} more decided rightly", "{} fewer decided rightly",
        "as many decided rightly as before", " with a positive label",
    ),
    "false_positive_rate": _Turn(
        "no longer wrongly decided positively", "now wrongly", "{} fewer decided wrongly", "{} more decided wrongly",
        "as many decided wrongly as before", " with a negative label",
    ),
}  # fmt: skip
"""By metric. Only a selection is gained or lost by the person: an error is the version's, whomever it favours."""

STANDINGS: tuple[Standing, ...] = ("worse", "better", "no difference", "too few people to tell", "not measured")
"""In the order in which they are told: what hurts comes first."""

OUTCOMES = {
    "better-or-equal": "Nobody is worse off by more than {}: everybody and every group clears it.",
    "worse": "Worse: somebody is worse off by more than {}.",
    "undecided": "Not decided: whether somebody is worse off by more than {} cannot be told.",
}


def contender_words(one: Contender) -> str:
    """Return what a version is called."""
    return plain(" ".join(part for part in (one.name, one.version) if part))


def title(challenge: Challenge) -> str:
    """Return who stands against whom, on how many people."""
    joined = challenge.joined.identifier
    by = f", joined by {plain(joined)}" if joined else ""
    people = "person" if challenge.rows == 1 else "people"
    return (
        f"{contender_words(challenge.challenger)} against {contender_words(challenge.champion)}, on the same "
        f"{challenge.rows:,} {people}{by}"
    )


def who(one: Change) -> str:
    """Return whom a change is about."""
    if one.over:
        attributes = " and ".join(plain(name) for name in one.over.names)
        return f"gap over {attributes}"
    return group_words(one.group) if one.group else "everybody"


def change_words(one: Change) -> str:
    """Return a change in people: ``31 more decided favourably, 4 fewer: 27 more gain, of 339``."""
    if one.value is None:
        return plain(one.reason or "not measured")
    if one.metric not in _TURNS or one.gained is None or one.lost is None:
        return f"from {number(one.champion or 0.0)} to {number(one.challenger or 0.0)}"
    turn = _TURNS[one.metric]
    if not one.gained and not one.lost:
        return f"nobody of {one.n:,}{turn.among} is decided otherwise"
    net = one.gained - one.lost
    balance = (turn.more if net > 0 else turn.fewer if net else turn.even).format(f"{abs(net):,}")
    return f"{one.gained:,} {turn.gained}, {one.lost:,} {turn.lost}: {balance}, of {one.n:,}{turn.among}"


def points(value: float) -> str:
    """Return a change with its sign, in points of a hundred: ``+4.1``."""
    text = f"{value * 100:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text


def interval_points(one: Change) -> str:
    """Return ``-1.2 to +3.4``, or why there is none."""
    return "none" if one.interval is None else f"{points(one.interval[0])} to {points(one.interval[1])}"


def standing_words(one: Change, smallest: float) -> str:
    """Return what a change comes to, in words that never take lack of data for sameness."""
    if one.standing == "no difference":
        return f"no difference of {points(smallest).lstrip('+')} points or more"
    return one.standing


def p_words(one: Change) -> str:
    """Return the adjusted p-value, or the bare one of everybody."""
    if one.holm_p_value is None:
        return ""
    return "< 0.0001" if one.holm_p_value < 0.0001 else f"{one.holm_p_value:.4f}"  # noqa: PLR2004 - four digits


def summary(challenge: Challenge) -> list[tuple[Standing, list[str]]]:
    """Return for whom it is worse and better, in people; and for whom it is alike or cannot be told, by metric."""
    found: dict[Standing, dict[str, list[Change]]] = {standing: {} for standing in STANDINGS}
    for one in challenge.changes:
        found[one.standing].setdefault(who(one), []).append(one)
    return [
        (standing, [line for name, ones in names.items() for line in _lines(standing, name, ones)])
        for standing, names in found.items()
        if names
    ]


def _lines(standing: Standing, name: str, found: Sequence[Change]) -> list[str]:
    if standing in {"worse", "better"}:
        return [f"{name}, {metric_words(one.metric)}: {change_words(one)}" for one in found]
    return [f"{name} ({', '.join(metric_words(one.metric) for one in found)})"]


def verdict_words(challenge: Challenge) -> str:
    """Return the answer in one sentence."""
    decided = challenge.decided
    if decided is not None:
        margin = points(decided.margin).lstrip("+")
        held = ", ".join(metric_words(name) for name in decided.metrics)
        return OUTCOMES[decided.outcome].format(f"{margin} points of {held}")
    told = {standing: len({who(one) for one in group}) for standing, group in _by_standing(challenge.changes)}
    worse, better = told.get("worse", 0), told.get("better", 0)
    if not worse and not better:
        return "Nobody is seen to be better or worse off; what could not be told is listed."
    parts = [f"worse for {_counted(worse)}"] if worse else []
    parts += [f"better for {_counted(better)}"] if better else []
    return f"{' and '.join(parts)[0].upper()}{' and '.join(parts)[1:]} in at least one number."


def _counted(many: int) -> str:
    return f"{many:,} {'group or gap' if many == 1 else 'groups or gaps'}"


def _by_standing(changes: Sequence[Change]) -> list[tuple[Standing, list[Change]]]:
    return [(standing, [one for one in changes if one.standing == standing]) for standing in STANDINGS]


def method_words(challenge: Challenge) -> list[str]:
    """Return how the numbers were made, a sentence each."""
    methods = list(dict.fromkeys(part for one in challenge.changes for part in one.method.split("; ") if part))
    told = [f"Intervals are at {challenge.level * 100:g} %, paired on the same people."]
    if challenge.families:
        most = max(challenge.families.values())
        tests = "one group's test" if most == 1 else f"up to {most:,} groups' tests"
        told.append(
            f"P-values of groups are adjusted by Holm's method within each metric, over {tests} together, so that "
            "the chance of any false better or worse among the groups stays at "
            f"{(1 - challenge.level) * 100:.2g} %."
        )
    told.append(
        "No difference is said only where the whole interval lies within "
        f"{points(challenge.smallest).lstrip('+')} points either way; else too few people can tell."
    )
    return [*told, f"Methods: {'; '.join(methods)}."] if methods else told
