"""Which documents an entry of a log names: every SHA-256 in it, whatever stands for it."""

from __future__ import annotations

import re

from assay.attest import dsse
from assay.errors import AssayError

_DIGEST = re.compile(rb"[0-9a-f]{64}")


def digests_in(entry: bytes) -> set[str]:
    """Return every SHA-256 that an entry names, in its statement or in itself."""
    found = {one.decode() for one in _DIGEST.findall(entry)}
    try:
        payload = dsse.decode_base64(dsse.parse(entry, name="entry").payload, "entry")
    except AssayError:
        return found  # no envelope: what it names stands in the entry itself
    return found | {one.decode() for one in _DIGEST.findall(payload)}
