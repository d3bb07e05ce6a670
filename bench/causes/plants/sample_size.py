"""A fair lender, asked about a group of a few dozen people."""

from __future__ import annotations

from bench.causes.lending import ROWS, SHARE, Plant, Strength

PEOPLE: dict[Strength, float] = {"weak": 100, "medium": 60, "strong": 30}

PLANT = Plant(
    kind="data.sample_size",
    way="a few dozen people",
    meant="nothing but too few people of group b in the data; the lender learnt from enough of them",
    limit=0.1,
    amounts=PEOPLE,
    shares={strength: (SHARE, people / ROWS) for strength, people in PEOPLE.items()},
)
