"""A cluster asks over TLS: a real process, a CA of our own, the review that a real API server sent, many at once."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from admission_home import CLUSTER, DENIED_IMAGE, GOOD_IMAGE, released_home, review, secret_for
from assay.adapters.standing_here import open_standing_trail
from assay.server.cluster_gate import ANSWER_SECONDS
from assay.server.entrance import open_entrance
from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.service

GENUINE = Path(__file__).parents[3] / "shared/data/admissionreview.json"
NAME = "assay.assay.svc"
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def write_certificates(folder: Path) -> Path:
    """Write a CA of our own, and a certificate of it for the server's name in a cluster; return the CA's file."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    at = datetime.now(UTC) - timedelta(minutes=1)

    def made(subject: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_named(subject))
            .issuer_name(_named("test CA"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at)
            .not_valid_after(at + timedelta(hours=1))
        )

    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    known = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    authority = (
        made("test CA", ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(known, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        made(NAME, key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(leaf.public_bytes(PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(PEM, PKCS8, serialization.NoEncryption()))
    (folder / "ca.crt").write_bytes(authority.public_bytes(PEM))
    return folder / "ca.crt"


@dataclass(frozen=True)
class Webhook:
    """The server as the API server of a cluster sees it."""

    root: Path
    port: int
    secret: str
    authority: Path

    def client(self) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self.authority))
        return httpx.Client(verify=trusted, timeout=20.0, trust_env=False)

    def post(self, client: httpx.Client, content: dict[str, Any] | bytes) -> dict[str, Any]:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        answered = client.post(
            f"https://127.0.0.1:{self.port}/api/v1/admission/{CLUSTER}/{self.secret}", content=body,
            headers={"content-type": "application/json", "host": NAME}, extensions={"sni_hostname": NAME},
        )  # fmt: skip
        assert answered.status_code == 200, answered.text
        found: dict[str, Any] = answered.json()["response"]
        return found


@contextmanager
def serving(tmp_path: Path) -> Iterator[Webhook]:
    """Run a server with a released model until the test has asked it."""
    port = free_port()
    settings = f"listen: 127.0.0.1:{port}\ntls: {{certificate: tls.crt, key: tls.key}}\n"
    home = released_home(tmp_path, settings).home
    authority = write_certificates(home.root)
    entrance = open_entrance(home)
    secret = secret_for(entrance)
    entrance.close()
    said = tmp_path / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "assay", "serve", str(home.root)], stdout=out, stderr=out, env=os.environ
        )
    try:
        late = time.monotonic() + 60
        while True:
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < late, said.read_text()
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Webhook(home.root, port, secret, authority)
    finally:
        process.terminate()
        process.wait(30)
    assert secret not in said.read_text()


@pytest.fixture
def webhook(tmp_path: Path) -> Iterator[Webhook]:
    with serving(tmp_path) as found:
        yield found


def told(root: Path) -> list[Any]:
    """Return what of admission stands in the log, once the process has ended or a moment later."""
    trail = open_standing_trail(root)
    try:
        trail.refresh()
        return [fact.said for fact in trail.view().facts_as_logged("admission.decided", "admission.counted")]
    finally:
        trail.close()


def test_the_genuine_review_is_answered_over_tls(webhook: Webhook) -> None:
    if not GENUINE.exists():
        pytest.skip("the review that a real cluster sent is not at hand (../shared/data/admissionreview.json)")
    with webhook.client() as client:
        found = webhook.post(client, GENUINE.read_bytes())
    assert found["uid"] == "4c2a4c5d-d994-42c4-ae09-2e824976608b"
    assert found["allowed"] is False
    assert found["status"]["code"] == 403
    message = found["status"]["message"]
    assert message.startswith(
        "Assay: Deployment default/bad may not run in prod-eu:\ncontainer 'c', image x: pin it by "
    )
    genuine = json.loads(GENUINE.read_bytes())
    containers = genuine["request"]["object"]["spec"]["template"]["spec"]["containers"]
    containers[0]["image"] = f"registry.example.com/small@sha256:{GOOD_IMAGE}"
    with webhook.client() as client:
        assert webhook.post(client, genuine)["allowed"] is True


def test_who_does_not_know_the_authority_does_not_speak_to_it(webhook: Webhook) -> None:
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        client.get(f"https://127.0.0.1:{webhook.port}/health", extensions={"sni_hostname": NAME})


def test_many_at_once_are_each_answered_rightly_and_in_time(webhook: Webhook) -> None:
    def ask(number: int) -> tuple[str, float]:
        image = (GOOD_IMAGE, DENIED_IMAGE)[number % 2]
        with webhook.client() as client:
            begun = time.monotonic()
            found = webhook.post(client, review(image, uid=f"u-{number}"))
            assert found["uid"] == f"u-{number}"
            right = found["allowed"] is (number % 2 == 0)
            return "" if right else str(found.get("status", "let in")), time.monotonic() - begun

    assert [ask(number)[0] for number in (0, 1)] == ["", ""]  # the first of each kind reads what the others find read
    with ThreadPoolExecutor(16) as many:
        answered = list(many.map(ask, range(200)))
    assert [wrong for wrong, _ in answered if wrong] == []
    assert max(seconds for _, seconds in answered) < ANSWER_SECONDS + 2


def test_while_the_database_is_held_by_somebody_else_the_answer_is_no_and_in_time(webhook: Webhook) -> None:
    with webhook.client() as client, closing(sqlite3.connect(webhook.root / "server.db", isolation_level=None)) as held:
        assert webhook.post(client, review(GOOD_IMAGE))["allowed"] is True
        held.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        found = webhook.post(client, review(DENIED_IMAGE))
        assert found["allowed"] is False
        assert time.monotonic() - begun < ANSWER_SECONDS + 1.5
        held.execute("ROLLBACK")
        assert webhook.post(client, review(GOOD_IMAGE))["allowed"] is True


def test_what_was_answered_stands_in_the_log_after_the_process_has_ended(tmp_path: Path) -> None:
    with serving(tmp_path) as webhook, webhook.client() as client:
        for _ in range(3):
            webhook.post(client, review(GOOD_IMAGE))
            webhook.post(client, review(DENIED_IMAGE))
    denied, counted = told(webhook.root)
    assert (denied.outcome, denied.version) == ("denied", "2")
    assert (counted.allowed, counted.denied_again) == (3, 2)
