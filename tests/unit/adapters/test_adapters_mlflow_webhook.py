"""A webhook is believed when its secret has signed it lately."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters.mlflow_webhook import LONGEST_AGE_S, MOST_BYTES, read_notice
from assay.errors import AssayError, InputError, RefusedError

SECRET, NOW = b"a webhook's secret", 1_800_000_000
ALIAS = {
    "entity": "model_version_alias", "action": "created", "timestamp": "2027-01-15T08:00:00+00:00",
    "data": {"name": "credit", "alias": "champion", "version": "3"},
}  # fmt: skip


def signed(body: bytes, *, secret: bytes = SECRET, at: str = str(NOW), delivery: str = "d-1") -> dict[str, str]:
    """Return the headers of a delivery, as MLflow 3.17 makes them (`mlflow.webhooks.delivery`)."""
    mac = hmac.new(secret, f"{delivery}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "x-mlflow-delivery-id": delivery, "x-mlflow-timestamp": at,
        "x-mlflow-signature": f"v1,{base64.b64encode(mac).decode()}",
    }  # fmt: skip


def test_a_delivery_is_read() -> None:
    body = json.dumps(ALIAS).encode()
    found = read_notice(body, signed(body), SECRET, at_s=NOW)
    assert (found.delivery, found.event, found.model) == ("d-1", "model_version_alias.created", "credit")


def test_an_event_after_which_nothing_new_serves_names_no_model() -> None:
    for entity, action in (("model_version_alias", "deleted"), ("prompt", "created"), ("budget_policy", "exceeded")):
        body = json.dumps({**ALIAS, "entity": entity, "action": action, "data": {}}).encode()
        assert read_notice(body, signed(body), SECRET, at_s=NOW).model is None


def test_another_secret_a_changed_body_and_another_time_are_refused() -> None:
    body = json.dumps(ALIAS).encode()
    with pytest.raises(RefusedError, match="found another signature"):
        read_notice(body, signed(body, secret=b"guessed"), SECRET, at_s=NOW)
    with pytest.raises(RefusedError, match="found another signature"):
        read_notice(body.replace(b"credit", b"others"), signed(body), SECRET, at_s=NOW)
    with pytest.raises(RefusedError, match="found another signature"):
        read_notice(body, {**signed(body), "x-mlflow-delivery-id": "d-2"}, SECRET, at_s=NOW)
    for late in (NOW - LONGEST_AGE_S - 1, NOW + LONGEST_AGE_S + 1):
        with pytest.raises(RefusedError, match="from another time"):
            read_notice(body, signed(body, at=str(late)), SECRET, at_s=NOW)
    assert read_notice(body, signed(body, at=str(NOW - LONGEST_AGE_S)), SECRET, at_s=NOW).model == "credit"


@pytest.mark.parametrize("missing", ["x-mlflow-delivery-id", "x-mlflow-timestamp", "x-mlflow-signature"])
def test_a_request_without_a_header_is_refused(missing: str) -> None:
    body = json.dumps(ALIAS).encode()
    headers = {name: value for name, value in signed(body).items() if name != missing}
    with pytest.raises(RefusedError):
        read_notice(body, headers, SECRET, at_s=NOW)


def test_what_is_signed_and_long_or_shapeless_is_refused() -> None:
    for body in (b"", b"[]", b"{}", b'"x"', b"\xff", b"[" * 100_000, json.dumps({**ALIAS, "data": []}).encode()):
        with pytest.raises(InputError, match="expected a delivery of MLflow"):
            read_notice(body, signed(body), SECRET, at_s=NOW)
    body = json.dumps({**ALIAS, "data": {"name": ["credit"]}}).encode()
    with pytest.raises(InputError, match=r"data\.name"):
        read_notice(body, signed(body), SECRET, at_s=NOW)
    long = b" " * (MOST_BYTES + 1)
    with pytest.raises(RefusedError):
        read_notice(long, signed(long), SECRET, at_s=NOW)


@given(body=st.binary(max_size=200), at=st.text(max_size=12), delivery=st.text(max_size=12), said=st.text(max_size=60))
def test_nothing_is_believed_unsigned(body: bytes, at: str, delivery: str, said: str) -> None:
    headers = {"x-mlflow-delivery-id": delivery, "x-mlflow-timestamp": at, "x-mlflow-signature": said}
    with pytest.raises(AssayError):
        read_notice(body, headers, SECRET, at_s=NOW)
