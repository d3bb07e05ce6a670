"""A log written by `assay log` is accepted by a client that none of us wrote: the Go project's note and tlog packages.

They are Debian's golang-golang-x-mod-dev, built here with Debian's Go by a small program that maps their tiles to the
paths of C2SP tlog-tiles. The same client refuses wrong bytes wherever they stand.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
CLIENT = Path(__file__).parent / "go_client" / "client.go"
PACKAGES = Path("/usr/share/gocode")
ORIGIN = "logs.example.com/credit"

pytestmark = pytest.mark.service


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the client."""
    if shutil.which("go") is None or not (PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("needs Go and its client: apt-get install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go-client")
    environment = {
        **os.environ, "GO111MODULE": "off", "GOPATH": str(PACKAGES), "GOCACHE": str(folder / "cache"), "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }  # fmt: skip
    built = folder / "client"
    subprocess.run(["go", "build", "-o", built, CLIENT], env=environment, cwd=folder, check=True, timeout=300)
    return built


def assay_log(folder: Path, *arguments: str, given: bytes = b"") -> str:
    code = "import sys; from assay.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "log", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(SOURCE)}, input=given, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def entries(size: int) -> list[bytes]:
    """Return entries of many lengths; none holds a line feed."""
    return [b"entry %d " % number + b"x" * (number * 7 % 200) for number in range(size)]


def make(folder: Path, size: int) -> str:
    """Write a log of a size by the command line, in three steps, and return its verifier key."""
    assay_log(folder, "init", "L", "--origin", ORIGIN)
    first = max(1, size // 3)
    for part in (entries(size)[:first], entries(size)[first : size - 1], entries(size)[max(first, size - 1) :]):
        if part:
            assay_log(folder, "append", "L", "--lines", "-", given=b"\n".join(part) + b"\n")
    return assay_log(folder, "vkey", "L").strip()


def say(client: Path, folder: Path, vkey: str, *files: Path) -> tuple[int, str]:
    done = subprocess.run(
        [client, folder / "L", vkey, *files], capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 70_000])
def test_the_client_accepts_the_log_and_its_proofs(client: Path, tmp_path: Path, size: int) -> None:
    vkey = make(tmp_path, size)
    files: list[Path] = []
    for index in sorted({0, size // 2, size - 1}):
        proof, entry = tmp_path / f"{index}.tlog-proof", tmp_path / f"{index}.entry"
        assay_log(tmp_path, "prove", "L", str(index), "-o", str(proof))
        entry.write_bytes(entries(size)[index])
        files += [proof, entry]
    assert say(client, tmp_path, vkey, *files) == (0, f"accepted {ORIGIN} {size}\n")
    if size > 1:
        swapped = [files[0], files[3], files[2], files[1]]
        assert say(client, tmp_path, vkey, *swapped)[0] == 1


def test_the_client_refuses_wrong_bytes_wherever_they_stand(client: Path, tmp_path: Path) -> None:
    assay_log(tmp_path, "init", "L", "--origin", ORIGIN)
    assay_log(tmp_path, "append", "L", "--lines", "-", given=b"\n".join(entries(300)))
    vkey = assay_log(tmp_path, "vkey", "L").strip()
    paths = sorted(path for path in (tmp_path / "L").rglob("*") if path.is_file())
    assert len(paths) == 1 + 2 + 1 + 2  # checkpoint; leaf tiles, their parent, and bundles, full and partial
    for path in paths:
        content = path.read_bytes()
        for place in {0, 1, len(content) // 3, len(content) // 2, len(content) - 2}:
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            code, said = say(client, tmp_path, vkey)
            assert code != 0, f"accepted: {path.name}, byte {place}: {said}"
        path.write_bytes(content[:-1])
        assert say(client, tmp_path, vkey)[0] != 0, f"accepted: {path.name}, cut"
        path.unlink()
        assert say(client, tmp_path, vkey)[0] != 0, f"accepted without {path.name}"
        path.write_bytes(content)
    assert say(client, tmp_path, vkey) == (0, f"accepted {ORIGIN} 300\n")


def test_the_client_refuses_another_logs_key(client: Path, tmp_path: Path) -> None:
    make(tmp_path, 3)
    other = tmp_path / "other"
    other.mkdir()
    assay_log(other, "init", "L", "--origin", ORIGIN)
    code, said = say(client, tmp_path, assay_log(other, "vkey", "L").strip())
    assert (code, "checkpoint" in said) == (1, True)
