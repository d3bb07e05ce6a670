"""What a linter says about files of packs: everything the parser refuses, ends that dangle, words that were copied."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assay.errors import DocumentError, suggest
from assay.packs import sense
from assay.packs.clauses import clauses_of
from assay.packs.form import Crosswalk, Pack
from assay.packs.reading import listed
from assay.packs.shelf import shelf_of
from assay.records.document import Positions, load_yaml_with_positions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from assay.errors import Problem
    from assay.packs.clauses import Clauses
    from assay.packs.shelf import Shelf

RUN = 8
"""Words in a row that no two people write alike by chance, save for names and numbers of articles."""

SHARE, LEAST = 0.6, 8
"""The share of a paraphrase's runs of three words that one text may hold, once it has this many words."""

_WORD = re.compile(r"[^\W_]+")


def lint(
    contents: Mapping[str, bytes], shelf: Shelf, *, checks: Collection[str], texts: Sequence[str] = ()
) -> list[Problem]:
    """Return every mistake in files of packs and crosswalks, in the order of the files.

    Args:
        contents: file name to bytes.
        shelf: the other packs, which these may amend and lead to.
        checks: names of the checks that exist.
        texts: source texts that paraphrases are held against, where they are at hand.
    """
    read = {name: _read(content, name, checks) for name, content in sorted(contents.items())}
    problems = [problem for found in read.values() if isinstance(found, DocumentError) for problem in found.problems]
    good = {name: contents[name] for name, found in read.items() if not isinstance(found, DocumentError)}
    try:
        together = shelf_of(good, shelf)
    except DocumentError as error:
        return problems + list(error.problems)
    clauses = clauses_of(together)
    held = [_trigrams(_words(text)) for text in texts]
    runs = [_runs(_words(text)) for text in texts]
    for found in read.values():
        if isinstance(found, DocumentError):
            continue
        part, positions = found
        pairs = _ends(part, clauses) if isinstance(part, Crosswalk) else _pack(part, together, held, runs)
        problems += [positions.problem(path, message) for path, message in pairs]
    return problems


def _read(content: bytes, name: str, checks: Collection[str]) -> tuple[Pack | Crosswalk, Positions] | DocumentError:
    kind: type[Pack | Crosswalk] = Crosswalk if b"assay.crosswalk/" in content else Pack

    def examine(part: object, path: str, positions: Positions) -> Iterator[tuple[str, str]]:
        if isinstance(part, Pack):
            yield from sense.pack(part, path, listed(positions, "controls"), checks)
        if isinstance(part, Crosswalk):
            yield from sense.crosswalk(part, path, listed(positions, "rows"))

    try:
        return load_yaml_with_positions(content, kind, name=name, examine=examine)
    except DocumentError as error:
        return error


def _ends(found: Crosswalk, clauses: Clauses) -> Iterator[tuple[str, str]]:
    """Yield each end of a crosswalk that leads nowhere."""
    missing = [(key, name) for key, name in (("from", found.left), ("to", found.right)) if name not in clauses.known]
    for key, name in missing:
        yield f"$.{key}", f"no pack of {name!r}{suggest(name, clauses.known)}"
    if missing:
        return
    for index, row in enumerate(found.rows):
        for key, framework, clause in (("from", found.left, row.left), ("to", found.right, row.right)):
            wrong = clauses.wrong(f"{framework}:{clause}")
            if wrong is not None:
                yield f"$.rows[{index}].{key}", wrong


def _pack(found: Pack, shelf: Shelf, held: list[set[str]], runs: list[set[str]]) -> Iterator[tuple[str, str]]:
    if found.superseded is not None and found.superseded.by not in shelf.frameworks:
        near = suggest(found.superseded.by, shelf.frameworks)
        yield "$.superseded.by", f"no pack of {found.superseded.by!r}{near}"
    for index, control in enumerate(found.controls):
        for key in ("title", "says"):
            copied = copied_words(getattr(control, key), held, runs)
            if copied is not None:
                yield f"$.controls[{index}].{key}", copied


def copied_words(says: str, held: Sequence[set[str]], runs: Sequence[set[str]]) -> str | None:
    """Return why a paraphrase reads like a copy of one of some texts; None when it does not.

    Args:
        says: the paraphrase.
        held: of each text, its runs of three words.
        runs: of each text, its runs of `RUN` words.
    """
    words = _words(says)
    own = _runs(words)
    for text in runs:
        if shared := sorted(own & text):
            return f"these {RUN} words in a row stand in the source: {shared[0]!r}; say it in your own"
    trigrams = _trigrams(words)
    for text in held:
        if len(words) >= LEAST and len(trigrams & text) > SHARE * len(trigrams):
            return (
                f"most of its words stand in the source in the same order ({len(trigrams & text)} of {len(trigrams)})"
            )
    return None


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _trigrams(words: list[str]) -> set[str]:
    return {" ".join(words[index : index + 3]) for index in range(len(words) - 2)}


def _runs(words: list[str]) -> set[str]:
    return {" ".join(words[index : index + RUN]) for index in range(len(words) - RUN + 1)}
