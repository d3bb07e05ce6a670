"""Every exception that Assay raises on purpose.

::

    AssayError                 something a person can act on; never a traceback for a user's mistake
    ├── InputError             exit 2: the command, a document or the data is wrong
    │   ├── DocumentError      a YAML or JSON document; carries every problem found in it
    │   ├── DataError          rows: a missing column, a third class, a truncated file
    │   └── MissingExtraError  an optional package is needed; the message holds the line that installs it
    ├── VerificationError      exit 1: a signature, digest or proof does not hold
    ├── NotAllowedError        exit 1: a verdict does not let a version out, where a step asked that it does
    ├── RefusedError           exit 2: somebody may not do that; who may, is said
    │   ├── NotSignedInError   nobody has signed in, and the act asks who it is
    │   ├── NotThereError      nothing of that name, as far as who asks may know
    │   └── TooManyError       too many tries or calls; how long to wait, is said
    └── StorageError           exit 2: the disk is full, a folder cannot be written, another writer holds it

A message says what was expected, what was found, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_ALLOW = 0
EXIT_DENY = 1
EXIT_WRONG = 2
EXIT_UNDECIDED = 3


class AssayError(Exception):
    """The root: catch it to catch everything that Assay raises on purpose."""

    exit_code: ClassVar[int] = EXIT_WRONG

    def diagnostics(self) -> str:
        """Return the whole message as a person should read it, one problem a line."""
        return str(self)


class InputError(AssayError):
    """The command, a document or the data is wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document.

    Attributes:
        file: the document's name as the user knows it.
        line: line, counted from 1; 0 when the place is not known.
        column: column, counted from 1; 0 when the place is not known.
        path: the place as a JSON path, such as ``$.controls[2].limit``.
        message: what was expected, what was found, what to do.
    """

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        """Format as ``policy.yaml:14:7 $.controls[2].limit: ...``."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place} {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class DocumentError(InputError):
    """A document has problems; all of them are here, in the order of the document."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DataError(InputError):
    """The rows cannot be read or cannot be counted."""


class MissingExtraError(InputError):
    """An optional package is not installed."""

    def __init__(self, needs: str, extra: str) -> None:
        super().__init__(f"{needs} is not installed. Install it with: pip install 'assay[{extra}]'")


class VerificationError(AssayError):
    """A signature, a digest or a proof does not hold."""

    exit_code: ClassVar[int] = EXIT_DENY


class NotAllowedError(AssayError):
    """A verdict does not let a version out, where somebody asked that it does."""

    exit_code: ClassVar[int] = EXIT_DENY


class RefusedError(AssayError):
    """Somebody may not do something; the message says why, and who may."""


class NotSignedInError(RefusedError):
    """Nobody has signed in, and the act asks who it is."""


class NotThereError(RefusedError):
    """There is no such thing, as far as who asks may know."""


class TooManyError(RefusedError):
    """Somebody tries or calls too often.

    Attributes:
        seconds: how long to wait.
    """

    def __init__(self, message: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(message)


class StorageError(AssayError):
    """Something could not be written or locked; what was there before is still there."""


class TrainingWarning(UserWarning):
    """A training run breaches its policy, cannot be settled, or could not be measured or recorded; it goes on."""


def suggest(found: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest known name, or an empty string."""
    near = get_close_matches(found, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
