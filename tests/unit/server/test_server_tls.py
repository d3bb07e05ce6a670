"""The server's own TLS: a pair that fits, one that does not, and one that is renewed while it runs."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from assay.errors import DocumentError, InputError
from assay.server import tls
from assay.server.home import Home
from assay.server.settings import Settings, Tls, read_settings

if TYPE_CHECKING:
    from pathlib import Path


def write_pair(folder: Path, name: str) -> None:
    """Write a certificate of a name, signed with its own key, and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    at = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    (folder / "tls.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "tls.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))


def home(folder: Path) -> Home:
    return Home(folder, Settings(tls=Tls(certificate="tls.crt", key="tls.key")))


def test_a_pair_that_fits_is_used_and_another_is_told(tmp_path: Path) -> None:
    write_pair(tmp_path, "one")
    assert tls.tls_files(home(tmp_path)) == (tmp_path / "tls.crt", tmp_path / "tls.key")
    key = (tmp_path / "tls.key").read_bytes()
    write_pair(tmp_path, "two")
    (tmp_path / "tls.key").write_bytes(key)
    with pytest.raises(InputError, match="tls: expected a certificate in"):
        tls.tls_files(home(tmp_path))
    (tmp_path / "tls.key").unlink()
    with pytest.raises(InputError, match="No such file"):
        tls.tls_files(home(tmp_path))
    assert tls.tls_files(Home(tmp_path, Settings())) is None


def shown(used: ssl.SSLContext) -> bytes:
    """Return the certificate that a server shows, by a handshake in memory."""
    asks = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asks.check_hostname, asks.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asks.wrap_bio(to_client, to_server)
    server = used.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found = client.getpeercert(binary_form=True)
    assert found is not None
    return found


def test_a_renewed_certificate_is_used_and_half_of_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "EVERY_SECONDS", 0.02)
    write_pair(tmp_path, "one")
    files = tls.tls_files(home(tmp_path))
    assert files is not None
    used = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    used.load_cert_chain(*files)
    first = shown(used)
    with tls.renewing(used, files):
        key = (tmp_path / "tls.key").read_bytes()
        write_pair(tmp_path, "two")
        right = (tmp_path / "tls.key").read_bytes()
        (tmp_path / "tls.key").write_bytes(key)
        time.sleep(0.2)
        (tmp_path / "tls.key").write_bytes(right)
        late = time.monotonic() + 10
        while shown(used) == first and time.monotonic() < late:
            time.sleep(0.02)
    second = ssl.PEM_cert_to_DER_cert((tmp_path / "tls.crt").read_text())
    assert shown(used) == second != first


def test_without_tls_nothing_is_watched() -> None:
    with tls.renewing(None, None):
        pass


def test_settings_of_tls_and_clusters_are_strict() -> None:
    assert read_settings(b"tls: {certificate: a, key: b}\nlisten: 0.0.0.0:8600\n").is_https
    for text, path in (
        (b"tls: {certificate: a}\n", "$.tls"),
        (b"clusters: {prod: {exempt: [{namespace: a}]}}\n", "$.clusters.prod.exempt[0]"),
        (b"clusters: {prod: {exempt: [{reason: a}]}}\n", "$.clusters.prod.exempt[0]"),
        (b"clusters: {'a b': {}}\n", "$.clusters"),
        (b"clusters: {prod: {exempted: []}}\n", "$.clusters.prod.exempted"),
    ):
        with pytest.raises(DocumentError) as refused:
            read_settings(text)
        assert [one.path for one in refused.value.problems] == [path], text
