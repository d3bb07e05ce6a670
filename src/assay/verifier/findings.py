"""What a verification finds: what was proven, what does not hold, and what was not checked; a sentence each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from .strict import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Findings:
    """Sentences, in the order in which they were found, and the releases looked at as (name, version, decision).

    ``erased`` holds what erasures say: the SHA-256 of what took a record's place to the record's own, and the pseudonym
    of a person to who erased them.
    """

    proven: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    releases: list[tuple[str, str, str]] = field(default_factory=list)
    erased: dict[str, str] = field(default_factory=dict)

    def attempt(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Run a step; what it refuses is one more problem."""
        try:
            return step(*args, **kwargs)
        except Refused as error:
            self.problems.append(str(error))
            return None

    def take(self, other: Findings, where: str) -> None:
        """Take over what was found in one place."""
        self.releases += other.releases
        for mine, its in (
            (self.proven, other.proven),
            (self.problems, other.problems),
            (self.not_checked, other.not_checked),
            (self.warnings, other.warnings),
        ):
            mine += [f"{where}: {one}" for one in its]
