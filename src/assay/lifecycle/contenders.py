"""Finding a contender: a version of a project, a release folder, or a table of predictions; and the rows of each.

The rows of a release are those that its evidence names by digest. A file that has moved within its folder is found
again by what it holds; rows that are no longer there are said to be missing, and never replaced by others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.attest.statement import EVIDENCE, TALLY
from assay.errors import InputError, suggest
from assay.lifecycle.project import CONFIG_NAME, is_safe_name, load_project, read_file
from assay.lifecycle.storing import hash_file
from assay.records.canonical import parse_record
from assay.records.evidence import Evidence
from assay.records.tally import Roles
from assay.records.tally_document import parse_tally

if TYPE_CHECKING:
    from assay.lifecycle.project import Project
    from assay.records.tally import FileDigest


NO_ROLES = Roles()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A version that stands for itself in a comparison.

    Attributes:
        name: what reports call it.
        version: its version, where it is a release.
        rows: the table with its predictions; None where they are in the other one's table.
        roles: what its columns mean, as its release says; empty roles for a plain table.
        evidence: its release's evidence; None for a table.
        sha256: digest of the table that the evidence names; None for a table.
    """

    name: str
    version: str | None = None
    rows: Any = None
    roles: Roles = NO_ROLES
    evidence: Evidence | None = None
    sha256: str | None = None


def find_contender(text: str, project: Project | None, *, table: str | None = None) -> Standing:
    """Find what a person names.

    Args:
        text: a release folder, a table, ``-``, or a version of the project's model.
        project: the project here; None where there is none.
        table: the table that holds a release's rows, where they are no longer at their place.

    Raises:
        InputError: when there is nothing of the name, or a release's rows are gone.
    """
    path = Path(text)
    if (path / EVIDENCE).is_file():
        return _release(path, _project_above(path) or project, table)
    if text == "-" or path.exists() or any(sign in text for sign in "*?["):
        return Standing(name=text, rows=text)
    if project is None:
        raise InputError(f"expected a table, a release folder, or a version in a project at {text!r}, found nothing")
    version = text.removeprefix(f"{project.config.model.name}/")
    if is_safe_name(version) and (project.release(version) / EVIDENCE).is_file():
        return _release(project.release(version), project, table)
    if version == project.config.model.version:
        return _unreleased(project)
    known = _versions(project)
    listed = f"; released here: {', '.join(known)}" if known else ""
    raise InputError(
        f"expected a table, a release folder or a version of {project.config.model.name}, found nothing called "
        f"{text!r}{suggest(version, known)}{listed}"
    )


def _versions(project: Project) -> list[str]:
    folder = project.release().parent
    return sorted(entry.name for entry in folder.iterdir() if (entry / EVIDENCE).is_file()) if folder.is_dir() else []


def _unreleased(project: Project) -> Standing:
    """Return the version of `assay.yaml` that no gate has seen yet, by the rows that it would be measured on."""
    config = project.config
    dataset = config.datasets.get(config.measured_on)
    if dataset is None or dataset.query is not None:
        raise InputError(
            f"expected the rows of {config.model.name} {config.model.version} in a file (datasets.{config.measured_on})"
            ", found none. Name a table in place of the version"
        )
    return Standing(
        name=config.model.name, version=config.model.version, rows=str(project.root / dataset.path),
        roles=project.roles(),
    )  # fmt: skip


def _project_above(path: Path) -> Project | None:
    folder = next((one for one in path.resolve().parents if (one / CONFIG_NAME).is_file()), None)
    return None if folder is None else load_project(folder)


def _release(folder: Path, project: Project | None, table: str | None) -> Standing:
    evidence = parse_record(read_file(folder / EVIDENCE, "a release's evidence"), Evidence, name=str(folder / EVIDENCE))
    tally = parse_tally(read_file(folder / TALLY, "the counts behind it"), name=str(folder / TALLY))
    dataset = next(one for one in evidence.datasets if one.role == evidence.measured_on)
    what = f"{evidence.model.name} {evidence.model.version}"
    if any("ATTACH" in source.sql for source in tally.sources):
        raise InputError(
            f"{what} was measured on rows of a database: expected a file, for its rows may be others by now. Export "
            "its predictions, and compare the tables"
        )
    rows = _given(table, dataset.files, what) if table is not None else _found(dataset.files, project, what)
    return Standing(
        name=evidence.model.name, version=evidence.model.version, rows=rows, roles=tally.roles, evidence=evidence,
        sha256=dataset.sha256,
    )  # fmt: skip


def _given(table: str, files: tuple[FileDigest, ...], what: str) -> str:
    if len(files) != 1 or not Path(table).is_file() or hash_file(Path(table), table).sha256 != files[0].sha256:
        raise InputError(
            f"{table}: expected the rows that {what} was measured on ({files[0].name}, SHA-256 "
            f"{files[0].sha256[:16]}...), found others"
        )
    return table


def _found(files: tuple[FileDigest, ...], project: Project | None, what: str) -> str:
    root = project.root if project is not None else Path()
    places = [_place(root / one.name, one) for one in files]
    if lost := [one for one, place in zip(files, places, strict=True) if place is None]:
        raise InputError(
            f"expected the rows that {what} was measured on, {root / lost[0].name} with SHA-256 "
            f"{lost[0].sha256[:16]}..., found other rows there, and none in that folder that are the same. Name a copy "
            "(--champion-data, --challenger-data), or compare two tables"
        )
    if len(places) == 1:
        return str(places[0])
    folders = {place.parent for place in places if place is not None}
    if len(folders) == 1 and {place.name for place in places if place} == {one.name for one in folders.pop().iterdir()}:
        return str(places[0].parent) if places[0] is not None else ""
    raise InputError(
        f"{what} was measured on {len(files)} files that are not a folder of their own: put its predictions into one "
        "table, and compare the tables"
    )


def _place(path: Path, file: FileDigest) -> Path | None:
    """Return where a file is that holds what was measured: at its place, or beside it under another name."""
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    for one in (path, *beside):
        if one.is_file() and one.stat().st_size == file.size and hash_file(one, one.name).sha256 == file.sha256:
            return one
    return None
