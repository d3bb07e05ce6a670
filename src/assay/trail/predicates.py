"""The predicates of other people's formats that the trail reads: only what is read of them is named."""

from __future__ import annotations

from typing import Literal

import msgspec

Stage = Literal["data", "training", "monitoring"]


class ConsentDigest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The digest of a signed consent, which is kept beside the log."""

    schema: Literal["assay.consent-digest/v1"]
    envelope_sha256: str


class NamedPolicy(msgspec.Struct, frozen=True):
    """A policy by digest."""

    digest: dict[str, str]
    name: str = ""


class TestResult(msgspec.Struct, frozen=True, rename="camel"):
    """in-toto test-result v0.1, as far as it is read here."""

    result: str
    configuration: tuple[NamedPolicy, ...]
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()
    unknown_tests: tuple[str, ...] = ()
    stage: Stage | None = None


class Verifier(msgspec.Struct, frozen=True):
    """Who verified, under which policies."""

    id: str
    policies: tuple[NamedPolicy, ...]


class VerificationResult(msgspec.Struct, frozen=True, rename="camel"):
    """in-toto SVR v0.2, as far as it is read here."""

    verifier: Verifier
    time_created: str
    properties: tuple[str, ...]
