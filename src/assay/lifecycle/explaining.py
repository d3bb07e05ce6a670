"""Explaining a verdict: find it and what it rests on, see that nothing was edited, and say why it is no pass.

Nothing is decided and nothing recorded here, and whom to believe `assay verify` says. But a verdict, evidence or counts
that are not what their digests say are refused: an explanation of edited numbers explains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.attest import dsse
from assay.attest.bundle import BUNDLE_TYPE, parse_bundle
from assay.attest.statement import EVIDENCE, TALLY, VERDICT, parse_statement
from assay.diagnosis.mending import Ground
from assay.diagnosis.of_verdict import explain_of
from assay.errors import AssayError, InputError, VerificationError, suggest
from assay.lifecycle.project import (
    CONFIG_NAME,
    Project,
    find_config,
    is_safe_name,
    load_project,
    read_file,
    release_folder,
)
from assay.lifecycle.setting import load_policy
from assay.records.canonical import parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.tally_document import parse_tally
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.policy import Policy
    from assay.records.explanation import Explanation
    from assay.reports.release import Release

BUNDLE = "bundle.json"
STDIN = "-"
STAGES_WITHIN = ("", "data", "training", "monitoring")
"""Folders of a version's release in which a stage's records lie."""

UNSIGNED = "Nobody's signature was looked at: there is no bundle.json beside the verdict. `assay verify` wants one."


@dataclass(frozen=True, kw_only=True)
class Papers:
    """A verdict and what it rests on, as found.

    Attributes:
        verdict: the record.
        content: its bytes.
        folder: where it lies; None when it came by standard input.
        evidence: the evidence decided on; None when it is not at hand.
        tally: the bytes of the counts; None when they are not at hand.
        project: the project it is of; None outside of one.
        policy: the policy decided under; None when it is not at hand.
        remarks: what is to be known of what was found.
    """

    verdict: Verdict
    content: bytes
    folder: Path | None = None
    evidence: Evidence | None = None
    tally: bytes | None = None
    project: Project | None = None
    policy: Policy | None = None
    remarks: tuple[str, ...] = ()

    @property
    def ground(self) -> Ground:
        """What the explanation rests on."""
        tally = None if self.tally is None else parse_tally(self.tally, name=TALLY)
        return Ground(verdict=self.verdict, evidence=self.evidence, tally=tally, policy=self.policy)


def explain_verdict(verdict: Path | str, finding: str | None = None) -> Explanation:
    """Explain a verdict's findings that are not a pass, or one of its findings.

    Args:
        verdict: its file, its bundle, its release folder, ``NAME/VERSION`` in this project, or ``-``.
        finding: id of the finding, or of its control, or the end of an id that only one has.

    Raises:
        InputError: when there is no such verdict or finding.
        VerificationError: when verdict, evidence or counts are not what was signed and named.
    """
    return explain_papers(read_papers(verdict), finding)


def explain_papers(papers: Papers, finding: str | None = None) -> Explanation:
    """Explain a verdict that was found; see `explain_verdict`."""
    only = () if finding is None else find_ids(papers.verdict, finding)
    found = explain_of(papers.ground, verdict_sha256=sha256_hex(papers.content), only=only)
    return msgspec.structs.replace(found, remarks=(*papers.remarks, *found.remarks))


def explain_release(release: Release, *, verdict_sha256: str, policy: Policy | None) -> Explanation:
    """Explain a release that was just decided; see `explain_verdict`."""
    return explain_of(
        Ground(verdict=release.verdict, evidence=release.evidence, tally=release.tally, policy=policy),
        verdict_sha256=verdict_sha256,
    )


def find_ids(verdict: Verdict, wanted: str) -> tuple[str, ...]:
    """Return the findings that a name stands for: an id, a control's id, or the end of an id that only one has.

    Of a control's findings those that are no pass, where there are any.

    Raises:
        InputError: when none does; near names are suggested.
    """
    ids = [finding.id for finding in verdict.findings]
    if wanted in ids:
        return (wanted,)
    of_control = tuple(finding.id for finding in verdict.findings if finding.control == wanted)
    if of_control:
        no_pass = {finding.id for finding in verdict.findings if finding.status in {"fail", "unknown"}}
        return tuple(name for name in of_control if name in no_pass) or of_control
    ending = [name for name in ids if name.endswith(f"/{wanted}")]
    if len(ending) == 1:
        return (ending[0],)
    controls = dict.fromkeys(finding.control for finding in verdict.findings)
    open_ = [finding.id for finding in verdict.findings if finding.status in {"fail", "unknown"}]
    near = suggest(wanted, [*ids, *controls])
    raise InputError(
        f"expected a finding of {verdict.model} {verdict.version}, found {wanted!r}{near}. "
        f"Not a pass: {', '.join(open_) or 'none'}"
    )


def read_papers(verdict: Path | str) -> Papers:
    """Find a verdict and what it rests on.

    Raises:
        InputError: when there is none.
        DocumentError: when it cannot be read.
        VerificationError: when something is not what was signed and named.
    """
    given = str(verdict)
    if given == STDIN:
        content, folder = read_file(Path(STDIN), "a verdict"), None
        _refuse_bundle(content)
    else:
        path = _located(given)
        content, folder = read_file(path, "a verdict"), path.parent
    record = parse_record(content, Verdict, name=VERDICT if folder is None else given)
    papers = Papers(verdict=record, content=content, folder=folder, project=_project_of(folder))
    papers = replace(papers, remarks=tuple(_signed(papers)))
    return _with_policy(_with_evidence(papers))


def _located(given: str) -> Path:
    """Return the verdict's file."""
    path = Path(given)
    if path.is_dir():
        if not (path / VERDICT).is_file():
            raise InputError(f"expected {VERDICT} in {path}, found none. Decide first: assay run, or assay gate {path}")
        return path / VERDICT
    if path.is_file():
        if path.name != BUNDLE and not _is_bundle(path.read_bytes()):
            return path
        if (path.parent / VERDICT).is_file():
            return path.parent / VERDICT
        raise InputError(
            f"expected {VERDICT} beside {path}, found none: a bundle holds what was signed, and names the verdict by "
            "its digest. Bring the verdict along"
        )
    parts = given.split("/")
    if (len(parts) == 2 or (len(parts) == 3 and parts[2] in STAGES_WITHIN)) and all(map(is_safe_name, parts)):  # noqa: PLR2004 - NAME/VERSION, NAME/VERSION/STAGE
        return _in_project(parts[0], parts[1], *parts[2:])
    return path  # to be told that it does not exist, with near names


def _in_project(name: str, version: str, stage: str = "") -> Path:
    try:
        project = load_project()
    except InputError as error:
        raise InputError(f"expected the verdict {name}/{version}, found no such file, and {error}") from None
    folder = release_folder(project.state, name, version) / stage
    if (folder / VERDICT).is_file():
        return folder / VERDICT
    releases = project.state / "releases"
    known = sorted(f"{one.parent.parent.name}/{one.parent.name}" for one in releases.glob(f"*/*/{VERDICT}"))
    wanted = "/".join(filter(None, (name, version, stage)))
    raise InputError(
        f"expected a decided release, found none at {wanted}{suggest(wanted, known)}. "
        f"Decided here: {', '.join(known) or 'none'}"
    )


def _is_bundle(content: bytes) -> bool:
    return BUNDLE_TYPE.encode() in content[:200]


def _refuse_bundle(content: bytes) -> None:
    if _is_bundle(content):
        raise InputError(
            f"expected {VERDICT} on standard input, found a bundle: it holds what was signed, and names the verdict by "
            "its digest. Name the release folder instead, or send verdict.json"
        )


def _project_of(folder: Path | None) -> Project | None:
    """Return the project that a verdict lies in, or the one here; None where there is none."""
    start = Path.cwd() if folder is None else folder
    for place in dict.fromkeys((start, Path.cwd())):
        try:
            return load_project(find_config(place))
        except InputError:
            continue  # no project above: the verdict alone is explained as far as it goes
    return None


def _signed(papers: Papers) -> Iterator[str]:
    """Refuse a verdict that is not the one signed beside it; say so where nobody's signature is there."""
    path = None if papers.folder is None else papers.folder / BUNDLE
    if path is None or not path.is_file():
        yield UNSIGNED
        return
    bundle = parse_bundle(read_file(path, "a bundle"))
    named = [
        digests[VERDICT]
        for envelope in bundle.envelopes()
        if VERDICT in (digests := parse_statement(dsse.decode_base64(envelope.payload, BUNDLE)).digests())
    ]
    found = sha256_hex(papers.content)
    if found not in named:
        signed = ", ".join(f"{one[:16]}..." for one in named) or "none"
        raise VerificationError(
            f"{papers.folder}/{VERDICT} is not what was signed: expected SHA-256 {signed}, found {found[:16]}.... It "
            "was changed after it was decided; decide again with: assay gate"
        )


def _places(papers: Papers) -> list[Path]:
    """Return the folders in which what a verdict rests on may lie: beside it, then in the project's release."""
    beside = [] if papers.folder is None else [papers.folder]
    if papers.project is None:
        return beside
    about = papers.verdict
    try:
        release = release_folder(papers.project.state, about.model, about.version)
    except InputError:
        return beside  # a name that no folder of this project bears
    return [*beside, *(release / within for within in STAGES_WITHIN)]


def _with_evidence(papers: Papers) -> Papers:
    """Add evidence and counts; those beside the verdict have to be the ones it names."""
    wanted = papers.verdict.evidence_sha256
    found = _matching(papers, EVIDENCE, wanted)
    if found is None:
        return papers
    evidence = parse_record(found, Evidence, name=EVIDENCE)
    return replace(papers, evidence=evidence, tally=_matching(papers, TALLY, evidence.tally_sha256))


def _matching(papers: Papers, name: str, digest: str) -> bytes | None:
    for place in _places(papers):
        if not (place / name).is_file():
            continue
        content = read_file(place / name, "what the verdict rests on")
        if sha256_hex(content) == digest:
            return content
        if place == papers.folder:
            raise VerificationError(
                f"{place / name} is not what the verdict rests on: expected SHA-256 {digest[:16]}..., found "
                f"{sha256_hex(content)[:16]}.... Measure and decide again: assay run"
            )
    return None


def _with_policy(papers: Papers) -> Papers:
    """Add the policy decided under, where the project still has it."""
    project = papers.project
    if project is None:
        return papers
    about, config = papers.verdict, project.config
    if config.model.name != about.model:
        told = f"The project here is of {config.model.name} ({CONFIG_NAME}); the verdict is of {about.model}."
        return replace(papers, project=None, remarks=(*papers.remarks, told))
    try:
        policy = load_policy(project.root / config.policy)
    except AssayError as error:
        told = f"The policy {config.policy} cannot be read: {str(error).splitlines()[0]}"
        return replace(papers, remarks=(*papers.remarks, told))
    if policy.sha256 != about.policy.sha256:
        told = f"{config.policy} has changed since: the verdict was decided under {about.policy.sha256[:16]}...."
        return replace(papers, remarks=(*papers.remarks, told))
    return replace(papers, policy=policy)
