"""A draft of the letter to a person who was turned down: the principal reasons, and what a lender has to add.

The draft holds the reasons and leaves open, in brackets, what Assay cannot know: the lender, the notice that 12 CFR
1002.9(b)(1) prescribes, and what the Fair Credit Reporting Act asks for where a credit report was used (section 615(a),
15 U.S.C. 1681m). It is a draft for somebody to read and sign, not a notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.records.reasons import shown
from assay.reports.markdown import text
from assay.reports.reasons import basis_words, flag_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.records.reasons import Advice, PersonReasons, ReasonsGiven


def letter(record: ReasonsGiven, person: PersonReasons) -> str:
    """Return the draft for one person, in Markdown."""
    return "\n".join(_lines(record, person)) + "\n"


def letters(record: ReasonsGiven, people: Sequence[PersonReasons]) -> str:
    """Return all drafts, one after the other, each under a heading of its own."""
    return "\n---\n\n".join(letter(record, one) for one in people) or "Nobody was turned down.\n"


def _lines(record: ReasonsGiven, person: PersonReasons) -> Iterator[str]:
    flags = list(dict.fromkeys(flag for reason in person.reasons for flag in reason.flags))
    yield f"# Draft: your application {text(person.id)}"
    yield ""
    if flags:
        yield (
            f"> **Do not send.** A principal reason rests on what is {'; '.join(flag_words(one) for one in flags)}. A "
            "reason may not be left out, and this one may not have been used: somebody has to look at the decision."
        )
        yield ""
    yield "[Name and address of the lender]"
    yield ""
    yield f"On {record.decided_at[:10]} we decided not to approve your application. The principal reasons are:"
    yield ""
    for rank, reason in enumerate(person.reasons, 1):
        yield f"{rank}. {text(reason.statement)}"
    yield ""
    if person.advice is not None:
        yield from _advice(person.advice)
    yield "[The notice of 12 CFR 1002.9(b)(1), with the name and address of the agency that supervises the lender]"
    yield ""
    yield "[Where a credit report was used: what section 615(a) of the Fair Credit Reporting Act asks for]"
    yield ""
    yield (
        f"<!-- For the file, not for the letter: {record.model} {record.version}, reasons {record.batch}. "
        f"{basis_words(record)} -->"
    )


def _advice(advice: Advice) -> Iterator[str]:
    if advice.status != "found":
        return
    yield "With all else as it was, the same system would have approved the application with:"
    yield ""
    for change in advice.changes:
        yield f"- {text(change.called)}: {text(shown(change.to))} in place of {text(shown(change.now))}"
    yield ""
    yield "This is no promise: a new application is decided as it is then."
    yield ""
