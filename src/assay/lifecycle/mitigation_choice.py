"""A candidate taken out: a folder with its model, how to load it, scored rows, and for a project a new version."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from assay.diagnosis.mitigation.answered import answered_rows
from assay.diagnosis.mitigation.taken_out import ModelFile, model_file
from assay.errors import InputError, suggest
from assay.lifecycle.mitigation_readme import readme
from assay.lifecycle.project import CONFIG_NAME, load_project
from assay.lifecycle.storing import list_model, storage_errors
from assay.tabular.writing import write_with_columns

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.trying import Answers
    from assay.lifecycle.mitigating import Searched
    from assay.lifecycle.project import Project
    from assay.records.mitigation import Trial

MODEL, PREDICTIONS, README, SEARCH, SIGNATURE = (
    "model", "predictions.parquet", "README.md", "mitigation.json", "mitigation.dsse.json"
)  # fmt: skip
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What was taken out.

    Attributes:
        folder: where it lies.
        candidate: which.
        version: the new version; None without a project.
        model_sha256: root digest of the model's files.
    """

    folder: Path
    candidate: str
    version: str | None
    model_sha256: str


def require_choice(searched: Searched, name: str) -> tuple[Trial, Answers]:
    """Return a candidate that can be taken out.

    Raises:
        InputError: for a name that is none, or a candidate that was not measured.
    """
    trial = searched.mitigation.trial(name)
    if trial is None or name not in searched.answers:
        why = "" if trial is None else f" ({trial.status}: {trial.reason})"
        raise InputError(
            f"--choose: expected a candidate that was measured, found {name!r}{why}{suggest(name, searched.answers)}. "
            f"There are: {', '.join(searched.answers) or 'none'}"
        )
    return trial, searched.answers[name]


def require_empty(folder: Path) -> None:
    """Refuse a folder that holds something: nothing is overwritten.

    Raises:
        InputError: when it does.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"--out {folder}: expected a folder that does not exist yet, or is empty; nothing is overwritten"
        )


def take_out(searched: Searched, name: str, folder: Path, *, version: str | None = None) -> Taken:
    """Write a candidate: all of it, or nothing.

    Args:
        searched: the search.
        name: the candidate.
        folder: where; it must not exist, or be empty.
        version: the new version's name; by default the next number.

    Raises:
        InputError: when there is no such candidate, or the folder holds something.
        StorageError: when the disk is full; nothing is left then.
    """
    trial, answers = require_choice(searched, name)
    require_empty(folder)
    file, case, project = model_file(answers), searched.case, searched.case.project
    new = None if project is None else _next_version(project, version)
    with storage_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    stage, folder = stage.resolve(), folder.resolve()
    try:
        with storage_errors(folder):
            (stage / MODEL).mkdir()
            (stage / MODEL / file.name).write_bytes(file.content)
            written = answered_rows(case.work.plan.reported, answers, case.judge.roles)
            with contextlib.chdir(project.root if project is not None else Path.cwd()):
                write_with_columns(case.table, _predicted(written, searched), stage / PREDICTIONS)
            (stage / README).write_text(readme(searched.mitigation, trial, answers, file, new), encoding="utf-8")
            _files, digest = list_model(stage / MODEL)
            if project is not None and new is not None:
                text = _configuration(searched, project, folder, new, model=file, candidate=name)
                (stage / CONFIG_NAME).write_text(text, encoding="utf-8")
                load_project(stage / CONFIG_NAME)  # what is wrong in it is met before anything is there
            stage.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            stage.rename(folder)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    return Taken(folder=folder, candidate=name, version=new, model_sha256=digest)


def _predicted(written: Any, searched: Searched) -> Any:  # noqa: ANN401 - pandas frames
    roles = searched.case.judge.roles
    return written[[name for name in (roles.prediction, roles.score) if name is not None]]


def _next_version(project: Project, wanted: str | None) -> str:
    """Return a version that no release bears: the one wanted, or the next number."""
    config = project.config
    there = {one.name for one in project.release().parent.glob("*")} | {config.model.version}
    if wanted is not None:
        if wanted in there:
            raise InputError(f"--new-version: expected a version that is not there yet, found {wanted!r}")
        return wanted
    found = _LAST_NUMBER.search(config.model.version)
    if found is None:
        return f"{config.model.version}-mended"
    begins, ends = config.model.version[: found.start()], config.model.version[found.end() :]
    number = int(found[1]) + 1
    while f"{begins}{number}{ends}" in there:
        number += 1
    return f"{begins}{number}{ends}"


def _configuration(
    searched: Searched, project: Project, folder: Path, version: str, *, model: ModelFile, candidate: str
) -> str:
    """Return `assay.yaml` of the new version: the project's, about the new model, paths as seen from the new folder."""
    found, answers = searched.mitigation, searched.answers[candidate]
    raw: dict[str, Any] = yaml.safe_load((project.root / CONFIG_NAME).read_text(encoding="utf-8"))
    told = _seen_from(raw, project.root, folder)
    told["model"] = {
        **raw["model"], "version": version, "path": f"{MODEL}/",
        "derived_from": {
            "version": found.subject.removeprefix(f"{project.config.model.name} "),
            "verdict_sha256": found.verdict_sha256, "candidate": candidate,
        },
    }  # fmt: skip
    told["model"].pop("trained", None)
    told["state"] = os.path.relpath(project.state, folder)
    told["datasets"][project.config.measured_on] = {"path": PREDICTIONS}
    if "robustness" in raw and not _can_be_probed(searched, answers):
        del told["robustness"]  # what its controls ask stays unknown, and README.md says why
    elif "robustness" in raw:
        told["robustness"] = {
            **told["robustness"],
            "model": {"kind": "scikit-learn", "path": f"{MODEL}/{model.name}", "output": "label", "trusted": True},
            "features": [*found.features, *answers.asks],
        }  # fmt: skip
    head = (
        f"# {found.subject}, mended by `assay mitigate` ({candidate}, seed {found.seed}). Read README.md here, then\n"
        "# judge it with `assay run` in this folder. Card, policy, keys and log are those of the project.\n"
    )
    return head + yaml.safe_dump(told, sort_keys=False, allow_unicode=True)


def _can_be_probed(searched: Searched, answers: Answers) -> bool:
    """Say whether probes would ask the new model as it was fitted: classes 0 and 1, and groups as text."""
    reported = searched.case.work.plan.reported
    classes = {str(value).lower() for value in reported.written.values()}
    groups = [value for name in answers.asks for value in reported.groups[name].tolist() if value is not None]
    return classes <= {"0", "1", "false", "true", "0.0", "1.0"} and all(isinstance(value, str) for value in groups)


_NO_PATHS = ("columns", "system", "materiality")


def _seen_from(raw: dict[str, Any], root: Path, folder: Path) -> dict[str, Any]:
    """Return a document in which every path to a file of the project leads there from another folder."""

    def moved(value: Any) -> Any:  # noqa: ANN401 - YAML
        if isinstance(value, dict):
            return {key: moved(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [moved(inner) for inner in value]
        if isinstance(value, str) and value and "\n" not in value and len(value) < 1000 and (root / value).exists():  # noqa: PLR2004 - no path is longer
            return Path(os.path.relpath(root / value, folder)).as_posix()
        return value

    return {key: value if key in _NO_PATHS else moved(value) for key, value in raw.items()}


def search_content(searched: Searched) -> bytes:
    """Return the search's record as it is kept and signed."""
    return msgspec.json.format(msgspec.json.encode(searched.mitigation), indent=1) + b"\n"
