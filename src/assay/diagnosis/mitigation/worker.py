"""Tries candidates, and judges them, in a process of its own (``python -m`` this module), so that it can be stopped.

Both ends are ours: pickles pass through pipes between a process and the child that it started, and nowhere else. What
learners print goes to standard error.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, Any

from assay.diagnosis.mitigation.lesson import NoRemedyError
from assay.diagnosis.mitigation.trying import Work, attempt
from assay.errors import AssayError

if TYPE_CHECKING:
    from typing import BinaryIO


def serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Read the work, then candidates, one after the other; answer each with what came of it.

    An answer is ``("share", float)`` while it goes on, and then ``("done", (Answers, judged))``, ``("refused", why)``
    or ``("failed", why)``.
    """

    def say(kind: str, what: Any) -> None:  # noqa: ANN401 - as the docstring of `serve` has it
        pickle.dump((kind, what), answered)
        answered.flush()

    try:
        work: Work = pickle.load(asked)  # noqa: S301 - from the process that started this one
    except Exception as error:  # noqa: BLE001 - somebody's estimator may not be importable here
        say("broken", _told(error))
        return
    say("ready", None)
    while True:
        try:
            candidate = pickle.load(asked)  # noqa: S301 - likewise
        except EOFError:
            return
        try:
            answers = attempt(work, candidate, lambda share: say("share", share))
            say("done", (answers, work.judge(answers)))
        except NoRemedyError as error:
            say("refused", str(error))
        except AssayError as error:
            say("refused", error.diagnostics())
        except Exception as error:  # noqa: BLE001 - whatever learners raise is what came of the candidate
            say("failed", _told(error))


def _told(error: Exception) -> str:
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}"[:400] if first else type(error).__name__


def main() -> None:
    """Serve on standard input and output; nothing else may write there."""
    answered = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answered)


if __name__ == "__main__":
    main()
