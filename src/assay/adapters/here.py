"""The use cases on this machine, where project, keys and log are folders: what command line and Python call."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from assay.adapters.project_log import ProjectLog
from assay.adapters.scorers import open_scorer
from assay.errors import InputError
from assay.lifecycle.keyring import DEFAULT
from assay.lifecycle.project import CONFIG_NAME, LOG, Project, load_project, release_folder
from assay.lifecycle.setting import require_time, rules_elsewhere, setting_elsewhere, setting_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.assessment import Assessed
    from assay.lifecycle.consenting import Desk
    from assay.lifecycle.release import Decided, Released
    from assay.lifecycle.serving import Checked, Serving
    from assay.records.evidence import Stage
    from assay.reports.since import Since


def project_at(path: Path | str | None = None) -> Project:
    """Load the project at a path (its `assay.yaml` or a folder), or the one the working folder belongs to.

    Raises:
        InputError: when there is none.
        DocumentError: with every problem in its `assay.yaml`.
    """
    if path is not None and not Path(path).exists():
        raise InputError(f"expected {CONFIG_NAME} or its folder at {path}, found nothing there")
    return load_project(None if path is None else Path(path))


def log_of(project: Project) -> ProjectLog:
    """Return a project's log; it is made when its first entry comes."""
    return ProjectLog(project.log, project.config.system)


def since_release(project: Project, name: str, version: str) -> Since | None:
    """Return what a project's trail tells of a version beside its decision; None where nothing is recorded yet."""
    if not (project.log / "checkpoint").is_file():
        return None
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only where a report is written
    from assay.lifecycle.since import since_of  # noqa: PLC0415

    with open_trail(project) as trail:
        return since_of(trail.view(), name, version)


def renew(release: Path | str | None = None, *, key: str = DEFAULT) -> tuple[Path, ...]:
    """Write the documents of a decided release anew, with what the trail tells by now, and record them.

    Args:
        release: its folder; by default that of the version in the project's `assay.yaml`.
        key: name of the key that signs.

    Returns:
        The files written.

    Raises:
        AssayError: when there is no decided release, or its records are not of one release.
    """
    from assay.lifecycle.renewing import renew_documents  # noqa: PLC0415 - only when called

    given = _path(release)
    project = project_at(_folder_above(given) if given is not None else None)
    setting = setting_of(project, key=key, since=partial(since_release, project))
    return renew_documents(given if given is not None else project.release(), project, setting, log_of(project))


def _project(given: Project | Path | str | None) -> Project:
    return given if isinstance(given, Project) else project_at(given)


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def run(
    project: Project | Path | str | None = None,
    *,
    stage: Stage = "release",
    policy: Path | str | None = None,
    key: str = "default",
    watched: bool = False,
    batch: Path | str | None = None,
    window: str | None = None,
) -> Released:
    """Assess, decide, attest, record and report the model version that a project names, at one stage.

    Args:
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        stage: the stage of the life cycle.
        policy: decide under this file instead of the project's.
        key: name of the key that signs.
        watched: draw a progress bar for a person who waits.
        batch: at the stage ``monitoring``: the window's rows, in place of ``monitoring.batch``; ``-``: standard input.
        window: at the stage ``monitoring``: the window's name.

    Returns:
        The decision; a `Monitored` one, with its alerts, of a window.

    Raises:
        AssayError: when something is missing or wrong; nothing is decided then.
    """
    from assay.lifecycle import release  # noqa: PLC0415 - only when called

    project = _project(project)
    setting = setting_of(
        project, policy=_path(policy), key=key, scorers=open_scorer, since=partial(since_release, project)
    )
    if stage == "monitoring":
        from assay.lifecycle.monitoring_run import monitor_window  # noqa: PLC0415 - only when called

        return monitor_window(_of_window(project, batch, window), setting, log_of(project), watched=watched)
    if batch is not None or window is not None:
        raise InputError(f"--batch and --window: expected at the stage monitoring, found the stage {stage}")
    return release.run(project, setting, log_of(project), stage=stage, watched=watched)


def _of_window(project: Project, batch: Path | str | None, window: str | None) -> Project:
    """Return a project whose section ``monitoring`` names a window's rows and its name."""
    section = project.config.monitoring
    if section is None or (batch is None and window is None):
        return project
    if batch is not None:
        shown = str(batch) if str(batch) == "-" else str(Path(batch).absolute())
        inside = str(batch) != "-" and Path(shown).is_relative_to(project.root)
        shown = Path(shown).relative_to(project.root).as_posix() if inside else shown
        section = replace(section, batch=shown, query=None)
    if window is not None:
        section = replace(section, window=window)
    return Project(root=project.root, config=replace(project.config, monitoring=section))


def assess(
    project: Project | Path | str | None = None, *, key: str = "default", watched: bool = False, again: bool = False
) -> Assessed:
    """Measure the model version that a project names, and sign the evidence; decide later with `gate`.

    Args:
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        key: name of the key that signs.
        watched: draw a progress bar for a person who waits.
        again: whether a decision that is there may go: it is about other evidence then.

    Raises:
        AssayError: when something is missing or wrong; nothing is written then.
    """
    from assay.lifecycle import assessment  # noqa: PLC0415 - the engine is loaded only when rows are read

    project = _project(project)
    setting = setting_of(project, key=key, scorers=open_scorer)
    return assessment.assess(project, setting, log_of(project), watched=watched, again=again)


def gate(
    evidence: Path | str,
    project: Project | Path | str | None = None,
    *,
    policy: Path | str | None = None,
    trust: Path | str | None = None,
    measured_by: Sequence[Path | str] = (),
    signature: Path | str | None = None,
    tally: Path | str | None = None,
    consents: Sequence[Path | str] = (),
    model: Path | str | None = None,
    state: Path | str | None = None,
    key: str | None = None,
    at: str | None = None,
) -> Decided:
    """Decide on signed evidence: no rows, no engine and no network are needed.

    In a project the decision is signed and recorded there. Elsewhere ``policy`` and ``trust`` say under what is
    decided; with ``state`` the decision is signed and recorded in that folder, without it nothing is signed or written.

    Args:
        evidence: `evidence.json`, its folder, or ``-`` for standard input.
        project: by default the one above the evidence, or the one the working folder belongs to.
        policy: decide under this file instead of the project's.
        trust: the people whose signatures count, instead of the project's file.
        measured_by: public keys of those who may have measured, beside the people of ``trust``; without a project.
        signature: the evidence's signature; by default beside it.
        tally: the counts behind it; by default beside it.
        consents: approvals and waivers, files or folders; by default those beside the evidence.
        model: the model's files, to compare; by default the project's, if it is about this version.
        state: a folder for keys, log and releases, where there is no project.
        key: name of the key that signs; by default ``default``, made on first use.
        at: decide as at this time (RFC 3339, UTC); only where nothing is signed.

    Returns:
        The decision; a `Released` one where it was signed and recorded.

    Raises:
        AssayError: when something is missing, wrong or changed; nothing is decided then.
    """
    from assay.lifecycle import release  # noqa: PLC0415 - only when called
    from assay.lifecycle.presenting import Papers, read_signed  # noqa: PLC0415

    path, files = Path(evidence), _path(model)
    papers = Papers(signature=_path(signature), tally=_path(tally), consents=tuple(map(Path, consents)))
    found = None if state is not None else _project_or_none(project, path)
    _require_sense(found, state, measured_by=measured_by, key=key, at=at)
    if found is not None:
        setting = setting_of(
            found, policy=_path(policy), trust=_path(trust), key=key or DEFAULT, since=partial(since_release, found)
        )
        return release.gate(read_signed(path, setting, papers), setting, log_of(found), model=files)
    rules = rules_elsewhere(_path(policy), _path(trust), tuple(map(Path, measured_by)))
    if state is None:
        return release.decide_only(read_signed(path, rules, papers), rules, model=files, at=at)
    setting = setting_elsewhere(rules, Path(state), key=key or DEFAULT)
    signed = read_signed(path, setting, papers)
    about = signed.evidence.model
    folder = release_folder(setting.state, about.name, about.version)
    return release.gate(
        signed, setting, ProjectLog(setting.state / LOG, signed.evidence.system), folder=folder, model=files
    )


def _project_or_none(given: Project | Path | str | None, evidence: Path) -> Project | None:
    """Return the project given, the one above the evidence, or the one here; none where there is none at all."""
    return _project(given) if given is not None else project_above(evidence)


def project_above(evidence: Path) -> Project | None:
    """Return the project that evidence lies in, or the one here; none where there is none at all."""
    above = _folder_above(evidence) or _folder_above(Path.cwd() / CONFIG_NAME)
    return None if above is None else project_at(above)


def _require_sense(
    project: Project | None, state: Path | str | None, *, measured_by: Sequence[Path | str], key: str | None,
    at: str | None,
) -> None:  # fmt: skip
    """Refuse what would be left unsaid: options that mean nothing together."""
    signs = project is not None or state is not None
    if at is not None and signs:
        raise InputError("--at: expected only where nothing is signed: a signed decision bears the time it was made at")
    if at is not None:
        require_time(at, "--at")
    if key is not None and not signs:
        raise InputError(
            f"--key {key}: expected a project, or --state FOLDER with keys and log; without either nothing is signed"
        )
    if measured_by and project is not None:
        raise InputError("--measured-by: expected without a project; here the people of its trust file count")


def project_of(release: Path | str | None) -> Project:
    """Return the project that a release folder belongs to, or the one here.

    Raises:
        AssayError: when there is none.
    """
    given = _path(release)
    return project_at(_folder_above(given) if given is not None else None)


def check_serving(running: Sequence[Serving], project: Project | Path | str | None = None) -> tuple[Checked, ...]:
    """Hold what runs against a project's releases, as they stand now.

    Args:
        running: what runs, place by place (`assay.adapters.serving_places`, `assay.adapters.mlflow_registry`).
        project: by default the one that the working folder belongs to.

    Raises:
        AssayError: when the policy, the trust file or a verdict cannot be read.
    """
    from assay.lifecycle import serving  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415

    project = _project(project)
    return serving.check_serving(running, project.state, setting_of(project), at=now())


def open_desk(release: Path | str | None, *, name: str, key: Path | str | None = None) -> Desk:
    """Put a person before a decided release, to approve, waive or revoke.

    Args:
        release: its folder; by default that of the version in the project's `assay.yaml`.
        name: who signs, as the trust file names them.
        key: private key file; by default the key of that name in the project.

    Raises:
        AssayError: when release, key or person is missing.
    """
    from assay.lifecycle import consenting  # noqa: PLC0415 - only when called

    given, project = _path(release), project_of(release)
    folder = given if given is not None else project.release()
    return consenting.open_desk(folder, setting_of(project), log_of(project), name=name, key=_path(key))


def _folder_above(path: Path) -> Path | None:
    """Return the nearest folder above a path that holds a project; none where there is none, or no such path."""
    if str(path) == "-" or not path.exists():
        return None
    return next((folder for folder in path.resolve().parents if (folder / CONFIG_NAME).is_file()), None)
