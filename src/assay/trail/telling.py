"""An answer as text for a terminal, as Markdown, and as JSON; every sentence with the entries that it rests on."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from assay.records.canonical import canonical_json
from assay.trail.answers import entries_words, logs_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.trail.answers import Answer, Cited

WIDTH = 100
_SPECIAL = re.compile(r"[\\`*_\[\]|<>~$#&!]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text)


def answer_text(answer: Answer) -> str:
    """Return an answer for a person at a terminal."""
    lines: list[str] = []
    for sentence in answer.sentences:
        lines += _wrapped(f"{_plain(sentence.text)} [{entries_words(answer.shards, sentence.entries)}]", "")
    if not answer.sentences:
        lines.append("The log tells of nothing of the kind.")
    if answer.missing:
        lines += ["", "Not in the trail, or not counted:"]
        for missing in answer.missing:
            lines += _wrapped(_plain(missing), "- ")
    lines += ["", *_wrapped(_grounds(answer), "")]
    return "\n".join(lines)


def _wrapped(text: str, bullet: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=bullet, subsequent_indent=" " * (len(bullet) or 2), break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def _grounds(answer: Answer) -> str:
    proven = f"{len(answer.proofs)} of {len(answer.cited)} entries proven to stand in"
    if len(answer.shards) > 1:
        return f"{logs_words(answer.shards)}; {answer.size} entries in all; {proven} them."
    return f"{logs_words(answer.shards)}; {proven} it."


def answer_markdown(answer: Answer) -> str:
    """Return an answer as Markdown; entries are linked to the list at its end."""
    lines = [f"# {answer.question.capitalize()}", ""]
    lines += [f"- **{_escaped(key)}**: {_escaped(value)}" for key, value in answer.asked.items()]
    lines += [""] if answer.asked else []
    cited = {one.index: one for one in answer.cited}
    for sentence in answer.sentences:
        links = ", ".join(
            f"[{_place(answer, cited[one])}](#entry-{one})" if one in cited else str(one) for one in sentence.entries
        )
        lines.append(f"- {_escaped(sentence.text)} ({links or 'no entry'})")
    if not answer.sentences:
        lines.append("The log tells of nothing of the kind.")
    if answer.missing:
        lines += ["", "## Not in the trail, or not counted", "", *(f"- {_escaped(one)}" for one in answer.missing)]
    lines += ["", "## Entries", "", *_cited(answer), "", _escaped(_grounds(answer)), ""]
    return "\n".join(lines)


def _place(answer: Answer, one: Cited) -> str:
    return _escaped(f"{one.entry} of {one.shard}") if len(answer.shards) > 1 else str(one.entry)


def _cited(answer: Answer) -> Iterator[str]:
    yield "| entry | event | claimed | recorded | proven before | signed by | leaf |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in answer.cited:
        times = one.times
        cells = (
            f'<a id="entry-{one.index}"></a>{_place(answer, one)}',
            _escaped(f"{one.type}{' (imported)' if one.imported else ''}"),
            times.claimed or "not claimed",
            times.recorded or "not known",
            f"{times.proven_before} by {_escaped(times.proven_by or '')}" if times.proven_before else "not known",
            _escaped(", ".join(key if len(key) < WIDTH // 2 else f"{key[:16]}..." for key in one.signed_by))
            or "nobody known",
            f"`{one.leaf_sha256}`",
        )
        yield f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", _plain(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def answer_json(answer: Answer) -> str:
    """Return an answer as canonical JSON (RFC 8785): the same answer is the same bytes."""
    return canonical_json(answer).decode()
