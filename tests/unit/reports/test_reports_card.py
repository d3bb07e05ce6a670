from __future__ import annotations

import pytest

from assay.errors import DocumentError
from assay.records.measurement import Measurement, Over
from assay.reports.card import ONLY_PEOPLE, Card, examine, is_placeholder, read_card
from assay.reports.starter_card import starter_card
from unit.reports.mortgage_counts import CARD, card, measurements

EVIDENCE = (
    Measurement(metric="accuracy", value=0.8929, interval=(0.87, 0.91), n=1989, unit="rate"),
    Measurement(metric="accuracy", group={"race": "black"}, value=0.81, n=197, unit="rate"),
    Measurement(metric="roc_auc", value=0.812, n=1989, unit="score"),
    Measurement(metric="true_positive_rate", value=0.94, n=1700, unit="rate"),
    Measurement(metric="false_positive_rate", value=None, n=0, unit="rate", reason="no negatives"),
    Measurement(
        metric="demographic_parity_difference", over=Over(attribute="race"), value=0.237, n=1989, unit="difference"
    ),
)


def with_text(text: str) -> Card:
    return read_card(f"metrics:\n  measures: '{text}'\n".encode(), "card.yaml")


def contradicted(text: str) -> tuple[str, ...]:
    return examine(with_text(text), EVIDENCE).contradictions


def test_whole_card_lacks_nothing() -> None:
    found = examine(card(), measurements(), sha256="ab" * 32)
    assert found.sha256 == "ab" * 32
    assert found.present == tuple(ONLY_PEOPLE)
    assert not found.missing
    assert not found.placeholders
    assert not found.contradictions


def test_no_card_lacks_every_section() -> None:
    assert examine(None, ()).missing == tuple(ONLY_PEOPLE)


def test_empty_card_lacks_every_section() -> None:
    assert examine(Card(), ()).missing == tuple(ONLY_PEOPLE)


def test_missing_field_is_named_within_its_section() -> None:
    without = CARD.replace("  contact: models@lender.bank\n", "")
    assert examine(read_card(without.encode(), "card.yaml"), measurements()).missing == ("model_details.contact",)


def test_starter_card_parses_and_every_answer_in_it_fails() -> None:
    found = examine(read_card(starter_card("mortgage", ["race"]).encode(), "card.yaml"), measurements())
    assert found.missing == tuple(ONLY_PEOPLE)
    assert len(found.placeholders) == sum(len(fields) for fields in ONLY_PEOPLE.values())


@pytest.mark.parametrize("name", ["a\nb: c", "x # y", "{0}", "*a"])
def test_starter_card_parses_whatever_the_name(name: str) -> None:
    assert read_card(starter_card(name, [name]).encode(), "card.yaml") == read_card(starter_card("m").encode(), "c")


@pytest.mark.parametrize(
    "text",
    [
        "TODO",
        "TODO: write this",
        "to be determined: TBD",
        "tbd",
        "...",
        "\u2026",
        "---",
        "?",
        "",
        "  ",
        "<name>",
        "Made by <your organisation>",
        "Lorem ipsum dolor",
        "Fill in later",
        "fill this in",
        "[More Information Needed]",
        "XXX",
        "FIXME",
        "N/A",
        "n/a",
        "your name here",
        "someone@example.com",
        "{{ owner }}",
        "replace me",
        "Coming soon",
    ],
)
def test_placeholder_is_found(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        "N/A: the model sees no personal data, because every input is a street.",
        "None are known.",
        "a < b and c > d",
        "Questions to <models@lender.bank>",
        "See <https://lender.bank/models>",
        "The form was filled in by the applicant's bank",
        "Scores, thresholds ... and all that",
        "todos los clientes",
        "Applicants fill in three forms.",
    ],
)
def test_words_are_not_a_placeholder(text: str) -> None:
    assert not is_placeholder(text)


def test_unknown_keys_are_all_told_with_a_suggestion() -> None:
    with pytest.raises(DocumentError) as caught:
        read_card(b"intended_uses:\n  primary_uses: x\nmetrics:\n  measure: y\n", "card.yaml")
    assert len(caught.value.problems) == 2
    assert "did you mean 'intended_use'" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "It reaches an accuracy of 0.95.",
        "Accuracy is 95 %.",
        "95% accuracy on the test data.",
        "accuracy: 0.95",
        "An accuracy of at least 0.9 was seen.",
        "The AUC is 0.9.",
        "Recall was 0.99",
        "ROC AUC = 0.85.",
        "Accuracy for black applicants is 0.89.",
        "The true positive rate is below 0.5.",
        "0.95 accuracy",
        "Its demographic parity difference is 0.05.",
        "Accuracy is 95 percent; all is well.",
        "accuracy of 0.880",
    ],
)
def test_number_in_prose_that_contradicts_the_evidence_is_found(text: str) -> None:
    (found,) = contradicted(text)
    assert found.startswith("$.metrics.measures: claims ")
    assert "was measured" in found


@pytest.mark.parametrize(
    "text",
    [
        "It reaches an accuracy of 0.89.",
        "Accuracy is 89 %.",
        "An accuracy of at least 0.85 was seen.",
        "AUC 0.81",
        "The limit of accuracy is 0.95.",
        "Accuracy must exceed 0.95.",
        "The previous accuracy was 0.7.",
        "Accuracy for black applicants is 0.81.",
        "The score 0.95 is high. Accuracy matters.",
        "Accuracy, see section 3.",
        "It was measured in 2026 with care for accuracy.",
        "Inaccuracy of 0.5 is bad.",
        "False positive rate of 0.5",
        "Its demographic parity difference is 0.24.",
        "Accuracy is 0.893 and ROC AUC is 0.812.",
    ],
)
def test_number_in_prose_that_agrees_or_claims_nothing_is_left_alone(text: str) -> None:
    assert contradicted(text) == ()


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("{metric: accuracy, value: 0.95}", "0.893 was measured"),
        ("{metric: acuracy, value: 0.89}", "did you mean 'accuracy'"),
        ("{metric: accuracy, group: {race: martian}, value: 0.9}", "was not measured there"),
        ("{metric: false_positive_rate, value: 0.1}", "no negatives"),
        ("{metric: demographic_parity_difference, over: race, value: 0.1}", "0.237 was measured"),
        ("{metric: accuracy, group: {race: black}, value: 0.83, tolerance: 0.01}", "0.810 was measured"),
    ],
)
def test_false_claim_is_contradicted(claim: str, expected: str) -> None:
    (found,) = examine(read_card(f"claims: [{claim}]".encode(), "card.yaml"), EVIDENCE).contradictions
    assert expected in found
    assert found.startswith("$.claims[0]: ")


@pytest.mark.parametrize(
    "claim",
    [
        "{metric: accuracy, value: 0.89}",
        "{metric: accuracy, group: {race: black}, value: 0.83, tolerance: 0.02}",
        "{metric: demographic_parity_difference, over: race, value: 0.237}",
    ],
)
def test_true_claim_stands(claim: str) -> None:
    assert not examine(read_card(f"claims: [{claim}]".encode(), "card.yaml"), EVIDENCE).contradictions
