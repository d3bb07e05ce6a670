"""A real Kubernetes API server with its etcd on this machine, for as long as a test asks it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT = Path(__file__).parents[2] / ".venv" / "kubernetes"
"""Where `.ci/kubernetes` puts the programs."""

_SECONDS = 120.0


@dataclass(frozen=True)
class Cluster:
    """The API server, as an administrator of the cluster asks it."""

    client: httpx.Client

    def apply(self, path: str, content: dict[str, Any], *, dry: bool = False) -> httpx.Response:
        return self.client.post(path, json=content, params={"dryRun": "All"} if dry else None)


def programs() -> tuple[str, str]:
    """Return API server and etcd; the test is skipped where one of them is not at hand."""
    found = [shutil.which(name, path=f"{BUILT}{os.pathsep}{os.environ['PATH']}") for name in ("kube-apiserver", "etcd")]
    if found[0] is None or found[1] is None:
        pytest.skip("kube-apiserver and etcd are not at hand (.ci/kubernetes builds the one and fetches the other)")
    return found[0], found[1]


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run an API server on an empty etcd until the block ends."""
    server, etcd = programs()
    folder.mkdir()
    peers, clients, port, token = free_port(), free_port(), free_port(), secrets.token_hex(16)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "accounts.key").write_bytes(key.private_bytes(*form))
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    stored, asked = f"http://127.0.0.1:{clients}", f"https://127.0.0.1:{port}"
    with contextlib.ExitStack() as running:
        running.enter_context(_running(folder / "etcd.txt", [
            etcd, "--data-dir", str(folder / "etcd"), "--listen-client-urls", stored, "--advertise-client-urls", stored,
            "--listen-peer-urls", f"http://127.0.0.1:{peers}", "--initial-advertise-peer-urls",
            f"http://127.0.0.1:{peers}", "--initial-cluster", f"default=http://127.0.0.1:{peers}",
        ]))  # fmt: skip
        running.enter_context(_running(folder / "server.txt", [
            server, "--etcd-servers", stored, "--bind-address", "127.0.0.1", "--secure-port", str(port),
            "--cert-dir", str(folder / "tls"), "--token-auth-file", str(folder / "tokens.csv"),
            "--service-account-key-file", str(folder / "accounts.key"),
            "--service-account-signing-key-file", str(folder / "accounts.key"),
            "--service-account-issuer", asked, "--service-cluster-ip-range", "10.0.0.0/24",
            "--disable-admission-plugins", "ServiceAccount", "--authorization-mode", "RBAC",
        ]))  # fmt: skip
        yield Cluster(running.enter_context(contextlib.closing(_client(asked, token, folder))))


@contextlib.contextmanager
def _running(said: Path, command: list[str]) -> Iterator[None]:
    with said.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _client(asked: str, token: str, folder: Path) -> httpx.Client:
    """Return a client that trusts the certificate that the server has made for itself, once it is ready."""
    end, made = time.monotonic() + _SECONDS, folder / "tls" / "apiserver.crt"
    while time.monotonic() < end:
        if made.is_file():
            trusted = ssl.create_default_context(cafile=str(made))
            trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT  # it is older than what Python has come to ask for
            client = httpx.Client(
                base_url=asked, verify=trusted, trust_env=False, headers={"authorization": f"Bearer {token}"}
            )
            with contextlib.suppress(httpx.HTTPError):
                if client.get("/readyz").status_code == httpx.codes.OK:
                    return client  # whoever asked closes it
            client.close()
        time.sleep(0.3)
    raise RuntimeError(f"the API server was not ready in {_SECONDS} s: {(folder / 'server.txt').read_text()[-2000:]}")
