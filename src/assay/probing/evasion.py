"""Black-box evasion: the smallest change of a row that turns its decision, found by asking alone.

The attacks are those of the Adversarial Robustness Toolbox (Nicolae et al. 2018, arXiv:1807.01069), an extra. They
search in standard deviations of the features that a person can change. What counts is the nearest row that was ever
asked about and got the other decision, not what an attack says of itself, so that a row's last question counts too.
"""

from __future__ import annotations

import math
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.probing.perturbing import changeable
from assay.probing.rows import is_whole, numbers, spread
from assay.records.probe_counts import Evasion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.probing.asking import Decision
    from assay.probing.perturbing import Probed
    from assay.probing.scorer import Value

NOT_INSTALLED = "the Adversarial Robustness Toolbox is not installed: pip install 'assay[robustness]'"
DONORS = 10
"""Rows with the other decision, the nearest first, that an attack may start from."""

_HALF = 0.5
DRAWS = 40
"""Points within the range of the data that are tried when no such row is one."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What is tried.

    Attributes:
        attacks: names, from `assay.records.probe_counts.ATTACKS`.
        rows: rows attacked.
        queries: questions that an attack may ask about one row.
        within: largest change that counts as a success, in standard deviations.
        columns: the features that may change; every numeric one when None.
        wanted: the decision that the attacker wants; None for the other one, whichever it is.
    """

    attacks: Sequence[str] = ("hop_skip_jump",)
    rows: int = 50
    queries: int = 500
    within: float = 1.0
    columns: Sequence[str] | None = None
    wanted: Decision | None = None


class _EnoughError(Exception):
    """An attack has asked as often as it may."""


def evasion(probed: Probed, attack: Attack) -> Iterator[Evasion]:
    """Yield what each attack came to."""
    toolbox = _toolbox()
    names, told = changeable(probed.rows, attack.columns)
    wanted = [row for row, yes in enumerate(probed.decisions) if attack.wanted is None or yes != attack.wanted]
    chosen = [row for row in wanted if all(probed.rows.features[name][row] is not None for name in names)][
        : attack.rows
    ]
    reason = told or ("" if chosen else "every row probed lacks a value, or has the decision that is wanted")
    for name in attack.attacks:
        empty = Evasion(attack=name, within=attack.within, queries=attack.queries)
        if toolbox is None or reason:
            yield _because(empty, NOT_INSTALLED if toolbox is None else reason)
        elif probed.constant:
            yield _because(empty, "the model decides alike on every row that was asked: there is nothing to evade")
        else:
            yield _attacked(probed, attack, name, space=_Space(probed, names), chosen=chosen, toolbox=toolbox)


def _because(told: Evasion, reason: str) -> Evasion:
    return Evasion(attack=told.attack, within=told.within, queries=told.queries, reason=reason)


def _toolbox() -> str | None:
    """Return the toolbox with its version; None when it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of each framework that is not installed
            import art  # noqa: PLC0415 - an extra, and heavy
            import art.attacks.evasion  # noqa: PLC0415
            import art.estimators.classification  # noqa: PLC0415
    except ImportError:
        return None
    return f"Adversarial Robustness Toolbox {art.__version__}"


class _Space:
    """The features that may change, in standard deviations."""

    def __init__(self, probed: Probed, names: Sequence[str]) -> None:
        values = probed.rows.features
        self.names = tuple(names)
        self.width = [spread(values[name]) for name in names]
        self.whole = [is_whole(values[name]) for name in names]
        self.least = [min(numbers(values[name])) / width for name, width in zip(names, self.width, strict=True)]
        self.most = [max(numbers(values[name])) / width for name, width in zip(names, self.width, strict=True)]
        self.fill = [math.fsum(numbers(values[name])) / len(numbers(values[name])) for name in names]

    def point(self, values: Sequence[Value]) -> list[float]:
        """Return a row's place; a missing value stands at the mean."""
        return [
            (float(value) if isinstance(value, (int, float)) else fill) / width
            for value, fill, width in zip(values, self.fill, self.width, strict=True)
        ]

    def values(self, point: Sequence[float]) -> list[float]:
        """Return the values at a place, whole numbers where the feature has such."""
        found = [float(at) * width for at, width in zip(point, self.width, strict=True)]
        return [round(one) if whole else one for one, whole in zip(found, self.whole, strict=True)]


class _Target:
    """One row under attack: asks about changed copies, and keeps the nearest one that turns the decision."""

    def __init__(self, probed: Probed, space: _Space, row: int, queries: int) -> None:
        self._probed, self._space, self._row, self._left = probed, space, row, queries
        self.nearest: float | None = None
        self.here = space.point([probed.rows.features[name][row] for name in space.names])
        self.before = probed.decisions[row]

    def ask(self, points: Any) -> list[bool]:  # noqa: ANN401 - an array of numpy
        """Return whether each place has the other decision; no answer counts as none."""
        return [score > _HALF for score in self.lean(points, decided=True)]

    def lean(self, points: Any, *, decided: bool = False) -> list[float]:  # noqa: ANN401 - an array of numpy
        """Return how far each place leans to the other decision, over one half when it has it; no answer is 0.

        Args:
            points: the places.
            decided: return 0 and 1 alone.
        """
        places = [list(map(float, point)) for point in points][: self._left]
        if not places:
            raise _EnoughError
        self._left -= len(places)
        moved = [self._space.values(place) for place in places]
        changed = {name: [one[at] for one in moved] for at, name in enumerate(self._space.names)}
        answers = self._probed.again(changed, [self._row] * len(moved))
        turned = [decision is not None and decision != self.before for decision in answers.decisions]
        for values, other in zip(moved, turned, strict=False):
            if other:
                distance = math.dist(self._space.point(values), self.here)
                self.nearest = distance if self.nearest is None else min(self.nearest, distance)
        if len(turned) < len(points):
            raise _EnoughError
        if decided or None in answers.scores:
            return [float(other) for other in turned]
        scores = [score for score in answers.scores if score is not None]
        return [1 - score if self.before else score for score in scores]

    def start(self) -> list[float] | None:
        """Return a place with the other decision to start from: a row that has it, or one that chance finds."""
        rows, columns = self._probed.rows, self._probed.rows.features
        others = [row for row in range(rows.count) if self._probed.decisions[row] != self.before]
        places = [self._space.point([columns[name][row] for name in self._space.names]) for row in others]
        places = sorted(places, key=lambda place: (math.dist(place, self.here), place))[:DONORS]
        draw = self._probed.random("evasion", self._row)
        ends = list(zip(self._space.least, self._space.most, strict=True))
        for tried in (places, [[draw.uniform(*end) for end in ends] for _ in range(DRAWS)]):
            turned = self.ask(tried) if tried else []
            if any(turned):
                return tried[turned.index(True)]
        return None


def _attacked(
    probed: Probed, attack: Attack, name: str, *, space: _Space, chosen: Sequence[int], toolbox: str
) -> Evasion:
    found: list[float | None] = []
    for row in chosen:
        if not probed.asker.left():
            break
        target = _Target(probed, space, row, attack.queries)
        with suppress(_EnoughError):  # what was found until then is kept in the target
            _run(name, target, space, seed=probed.random("attack", name, row).randrange(2**32))
        if probed.asker.stopped:
            break  # the row was not attacked with all that it may be: it tells nothing
        found.append(target.nearest)
    cut = f"{len(found):,} of {len(chosen):,} rows: {probed.asker.stopped}" if len(found) < len(chosen) else ""
    reason = None if found else cut
    return Evasion(
        attack=name, within=attack.within, queries=attack.queries, distances=tuple(found), partial=cut,
        made_by=toolbox, reason=reason,
    )  # fmt: skip


def _run(name: str, target: _Target, space: _Space, *, seed: int) -> None:
    """Attack one row; the toolbox draws from numpy's own chance, which is seeded here and given back."""
    import numpy as np  # noqa: PLC0415 - comes with the toolbox
    from art.estimators.classification import BlackBoxClassifier  # noqa: PLC0415 - an extra, and heavy

    def predict(points: Any) -> Any:  # noqa: ANN401 - arrays of numpy
        lean = np.array(target.lean(points, decided=name != "zoo"), dtype=np.float32)
        return np.stack([1 - lean, lean], axis=1)

    start = None if name == "zoo" else target.start()
    if start is None and name != "zoo":
        return
    here = np.array([target.here], dtype=np.float32)
    clip = (np.array(space.least, dtype=np.float32), np.array(space.most, dtype=np.float32))
    before = np.random.get_state()  # noqa: NPY002 - the toolbox knows no other
    np.random.seed(seed)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the toolbox: divisions that it catches itself
            classifier = BlackBoxClassifier(predict, (len(space.names),), 2, clip_values=clip)
            given = {} if start is None else {"x_adv_init": np.array([start], dtype=np.float32)}
            _made(name, classifier, len(space.names)).generate(here, y=np.array([[1.0, 0.0]]), **given)
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _made(name: str, classifier: Any, columns: int) -> Any:  # noqa: ANN401 - the toolbox's own types
    """Return an attack; its iterations end with the budget of queries."""
    from art.attacks.evasion import BoundaryAttack, HopSkipJump, ZooAttack  # noqa: PLC0415 - an extra, and heavy

    if name == "hop_skip_jump":
        return HopSkipJump(classifier, max_iter=50, max_eval=200, init_eval=20, init_size=1, verbose=False)
    if name == "boundary":
        return BoundaryAttack(classifier, targeted=False, max_iter=500, init_size=1, sample_size=10, verbose=False)
    return ZooAttack(
        classifier, max_iter=50, learning_rate=0.1, variable_h=0.1, initial_const=10.0, use_resize=False,
        use_importance=False, nb_parallel=columns, verbose=False,
    )  # fmt: skip
