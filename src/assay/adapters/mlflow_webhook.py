"""What MLflow's webhooks say: believed when the secret has signed it lately, and then only as a hint where to look.

The signature is ``v1,`` and the base64 of HMAC-SHA256 over ``{delivery id}.{timestamp}.{body}`` under the webhook's
secret (MLflow 3.17, `mlflow.webhooks.delivery`, after https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, RefusedError
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNATURE, TIMESTAMP, DELIVERY = "x-mlflow-signature", "x-mlflow-timestamp", "x-mlflow-delivery-id"
LONGEST_AGE_S = 300
"""How old a delivery may be, and how far ahead a clock; MLflow's own retries end well before."""

MOST_BYTES = 1 << 20
_LONGEST_ID = 200
EVENTS = frozenset({
    ("model_version_alias", "created"), ("model_version_tag", "set"), ("model_version", "created"),
    ("registered_model", "created"),
})  # fmt: skip
"""Events after which a version may serve that did not before; of others there is nothing to do."""


class Notice(Frozen, kw_only=True):
    """A delivery that was signed.

    Attributes:
        delivery: its id; the same when MLflow sends it again.
        event: what it tells of: ``model_version_alias.created``.
        model: the registered model that it is about; None where there is nothing to look at.
    """

    delivery: str
    event: str
    model: str | None


def read_notice(body: bytes, headers: Mapping[str, str], secret: bytes, *, at_s: int) -> Notice:
    """Verify and read a delivery.

    Args:
        body: the request's body, as it came.
        headers: its headers, by names in small letters.
        secret: the webhook's secret.
        at_s: now, in POSIX seconds.

    Raises:
        RefusedError: when the secret has not signed it, or not lately.
        InputError: when it was signed and is no delivery.
    """
    delivery, stamp, signature = (headers.get(name, "") for name in (DELIVERY, TIMESTAMP, SIGNATURE))
    if len(body) > MOST_BYTES or not 0 < len(delivery) <= _LONGEST_ID or not stamp.isascii() or not stamp.isdigit():
        raise RefusedError(
            f"expected a delivery of MLflow with {DELIVERY}, {TIMESTAMP} and {SIGNATURE}, found another request"
        )
    signed = f"{delivery}.{stamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(secret, signed, "sha256"))
    if not hmac.compare_digest(expected, signature.encode()):
        raise RefusedError(
            "expected a delivery signed with this registry's webhook secret, found another signature. Give the "
            "webhook in MLflow the secret that the server's settings name"
        )
    if abs(at_s - int(stamp)) > LONGEST_AGE_S:
        raise RefusedError(
            f"expected a delivery from the last {LONGEST_AGE_S} seconds, found one from another time: sent again, or "
            "one of the two clocks is wrong"
        )
    return _read(body, delivery)


def _read(body: bytes, delivery: str) -> Notice:
    try:
        said: Any = json.loads(body)
        entity, action, told = str(said["entity"]), str(said["action"]), said["data"]
        name = told["name"] if (entity, action) in EVENTS else None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError("expected a delivery of MLflow with entity, action and data, found something else") from None
    if name is not None and not isinstance(name, str):
        raise InputError("$.data.name: expected the name of a registered model, found something else")
    return Notice(delivery=delivery, event=f"{entity}.{action}", model=name)
