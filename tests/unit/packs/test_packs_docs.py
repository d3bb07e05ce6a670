"""The page of reference says what the parser does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from assay.checks import CHECKS
from assay.lifecycle.regulation_section import StandingSection
from assay.packs import parse_crosswalk, parse_pack
from assay.packs.form import PackControl, Schedule
from assay.packs.shelf import OWN
from assay.records.document import load_yaml

PAGE = (Path(__file__).parents[3] / "docs/reference/packs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


class _Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    regulation: dict[str, StandingSection]


def test_the_blocks_on_the_page_are_read() -> None:
    assert parse_pack(BLOCKS[0].encode(), "house.yaml", checks=CHECKS).framework == "house-rules"
    assert len(parse_crosswalk(BLOCKS[1].encode(), "cross.yaml").rows) == 1
    assert load_yaml(BLOCKS[2].encode(), _Config, name="assay.yaml").regulation["eu-ai-act"].roles == ("provider",)


def test_every_key_is_on_the_page() -> None:
    for kind in (PackControl, Schedule):
        assert all(f"`{one.encode_name}`" in PAGE for one in msgspec.structs.fields(kind))


def test_every_framework_and_version_is_on_the_page() -> None:
    for framework, versions in OWN.items():
        assert f"| `{framework}` | {', '.join(versions)} |" in PAGE
