"""What `server.yaml` says of registries, and how their secrets are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.errors import DocumentError, InputError
from assay.server.registry_section import read_secret
from assay.server.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_registries_are_read() -> None:
    found = read_settings(
        b"registries:\n  production:\n    url: https://mlflow.internal\n    aliases: [champion]\n"
        b"    names: {loans: mortgage-approval}\n  other: {}\n"
    ).registries
    assert found["production"].guards_alias("Champion")
    assert not found["production"].guards_alias("try")
    assert found["production"].holds("loans", "mortgage-approval")
    assert (found["other"].url, found["other"].poll_minutes, found["other"].guards_alias("try")) == (None, 15, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{a/b: {}}", "expected a name of letters"),
        ("{a: {url: 'ftp://x'}}", "expected one like https://"),
        ("{a: {url: 'https://user:secret@x'}}", "expected one like https://"),
        ("{a: {webhook_secret_file: s}}", "expected url with it"),
        ("{a: {poll_minutes: -1}}", "expected 0 to 1440"),
        ("{a: {alias: [champion]}}", "alias"),
    ],
)
def test_wrong_registries_are_refused(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        read_settings(f"registries: {text}\n".encode())


def test_a_secret_is_not_for_everybody(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    with pytest.raises(InputError, match="cannot be read"):
        read_secret("secret", tmp_path)
    secret.write_text("\n")
    secret.chmod(0o600)
    with pytest.raises(InputError, match="found none"):
        read_secret("secret", tmp_path)
    secret.write_text("s3cret\n")
    assert read_secret("secret", tmp_path) == b"s3cret"
    secret.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600") as refused:
        read_secret(str(secret), tmp_path)
    assert "s3cret" not in str(refused.value)
