from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from io import StringIO

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from rich.console import Console

from assay.reports.cyclonedx import cyclonedx
from assay.reports.html import html
from assay.reports.huggingface import front_matter
from assay.reports.json_report import to_json
from assay.reports.junit import junit
from assay.reports.markdown import markdown, measurements_markdown
from assay.reports.model_card import model_card
from assay.reports.plain import measurements_text, plain_text
from assay.reports.sarif import sarif
from assay.reports.terminal import print_measurements, print_release
from unit.reports.hostile import ATTACKS, hostile_release

attacks = pytest.mark.parametrize("poison", ATTACKS.values(), ids=ATTACKS)
storable = pytest.mark.parametrize(
    "poison", [found for found in ATTACKS.values() if "\ud800" not in found], ids=[n for n in ATTACKS if n != "xml"]
)

UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Page(HTMLParser):
    """Collects the tags and attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


@attacks
def test_html_holds_no_tag_or_attribute_that_data_wrote(poison: str) -> None:
    clean, page = Page(html(hostile_release("-"))), Page(html(hostile_release(poison)))
    assert page.tags == clean.tags
    assert page.attributes == clean.attributes
    assert "script" not in page.tags
    assert not any(name.startswith("on") for name in page.attributes)


@attacks
def test_junit_is_well_formed_and_keeps_its_counts(poison: str) -> None:
    clean, root = fromstring(junit(hostile_release("-"))), fromstring(junit(hostile_release(poison)))
    assert [found.tag for found in root.iter()] == [found.tag for found in clean.iter()]
    assert root.attrib["tests"] == "9"


@attacks
def test_markdown_has_the_structure_of_the_clean_one(poison: str) -> None:
    parser = MarkdownIt("gfm-like", {"linkify": False})

    def shape(text: str) -> list[str]:
        inline = [child for token in parser.parse(text) for child in token.children or ()]
        marks = [child.type for child in inline if child.type not in {"text", "text_special"}]
        return [token.type for token in parser.parse(text)] + marks

    for write in (markdown, lambda found: measurements_markdown(found.evidence.measurements)):
        assert shape(write(hostile_release(poison))) == shape(write(hostile_release("-")))


@attacks
def test_model_card_has_one_heading_a_section_and_front_matter_that_parses(poison: str) -> None:
    card = model_card(hostile_release(poison))
    assert card.startswith("---\n")
    assert len(re.findall(r"(?m)^## ", card)) == 9
    assert len(re.findall(r"(?m)^# ", card)) == 1
    front, body = front_matter(hostile_release(poison)), card.split("\n---\n", 1)[1]
    assert "model-index" in yaml.safe_load(front[4:-4])
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    seen = [*tokens, *(child for token in tokens for child in token.children or ())]
    assert not [token.content for token in seen if token.type in {"html_block", "html_inline", "image", "link_open"}]


@attacks
def test_terminal_and_plain_text_hold_nothing_that_steers_a_terminal(poison: str) -> None:
    out = StringIO()
    console = Console(file=out, width=80, no_color=True, force_terminal=False)
    found = hostile_release(poison)
    print_release(found, console)
    print_measurements(found.evidence.measurements, console)
    plain = plain_text(found) + measurements_text(found.evidence.measurements)
    assert not UNSEEN.search(out.getvalue())
    assert not UNSEEN.search(plain)
    assert max(len(line) for line in plain_text(hostile_release("-")).splitlines()) <= 80


def test_terminal_shows_brackets_as_they_are() -> None:
    out = StringIO()
    print_release(hostile_release(ATTACKS["markup"]), Console(file=out, width=200))
    assert "[bold red]x[/]" in out.getvalue()


@storable
def test_json_reads_back_and_sarif_too(poison: str) -> None:
    found = hostile_release(poison)
    assert json.loads(to_json(found))["verdict"]["model"] == found.verdict.model
    (run,) = json.loads(sarif(found))["runs"]
    assert all("://" not in location["physicalLocation"]["artifactLocation"]["uri"] for location in places(run))


def places(run: dict) -> list[dict]:  # type: ignore[type-arg]
    return [place for found in run["results"] for place in found["locations"] if "physicalLocation" in place]


@storable
def test_bill_of_materials_stays_valid(poison: str) -> None:
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(cyclonedx(hostile_release(poison)))
    assert problem is None
