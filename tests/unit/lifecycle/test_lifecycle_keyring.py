"""Keys are made once, readable by their owner alone, and refused when others can read them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assay.attest.keys import generate_key
from assay.errors import InputError, StorageError, VerificationError
from assay.lifecycle.keyring import Keyring, read_public_key, read_public_keys

SOURCE = Path(__file__).parents[3] / "src"


def test_a_key_is_made_on_first_use_and_kept(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path / "state" / "keys")
    assert keyring.names() == ()
    assert keyring.public_keys() == frozenset()
    first = keyring.signer()
    assert keyring.signer().key_id == first.key_id
    assert keyring.signer("vera").key_id != first.key_id
    assert keyring.names() == ("default", "vera")
    assert keyring.public_keys() == {first.public, keyring.signer("vera").public}
    assert first.public.holds(first.sign(b"message"), b"message")


def test_modes_are_right_whatever_the_mask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Keyring(tmp_path / "keys").signer()
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()}
    assert modes == {"default.pem": 0o600, "default.pub": 0o644}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    keyring = Keyring(tmp_path)
    keyring.signer()
    (tmp_path / "default.pem").chmod(mode)
    with pytest.raises(InputError, match=f"chmod 600 {tmp_path / 'default.pem'}"):
        keyring.signer()


@pytest.mark.parametrize("name", ["", "../evil", ".hidden", "a/b", "x" * 65, "a b"])
def test_names_that_files_cannot_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="expected letters"):
        Keyring(tmp_path).signer(name)
    assert list(tmp_path.iterdir()) == []


def test_a_lost_public_key_is_written_again_and_a_false_one_refused(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    signer = keyring.signer()
    (tmp_path / "default.pub").unlink()
    keyring.signer()
    assert read_public_key(tmp_path / "default.pub") == signer.public
    (tmp_path / "default.pub").write_text(generate_key().public.pem())
    with pytest.raises(VerificationError, match="not the public half"):
        keyring.signer()


@pytest.mark.parametrize("content", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "default.pem").write_text(content)
    (tmp_path / "default.pem").chmod(0o600)
    with pytest.raises(InputError, match=r"default\.pem: expected an unencrypted private key"):
        Keyring(tmp_path).signer()


def test_public_keys_of_others_may_lie_beside(tmp_path: Path) -> None:
    other = generate_key().public
    (tmp_path / "vera.pub").write_text(other.pem())
    assert read_public_keys(tmp_path) == {"vera": other}
    assert Keyring(tmp_path).public_keys() == {other}
    assert Keyring(tmp_path).names() == ()
    (tmp_path / "rosa.pub").write_text("nonsense")
    with pytest.raises(InputError, match=r"rosa\.pub: expected a public key"):
        read_public_keys(tmp_path)
    with pytest.raises(InputError, match="found nothing there"):
        read_public_key(tmp_path / "nobody.pub")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="key default"):
        Keyring(tmp_path / "file" / "keys").signer()


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from assay.lifecycle.keyring import Keyring\n"
        "print(Keyring(Path(sys.argv[1])).signer().key_id)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "keys")]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = {process.communicate()[0] for process in running}
    assert len(told) == 1
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["default.pem", "default.pub"]
