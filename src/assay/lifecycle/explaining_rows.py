"""Back to rows and model: a verdict's gaps explained from the very rows that it was decided on.

The rows have to be the ones that the evidence names, and the model the one that was measured: other ones explain
another verdict, so they are refused, and that is said. What rows tell takes the place of what counts alone could.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import msgspec

from assay.diagnosis.asked_of_verdict import requirement_of
from assay.diagnosis.in_time import within
from assay.diagnosis.mending import mitigate_line
from assay.diagnosis.sides import OF_A_GROUP
from assay.errors import AssayError, InputError
from assay.lifecycle.assessment import dataset_files
from assay.lifecycle.explaining import Papers, explain_papers
from assay.lifecycle.mitigation_project import dataset_table
from assay.lifecycle.storing import compare_model
from assay.metrics.catalogue import METRICS
from assay.probing.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.diagnosis.question import Question
    from assay.diagnosis.requirement import Requirement
    from assay.lifecycle.project import Project
    from assay.lifecycle.robustness import OpenScorer
    from assay.probing.scorer import Scorer
    from assay.records.explanation import ExplainedFinding, Explanation
    from assay.records.tally import Roles
    from assay.records.verdict import Finding

TRAIN = "train"
ROWS_TOLD = "rows and model, which tell more than counts"
"""How the sentence begins that falls away once rows were looked at."""


def explain_with_rows(
    papers: Papers,
    finding: str | None = None,
    *,
    open_scorer: OpenScorer | None = None,
    on_progress: Callable[[float], None] | None = None,
    seconds: float = 15.0,
) -> Explanation:
    """Explain a verdict from its records, and its gaps between groups from rows and model too.

    Args:
        papers: the verdict and what it rests on.
        finding: one finding; see `explain_verdict`.
        open_scorer: opens the model that `robustness.model` names; None where nothing can.
        on_progress: told the share done, from 0 to 1.
        seconds: what asking the model may take, of each finding.

    Raises:
        InputError: when there is no project, or no evidence, to take rows from.
        DataError: when the rows cannot be read.
    """
    plain = explain_papers(papers, finding)
    project = papers.project
    if project is None or papers.evidence is None:
        lacking = "a project (assay.yaml) that names the rows" if project is None else "the evidence of the verdict"
        raise InputError(f"--rows: expected {lacking}, found none: without it nothing says which rows were judged")
    reason = other_rows(papers, project, papers.evidence.measured_on)
    if reason is not None:
        told = f"Rows and model were not looked at: {reason}."
        return msgspec.structs.replace(plain, remarks=(*plain.remarks, told))
    with contextlib.chdir(project.root):
        return _Looking(papers, project, open_scorer, on_progress, seconds).explained(plain)


def other_rows(papers: Papers, project: Project, role: str) -> str | None:
    """Return why a dataset's rows are not those of the verdict; None when they are."""
    section = project.config.datasets.get(role)
    if section is None:
        return f"assay.yaml names no dataset {role!r} any more"
    then, now = papers.verdict.datasets.get(role), dataset_files(project.root, section.path)
    if now is None:
        return f"{section.path} is not there"
    return None if now == then else f"{section.path} has changed since the verdict: these are other rows"


def _of_a_group(requirement: Requirement) -> bool:
    """Say whether a rate of one group is asked about, rather than a comparison."""
    return bool(requirement.group) and requirement.metric in OF_A_GROUP


class _Looking:
    """One look at rows and model, from the project to the causes."""

    def __init__(
        self,
        papers: Papers,
        project: Project,
        open_scorer: OpenScorer | None,
        on_progress: Callable[[float], None] | None,
        seconds: float,
    ) -> None:
        self._seconds = seconds
        self._papers, self._project, self._on_progress = papers, project, on_progress
        self._role = papers.evidence.measured_on if papers.evidence is not None else project.config.measured_on
        self._rows = dataset_table(project, self._role)
        self._scorer, self._no_scorer = self._opened(open_scorer)
        self._train, self._no_train = self._training_rows()
        self._features = self._named_features()

    def explained(self, plain: Explanation) -> Explanation:
        of = {finding.id: finding for finding in self._papers.verdict.findings}
        wanted = [one for one in plain.findings if self._can(of[one.finding])]
        found: dict[str, ExplainedFinding] = {}
        for number, one in enumerate(wanted):
            if self._on_progress is not None:
                self._on_progress(number / len(wanted))
            found[one.finding] = self._looked(one, of[one.finding])
        looked = {"rows": bool(found), "model": bool(found) and self._scorer is not None,
                  "train": bool(found) and self._train is not None}  # fmt: skip
        examined = (*plain.examined, *(name for name, true in looked.items() if true))
        return msgspec.structs.replace(
            plain, examined=examined, findings=tuple(found.get(one.finding, one) for one in plain.findings)
        )

    def _can(self, finding: Finding) -> bool:
        """Say whether the rows can be asked: about a gap between groups, or the rate of one, that is no pass."""
        evidence = self._papers.evidence
        requirement = None if evidence is None else requirement_of(finding, evidence)
        compares = requirement is not None and (
            METRICS[requirement.metric].scope == "between"
            or requirement.metric == "impact_ratio"
            or (_of_a_group(requirement) and not finding.over)
        )
        named = requirement is not None and bool(requirement.attributes)
        return compares and named and finding.status in {"fail", "unknown"} and self._roles().task == "binary"

    def _roles(self) -> Roles:
        return self._project.roles()

    def _question(self, finding: Finding) -> Question:
        from assay.diagnosis.question import Question  # noqa: PLC0415 - what it asks of is heavy

        evidence = self._papers.evidence
        requirement = None if evidence is None else requirement_of(finding, evidence)
        if requirement is None or evidence is None:
            raise InputError(f"finding {finding.id}: expected a metric between groups with a limit, found none")
        return Question(
            rows=self._rows,
            roles=msgspec.structs.replace(self._roles(), protected=requirement.attributes),
            metric=requirement.metric,
            limit=requirement.limit,
            compared=(requirement.attributes,),
            group=dict(requirement.group) if _of_a_group(requirement) else {},
            features=self._features,
            train=self._train,
            scorer=self._scorer,
            no_scorer=self._no_scorer,
            level=self._papers.ground.level,
            minimum_group=requirement.minimum_group,
            seconds=self._seconds,
            mitigate=mitigate_line(self._papers.verdict),
            by_group=None if self._papers.policy is None else self._papers.policy.allows_by_group,
        )

    def _looked(self, one: ExplainedFinding, finding: Finding) -> ExplainedFinding:
        """Return a finding with the causes that the rows tell."""
        from assay.diagnosis.explaining import explain_rows  # noqa: PLC0415 - the engine, only when rows are read

        kept = tuple(told for told in one.unexamined if not told.startswith(ROWS_TOLD))
        seen = explain_rows(self._question(finding), name=self._role).findings[0]
        if finding.group and seen.measured is not None and abs(seen.measured - (finding.measured or 0.0)) > 1e-9:  # noqa: PLR2004 - another group of the table
            told = "rows and model: they were asked about the group that fares worst, which is another one"
            return msgspec.structs.replace(one, unexamined=(*kept, told))
        more = [told for told in (self._no_train,) if told]
        names = {remedy.name for remedy in one.remedies}
        return msgspec.structs.replace(
            one,
            causes=seen.causes,
            remedies=(*one.remedies, *(remedy for remedy in seen.remedies if remedy.name not in names)),
            unexamined=tuple(dict.fromkeys((*kept, *seen.unexamined, *more))),
        )

    def _opened(self, open_scorer: OpenScorer | None) -> tuple[Scorer | None, str]:
        """Return the model, or why it is not asked."""
        section, evidence = self._project.config.robustness, self._papers.evidence
        if section is None:
            return None, "the model: assay.yaml does not say how it is asked (robustness.model)"
        if open_scorer is None or evidence is None:
            return None, "the model: nothing here can ask one"
        positive = self._project.config.columns.positive
        try:
            compare_model(self._project.model, evidence.model.sha256, evidence.model.files)
            late = f"it was not loaded within the budget of {self._seconds:g} seconds"
            opened: Scorer = within(
                lambda: open_scorer(section.model, 1 if positive is None else positive),
                time.monotonic() + self._seconds, late,
            )  # fmt: skip
        except (AssayError, ScorerError) as error:
            return None, f"the model: {str(error).splitlines()[0]}"
        return opened, ""

    def _training_rows(self) -> tuple[Any, str]:
        """Return the rows that the model was fitted on, or why they are not looked at."""
        if TRAIN not in self._project.config.datasets or self._role == TRAIN:
            return None, "" if self._role == TRAIN else "the training rows: assay.yaml names none (datasets.train)"
        reason = other_rows(self._papers, self._project, TRAIN)
        return (dataset_table(self._project, TRAIN), "") if reason is None else (None, f"the training rows: {reason}")

    def _named_features(self) -> tuple[str, ...]:
        """Return the features among the columns: those of assay.yaml, or all without a role."""
        from assay.tabular.engine import session  # noqa: PLC0415 - the engine, only when rows are read
        from assay.tabular.opening import open_rows  # noqa: PLC0415

        with session(memory="1GB") as engine:
            columns = list(open_rows(engine, self._rows, name=self._role).columns)
        roles = self._roles()
        taken = {roles.label, roles.prediction, roles.score, roles.weight, *roles.protected}
        config = self._project.config
        named = config.robustness.features if config.robustness is not None else None
        named = named or (config.data.features if config.data is not None else None)
        return tuple(name for name in (named or columns) if name in columns and name not in taken)
