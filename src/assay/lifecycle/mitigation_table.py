"""The case of a table with no policy and no release: a metric between groups, held against a limit."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay import __version__
from assay.diagnosis.mitigation.limits import Limits
from assay.diagnosis.mitigation.trying import Work
from assay.diagnosis.question import GROUP_METRICS, limit_of
from assay.diagnosis.requirement import Requirement, follows_decisions
from assay.errors import InputError
from assay.lifecycle.assessment import NO_FILES, dataset_digest
from assay.lifecycle.mitigating import Case, Denied, performance
from assay.lifecycle.mitigation_judge import Judge
from assay.lifecycle.mitigation_project import aim_of, aim_record
from assay.lifecycle.mitigation_rows import Sources, planned
from assay.lifecycle.setting import nobody
from assay.policy import parse_policy
from assay.records.evidence import Code, Dataset, Evidence, Materiality, ModelVersion, Tool
from assay.records.mitigation import Aim

if TYPE_CHECKING:
    from assay.diagnosis.mitigation.learner import Learner
    from assay.lifecycle.mitigation_rows import Planned
    from assay.policy import Policy
    from assay.records.tally import Roles
    from assay.records.verdict import Limit

CONTROL = "limit"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a table.

    Attributes:
        data: the rows reported, with or without predictions.
        train: the rows that are learnt from; None when they are the same.
        roles: which column means what.
        features: what a learner is given; every column without a role when None.
        metric: the metric between groups.
        limit: at most this for a difference, at least this for a ratio.
        minimum_group: groups with fewer rows take no part.
    """

    data: Any
    train: Any
    roles: Roles
    features: tuple[str, ...] | None
    metric: str
    limit: float
    minimum_group: int = 1


def table_case(asked: Asked, learner: Learner, *, seed: int, at: str) -> Case:
    """Return the case of a table.

    Args:
        asked: what is asked.
        learner: what candidates build on.
        seed: of all chance.
        at: the time.

    Raises:
        InputError: for a metric that decisions do not move, or that compares no groups.
        DataError: when rows cannot be read or learnt from.
    """
    limit, roles = limit_of(asked.metric, asked.limit), asked.roles
    if not roles.protected:
        raise InputError("expected --protected with the columns by which groups are compared, found none")
    if not follows_decisions(Requirement(metric=asked.metric, limit=limit)):
        raise InputError(
            f"--metric {asked.metric}: expected a metric of decisions; this one is of scores, which no remedy here is "
            "chosen by"
        )
    learnt = asked.data if asked.train is None else asked.train
    rows = planned(
        Sources(train=learnt, test=None if asked.train is None else asked.data, roles=roles, features=asked.features),
        roles.protected[:1], seed=seed,
    )  # fmt: skip
    policy = asked_policy(asked, limit, at)
    judge = Judge(policy=policy, evidence=_evidence(policy, rows, at), roles=_predicted(roles), at=at)
    denied, aim = _denied(asked, limit, judge, rows)
    limits = Limits(
        aim=Requirement(
            metric=aim.metric, limit=limit, attributes=aim.attributes, group=aim.group,
            minimum_group=asked.minimum_group,
        ),
        all=_requirements(asked, limit, rows),
        attributes=aim.attributes,
        protected=roles.protected,
        favourable_is_positive=roles.favourable is None or str(roles.favourable) == str(roles.positive or 1),
    )  # fmt: skip
    return Case(
        work=Work(plan=rows.plan, learner=learner, limits=limits, seed=seed),
        judge=judge, denied=denied, aim=aim, held_out=rows.words, datasets=judge.evidence.datasets,
        table=rows.table,
    )  # fmt: skip


def _predicted(roles: Roles) -> Roles:
    """Return the roles of rows with a candidate's predictions: it has a prediction and a score, whatever was there."""
    import msgspec  # noqa: PLC0415 - one call

    return msgspec.structs.replace(
        roles, prediction=roles.prediction or "assay_prediction", score=roles.score or "assay_score"
    )


def asked_policy(asked: Asked, limit: Limit, at: str) -> Policy:
    """Return the policy that a metric and a limit are, so that the same judge decides as does on a release."""
    check = "impact-ratio" if asked.metric in GROUP_METRICS else "group-gap"
    control: dict[str, Any] = {
        "id": CONTROL,
        "title": f"{asked.metric} keeps its limit",
        "check": check,
        "attributes": list(asked.roles.protected),
        "limit": {"max": limit.max} if limit.max is not None else {"min": limit.min},
        "provenance": {
            "set_by": "whoever asked", "when": at[:10], "source": "the limit that was given",
            "why": "to see what would keep it",
        },
    }  # fmt: skip
    if check == "group-gap":
        control["metric"] = asked.metric
    text = {
        "schema": "assay.policy/v1", "name": "asked", "version": "0", "minimum_group": asked.minimum_group,
        "small_groups": "report", "controls": [control],
    }  # fmt: skip
    content = json.dumps(text).encode()
    return parse_policy("asked", lambda _name: content)


def _evidence(policy: Policy, rows: Planned, at: str) -> Evidence:
    tables = [("train", rows.train)] + ([] if rows.test is None else [("test", rows.test)])
    datasets = tuple(
        Dataset(role=role, sha256=dataset_digest(one.files), files=one.files, rows=one.count)
        for role, one in sorted(tables, key=lambda pair: pair[0]) if one.files
    )  # fmt: skip
    return Evidence(
        system="asked", stage="release", model=ModelVersion(name="asked", version="asked", sha256=NO_FILES, files=()),
        materiality=Materiality(exposure="not stated", purpose="not stated", justification="a table, no release"),
        datasets=datasets, measured_on="test", policy_sha256=policy.sha256, code=Code(reason="a table, no release"),
        tally_sha256=NO_FILES, rows=0, measurements=(), measured_at=at, measured_by=nobody(),
        tool=Tool(version=__version__, python=platform.python_version(), engine="duckdb"),
    )  # fmt: skip


def _denied(asked: Asked, limit: Limit, judge: Judge, rows: Planned) -> tuple[Denied, Aim]:
    """Return the version asked about, and the attribute that is furthest beyond the limit."""
    name = str(asked.data) if isinstance(asked.data, str) else "the rows"
    if asked.roles.prediction is None:
        attribute = asked.roles.protected[0]
        groups = _requirements(asked, limit, rows)
        aim = Aim(
            metric=asked.metric, over=attribute, attributes=(attribute,), limit=limit, group=groups[0].group,
            finding=f"{CONTROL}/{attribute}",
        )  # fmt: skip
        return Denied(subject=name), aim
    reported = Judge(policy=judge.policy, evidence=judge.evidence, roles=asked.roles, at=judge.at).judge(asked.data)
    finding = aim_of(reported.findings, None)
    aim = aim_record(finding)
    return Denied(
        subject=name, measurements=reported.measurements, decisions=rows.decisions,
        performance=performance(reported.measurements, aim, reported.holds),
    ), aim  # fmt: skip


def _requirements(asked: Asked, limit: Limit, rows: Planned) -> tuple[Requirement, ...]:
    found = []
    for name in asked.roles.protected:
        groups: list[dict[str, Any]] = [{}]
        if asked.metric in GROUP_METRICS:
            values = sorted({one for one in rows.train.groups[name] if one is not None}, key=str)
            groups = [{name: value} for value in values]
        found += [
            Requirement(metric=asked.metric, limit=limit, attributes=(name,), group=group,
                        minimum_group=asked.minimum_group)
            for group in groups
        ]  # fmt: skip
    return tuple(found)
