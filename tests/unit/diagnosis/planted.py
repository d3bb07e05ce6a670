"""Lending rows with one planted cause, by the standard library alone."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

NAMES = ("income", "debt", "age", "region", "noise", "stand_in")


class Planted(NamedTuple):
    """A table as CSV, and one to train on."""

    rows: bytes
    train: bytes | None = None


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def table(kind: str, seed: int = 1, rows: int = 4000) -> Planted:
    chance = random.Random(f"{kind}{seed}")
    train = None
    if kind in {"data.representation", "data.split_mismatch", "relation"}:
        train = _written([_person(kind, chance, train=True) for _ in range(rows)])
    return Planted(_written([_person(kind, chance, few=at < 30) for at in range(rows)]), train)


def _person(kind: str, chance: random.Random, *, few: bool = False, train: bool = False) -> list[object]:
    share = 0.03 if kind == "data.representation" and train else 0.35
    b = few if kind == "data.sample_size" else chance.random() < share
    income, debt, age = chance.gauss(0, 1), chance.gauss(0, 1), round(chance.gauss(40, 11))
    if kind == "product" and b:
        debt = 0.7 * income + 0.7 * debt
    if kind == "misplaced" and b:
        income, debt = 0.5 * income, 0.5 * debt
    if kind == "data.base_rate" and b:
        income -= 1.0
    if kind == "data.split_mismatch" and train and b:
        income += 1.5
    region, noise = chance.choice("NSEW"), chance.gauss(0, 1) - 0.55 * b * (kind == "model.feature")
    stand_in = (
        int(b if chance.random() < 0.95 else not b) if kind in {"data.proxy", "relation"} else chance.randrange(2)
    )
    odds = 1.4 * income - 1.1 * debt + 0.02 * (age - 40) - 1.5 * stand_in * (kind == "relation" and train)
    label = int(chance.random() < sigmoid(1.6 * odds if kind == "data.label_noise" else odds))
    score = 1.6 * odds if kind == "data.label_noise" else odds
    score += chance.gauss(0, 0.2) + _fault(
        kind, chance, b=b, age=age, region=region, stand_in=stand_in, noise=noise, together=income * debt
    )
    shown: object = round(income, 4)
    if kind == "data.missingness" and chance.random() < (0.5 if b else 0.04):
        score, shown = score - 1.4 * income - 2.0, ""
    if kind in {"data.representation", "data.split_mismatch"} and b:
        score -= 1.2 * income
    if kind == "data.label_noise" and b and chance.random() < 0.3:
        label = 1 - label
    overridden = kind == "overridden" and b and chance.random() < 0.3
    cut = 0.8 if kind == "misplaced" else 0.7 if kind == "threshold.cut" and b else 0.5
    probability = sigmoid(score)
    return [
        "b" if b else "a", label, int((probability >= cut) != overridden), round(probability, 5), shown, round(debt, 4),
        age, region, round(noise, 4), stand_in,
    ]  # fmt: skip


def _fault(
    kind: str, chance: random.Random, *, b: bool, age: int, region: str, stand_in: int, noise: float, together: float
) -> float:
    return {
        "model.calibration": -1.0 * b,
        "model.error_gap": chance.gauss(0, 2.5) * b,
        "model.slice": -4.0 * (b and region == "N" and age < 45),
        "data.proxy": -1.5 * stand_in,
        "relation": -1.5 * stand_in,
        "model.feature": 1.8 * noise,
        "product": -0.6 * together,
    }.get(kind, 0.0)


def _written(people: list[list[object]]) -> bytes:
    header = ",".join(("group", "paid", "approved", "score", *NAMES))
    return "\n".join([header, *(",".join(map(str, person)) for person in people)]).encode()
