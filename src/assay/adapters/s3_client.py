"""An S3 client: how boto3's is made, and how what it raises is read. Needs the extra ``s3`` to connect."""

from __future__ import annotations

from typing import Any, TypeAlias

from assay.errors import MissingExtraError, StorageError

TIMEOUT_SECONDS = 20
ATTEMPTS = 4

S3Client: TypeAlias = Any
"""``boto3.client("s3")``, or what answers like it; boto3 makes its methods at run time, so they have no static type."""


def connect(endpoint: str | None = None, **session: str) -> S3Client:
    """Return a client with deadlines, and with checksums only where they are named.

    The newer SDKs' default (a CRC32 in the body's trailer) is refused by older stores; tiles carry SHA-256 instead.

    Args:
        endpoint: address of a store other than Amazon's, such as ``https://s3.example.com``.
        session: what ``boto3.client`` takes beside: ``region_name``, ``aws_access_key_id``, ``aws_secret_access_key``;
            best left to the environment or the machine's role.

    Raises:
        MissingExtraError: without boto3.
        StorageError: when boto3 cannot be set up from what it was given.
    """
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.config import Config  # noqa: PLC0415 - an extra
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtraError("boto3", "s3") from None
    config = Config(
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if endpoint else {},
    )
    try:
        return boto3.client("s3", endpoint_url=endpoint, config=config, **session)
    except (BotoCoreError, ValueError) as error:
        raise StorageError(f"S3: cannot connect to {endpoint or 'Amazon'}: {error}") from error


def failures(client: S3Client) -> tuple[type[Exception], ...]:
    """Return what a client's calls raise: an answer that refuses, and, from boto3, no answer at all."""
    try:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra
    except ImportError:  # the client is not boto3's
        return (client.exceptions.ClientError,)
    return (client.exceptions.ClientError, BotoCoreError)


def refusal_code(error: Exception) -> str:
    """Return S3's code for a refusal, such as ``PreconditionFailed``; empty when the store did not answer."""
    answer = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))
