"""Evidence: the immutable measurements and facts that a verdict rests on."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from assay.records.measurement import Measurement
from assay.records.tally import FileDigest, Frozen, Gap

Stage: TypeAlias = Literal["data", "training", "release", "monitoring"]


class Materiality(Frozen, kw_only=True):
    """Exposure and purpose of a system; the policy turns them into a tier."""

    exposure: str
    purpose: str
    justification: str


class ModelVersion(Frozen, kw_only=True):
    """The model version that is judged.

    Attributes:
        name: the registered model's name.
        version: the version, as text.
        sha256: OpenSSF model-signing root digest over ``files``.
        files: every file of the model, ordered by name.
        author: identity of the person who made it, as the trust file names people; None when not said.
    """

    name: str
    version: str
    sha256: str
    files: tuple[FileDigest, ...]
    author: str | None = None


class Dataset(Frozen, kw_only=True):
    """A dataset by what it holds.

    Attributes:
        role: ``train``, ``test``, ...
        sha256: of the file, or of the canonical list of the files' digests when there are several.
        files: the files, ordered by name.
        rows: rows counted; None when this dataset was only hashed.
    """

    role: str
    sha256: str
    files: tuple[FileDigest, ...]
    rows: int | None = None


class Code(Frozen, kw_only=True):
    """The code that made the model: a git commit, and whether the work tree differed from it; or why it is unknown."""

    commit: str | None = None
    dirty: bool = False
    reason: str | None = None


class Actor(Frozen, kw_only=True):
    """Who did it: an identity and the key (verifier-key form) that signs for it.

    Attributes:
        identity: name in the trust file, or of the local key.
        key: hexadecimal SHA-256 of the public key's SubjectPublicKeyInfo.
        runner: the machine account or CI job, as text; a claim.
    """

    identity: str
    key: str
    runner: str | None = None


class Tool(Frozen, kw_only=True):
    """What measured: name and version, and the versions that the numbers depend on."""

    name: str = "assay"
    version: str
    python: str
    engine: str


class Documentation(Frozen, kw_only=True):
    """What a card lacks: measured by reading it against the nine sections and against the evidence.

    Attributes:
        sha256: digest of the card file; None when there is none.
        present: names of the sections that a person has filled.
        missing: sections that only people can fill and nobody has.
        placeholders: JSON paths of the placeholders found (``TODO``, ``...``, ``<name>``).
        contradictions: sentences that name a claim, what was measured and where.
    """

    sha256: str | None = None
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()


class Baseline(Frozen, kw_only=True):
    """The version in production, as it was measured at its own gate."""

    name: str
    version: str
    evidence_sha256: str
    measurements: tuple[Measurement, ...]


class Evidence(Frozen, kw_only=True):
    """Everything a verdict rests on, bound by digest to model, data, policy and code, with identity and time.

    Attributes:
        schema: the record's version.
        system: the AI system's name.
        stage: the stage of the life cycle that was assessed.
        model: the model version judged.
        materiality: exposure and purpose.
        datasets: every dataset named, ordered by role.
        measured_on: role of the dataset that the measurements are about.
        policy_sha256: digest of the resolved policy whose coverage was measured.
        code: the code version.
        tally_sha256: digest of ``tally.json``.
        rows: rows tallied.
        measurements: in the order of the metrics' list.
        gaps: what could not be counted.
        documentation: what the card lacks.
        baseline: the version in production, where there is one.
        facts: further facts by name, for checks and custom rules.
        measured_at: RFC 3339 time in UTC, whole seconds.
        measured_by: who measured.
        tool: what measured.
    """

    schema: Literal["assay.evidence/v1"] = "assay.evidence/v1"
    system: str
    stage: Stage
    model: ModelVersion
    materiality: Materiality
    datasets: tuple[Dataset, ...]
    measured_on: str
    policy_sha256: str
    code: Code
    tally_sha256: str
    rows: int
    measurements: tuple[Measurement, ...]
    gaps: tuple[Gap, ...] = ()
    documentation: Documentation = Documentation()
    baseline: Baseline | None = None
    facts: dict[str, Any] = {}
    measured_at: str
    measured_by: Actor
    tool: Tool
