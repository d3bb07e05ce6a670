"""The use cases on this machine, where project, keys and log are folders: what command line and Python call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.adapters.project_log import ProjectLog
from assay.errors import InputError
from assay.lifecycle.project import CONFIG_NAME, Project, load_project
from assay.lifecycle.setting import setting_of

if TYPE_CHECKING:
    from assay.lifecycle.assessment import Assessed
    from assay.lifecycle.consenting import Desk
    from assay.lifecycle.release import Released


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


def _project(given: Project | Path | str | None) -> Project:
    return given if isinstance(given, Project) else project_at(given)


def _path(given: Path | str | None) -> Path | None:
    return None if given is None else Path(given)


def run(
    project: Project | Path | str | None = None,
    *,
    policy: Path | str | None = None,
    key: str = "default",
    watched: bool = False,
) -> Released:
    """Assess, decide, attest, record and report the model version that a project names.

    Args:
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        policy: decide under this file instead of the project's.
        key: name of the key that signs.
        watched: draw a progress bar for a person who waits.

    Raises:
        AssayError: when something is missing or wrong; nothing is decided then.
    """
    from assay.lifecycle import release  # noqa: PLC0415 - only when called

    project = _project(project)
    return release.run(project, setting_of(project, policy=_path(policy), key=key), log_of(project), watched=watched)


def assess(project: Project | Path | str | None = None, *, key: str = "default", watched: bool = False) -> Assessed:
    """Measure the model version that a project names, and sign the evidence; decide later with `gate`.

    Raises:
        AssayError: when something is missing or wrong; nothing is written then.
    """
    from assay.lifecycle import assessment  # noqa: PLC0415 - the engine is loaded only when rows are read

    project = _project(project)
    setting = setting_of(project, key=key)
    return assessment.assess(project, setting.policy, setting.keyring, key=key, watched=watched)


def gate(
    evidence: Path | str,
    project: Project | Path | str | None = None,
    *,
    policy: Path | str | None = None,
    signature: Path | str | None = None,
    key: str = "default",
) -> Released:
    """Decide on signed evidence: no rows, no engine and no network are needed.

    Args:
        evidence: `evidence.json`, its folder, or ``-`` for standard input (then give ``signature``).
        project: by default the one above the evidence, or the one the working folder belongs to.
        policy: decide under this file instead of the project's.
        signature: the evidence's signature; by default beside it.
        key: name of the key that signs.

    Raises:
        AssayError: when something is missing, wrong or changed; nothing is decided then.
    """
    from assay.lifecycle import release  # noqa: PLC0415 - only when called

    evidence = Path(evidence)
    project = _project(project if project is not None else _folder_above(evidence))
    setting = setting_of(project, policy=_path(policy), key=key)
    return release.gate(release.read_signed(evidence, setting, _path(signature)), setting, log_of(project))


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

    given = _path(release)
    project = project_at(_folder_above(given) if given is not None else None)
    folder = given if given is not None else project.release()
    return consenting.open_desk(folder, setting_of(project), log_of(project), name=name, key=_path(key))


def _folder_above(path: Path) -> Path | None:
    """Return the nearest folder above a path that holds a project; none where there is none, or no such path."""
    if str(path) == "-" or not path.exists():
        return None
    return next((folder for folder in path.resolve().parents if (folder / CONFIG_NAME).is_file()), None)
