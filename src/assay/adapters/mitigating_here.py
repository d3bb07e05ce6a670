"""Mitigation on this machine: what command line and Python call."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from assay.adapters.estimators import find_estimator, load_estimator
from assay.adapters.here import project_at
from assay.errors import InputError, MissingExtraError, suggest
from assay.lifecycle.setting import load_policy, now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from assay.diagnosis.mitigation.learner import Learner
    from assay.lifecycle.mitigating import Case, Searched
    from assay.lifecycle.mitigation_table import Asked
    from assay.lifecycle.project import Project
    from assay.records.mitigation import SearchKind
    from assay.records.tally import Roles

BUDGET_SECONDS = 60.0


def mitigate(
    verdict: Path | str | None = None,
    project: Project | Path | str | None = None,
    *,
    rows: Any = None,  # noqa: ANN401 - any table
    train: Any = None,  # noqa: ANN401 - any table
    roles: Roles | None = None,
    metric: str | None = None,
    limit: float | None = None,
    features: Sequence[str] = (),
    minimum_group: int = 1,
    estimator: str | Path | None = None,
    trusted: bool = False,
    policy: Path | str | None = None,
    aim: str | None = None,
    search: SearchKind = "remedies",
    candidates: Sequence[str] = (),
    budget_seconds: float = BUDGET_SECONDS,
    seed: int = 0,
    within: float = 0.01,
    allow_attribute: bool = False,
    watched: bool = False,
) -> Searched:
    """Try remedies on a denied version, and measure each on held-out rows under the same policy.

    Give a verdict of a project, or rows with a metric and its limit.

    Args:
        verdict: the release that was denied: its folder, ``verdict.json``, ``NAME/VERSION`` or a version; by default
            that of `assay.yaml`.
        project: itself, its `assay.yaml` or folder; by default the one the working folder belongs to.
        rows: whatever `tally_rows` takes; then ``roles``, ``metric`` and ``limit`` are needed, and no verdict.
        train: the rows that are learnt from; by default ``rows``.
        roles: which column means what.
        metric: a metric between groups.
        limit: at most this for a difference, at least this for a ratio.
        features: what a learner is given; by default what the project says, else every column without a role.
        minimum_group: groups with fewer rows take no part, where there is no policy.
        estimator: ``logistic``, ``boosting``, or the file of an estimator; by default the denied model, fitted again
            where it is one of scikit-learn.
        trusted: whether a model file may run whatever code it holds.
        policy: the policy that denied it, where it is no longer the project's.
        aim: id of the finding that is to be mended first.
        search: ``remedies``, or ``lda``: a grid of alternatives.
        candidates: names of methods or candidates; all when empty.
        budget_seconds: what the search may take.
        seed: of all chance.
        within: how far below the best accuracy a less discriminatory alternative may lie.
        allow_attribute: whether candidates may need the protected attribute when they predict.
        watched: draw a progress bar for a person who waits.

    Raises:
        AssayError: when something is missing or wrong; nothing is written in any case.
    """
    _require_extra()
    from assay.lifecycle import mitigating  # noqa: PLC0415 - only when called

    options = mitigating.Options(
        search=search, candidates=tuple(candidates), budget_seconds=budget_seconds, seed=seed, within=within,
        attribute=allow_attribute,
    )  # fmt: skip
    mitigating.require_options(options)
    until, at = monotonic() + budget_seconds, now()
    named = tuple(features) or None
    if rows is None:
        found = project_at(project) if project is None or isinstance(project, (str, Path)) else project
        case = _of_project(
            found, verdict, policy=policy, estimator=estimator, features=named, aim=aim, trusted=trusted, seed=seed,
            at=at,
        )  # fmt: skip
    else:
        asked = _asked(
            verdict, rows=rows, train=train, roles=roles, metric=metric, limit=limit, features=named,
            minimum_group=minimum_group,
        )  # fmt: skip
        case = _of_table(asked, estimator, trusted=trusted, seed=seed, at=at)
    with _watching(watched=watched) as tell:
        return mitigating.search(case, options, until=until, at=at, tell=tell)


def _require_extra() -> None:
    """Refuse at once where packages are missing, not after the rows were read."""
    for module, name in (("sklearn", "scikit-learn"), ("pandas", "pandas"), ("fairlearn", "Fairlearn")):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(name, "mitigation")


def _asked(
    verdict: Path | str | None,
    *,
    rows: Any,  # noqa: ANN401 - any table
    train: Any,  # noqa: ANN401 - any table
    roles: Roles | None,
    metric: str | None,
    limit: float | None,
    features: tuple[str, ...] | None,
    minimum_group: int,
) -> Asked:
    from assay.lifecycle.mitigation_table import Asked  # noqa: PLC0415 - only when called

    if verdict is not None:
        raise InputError("expected a VERDICT, or rows (--data FILE) with a metric and its limit: one of both")
    if roles is None or metric is None or limit is None:
        lacking = [name for name, given in (("roles", roles), ("metric", metric), ("limit", limit)) if given is None]
        raise InputError(f"expected {', '.join(lacking)} beside rows: what is measured, and what it is held against")
    return Asked(
        data=rows, train=train, roles=roles, features=features, metric=metric, limit=limit, minimum_group=minimum_group
    )


def _of_table(asked: Asked, estimator: str | Path | None, *, trusted: bool, seed: int, at: str) -> Case:
    from assay.lifecycle.mitigation_table import table_case  # noqa: PLC0415 - only when called

    return table_case(asked, _learner(estimator, trusted=trusted), seed=seed, at=at)


def _of_project(
    project: Project,
    verdict: Path | str | None,
    *,
    policy: Path | str | None,
    estimator: str | Path | None,
    features: tuple[str, ...] | None,
    aim: str | None,
    trusted: bool,
    seed: int,
    at: str,
) -> Case:
    from assay.lifecycle.mitigation_project import project_case, read_release, require_same  # noqa: PLC0415

    rules = load_policy(Path(policy) if policy is not None else project.root / project.config.policy)
    release = read_release(project, verdict)
    require_same(release, project, rules)
    learner = _denied_learner(project, trusted=trusted) if estimator is None else _learner(estimator, trusted=trusted)
    with contextlib.chdir(project.root):
        return project_case(release, project, rules, learner, features=features, aim=aim, seed=seed, at=at)


def _learner(estimator: str | Path | None, *, trusted: bool) -> Learner:
    """Return a learner by its name, or somebody's estimator from its file.

    Raises:
        InputError: when it is neither, or cannot be fitted again.
    """
    from assay.diagnosis.mitigation.learner import LEARNERS, learner_of  # noqa: PLC0415 - only when called
    from assay.diagnosis.mitigation.lesson import NoRemedyError  # noqa: PLC0415

    name = "logistic" if estimator is None else str(estimator)
    if name in LEARNERS:
        return LEARNERS[name]()
    if not Path(name).exists():
        raise InputError(
            f"--estimator: expected {', '.join(LEARNERS)} or a file, found {name!r}{suggest(name, LEARNERS)}"
        )
    try:
        return replace(learner_of(load_estimator(Path(name), trusted=trusted)), words=f"{name}, fitted again")
    except NoRemedyError as error:
        raise InputError(f"--estimator {name}: {error}") from None


def _denied_learner(project: Project, *, trusted: bool) -> Learner:
    """Return the denied model, to be fitted again; else a logistic regression that says why it is not that model."""
    from assay.diagnosis.mitigation.learner import learner_of, logistic  # noqa: PLC0415 - only when called
    from assay.diagnosis.mitigation.lesson import NoRemedyError  # noqa: PLC0415

    section = project.config.robustness
    file = find_estimator(project.model)
    if file is None:
        why = f"{project.config.model.path} holds no estimator of scikit-learn that could be fitted again"
    else:
        try:
            return learner_of(load_estimator(file, trusted=trusted or (section is not None and section.model.trusted)))
        except (InputError, NoRemedyError) as error:
            why = str(error)
    plain = logistic()
    return replace(plain, words=f"{plain.words}, in place of the denied model: {why}")


@contextlib.contextmanager
def _watching(*, watched: bool) -> Iterator[Callable[[str, float], None]]:
    """Give what draws progress for a person who waits; nothing where nobody does."""
    if not watched or not sys.stderr.isatty():
        yield lambda _name, _share: None
        return
    from rich.console import Console  # noqa: PLC0415 - only for a person who watches
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading rows", total=1.0)
        yield lambda name, share: bar.update(task, description=f"trying {name}", completed=share)
