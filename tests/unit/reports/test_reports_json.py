from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from assay.records.canonical import parse_record
from assay.reports.json_report import Report, schema, schema_json, to_json
from unit.reports.mortgage_release import release

VALIDATOR = Draft202012Validator(schema())


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert json.loads(schema_json()) == schema()


def test_report_fits_its_schema_and_reads_back_as_the_same_records() -> None:
    found = release()
    VALIDATOR.validate(json.loads(to_json(found)))
    read = parse_record(to_json(found).encode(), Report, name="report.json")
    assert (read.verdict, read.evidence, read.card) == (found.verdict, found.evidence, found.card)
    assert read.exit_code == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict", "decision"), "maybe"),
        (("evidence", "rows"), "many"),
        (("verdict", "surprise"), 1),
        (("exit_code",), 2),
    ],
)
def test_schema_refuses_what_the_records_refuse(path: tuple[str, ...], value: object) -> None:
    document = json.loads(to_json(release()))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document)
