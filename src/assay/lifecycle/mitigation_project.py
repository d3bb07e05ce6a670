"""The case of a denied release: its verdict and evidence, its project's rows, its policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assay.attest.statement import EVIDENCE, VERDICT
from assay.diagnosis.mitigation.limits import Limits, excess
from assay.diagnosis.mitigation.trying import Work
from assay.diagnosis.requirement import Requirement, follows_decisions
from assay.errors import InputError, VerificationError, suggest
from assay.lifecycle.assessment import dataset_files
from assay.lifecycle.mitigating import Case, Denied, performance
from assay.lifecycle.mitigation_judge import LATER, Judge, holds
from assay.lifecycle.mitigation_rows import Sources, planned
from assay.lifecycle.project import read_file, release_folder
from assay.metrics import METRICS
from assay.records.canonical import parse_record, sha256_hex
from assay.records.evidence import Evidence
from assay.records.mitigation import Aim
from assay.records.verdict import Verdict
from assay.tabular import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.diagnosis.mitigation.learner import Learner
    from assay.lifecycle.mitigation_rows import Planned
    from assay.lifecycle.project import Project
    from assay.policy import Policy
    from assay.records.tally import Roles
    from assay.records.verdict import Finding

TRAIN = "train"
_STATUS = {"fail": 0, "unknown": 1, "pass": 2, "not-applicable": 3}


@dataclass(frozen=True, kw_only=True)
class Release:
    """A decided release: its folder, verdict and evidence."""

    folder: Path
    verdict: Verdict
    verdict_sha256: str
    evidence: Evidence

    @property
    def subject(self) -> str:
        """What the release is called."""
        return f"{self.verdict.model} {self.verdict.version}"


def read_release(project: Project, given: Path | str | None) -> Release:
    """Read the release that is to be mended.

    Args:
        project: the project.
        given: its folder, its ``verdict.json``, ``NAME/VERSION`` or a version; by default that of `assay.yaml`.

    Raises:
        InputError: when there is no such release, or it has no verdict yet.
        VerificationError: when verdict and evidence are not of one another.
    """
    folder = _folder(project, given)
    content = read_file(folder / VERDICT, "the verdict of the release that is to be mended")
    verdict = parse_record(content, Verdict, name=VERDICT)
    measured = read_file(folder / EVIDENCE, "the evidence of that release")
    if sha256_hex(measured) != verdict.evidence_sha256:
        raise VerificationError(
            f"{folder / EVIDENCE} is not the evidence that the verdict beside it rests on; run `assay verify` there"
        )
    evidence = parse_record(measured, Evidence, name=EVIDENCE)
    if evidence.stage != "release":
        raise InputError(f"expected the verdict of a release, found one of the stage {evidence.stage}")
    return Release(folder=folder, verdict=verdict, verdict_sha256=sha256_hex(content), evidence=evidence)


def _folder(project: Project, given: Path | str | None) -> Path:
    name = project.config.model.name
    if given is None:
        return project.release()
    path = Path(given)
    if path.is_dir():
        return path
    if path.is_file():
        return path.parent
    parts = str(given).strip("/").split("/")
    if len(parts) == 2 and (found := release_folder(project.state, *parts)).is_dir():  # noqa: PLR2004 - NAME/VERSION
        return found
    if len(parts) == 1 and (found := release_folder(project.state, name, parts[0])).is_dir():
        return found
    there = project.release().parent
    versions = sorted(one.name for one in there.iterdir()) if there.is_dir() else []
    raise InputError(
        f"expected a verdict.json, a release folder, NAME/VERSION or a version, found {str(given)!r}"
        f"{suggest(parts[-1], versions)}. Versions of {name} here: {', '.join(versions) or 'none'}"
    )


def require_same(release: Release, project: Project, policy: Policy) -> None:
    """Refuse another policy, or other rows to learn from, than those that the verdict is about.

    Raises:
        InputError: saying which.
    """
    if policy.sha256 != release.verdict.policy.sha256:
        raise InputError(
            f"{project.config.policy} is not the policy that {release.subject} was decided under "
            f"({release.verdict.policy.name} {release.verdict.policy.version}): decide again with `assay run`, or give "
            "that policy with --policy FILE"
        )
    if TRAIN not in project.config.datasets:
        raise InputError(
            "expected the rows that the model was fitted on (datasets.train in assay.yaml), found none: there is "
            "nothing to fit a candidate on"
        )
    then = release.verdict.datasets.get(TRAIN)
    now = dataset_files(project.root, project.config.datasets[TRAIN].path)
    if now is None or (then is not None and now != then):
        told = "are not there" if now is None else "have changed since"
        raise InputError(
            f"the training rows of {release.subject} ({project.config.datasets[TRAIN].path}) {told}: decide again with "
            "`assay run`, then mend"
        )


def dataset_table(project: Project, role: str) -> Any:  # noqa: ANN401 - a path, or a query
    """Return a dataset of a project as rows are read in its folder: its path, or a query on its database."""
    section = project.config.datasets[role]
    path = section.path
    return path if section.query is None else Query(database=path, sql=section.query)


def project_case(
    release: Release, project: Project, policy: Policy, learner: Learner, *, features: tuple[str, ...] | None,
    aim: str | None, seed: int, at: str,
) -> Case:  # fmt: skip
    """Return the case of a denied release.

    Args:
        release: what was denied.
        project: its project; the process works in its folder.
        policy: the policy.
        learner: what candidates build on.
        features: what a learner is given; those of the section ``robustness``, or every column without a role, when
            None.
        aim: id of the finding that is to be mended first; the furthest beyond its limit when None.
        seed: of all chance.
        at: the time.

    Raises:
        InputError: when there is nothing that a remedy could mend.
        DataError: when rows cannot be learnt from.
    """
    config, roles = project.config, project.roles()
    finding = aim_of(release.verdict.findings, aim)
    attributes = attributes_of(finding)
    section = config.robustness
    named = features or (section.features if section is not None else None)
    train, test = dataset_table(project, TRAIN), dataset_table(project, config.measured_on)
    rows = planned(Sources(train=train, test=test, roles=roles, features=named), attributes, seed=seed)
    limits = limits_of(release.verdict.findings, finding, policy, release.evidence, roles)
    judge = Judge(
        policy=policy, evidence=release.evidence, roles=roles, at=at, project=project if section is not None else None,
        features=tuple(rows.train.features.columns),
    )  # fmt: skip
    return Case(
        work=Work(
            plan=rows.plan, learner=learner, limits=limits, seed=seed, declared=_declared(project, limits.attributes)
        ),
        judge=judge,
        denied=_denied(release, rows, project, finding),
        aim=aim_record(finding),
        held_out=rows.words,
        datasets=release.evidence.datasets,
        table=rows.table,
        release=release,
        project=project,
    )


def _declared(project: Project, attributes: Sequence[str]) -> tuple[str, ...]:
    """Return the features that the project declares to stand in for attributes (robustness.counterfactual)."""
    section = project.config.robustness
    part = None if section is None else section.counterfactual
    return () if part is None else tuple(one for name in attributes for one in part.stand_ins.get(name, ()))


def _denied(release: Release, rows: Planned, project: Project, finding: Finding) -> Denied:
    """Return the denied version; its decisions only where the file is the one that was measured."""
    verdict, config = release.verdict, project.config
    same = dataset_files(project.root, config.datasets[config.measured_on].path) == verdict.datasets.get(
        config.measured_on
    )
    judged = tuple(one for one in verdict.findings if one.check not in LATER and one.status != "not-applicable")
    return Denied(
        subject=release.subject,
        verdict_sha256=release.verdict_sha256,
        measurements=release.evidence.measurements,
        performance=performance(release.evidence.measurements, aim_record(finding), holds(judged)),
        decisions=rows.decisions if same else None,
    )


def aim_of(findings: Sequence[Finding], wanted: str | None) -> Finding:
    """Return the finding that is to be mended first: the one named, else what fails, the furthest beyond its limit.

    Raises:
        InputError: when there is none that compares groups.
    """
    able = [one for one in findings if is_about_groups(one)]
    if wanted is not None:
        found = next((one for one in findings if wanted in {one.id, one.control}), None)
        if found is None or found not in able:
            ids = [one.id for one in able]
            raise InputError(
                f"--aim: expected a finding that compares groups, found {wanted!r}{suggest(wanted, ids)}. There are: "
                f"{', '.join(ids) or 'none'}"
            )
        return found
    if not able:
        raise InputError(
            "expected a finding that compares groups with a limit, found none in this verdict: no remedy of this kind "
            "would mend it. Why it failed: assay explain"
        )
    # Groups of one attribute first: every method knows them, and what crosses several mostly follows.
    return min(able, key=lambda one: (_STATUS[one.status], len(attributes_of(one)), -_beyond(one)))


def _beyond(finding: Finding) -> float:
    """Return how far a finding's value is beyond its limit; where it keeps it, how near it is, below 0."""
    assert finding.limit is not None  # noqa: S101 - `is_about_groups` asked
    assert finding.measured is not None  # noqa: S101 - likewise
    found = excess(finding.limit, finding.measured)
    bound = finding.limit.max if finding.limit.max is not None else finding.limit.min
    return found if found > 0 else -abs(finding.measured - (bound or 0.0))


def is_about_groups(finding: Finding) -> bool:
    """Say whether a finding holds a metric that decisions move, between groups or of a group, against a limit."""
    return (
        finding.metric is not None
        and finding.metric in METRICS
        and finding.limit is not None
        and finding.measured is not None
        and finding.of is msgspec.UNSET
        and (finding.over is not None or bool(finding.group))
        and follows_decisions(Requirement(metric=finding.metric, limit=finding.limit))
    )


def attributes_of(finding: Finding) -> tuple[str, ...]:
    """Return the attributes by whose groups a finding compares."""
    return finding.over.names if finding.over is not None else tuple(finding.group)


def requirement_of(finding: Finding, minimum_group: int) -> Requirement:
    """Return a finding's limit as counts can be held against it."""
    assert finding.metric is not None  # noqa: S101 - `is_about_groups` asked
    assert finding.limit is not None  # noqa: S101 - likewise
    return Requirement(
        metric=finding.metric, limit=finding.limit, attributes=attributes_of(finding), group=finding.group,
        decide=finding.decide or "interval", minimum_group=minimum_group,
    )  # fmt: skip


def limits_of(findings: Sequence[Finding], aim: Finding, policy: Policy, evidence: Evidence, roles: Roles) -> Limits:
    """Return every limit that decisions move, in the form that counts can be held against."""
    tier = policy.tier_of(evidence.materiality)
    minimum = {one.id: policy.minimum_group_of(one, tier) for one in policy.controls}
    every = tuple(
        requirement_of(one, minimum.get(one.control, policy.minimum_group)) for one in findings if is_about_groups(one)
    )
    return Limits(
        aim=requirement_of(aim, minimum.get(aim.control, policy.minimum_group)),
        all=every,
        attributes=attributes_of(aim),
        protected=roles.protected,
        favourable_is_positive=roles.favourable is None or str(roles.favourable) == str(roles.positive or 1),
    )


def aim_record(finding: Finding) -> Aim:
    """Return a finding as the aim of a search."""
    assert finding.metric is not None  # noqa: S101 - `is_about_groups` asked
    assert finding.limit is not None  # noqa: S101 - likewise
    return Aim(
        metric=finding.metric, group=finding.group, over=None if finding.over is None else finding.over.attribute,
        attributes=attributes_of(finding), limit=finding.limit, measured=finding.measured, interval=finding.interval,
        finding=finding.id,
    )  # fmt: skip
