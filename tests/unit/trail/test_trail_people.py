from __future__ import annotations

import base64
import json

import pytest

from assay.errors import VerificationError
from assay.trail.events import make_event
from assay.trail.examples import AT
from assay.trail.people import commit, commitment_of, open_commitment
from conformance.trail_vectors import group


def test_the_published_disclosure_has_the_published_digest() -> None:
    vector = group("sd_disclosure")
    assert commitment_of(vector["disclosure"]) == vector["digest_b64url"]
    opened = open_commitment(vector["digest_b64url"], vector["disclosure"])
    assert [opened.salt, opened.name, opened.value] == json.loads(base64.urlsafe_b64decode(vector["disclosure"] + "=="))


def test_a_commitment_opens_with_its_disclosure_alone() -> None:
    disclosure = commit("by", "Věra", b"s" * 16)
    assert open_commitment(disclosure.commitment, disclosure.text) == disclosure
    event = make_event("monitor.ack", {"alert": "a", "by": disclosure.commitment}, claimed_at=AT)
    assert event.fields.by == disclosure.commitment
    for other in (commit("by", "Věra", b"t" * 16), commit("by", "Vera", b"s" * 16), commit("to", "Věra", b"s" * 16)):
        assert other.commitment != disclosure.commitment
        with pytest.raises(VerificationError, match="another's"):
            open_commitment(disclosure.commitment, other.text)


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        commit("by", "vera", b"s" * 15)


@pytest.mark.parametrize("text", ["", "é", "%%%", "e30", "WzEsMiwzXQ", "WyJhIiwiYiJd", "bm90IGpzb24"])
def test_what_is_no_disclosure_is_told(text: str) -> None:
    with pytest.raises(VerificationError, match="disclosure"):
        open_commitment("x" * 43, text)
