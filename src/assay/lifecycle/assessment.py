"""Assess: measure a model version near its data and sign what was measured. The first half of a release."""

from __future__ import annotations

import contextlib
import platform
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from assay import __version__
from assay.attest import dsse
from assay.attest.oms import root as files_root
from assay.attest.statement import EVIDENCE, TALLY, VERDICT, measured_statement
from assay.errors import InputError
from assay.lifecycle.challenging import measure_champion
from assay.lifecycle.dossier import dossier_contradictions
from assay.lifecycle.measuring import count_rows
from assay.lifecycle.project import read_file
from assay.lifecycle.robustness import probe
from assay.lifecycle.setting import EVIDENCE_SIGNATURE, now, whoami
from assay.lifecycle.storing import hash_file, list_model, publish, staging
from assay.metrics import measure
from assay.policy import plan
from assay.records.canonical import canonical_json, digest, parse_record, sha256_hex
from assay.records.evidence import Baseline, Code, Dataset, Documentation, Evidence, ModelVersion, Tool
from assay.records.tally_document import print_tally
from assay.records.verdict import Verdict
from assay.reports.card import examine, read_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from assay.attest.keys import Signer
    from assay.lifecycle.keyring import Keyring
    from assay.lifecycle.project import Project
    from assay.lifecycle.robustness import OpenScorer
    from assay.lifecycle.setting import Log, Setting
    from assay.policy import Plan, Policy
    from assay.records.evidence import Stage
    from assay.records.measurement import Measurement
    from assay.records.tally import FileDigest, Tally


Before: TypeAlias = "Callable[[tuple[Dataset, ...], str, Code], Mapping[str, Any]]"
"""What is told before something is measured: datasets, root digest of the model's files, code; facts come back."""

OF_A_DECISION = (VERDICT, "bundle.json", "receipt.json", "model-card.md", "report.html", "documents.json",
                 "documents-receipt.json")  # fmt: skip
"""Files of a release folder that are about a decision, and go when other evidence takes their ground away."""

NO_FILES = files_root([])
"""Root digest of a model that has no files yet."""

NO_CARD = Documentation()


@dataclass(frozen=True)
class Assessed:
    """What an assessment found: the evidence, the tally behind it, and the files to be kept.

    Attributes:
        folder: the release's folder.
        evidence: what was measured.
        tally: the counts behind it.
        contents: name to bytes of tally, evidence and signature, as they are or will be in the folder.
    """

    folder: Path
    evidence: Evidence
    tally: Tally
    contents: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one stage of the life cycle measured, before it is bound and signed; every stage ends in one of these.

    Attributes:
        stage: the stage.
        tally: the counts; a stage without predictions counts labels only.
        measurements: those of the tally, then those observed beside it (`assay.metrics.observed`).
        datasets: every dataset named, ordered by role.
        measured_on: role of the dataset that the tally is of.
        files: the model's files; none before there is a model.
        model_sha256: root digest over ``files``; over no files it is the digest of nothing.
        documentation: what the card lacks.
        baseline: the version in production.
        facts: further facts, for checks and custom rules.
    """

    stage: Stage
    tally: Tally
    measurements: tuple[Measurement, ...]
    datasets: tuple[Dataset, ...]
    measured_on: str
    files: tuple[FileDigest, ...] = ()
    model_sha256: str = NO_FILES
    documentation: Documentation = NO_CARD
    baseline: Baseline | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def code_version(root: Path) -> Code:
    """Return the git commit of a folder and whether its work tree differs; or why there is none."""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return Code(commit=commit, dirty=bool(_git(root, "status", "--porcelain", "--untracked-files=no")))
    except FileNotFoundError:
        return Code(reason="git is not installed")
    except subprocess.CalledProcessError:
        return Code(reason="the project is not in a git repository with a commit")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _datasets(project: Project, tally: Tally) -> Iterator[Dataset]:
    """Digest every dataset named; the measured one was digested when it was counted."""
    for role, section in sorted(project.config.datasets.items()):
        if role == project.config.measured_on:
            files, rows = tuple(file for source in tally.sources for file in source.files), tally.rows
        else:
            files, rows = _hash_dataset(project.root, section.path, role), None
        yield Dataset(role=role, sha256=dataset_digest(files), files=files, rows=rows)


def dataset_digest(files: tuple[FileDigest, ...]) -> str:
    """Return a dataset's digest: of the one file, or by the model-signing rule over several."""
    return files[0].sha256 if len(files) == 1 else files_root([(file.name, file.sha256) for file in files])


def dataset_files(root: Path, path: str) -> str | None:
    """Return the digest of a dataset's file, folder or glob; None when nothing is there yet."""
    found = list(_files_at(root, path))
    return dataset_digest(tuple(hash_file(file, _shown(root, file)) for file in found)) if found else None


def _files_at(root: Path, path: str) -> Iterator[Path]:
    where = root / path
    if where.is_file():
        yield where
    elif where.is_dir():
        yield from (entry for entry in sorted(where.rglob("*")) if entry.is_file())
    else:
        yield from sorted(entry for entry in root.glob(path) if entry.is_file())


def _shown(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _hash_dataset(root: Path, path: str, role: str) -> tuple[FileDigest, ...]:
    found = list(_files_at(root, path))
    if not found:
        raise InputError(
            f"expected the dataset {role!r} at {root / path}, found nothing. Check datasets.{role} in assay.yaml"
        )
    return tuple(hash_file(file, _shown(root, file)) for file in found)


def measure_for(tally: Tally, wanted: Plan) -> tuple[Measurement, ...]:
    """Measure all that a policy decides on, at each minimum group size that it names; nothing twice.

    A combination with an attribute that the data has not is left out here; the checks that ask for it say so.
    """
    known = set(tally.roles.protected)
    intersections = [names for names in wanted.intersections if known.issuperset(names)]
    found: dict[bytes, Measurement] = {}
    for minimum in sorted(wanted.minimum_groups):
        for one in measure(tally, level=wanted.level, intersections=intersections, minimum_group=minimum):
            found.setdefault(canonical_json(one), one)
    return tuple(found.values())


def read_documentation(project: Project, measurements: tuple[Measurement, ...]) -> Documentation:
    """Hold the card against the nine sections and the evidence; without a card every section is missing.

    A number in `dossier.yaml` that the evidence contradicts is told with those of the card.
    """
    name, against = project.config.documentation, dossier_contradictions(project, measurements)
    if name is None or not (project.root / name).exists():
        return msgspec.structs.replace(examine(None, measurements), contradictions=against)
    content = read_file(project.root / name, "the model's documentation")
    found = examine(read_card(content, name), measurements, sha256=sha256_hex(content))
    return msgspec.structs.replace(found, contradictions=(*found.contradictions, *against))


def read_baseline(project: Project) -> tuple[Baseline | None, dict[str, str]]:
    """Return the version in production, as it was measured at its own gate, and the fact of which one it is."""
    production = project.config.production
    if production is None:
        return None, {}
    if production == "none":
        return None, {"production": "none"}
    content = read_file(project.release(production) / EVIDENCE, "the evidence of the version in production")
    evidence = parse_record(content, Evidence, name=f"{production}/{EVIDENCE}")
    return (
        Baseline(
            name=evidence.model.name,
            version=evidence.model.version,
            evidence_sha256=sha256_hex(content),
            measurements=evidence.measurements,
        ),
        {"production": production},
    )


def derived(project: Project) -> dict[str, Any]:
    """Return the fact of which version this one was made from, to mend it; none where it was not."""
    found = project.config.model.derived_from
    return {} if found is None else {"derived_from": msgspec.to_builtins(found)}


def measure_release(
    project: Project,
    policy: Policy,
    keyring: Keyring,
    *,
    key: str = "default",
    watched: bool = False,
    before: Before | None = None,
    scorers: OpenScorer | None = None,
) -> Assessed:
    """Tally the data, measure what the policy asks, digest everything, and sign; nothing is written yet.

    Args:
        project: whose release it is.
        policy: whose measurements are made.
        keyring: the keys.
        key: name of the key that signs.
        watched: draw a progress bar for a person who waits.
        before: called when everything is counted and nothing is measured yet; what it returns become facts.
        scorers: opens the model that is probed, where the project asks for that.

    Raises:
        InputError: when a file is missing or wrong.
    """
    found = _measure(project, policy, watched=watched, before=before, scorers=scorers)
    return sign_evidence(project, policy, keyring, found, key=key)


def _measure(
    project: Project, policy: Policy, *, watched: bool, before: Before | None, scorers: OpenScorer | None
) -> Measured:
    project.require_release()
    config = project.config
    wanted = plan(policy, config.materiality)
    files, root = list_model(project.model)
    section = config.datasets[config.measured_on]
    with contextlib.chdir(project.root):  # so that files and SQL on record bear the names of assay.yaml, no machine's
        tally = count_rows(section.path, project.roles(), query=section.query, watched=watched)
    baseline, facts = read_baseline(project)
    datasets = tuple(_datasets(project, tally))
    read_documentation(project, ())  # a card that cannot be read is met before anything is said
    told = before(datasets, root, code_version(project.root)) if before is not None else {}
    with contextlib.chdir(project.root):
        probed, how = probe(project, scorers, level=wanted.level)
        changed, against = measure_champion(project, wanted)
    measurements = (*measure_for(tally, wanted), *probed, *changed)
    return Measured(
        stage="release",
        tally=tally,
        measurements=measurements,
        datasets=datasets,
        measured_on=config.measured_on,
        files=files,
        model_sha256=root,
        documentation=read_documentation(project, measurements),
        baseline=baseline,
        facts={**facts, **how, **against, **told, **derived(project)},
    )


def sign_evidence(
    project: Project, policy: Policy, keyring: Keyring, found: Measured, *, key: str = "default", within: str = ""
) -> Assessed:
    """Bind what a stage measured to model, data, policy, code, identity and time, and sign it; nothing is written yet.

    Args:
        project: whose stage it is.
        policy: the policy whose measurements were made.
        keyring: the keys.
        found: what the stage measured.
        key: name of the key that signs.
        within: a folder of the stage's own, for a stage that runs again and again (a window of monitoring).
    """
    config = project.config
    evidence = Evidence(
        system=config.system,
        stage=found.stage,
        model=ModelVersion(
            name=config.model.name,
            version=config.model.version,
            sha256=found.model_sha256,
            files=found.files,
            author=config.model.author,
        ),
        materiality=config.materiality,
        datasets=found.datasets,
        measured_on=found.measured_on,
        policy_sha256=digest(policy),
        code=code_version(project.root),
        tally_sha256=sha256_hex(print_tally(found.tally)),
        rows=found.tally.rows,
        measurements=found.measurements,
        gaps=found.tally.gaps,
        documentation=found.documentation,
        baseline=found.baseline,
        facts=dict(found.facts),
        measured_at=now(),
        measured_by=whoami(keyring, key),
        tool=Tool(version=__version__, python=platform.python_version(), engine=found.tally.sources[0].engine),
    )
    folder = project.stage_folder(found.stage, within)
    return _signed(evidence, found.tally, folder=folder, signer=keyring.signer(key))


def _signed(evidence: Evidence, tally: Tally, *, folder: Path, signer: Signer) -> Assessed:
    """Sign evidence by the bytes that will be kept."""
    content = canonical_json(evidence)
    statement = measured_statement(evidence, evidence_sha256=sha256_hex(content))
    signature = dsse.sign(statement, [signer]).content()
    contents = {TALLY: print_tally(tally), EVIDENCE: content, EVIDENCE_SIGNATURE: signature}
    return Assessed(folder=folder, evidence=evidence, tally=tally, contents=contents)


def assess(project: Project, setting: Setting, log: Log, *, watched: bool = False, again: bool = False) -> Assessed:
    """Measure a release and write tally, evidence and signature; decide later.

    Args:
        project: whose release it is.
        setting: the policy whose measurements are made, and the keys.
        log: where the trail is told of it.
        watched: draw a progress bar for a person who waits.
        again: whether a decision that is there may go: it is about other evidence then.

    Raises:
        InputError: when a file is missing or wrong, or the version is decided already; nothing is written then.
        StorageError: when the disk is full; what was there before is unchanged.
    """
    from assay.lifecycle.chronicle import Chronicle  # noqa: PLC0415 - only where something is measured

    folder = project.release()
    if not again:
        _refuse_decided(folder)
    chronicle = Chronicle(project, setting, log)
    with chronicle.told():
        assessed = measure_release(
            project, setting.policy, setting.keyring, key=setting.key, watched=watched, before=chronicle.begin,
            scorers=setting.scorers,
        )  # fmt: skip
        entries = chronicle.finished(assessed.evidence, evidence_sha256=sha256_hex(assessed.contents[EVIDENCE]))
        with staging(assessed.folder) as workplace:
            (workplace / "room").write_bytes(b"\0" * sum(map(len, assessed.contents.values())))
            (workplace / "room").unlink()
            with setting.keyring.kept():
                log.append(entries)
            publish(workplace, assessed.folder, assessed.contents, without=OF_A_DECISION)
    return assessed


def _refuse_decided(folder: Path) -> None:
    """Refuse to measure again under a decision: its files would no longer be what was decided on."""
    if (folder / VERDICT).is_file():
        verdict = parse_record(read_file(folder / VERDICT, "a verdict"), Verdict, name=VERDICT)
        raise InputError(
            f"expected a version that is not decided yet, found {verdict.model} {verdict.version}: {verdict.decision} "
            f"at {verdict.decided_at}. Measure and decide at once with: assay run; or name another version in "
            "assay.yaml; or let the decision go with: assay assess --again"
        )
