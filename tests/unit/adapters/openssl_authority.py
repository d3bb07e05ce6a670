"""A timestamp authority of our own, made with OpenSSL and served on the loopback interface."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = """
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class Authority:
    """Root, leaf and serial number of an authority, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "tsa.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf"]
        root = ["-x509", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Root", "-extensions", "root"]
        self.openssl("req", *new, *root)
        self.openssl("req", *new, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=Test authority")
        signed_by = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-extfile", "tsa.cnf"]
        self.openssl("x509", "-req", "-in", "leaf.csr", *signed_by, "-extensions", "leaf", "-out", "leaf.pem")

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=60)

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        signer = ["-signer", "leaf.pem", "-inkey", "leaf.key"]
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", *signer, "-out", "reply")
        return (self.folder / "reply").read_bytes()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, _Server)
        reply = self.server.authority.reply(query)
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


class _Server(HTTPServer):
    authority: Authority


@contextlib.contextmanager
def served(authority: Authority) -> Iterator[str]:
    """Serve an authority and yield its address."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.authority = authority
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsr"
        finally:
            server.shutdown()
            thread.join()
