"""Under what a training run is watched: policy or limits, whose project, where it is recorded, what best means."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assay import __version__
from assay.adapters.here import log_of, project_at
from assay.errors import InputError, suggest
from assay.lifecycle.assessment import NO_FILES, code_version, dataset_files
from assay.lifecycle.project import Project, load_project
from assay.lifecycle.run_judging import Judge, policy_of
from assay.lifecycle.run_trail import RunTrail
from assay.lifecycle.setting import load_policy, nobody, now
from assay.lifecycle.storing import list_model
from assay.metrics import METRICS
from assay.policy import Policy
from assay.records.canonical import sha256_hex
from assay.records.evidence import Code, Evidence, Materiality, ModelVersion, Tool
from assay.records.tally import Roles, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

Given = Project | Path | str | Literal[False] | None

Saved = str | Path | bytes | None
_NOWHERE = Materiality(exposure="not said", purpose="not said", justification="no project names it")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """All that a monitor needs to know beside the rows.

    Attributes:
        project: the project; None where there is none.
        judge: holds a tally against the policy.
        roles: what the columns mean.
        best_by: a metric, or a name of progress.
        most: whether more of it is better.
        on_error: what becomes of an iteration that cannot be measured.
        trail: the project's trail.
    """

    project: Project | None
    judge: Judge
    roles: Roles
    best_by: str
    most: bool
    on_error: str
    trail: RunTrail | None

    @property
    def state(self) -> Path | None:
        """The state folder; None where there is no project."""
        return None if self.project is None else self.project.state

    @property
    def system(self) -> str:
        """The AI system's name."""
        return "none" if self.project is None else self.project.config.system

    @property
    def name(self) -> str:
        """The model's name."""
        return "unnamed" if self.project is None else self.project.config.model.name

    @property
    def version(self) -> str:
        """The model's version."""
        return "0" if self.project is None else self.project.config.model.version

    def better(self, value: float, than: float) -> bool:
        """Say whether a value is better than another."""
        return value > than if self.most else value < than

    def code(self) -> Code:
        """Return the code version of the project, or of the working folder."""
        return code_version(Path.cwd() if self.project is None else self.project.root)

    def datasets(self) -> dict[str, str]:
        """Return the digests of the project's datasets that are there; the one with predictions comes later."""
        if self.project is None:
            return {}
        config = self.project.config
        return {
            role: digest
            for role, section in sorted(config.datasets.items())
            if role != config.measured_on and section.query is None
            and (digest := dataset_files(self.project.root, section.path)) is not None
        }  # fmt: skip


def read_terms(
    *,
    project: Given,
    policy: Policy | Path | str | None,
    limits: Mapping[str, Any] | None,
    labelled: bool,
    attributes: tuple[str, ...],
    positive: str | bool | int | None,
    favourable: str | bool | int | None,
    best_by: str | None,
    best_is: str | None,
    level: float,
    minimum_group: int,
    on_error: str,
    key: str,
    task: Task | None = None,
    weighted: bool = False,
) -> Terms:
    """Return the terms that a monitor was asked for; see `FairnessMonitor`.

    Raises:
        InputError: when no policy was found, or it compares what was not given.
        DocumentError: with every problem of a policy file.
    """
    if limits is not None and policy is not None:
        raise InputError("expected a policy or limits, found both: leave one out")
    found = _project(project)
    if limits is not None:
        rules = policy_of(limits, attributes, on=now()[:10], level=level, minimum=minimum_group)
    else:
        rules = _policy(policy, found)
    roles = _roles(
        found, labelled=labelled, attributes=attributes, positive=positive, favourable=favourable, task=task,
        weighted=weighted,
    )  # fmt: skip
    if best_by is None:
        best_by = "mean_absolute_error" if roles.task == "regression" else "accuracy"
    judge = Judge(rules, _template(found, rules), also=(best_by,) if best_by in METRICS else ())
    judge.require(roles)
    return Terms(
        project=found,
        judge=judge,
        roles=roles,
        best_by=best_by,
        most=_more_is_better(best_by, best_is),
        on_error=on_error,
        trail=None if found is None else RunTrail(found, log_of(found), key),
    )


def _project(given: Given) -> Project | None:
    if given is False:
        return None
    if isinstance(given, Project):
        return given
    if given is not None:
        return project_at(given)
    try:
        return load_project()
    except InputError as error:
        if type(error) is not InputError:
            raise  # there is an assay.yaml, and it is wrong
        return None


def _policy(given: Policy | Path | str | None, project: Project | None) -> Policy:
    if isinstance(given, Policy):
        return given
    if given is not None:
        return load_policy(Path(given))
    if project is None:
        raise InputError(
            "expected a project (assay.yaml) here or above, policy=FILE, or limits={...}; found none of them: a run is "
            "held against something"
        )
    return load_policy(project.root / project.config.policy)


def _roles(
    project: Project | None, *, labelled: bool, attributes: tuple[str, ...], positive: str | bool | int | None,
    favourable: str | bool | int | None, task: Task | None, weighted: bool,
) -> Roles:  # fmt: skip
    columns = None if project is None else project.config.columns
    if columns is not None and task is not None and columns.task != task:
        raise InputError(f"task: expected {columns.task}, as assay.yaml has it, found {task}: leave it out")
    if columns is not None and columns.weight is not None and not weighted:
        raise InputError(
            f"expected weights of the validation set, for assay.yaml weighs its rows by {columns.weight!r}, found "
            "none: give weights="
        )
    return Roles(
        task=task or (columns.task if columns else "binary"),
        weight=((columns.weight if columns else None) or "weight") if weighted else None,
        label=((columns.label if columns else None) or "label") if labelled else None,
        prediction=(columns.prediction if columns else None) or "prediction",
        protected=attributes,
        positive=positive if positive is not None or columns is None else columns.positive,
        favourable=favourable if favourable is not None or columns is None else columns.favourable,
    )


def _template(project: Project | None, policy: Policy) -> Evidence:
    config = None if project is None else project.config
    return Evidence(
        system=config.system if config else "none",
        stage="training",
        model=ModelVersion(
            name=config.model.name if config else "unnamed", version=config.model.version if config else "0",
            sha256=NO_FILES, files=(),
        ),
        materiality=config.materiality if config else _NOWHERE,
        datasets=(),
        measured_on="validation",
        policy_sha256=policy.sha256,
        code=Code(),
        tally_sha256="0" * 64,
        rows=0,
        measurements=(),
        measured_at=now(),
        measured_by=nobody(),
        tool=Tool(version=__version__, python="", engine="assay monitor"),
    )  # fmt: skip


def _more_is_better(name: str, said: str | None) -> bool:
    if said not in {None, "highest", "lowest"}:
        raise InputError(f"best_is: expected highest or lowest, found {said!r}")
    if said is not None:
        return said == "highest"
    if name in METRICS:
        metric = METRICS[name]
        if metric.scope != "group" or metric.higher_is_better is None:
            raise InputError(
                f"best_by: expected best_is='highest' or 'lowest' with {name}, which may be better either way"
            )
        return metric.higher_is_better
    if "loss" in name or "error" in name:
        return False
    raise InputError(
        f"best_by: expected a metric{suggest(name, METRICS)}, or with a number of progress best_is='highest' or "
        f"'lowest', found {name!r}"
    )


def run_id() -> str:
    """Return an id that no other run has, and that sorts by time."""
    at = time.time_ns()
    stamp = datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y%m%dT%H%M%S")
    return f"{stamp}-{at % 10**9:09d}-{secrets.token_hex(2)}"


def check_options(action: str, patience: int, warm_up: int, undecided: str, on_error: str) -> None:
    """Refuse an option that means nothing."""
    for name, found, known in (
        ("action", action, ("warn", "stop", "keep-best")),
        ("undecided", undecided, ("wait", "stop")),
        ("on_error", on_error, ("record", "raise")),
    ):
        if found not in known:
            raise InputError(f"{name}: expected {' or '.join(known)}, found {found!r}{suggest(found, known)}")
    if patience < 1 or warm_up < 0:
        raise InputError(f"expected a patience of 1 or more and a warm_up of 0 or more, found {patience} and {warm_up}")


def digest_saved(saved: Saved) -> tuple[str | None, str]:
    """Return the digest of what was saved, and what it is of."""
    if isinstance(saved, bytes):
        return sha256_hex(saved), f"{len(saved):,} bytes"
    if isinstance(saved, str | Path):
        return list_model(Path(saved))[1], Path(saved).name
    return None, ""
