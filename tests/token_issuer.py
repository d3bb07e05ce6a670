"""A real issuer of ID tokens on this machine: discovery and keys over HTTP, tokens signed with them, or wrongly."""

from __future__ import annotations

import contextlib
import hmac
import json
import threading
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator

Key = RSAKey | ECKey | OKPKey


class Issuer:
    """An issuer, its keys, and how often it was asked for them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: list[Key] = [new_key("RSA", "k1")]
        self.asked = {"discovery": 0, "keys": 0}
        self.says: dict[str, Any] = {}
        self.broken = False

    def token(self, claims: dict[str, Any], *, key: Key | None = None, alg: str = "RS256", **header: Any) -> str:  # noqa: ANN401 - a header holds anything
        signer = key or self.keys[-1]
        return jwt.encode({"alg": alg, "kid": signer.kid, **header}, claims, signer, algorithms=[alg])

    def documents(self) -> dict[str, dict[str, Any]]:
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url, "jwks_uri": f"{self.url}/keys", "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", **self.says,
            },
            "/keys": {"keys": [key.as_dict(private=False) for key in self.keys]},
        }  # fmt: skip


def new_key(kind: str, kid: str, size: int = 2048) -> Key:
    parameters: Any = {"kid": kid, "use": "sig"}
    if kind == "RSA":
        return RSAKey.generate_key(size, parameters)
    return ECKey.generate_key("P-256", parameters) if kind == "EC" else OKPKey.generate_key("Ed25519", parameters)


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """Return a token that nobody signed."""
    return ".".join([_part(json.dumps(header).encode()), _part(json.dumps(claims).encode()), ""])


def by_public_key(claims: dict[str, Any], key: Key) -> str:
    """Return a token whose HMAC has the public key as its secret."""
    signed = unsigned(claims, {"alg": "HS256", "kid": key.kid}).rstrip(".")
    return f"{signed}.{_part(hmac.digest(key.as_pem(private=False), signed.encode(), 'sha256'))}"


def _part(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@contextlib.contextmanager
def issuing() -> Iterator[Issuer]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            which = "keys" if self.path == "/keys" else "discovery"
            issuer.asked[which] += 1
            found = issuer.documents().get(self.path)
            content = json.dumps(found).encode()
            self.send_response(503 if issuer.broken else 200 if found else 404)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
