"""Reasons on this machine: the project's model, words and log; or a model file and a mapping, with nothing kept."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.here import project_at
from assay.adapters.model_files import open_model
from assay.adapters.scorers import open_scorer
from assay.errors import InputError
from assay.lifecycle.giving_reasons import About, Asked, Given, give_reasons
from assay.lifecycle.kept_reasons import (
    EVENT,
    Checked,
    check_reasons,
    find_batch,
    given_event,
    keep_reasons,
    open_person,
    read_disclosed,
)
from assay.lifecycle.keyring import DEFAULT, Keyring
from assay.lifecycle.project import Project, read_file
from assay.lifecycle.reasons_section import ReasonsSection
from assay.lifecycle.robustness_section import ScorerSection
from assay.lifecycle.setting import now
from assay.lifecycle.storing import list_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.diagnosis.reasons.change import Search
    from assay.lifecycle.robustness_section import Kind
    from assay.records.reasons import PersonReasons, ReasonsGiven

BUDGET_SECONDS = 300.0
"""What computing reasons may take, where nobody says otherwise."""

_SUFFIXES: dict[str, Kind] = {
    ".onnx": "onnx", ".skops": "scikit-learn", ".joblib": "scikit-learn", ".pkl": "scikit-learn",
    ".pickle": "scikit-learn",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reasoned:
    """Reasons, and where they were fixed.

    Attributes:
        given: the reasons.
        folder: where they are kept; None where nothing was.
        index: index of the entry of the log that fixed them; None where nothing was recorded.
    """

    given: Given
    folder: Path | None = None
    index: int | None = None

    @property
    def record(self) -> ReasonsGiven:
        """What was fixed; it names nobody."""
        return self.given.record

    @property
    def people(self) -> tuple[PersonReasons, ...]:
        """The reasons, person by person."""
        return self.given.people


def reasons(
    table: Any,  # noqa: ANN401 - any table
    identifier: str,
    *,
    project: Project | Path | str | None = None,
    only: Sequence[str] = (),
    recorded: str | None = None,
    changes: Search | None = None,
    seed: int = 0,
    key: str = DEFAULT,
    keep: bool = True,
    budget_seconds: float | None = BUDGET_SECONDS,
    watched: bool = False,
) -> Reasoned:
    """Decide on people with a project's model, and fix the reasons of those who are denied.

    The reasons are signed and kept beside the log, a file a person with a salt of its own; an event of the log holds
    the digest of the record that commits to all of them.

    Args:
        table: the people: a path, a glob, bytes or a frame.
        identifier: the column that names a person or an application.
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        only: these people alone.
        recorded: a column with decisions taken before; refused where the model decides otherwise now.
        changes: look for the smallest change that would have been approved, too.
        seed: of all chance.
        key: name of the key that signs.
        keep: sign, keep and record them; without it they are computed and given back alone.
        budget_seconds: what computing may take; who was denied and has no reasons by then is told (``given.left``), as
            is whose smallest change was not looked for. None: as long as it takes.
        watched: draw a progress bar for a person who waits.

    Raises:
        AssayError: when something is missing or wrong, or nobody has reasons within the budget; nothing is kept then.
    """
    project = project if isinstance(project, Project) else project_at(project)
    section = project.config.reasons or ReasonsSection()
    columns = project.config.columns
    table = str(Path(table).absolute()) if isinstance(table, (str, Path)) else table
    with contextlib.chdir(project.root):
        model = _model_of(project, section)
        positive = columns.positive if columns.positive is not None else 1
        asked = Asked(
            table=table, identifier=identifier, compared_with=_compared_with(project, section),
            mapping=read_file(Path(section.mapping), "what puts features into words"), mapping_name=section.mapping,
            features=_features_of(project, section), positive=positive,
            favourable=columns.favourable if columns.favourable is not None else positive, threshold=model.threshold,
            protected=columns.protected, stand_ins=_stand_ins(project), only=only, recorded=recorded, search=changes,
            seed=seed, budget_seconds=budget_seconds,
        )  # fmt: skip
        named = project.config.model
        about = About(
            system=project.config.system, model=named.name, version=named.version, sha256=list_model(project.model)[1]
        )
        with _watching(watched=watched) as tell:
            given = give_reasons(asked, open_scorer(model, positive), about, at=now(), tell=tell)
    return _kept(given, project, key) if keep else Reasoned(given=given)


def reasons_of_file(asked: Asked, model: str, *, trusted: bool = False, watched: bool = False) -> Reasoned:
    """Decide on people with a model file, with no project; nothing is kept, so nothing is fixed.

    Args:
        asked: people, words and what to compare with.
        model: its file (ONNX, skops, joblib, pickle), folder (MLflow), address, or ``module:function``.
        trusted: whether a file that runs code may be loaded.
        watched: draw a progress bar for a person who waits.

    Raises:
        AssayError: when something is missing or wrong.
    """
    section = section_of(model, threshold=asked.threshold, trusted=trusted)
    path = Path(model)
    digest = list_model(path)[1] if path.exists() else "0" * 64
    about = About(system=path.stem, model=path.stem, version="not stated", sha256=digest)
    alone = section.kind in {"scikit-learn", "onnx"}
    scorer = (
        open_model(model, trusted=trusted, positive=asked.positive) if alone else open_scorer(section, asked.positive)
    )
    with _watching(watched=watched) as tell:
        return Reasoned(given=give_reasons(asked, scorer, about, at=now(), tell=tell))


@contextlib.contextmanager
def _watching(*, watched: bool) -> Iterator[Callable[[float], None] | None]:
    """Give what draws progress for a person who waits; nothing where nobody does."""
    from assay.lifecycle.measuring import progress_bar  # noqa: PLC0415 - it loads the engine, which reasons need anyway

    draw, wipe = progress_bar("computing reasons") if watched else (None, None)
    try:
        yield draw
    finally:
        if wipe is not None:
            wipe()


def section_of(model: str, *, threshold: float, trusted: bool) -> ScorerSection:
    """Return what a model file is, by its name.

    Raises:
        InputError: when the name does not tell.
    """
    path, said = Path(model), {"threshold": threshold, "trusted": trusted}
    if model.startswith(("http://", "https://")):
        return ScorerSection(kind="http", url=model, threshold=threshold)
    if (path / "MLmodel").is_file():
        return ScorerSection(kind="mlflow", path=model, **said)  # type: ignore[arg-type]
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is not None:
        return ScorerSection(kind=kind, path=model, **said)  # type: ignore[arg-type]
    if ":" in model and not path.exists():
        return ScorerSection(kind="callable", callable=model, threshold=threshold)
    raise InputError(
        f"--model: expected a file that ends in {', '.join(_SUFFIXES)}, a folder of MLflow, an address or "
        f"module:function, found {model!r}"
    )


def check_person(
    identity: str | None, project: Project | Path | str | None = None, *, batch: str | None = None,
    file: Path | str | None = None,
) -> Checked:  # fmt: skip
    """Check that the reasons of one person are those that were fixed when the decision was taken.

    Args:
        identity: the person, as the table had it; not needed with ``file``.
        project: by default the one that the working folder belongs to.
        batch: the record; not needed where there is one alone.
        file: reasons as they were handed over (a file of a batch's ``disclosures``).

    Raises:
        VerificationError: naming what does not hold.
    """
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only when called

    project = project if isinstance(project, Project) else project_at(project)
    handed = None
    if file is not None:
        if not Path(file).is_file():
            raise InputError(f"expected the reasons of one person at {file}, found no file")
        handed = read_disclosed(Path(file))
    folder = find_batch(project.state, batch if handed is None else handed.batch)
    opened = handed if handed is not None else open_person(folder, identity or "")
    with open_trail(project) as trail:
        keys = trail.trust.keys() | frozenset(trail.keys.values())
        names = {one.key_id: name for name, one in trail.keys.items()}
        return check_reasons(opened, folder, keys, trail.view().facts(EVENT), names=names)


def _kept(given: Given, project: Project, key: str) -> Reasoned:
    from assay.adapters.trail_here import record  # noqa: PLC0415 - only when kept

    names = Keyring(project.keys).names()
    if key not in names and key != DEFAULT:
        raise InputError(f"expected one of the keys {', '.join(names) or 'none'}, found {key!r}")
    folder = keep_reasons(given, project.state, Keyring(project.keys).signer(key))
    index = record([given_event(given)], project, key=key)[0].index
    return Reasoned(given=given, folder=folder, index=index)


def _model_of(project: Project, section: ReasonsSection) -> ScorerSection:
    robustness = project.config.robustness
    model = section.model or (robustness.model if robustness is not None else None)
    if model is None:
        raise InputError(
            "assay.yaml names no model that can be asked: write reasons: {model: {kind: scikit-learn, path: ...}}, or "
            "name one with --model FILE"
        )
    return model


def _features_of(project: Project, section: ReasonsSection) -> tuple[str, ...] | None:
    robustness = project.config.robustness
    inherited = robustness.features if robustness is not None and section.model is None else None
    return section.features or inherited


def _stand_ins(project: Project) -> dict[str, str]:
    robustness = project.config.robustness
    declared = robustness.counterfactual if robustness is not None else None
    found: dict[str, str] = {}
    for attribute, names in (declared.stand_ins if declared is not None else {}).items():
        found |= dict.fromkeys(names, attribute)
    return found


def _compared_with(project: Project, section: ReasonsSection) -> Any:  # noqa: ANN401 - any table
    from assay.tabular import Query  # noqa: PLC0415 - the engine is loaded when rows are read

    role = section.compared_with or project.config.measured_on
    if role not in project.config.datasets:
        known = ", ".join(project.config.datasets)
        raise InputError(f"expected a dataset {role!r} to compare with ({known}); name one as reasons.compared_with")
    dataset = project.config.datasets[role]
    return dataset.path if dataset.query is None else Query(database=dataset.path, sql=dataset.query)
