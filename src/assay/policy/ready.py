"""Policies that come with Assay, made from the packs: usable as they are, or extended (``extends: assay:NAME``)."""

from __future__ import annotations

from importlib.resources import files

from assay.errors import InputError, suggest

SCHEME = "assay:"
"""What opens the name of a ready policy."""

READY = {
    "eu-high-risk": "a high-risk system under the EU AI Act",
    "credit-us": "credit in the United States: ECOA, four fifths by point, tiers of SR 26-2",
    "hiring-nyc": "hiring in New York City: Local Law 144",
    "nist-baseline": "a baseline along the NIST AI RMF",
    "internal-low-risk": "an internal system of low exposure",
}
"""The ready policies, each with what it is for."""


def is_ready(name: str) -> bool:
    """Say whether a policy's name is that of a ready one, such as ``assay:credit-us``."""
    return name.startswith(SCHEME)


def ready_text(name: str) -> str:
    """Return the text of a ready policy.

    Args:
        name: its name, with or without ``assay:``.

    Raises:
        InputError: when there is none of that name; near ones are named.
    """
    short = name.removeprefix(SCHEME)
    if short not in READY:
        raise InputError(f"no ready policy {short!r}{suggest(short, READY)}; there are: {', '.join(READY)}")
    return (files("assay.policy") / "ready" / f"{short}.yaml").read_text(encoding="utf-8")
