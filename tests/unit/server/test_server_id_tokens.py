"""ID tokens against a real issuer: what holds, and every way in that must stay shut."""

from __future__ import annotations

import contextlib
import gzip
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from assay.errors import RefusedError, StorageError
from assay.server.signing_in.id_tokens import Issuer as Known
from assay.server.signing_in.id_tokens import fetch, require_tls
from token_issuer import Issuer, by_public_key, issuing, new_key, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = 1_790_000_000
US = "https://assay.example.org"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as started:
        yield started


def claims(issuer: Issuer, **changed: object) -> dict[str, Any]:
    said: dict[str, object] = {"iss": issuer.url, "aud": US, "sub": "job-1", "iat": AT, "exp": AT + 300}
    return {key: value for key, value in (said | changed).items() if value is not None}


def test_a_token_that_holds(issuer: Issuer) -> None:
    token = issuer.token(claims(issuer, nbf=AT))
    assert Known(issuer.url).claims(token, audience=US, at=AT) == claims(issuer, nbf=AT)


@pytest.mark.parametrize(
    ("kind", "alg"),
    [("RSA", "RS256"), ("RSA", "RS512"), ("RSA", "PS256"), ("EC", "ES256"), ("OKP", "EdDSA"), ("OKP", "Ed25519")],
)
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_each_algorithm_of_the_list(issuer: Issuer, kind: str, alg: str) -> None:
    issuer.keys = [new_key("RSA", "other"), new_key(kind, "mine")]
    assert Known(issuer.url).claims(issuer.token(claims(issuer), alg=alg), audience=US, at=AT)["sub"] == "job-1"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"iss": "https://evil.example"}, "expected an ID token of"),
        ({"aud": "https://other.example"}, "found one for another"),
        ({"aud": None}, "found one for another"),
        ({"aud": [US, "https://other.example"]}, "that another did"),
        ({"azp": "https://other.example"}, "that another did"),
        ({"exp": AT - 61}, "has expired"),
        ({"exp": None}, "exp as a number"),
        ({"exp": "never"}, "exp as a number"),
        ({"exp": True}, "exp as a number"),
        ({"iat": None}, "iat as a number"),
        ({"iat": AT + 61}, "of the future"),
        ({"nbf": AT + 61}, "of the future"),
        ({"sub": None}, "whose it is"),
        ({"sub": ""}, "whose it is"),
        ({"sub": 7}, "whose it is"),
    ],
)
def test_claims_that_do_not_hold(issuer: Issuer, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        Known(issuer.url).claims(issuer.token(claims(issuer, **changed)), audience=US, at=AT)


def test_clocks_may_differ_by_a_minute(issuer: Issuer) -> None:
    token = issuer.token(claims(issuer, iat=AT + 59, exp=AT - 59))
    assert Known(issuer.url).claims(token, audience=US, at=AT)


def forged(issuer: Issuer, how: str) -> str:
    said, own = claims(issuer), new_key("RSA", "k1")
    head, _, signature = issuer.token(said).split(".")
    return {
        "none": unsigned(said, {"alg": "none"}),
        "none-with-kid": unsigned(said, {"alg": "NonE", "kid": "k1"}),
        "hmac-with-the-public-key": by_public_key(said, issuer.keys[0]),
        "another-key-of-that-name": issuer.token(said, key=own),
        "a-key-in-the-header": issuer.token(said, key=own, jwk=own.as_dict(private=False)),
        "other-claims": ".".join([head, unsigned(claims(issuer, sub="admin"), {}).split(".")[1], signature]),
        "signature-cut": issuer.token(said)[:-8],
        "words": "not a token", "empty": "", "dots": "..", "long": "a" * 20_000, "binary": "\x00.\xff.é",
    }[how]  # fmt: skip


@pytest.mark.parametrize(
    "how",
    [
        "none", "none-with-kid", "hmac-with-the-public-key", "another-key-of-that-name", "a-key-in-the-header",
        "other-claims", "signature-cut", "words", "empty", "dots", "long", "binary",
    ],
)  # fmt: skip
def test_what_is_forged_is_refused(issuer: Issuer, how: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        Known(issuer.url).claims(forged(issuer, how), audience=US, at=AT)
    assert "job-1" not in str(refusal.value)


def test_a_short_key_is_no_key(issuer: Issuer) -> None:
    with pytest.warns(Warning, match="2048"):
        issuer.keys = [new_key("RSA", "k1", 1024)]
    with pytest.warns(Warning, match="2048"), pytest.raises(RefusedError, match="names none of its keys"):
        Known(issuer.url).claims(issuer.token(claims(issuer)), audience=US, at=AT)


def test_a_new_key_is_found_and_forged_names_ask_seldom(issuer: Issuer) -> None:
    seconds = [100.0]
    known = Known(issuer.url, clock=lambda: seconds[0])
    known.claims(issuer.token(claims(issuer)), audience=US, at=AT)
    issuer.keys.append(new_key("RSA", "k2"))
    seconds[0] += 11
    known.claims(issuer.token(claims(issuer)), audience=US, at=AT)
    assert issuer.asked == {"discovery": 1, "keys": 2}
    for number in range(20):
        with pytest.raises(RefusedError):
            known.claims(issuer.token(claims(issuer), key=new_key("EC", f"x{number}"), alg="ES256"), audience=US, at=AT)
    assert issuer.asked["keys"] == 2, "ten seconds were not over"


def test_a_key_that_the_issuer_took_back_holds_for_ten_minutes_at_most(issuer: Issuer) -> None:
    seconds = [100.0]
    known, token = Known(issuer.url, clock=lambda: seconds[0]), issuer.token(claims(issuer))
    known.claims(token, audience=US, at=AT)
    issuer.keys = [new_key("RSA", "k2")]
    seconds[0] += 601
    with pytest.raises(RefusedError):
        known.claims(token, audience=US, at=AT)


def test_an_issuer_that_is_down_is_told_and_its_keys_hold_for_an_hour(issuer: Issuer) -> None:
    seconds = [100.0]
    known, token = Known(issuer.url, clock=lambda: seconds[0]), issuer.token(claims(issuer))
    known.claims(token, audience=US, at=AT)
    issuer.broken = True
    seconds[0] += 3_000
    known.claims(token, audience=US, at=AT)
    seconds[0] += 700
    with pytest.raises(StorageError, match="status 503"):
        known.claims(token, audience=US, at=AT)


def test_nobody_listens(issuer: Issuer) -> None:
    del issuer
    with pytest.raises(StorageError, match="expected an answer, found none"):
        Known("http://127.0.0.1:9").metadata()


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"jwks_uri": None},
        {"jwks_uri": "http://evil.example/keys"}, {"jwks_uri": "file:///etc/passwd"}, {"token_endpoint": "ftp://x"},
    ],
)  # fmt: skip
def test_a_discovery_document_of_another_or_without_tls_is_refused(issuer: Issuer, says: dict[str, Any]) -> None:
    issuer.says = says
    with pytest.raises(RefusedError):
        Known(issuer.url).metadata()


@pytest.mark.parametrize("url", ["http://10.0.0.1/keys", "http://localhost.evil.example/", "gopher://127.0.0.1", 7])
def test_addresses_without_tls(url: object) -> None:
    with pytest.raises(RefusedError, match="expected an https address"):
        require_tls(url)


def test_an_answer_that_would_unfold_is_not_unfolded() -> None:
    bomb = gzip.compress(b'{"issuer": "' + b"0" * 50_000_000 + b'"}')

    class Unfolds(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(bomb)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(bomb)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Unfolds) as provider:
        thread = threading.Thread(target=provider.serve_forever)
        thread.start()
        tracemalloc.start()
        try:
            with pytest.raises(RefusedError, match="expected a JSON document, found something else"):
                fetch(f"http://127.0.0.1:{provider.server_port}/")
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()
            provider.shutdown()
            thread.join()
