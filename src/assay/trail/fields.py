"""What a field of an event may hold: an allow-list of forms, none of which has room for free text.

Words of people are kept beside the log and stand in it as a digest. Whoever is named is named by a random pseudonym or
by a salted commitment (`assay.trail.people`), so that a name can be erased and every proof stays valid. Numbers that
matter are decimal strings: a float has more than one spelling, and a leaf has one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, TypeAlias

from msgspec import Meta

from assay.records.tally import Frozen

Name: TypeAlias = Annotated[
    str,
    Meta(
        title="name", pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/+=,-]{0,199}\Z",
        description="letters, digits and . _ : / + = , - (no space, no @), up to 200",
        examples=["mortgage-approval"],
    ),
]  # fmt: skip
"""What somebody called a thing, in one word."""

Label: TypeAlias = Annotated[
    str,
    Meta(
        title="label", pattern=r"^[^\x00-\x1f\x7f]{1,256}\Z",
        description="a name that a policy, a trust file or a table has fixed: up to 256 characters on one line",
        examples=["four-fifths/race=black"],
    ),
]  # fmt: skip
"""A name that a policy, a trust file or a table fixed beforehand, such as a finding's id: not typed for the event."""

Sha256: TypeAlias = Annotated[
    str,
    Meta(
        title="sha256", pattern=r"^[0-9a-f]{64}\Z", description="SHA-256, 64 lower-case hexadecimal digits",
        examples=["5ec5242686fa8695781364e889e0ffa371525d771a6b2dfe0c232ac2d2e6c17f"],
    ),
]  # fmt: skip

Decimal: TypeAlias = Annotated[
    str,
    Meta(
        title="decimal", pattern=r"^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?\Z",
        description='a decimal number as a string, such as "0.0643"', examples=["0.0643"],
    ),
]  # fmt: skip

Setting: TypeAlias = Annotated[
    str,
    Meta(
        title="setting",
        pattern=r"^[A-Za-z0-9.+-][A-Za-z0-9._:/+=,-]{0,199}\Z",
        description="a name, or a number as a string",
        examples=["0.5"],
    ),
]

Time: TypeAlias = Annotated[
    str,
    Meta(
        title="time", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z",
        description="RFC 3339 time in UTC, whole seconds", examples=["2026-10-01T09:30:00Z"],
    ),
]  # fmt: skip

Day: TypeAlias = Annotated[
    str,
    Meta(
        title="day", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="a day in UTC, YYYY-MM-DD",
        examples=["2027-02-01"],
    ),
]  # fmt: skip

Person: TypeAlias = Annotated[
    str,
    Meta(
        title="person", pattern=r"^(p_[0-9a-f]{32}|[A-Za-z0-9_-]{43})\Z",
        description="a random pseudonym (p_ and 32 hexadecimal digits) or a salted commitment (43 characters); "
        "`assay trail append` puts a pseudonym in the place of a name",
        examples=["p_00112233445566778899aabbccddeeff"],
    ),
]  # fmt: skip

Commitment: TypeAlias = Annotated[
    str,
    Meta(
        title="commitment", pattern=r"^[A-Za-z0-9_-]{43}\Z",
        description="a salted commitment, 43 characters; what opens it is kept where it can be erased",
        examples=["2N0dYrRyYB3vpWUXLsmZl4MHyJVeFkpY5bbgPZ4d5Zc"],
    ),
]  # fmt: skip

Count: TypeAlias = Annotated[
    int, Meta(title="count", ge=0, le=2**53 - 1, description="a whole number from 0 to 2^53 - 1", examples=[1])
]


class Fields(Frozen, kw_only=True):
    """What one type of event says; unknown fields are refused."""


def is_day(text: str) -> bool:
    """Say whether a text of a day's form is a day of the calendar."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_time(text: str) -> bool:
    """Say whether a text of a time's form is a time of the calendar; a leap second counts as none."""
    try:
        return datetime.fromisoformat(text).isoformat() == f"{text.removesuffix('Z')}+00:00"
    except ValueError:
        return False
