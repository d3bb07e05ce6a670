"""The vocabulary in words: what ``assay trail types`` prints and what the pages of reference hold."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from assay.attest.statement import parse_statement
from assay.errors import InputError, suggest
from assay.trail import fields as forms
from assay.trail.events import FAMILIES, TYPES, event_statement, make_event, predicate_type
from assay.trail.examples import AT, EXAMPLES

if TYPE_CHECKING:
    from assay.trail.fields import Fields

OPENING = """\
# Events of the trail

Written by `assay trail types --format markdown`; a test compares the two. Append one with
[`assay trail append`](../how-to/ask-the-trail.md).

An event is an in-toto statement in a DSSE envelope, signed by who acted (`signed_by: actor`) or by who took it in on
their behalf (`signed_by: ingest`). Its predicate holds `id`, `claimed_at`, `signed_by`, `batch`, `corrects`, `fields`:

- `id`: a log holds an id once; the same event again gives the same entry, another one under the same id is refused;
- `claimed_at`: when it happened, as the signer claims. When it was *recorded* is the log's to say, and before when it
  is *proven* to have been there a witness's or a time stamp's; answers never mix the three;
- `batch`: the `import.batch` that it came with; whatever has one is labelled *imported*, a claim about the past;
- `corrects`: the index of an earlier entry of the same type that this one takes the place of. Nothing is ever edited.

Fields are an allow-list, and none has room for free text: words of people stand as their SHA-256, people as random
pseudonyms or salted commitments (SD-JWT form, RFC 9901), numbers that matter as decimal strings.

| form | is |
| --- | --- |
"""


def field_words(kind: Any) -> str:  # noqa: ANN401 - any type of a field
    """Return in words what a field may hold."""
    meta = next((one for one in getattr(kind, "__metadata__", ()) if one.title), None)
    if meta is not None:
        return str(meta.title)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in get_args(kind))
    inner = [one for one in get_args(kind) if one not in {type(None), ...}]
    if get_origin(kind) is dict:
        return f"{field_words(inner[0])} to {field_words(inner[1])}"
    if get_origin(kind) is tuple:
        return f"list of {field_words(inner[0])}"
    return " or ".join(field_words(one) for one in inner)


def summary(kind: str) -> str:
    """Return what an event of a type says, in one sentence."""
    words = inspect.cleandoc(TYPES[kind].__doc__ or "").split("\n\n")[0].replace("``", "`")
    return " ".join(words.split())


def meanings(kind: str) -> dict[str, str]:
    """Return what each field of a type means."""
    return _attributes(TYPES[kind])


def _attributes(kind: type[Fields]) -> dict[str, str]:
    """Return what each field means, from the class's own words."""
    text = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", text, re.MULTILINE | re.DOTALL)
    return {name: " ".join(words.split()).rstrip(".") for name, words in found}


def describe(kind: str) -> str:
    """Return a type's section of reference: what it says, its fields, and an example, as Markdown.

    Raises:
        InputError: when there is no such type.
    """
    if kind not in TYPES:
        raise InputError(
            f"expected a type of event, found {kind!r}{suggest(kind, TYPES)}. They are: {', '.join(TYPES)}"
        )
    record = TYPES[kind]
    known = meanings(kind)
    lines = [f"### {kind}", "", summary(kind), "", f"`{predicate_type(kind)}`", ""]
    lines += ["| field | form | needed | meaning |", "| --- | --- | --- | --- |"]
    for one in msgspec.structs.fields(record):
        needed = "yes" if one.required else ""
        lines.append(f"| `{one.name}` | {field_words(one.type)} | {needed} | {known[one.name].replace('``', '`')} |")
    event = make_event(kind, EXAMPLES[kind], claimed_at=AT)
    predicate = parse_statement(event_statement(event)).predicate
    lines += ["", "```json", json.dumps(predicate, indent=2, ensure_ascii=False), "```", ""]
    return "\n".join(lines)


def page() -> str:
    """Return the whole page of reference."""
    parts = [OPENING]
    for alias in (
        forms.Name,
        forms.Label,
        forms.Sha256,
        forms.Decimal,
        forms.Setting,
        forms.Time,
        forms.Day,
        forms.Person,
        forms.Count,
    ):
        meta = get_args(alias)[1]
        parts.append(f"| {meta.title} | {meta.description} |\n")
    for family, types in FAMILIES.items():
        parts.append(f"\n## {family[0].upper()}{family[1:]}\n\n")
        parts.append("\n".join(describe(kind) for kind in types))
    return "".join(parts)
