"""Azure Blob Storage through Microsoft's client: Azurite for the conditions, and, if asked for, the service itself.

Azurite (an emulator from npm) enforces conditional writes and nothing of immutability, so it proves those alone; the
rules of immutability are run against the service (`docs/how-to/publish-to-azure.md`).
"""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from assay.adapters.azure_container import BlobContainer, connect
from azure_scenarios import CONDITIONS, SCENARIOS, AzureStore
from live_server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOUD_URL, CLOUD_LOCKED, CLOUD_MUTABLE = (
    "ASSAY_AZURE_TEST_ACCOUNT_URL", "ASSAY_AZURE_TEST_LOCKED", "ASSAY_AZURE_TEST_MUTABLE",
)  # fmt: skip
PATIENCE_S = 60

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Azurite on loopback, and give its connection string."""
    pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed")
    program = os.environ.get("ASSAY_AZURITE") or shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not installed: npm install azurite, and ASSAY_AZURITE=.../bin/azurite-blob")
    folder, port = tmp_path_factory.mktemp("azurite"), free_port()
    key = base64.b64encode(b"a key that is made for this test alone").decode()
    options = ["--silent", "--blobHost", "127.0.0.1", "--blobPort", str(port), "--skipApiVersionCheck",
               "--location", str(folder), "--disableTelemetry"]  # fmt: skip
    process = subprocess.Popen([program, *options], env={**os.environ, "AZURITE_ACCOUNTS": f"assay:{key}"}, cwd=folder)
    try:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("Azurite does not answer")
        yield (
            f"DefaultEndpointsProtocol=http;AccountName=assay;AccountKey={key};"
            f"BlobEndpoint=http://127.0.0.1:{port}/assay;"
        )
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("scenario", CONDITIONS, ids=lambda one: one.__name__)
def test_azurite_keeps_the_conditions(scenario: Callable[[AzureStore], None], azurite: str) -> None:
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - an extra

    client = ContainerClient.from_connection_string(azurite, f"head-{scenario.__name__.replace('_', '-')[:40]}")
    client.create_container()
    mutable = BlobContainer(client)
    assert not mutable.is_immutable()
    scenario(AzureStore(mutable, mutable))


def test_azurite_is_no_write_once_store(azurite: str) -> None:
    """When this fails, Azurite has learned immutability, and the scenarios can be run against it."""
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - an extra

    client = ContainerClient.from_connection_string(azurite, "locked")
    client.create_container()
    assert not connect("locked", connection=azurite).keeps_versions()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_the_cloud_keeps_the_rules(scenario: Callable[[AzureStore], None]) -> None:
    named = [os.environ.get(name, "") for name in (CLOUD_URL, CLOUD_LOCKED, CLOUD_MUTABLE)]
    if not all(named):
        pytest.skip(f"set {CLOUD_URL}, {CLOUD_LOCKED} and {CLOUD_MUTABLE} to run against the service")
    address, locked, mutable = named
    scenario(AzureStore(connect(locked, account_url=address), connect(mutable, account_url=address)))
