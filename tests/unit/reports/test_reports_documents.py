"""Documents as lists of items with their sources: what fills a part, what is missing, what no document may look "
"like."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.errors import DocumentError, InputError
from assay.packs.clauses import clauses_of
from assay.packs.shelf import own_shelf
from assay.packs.status import Attested
from assay.records.status import Shown
from assay.reports.card import ONLY_PEOPLE, Card
from assay.reports.datasheet import Datasheet
from assay.reports.documents import KINDS, SUFFIXES, form_of, render
from assay.reports.documents.asked import ASKED
from assay.reports.documents.asking import fill
from assay.reports.documents.dossier import read_dossier, starter_dossier
from unit.reports.documents_material import material, with_measured
from unit.reports.hostile import ATTACKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.reports.documents.asking import Want
    from assay.reports.documents.form import Document, Part

DAY = "2026-11-23"


def part(document: Document, item: str, asked: str) -> Part:
    return next(one for each in document.items if each.id == item for one in each.parts if one.asked == asked)


def annex(dossier: str = "") -> Document:
    return fill(form_of("annex-iv"), material(dossier))


def wants() -> Iterator[tuple[str, Want]]:
    for kind in KINDS:
        form = form_of(kind)
        listed = form.sections(material()) if callable(form.sections) else form.sections
        for items in listed.values():
            for item in items:
                for want in item.wants:
                    yield f"{kind} {item.id}", want


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_filled_or_named_as_missing_with_what_would_fill_it(kind: str) -> None:
    document = fill(form_of(kind), material())
    assert document.items
    for item in document.items:
        assert item.parts, item.id
        for one in item.parts:
            if one.filled == "missing":
                assert one.remedy, f"{item.id}: {one.asked}"
            else:
                assert one.words or one.tables, f"{item.id}: {one.asked}"
                assert one.sources, f"{item.id}: {one.asked} does not say where it comes from"


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_that_lacks_something_says_so_first_in_every_format(kind: str) -> None:
    document = fill(form_of(kind), material())
    assert not document.finished
    heading, counted = document.banner()
    assert heading.startswith("NOT FINISHED")
    assert f"{document.counts['missing']} missing" in counted
    assert sum(document.counts.values()) == len(document.parts)
    text = render(document, "markdown").decode()
    assert text.index("NOT FINISHED") < text.index("##")
    page = render(document, "html").decode()
    assert page.index("NOT FINISHED") < page.index("<h2>")
    assert json.loads(render(document, "json"))["finished"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_no_document_claims_conformity(kind: str) -> None:
    said = render(fill(form_of(kind), material()), "markdown").decode().lower()
    assert "compliant" not in said
    assert "is in conformity" not in said


def test_annex_iv_has_every_item_in_order() -> None:
    items = [item.id for item in annex().items]
    expected = ["0", *(f"1({letter})" for letter in "abcdefgh"), *(f"2({letter})" for letter in "abcdefgh"), *"3456789"]
    assert items == expected


def test_the_quality_index_has_thirteen_procedures() -> None:
    items = [item.id for item in fill(form_of("qms-index"), material()).items]
    assert items == ["0", *(f"({letter})" for letter in "abcdefghijklm")]


def test_profile_and_statement_have_a_row_for_each_control() -> None:
    assert len(fill(form_of("nist-profile"), material()).items) == 72 + 1
    assert len(fill(form_of("statement-of-applicability"), material()).items) == 38 + 2


def test_every_clause_of_every_document_exists_and_counts_today() -> None:
    known = clauses_of(own_shelf())
    cited = 0
    for kind in KINDS:
        for item in fill(form_of(kind), material()).items:
            for clause in item.clauses:
                assert known.wrong(clause) is None, f"{kind} {item.id}: {known.wrong(clause)}"
                assert known.past(clause, DAY) is None, f"{kind} {item.id}: {known.past(clause, DAY)}"
                cited += 1
    assert cited > 200


def test_every_question_is_asked_by_a_document_and_every_place_exists() -> None:
    used = {place for _, want in wants() for place in want.said}
    asked = {f"{section}.{key}" for section, fields in ASKED.items() for key in fields}
    own = {place for place in used if ":" not in place}
    assert own <= asked
    assert asked <= own | {"data.retention_policy"}, "questions that no document asks"
    for place in used - own:
        file, _, field = place.partition(":")
        section, _, key = field.partition(".")
        record = Card() if file == "card" else Datasheet()
        assert hasattr(getattr(record, section), key), place


def test_people_fill_a_part_and_are_named_as_its_source() -> None:
    filled = part(annex("system: {interaction: It stands alone.}"), "1(b)", "interaction")
    assert filled.filled == "people"
    assert filled.words == ("It stands alone.",)
    assert filled.sources[0].name == "dossier.yaml system.interaction"
    assert filled.sources[0].sha256 is not None


@pytest.mark.parametrize("text", ["TODO: later", "TBD", "...", "<name>", "n/a", "''"])
def test_a_placeholder_says_nothing(text: str) -> None:
    quoted = text if text == "''" else json.dumps(text)
    assert part(annex(f"system: {{interaction: {quoted}}}"), "1(b)", "interaction").filled == "missing"


def test_the_starter_is_read_and_says_nothing() -> None:
    read = read_dossier(starter_dossier("small").encode())
    assert not read.said
    assert all(f"  {key}: " in starter_dossier("small") for fields in ASKED.values() for key in fields)


def test_what_does_not_apply_needs_a_reason_and_a_person() -> None:
    with pytest.raises(DocumentError, match="missing key 'by'"):
        annex("system: {product_pictures: {not_applicable: It is no product.}}")
    nobody = annex("system: {product_pictures: {not_applicable: It is no product., by: TBD}}")
    assert part(nobody, "1(f)", "pictures").filled == "missing"
    said = annex("system: {product_pictures: {not_applicable: It is no product., by: rosa}}")
    assert part(said, "1(f)", "pictures").filled == "not-applicable"
    assert "says rosa: It is no product." in part(said, "1(f)", "pictures").words[0]


def test_unknown_keys_are_told_all_at_once_with_their_places_and_near_names() -> None:
    with pytest.raises(DocumentError) as caught:
        read_dossier(b"systm: {}\nsystem: {purpos: x}\nhiring: {rate: scorin}\n")
    told = [str(problem) for problem in caught.value.problems]
    assert told[0].startswith("dossier.yaml:1:1 $.systm: unknown key 'systm' (did you mean 'system'?)")
    assert "did you mean 'purpose'" in told[1]
    assert "did you mean 'scoring'" in told[2]


def test_a_number_that_the_evidence_contradicts_fills_nothing() -> None:
    dossier = "testing: {limits: The accuracy is 0.99 for everybody.}"
    wrong = part(fill(form_of("annex-iv"), with_measured("accuracy", 0.81, dossier)), "3", "capabilities and limits")
    assert wrong.filled == "contradicted"
    assert "0.81" in str(wrong.remedy)
    document = fill(form_of("annex-iv"), with_measured("accuracy", 0.81, dossier))
    assert document.counts["contradicted"] == 1
    assert "CONTRADICTED BY THE EVIDENCE" in render(document, "markdown").decode()
    right = fill(form_of("annex-iv"), with_measured("accuracy", 0.99, dossier))
    assert part(right, "3", "capabilities and limits").filled == "people"


def test_a_denied_version_says_so_before_anything_else() -> None:
    document = annex()
    assert document.decision == "deny"
    assert document.warnings[0].startswith("The gate's decision about this version is deny")
    assert render(document, "html").decode().index("decision about this version is deny") < 20_000


def test_a_declaration_waits_for_the_technical_documentation_and_is_never_signed() -> None:
    document = fill(form_of("annex-v"), material())
    assert document.warnings[-1].startswith("DRAFT, not to be signed:")
    assert part(document, "0a", "that nothing in it is missing").filled == "missing"
    assert part(document, "8", "signature").filled == "missing"


def test_the_same_material_gives_the_same_bytes() -> None:
    for form in SUFFIXES.values():
        if form != "pdf":
            assert render(annex(), form) == render(annex(), form)


def test_a_pdf_is_tagged_and_says_which_standards_it_keeps() -> None:
    pytest.importorskip("typst")
    found = render(annex(), "pdf")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in found
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in found
    assert b"/MarkInfo" in found
    assert b"/Lang" in found


def test_an_unknown_document_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match=r"did you mean 'annex-iv'"):
        form_of("anex-iv")


def test_a_row_that_does_not_apply_needs_a_reason_and_a_person() -> None:
    def row(text: str) -> Part:
        document = fill(form_of("statement-of-applicability"), material(f'iso42001: {{"A.2.2": {text}}}'))
        item = next(item for item in document.items if item.id == "A.2.2")
        return next(part for part in item.parts if part.asked.startswith("applicable"))

    assert row("{applies: false}").filled == "missing"
    assert row("{applies: false, reason: No such thing here., by: rosa}").filled == "not-applicable"
    assert row("{reason: It does., current: written, owner: rosa}").filled == "people"
    assert "owner" in str(row("{reason: It does., current: written}").remedy)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in {"src", "srcset"}]


def _poisoned(poison: str) -> Document:
    printable = "".join(one for one in poison if one.isprintable())
    said = dict.fromkeys(("purpose", "interaction", "updates"), printable)
    document = fill(form_of("annex-iv"), material(json.dumps({"system": said})))
    return msgspec.structs.replace(document, system=poison, subject=poison, title=poison, warnings=(poison,))


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_write_is_never_markup(attack: str) -> None:
    document = _poisoned(ATTACKS[attack])
    plain = _Tags()
    plain.feed(render(annex("system: {purpose: a, interaction: b, updates: c}"), "html").decode())
    found = _Tags()
    found.feed(render(document, "html").decode())
    assert set(found.tags) <= set(plain.tags)
    assert found.tags.count("h3") == plain.tags.count("h3")
    assert found.handlers == plain.handlers == []
    text = render(document, "markdown").decode()
    assert "<script" not in text
    assert "\x1b" not in text
    assert len(re.findall(r"^#", text, re.MULTILINE)) == len(
        re.findall(r"^#", render(annex(), "markdown").decode(), re.MULTILINE)
    )


def test_a_page_asks_for_nothing_and_is_usable_without_a_mouse() -> None:
    page = render(annex(), "html").decode()
    assert "default-src 'none'" in page
    assert '<html lang="en">' in page
    assert 'class="skip" href="#main"' in page
    assert page.count("<h1") == 1
    assert not re.search(r'(src|href)="https?:', page)
    assert page.count("<table>") == page.count("<caption>")
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_the_card_s_own_fields_are_still_those_that_documents_ask_for() -> None:
    cited = {place.removeprefix("card:") for _, want in wants() for place in want.said if place.startswith("card:")}
    fields = {f"{section}.{key}" for section, keys in ONLY_PEOPLE.items() for key in keys}
    assert len(cited & fields) > 8


CLAUSE = "eu-ai-act:annex-iv(2)(e)"


def _shown(says: str, **more: str) -> Shown:
    return Shown(kind="attestation", name="rosa (risk-owner)", says=says, until="2027-01-01", entry=7, **more)


@pytest.mark.parametrize(
    ("attested", "filled"),
    [
        (Attested(counts=_shown("met")), "people"),
        (Attested(counts=_shown("not-applicable")), "not-applicable"),
        (Attested(counts=_shown("not-met")), "missing"),
        (Attested(lapsed=_shown("met", stale="expired on 2026-01-01")), "missing"),
        (Attested(against=(_shown("met"), _shown("not-met"))), "missing"),
    ],
)
def test_an_attestation_fills_its_own_part_and_only_while_it_counts(attested: Attested, filled: str) -> None:
    document = fill(form_of("annex-iv"), material(attested={CLAUSE: attested}))
    one = part(document, "2(e)", f"attested about {CLAUSE}")
    assert one.filled == filled
    assert one.sources[0].entry == 7
    assert part(document, "2(e)", "assessment").filled == "missing"
    if filled == "missing":
        assert one.remedy


def test_an_attestation_that_does_not_count_is_told_above_everything() -> None:
    told = "entry 7: the attestation of eu-ai-act:9(1) does not count: mila has not the role risk-owner"
    assert told in fill(form_of("annex-iv"), material(refused=(told,))).warnings
