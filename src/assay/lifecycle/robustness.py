"""Probe the model of a release: ask about changed rows within a budget, and measure what becomes of its decisions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from assay.diagnosis.in_time import TimelyScorer, within
from assay.errors import DataError, suggest
from assay.lifecycle.robustness_section import RobustnessSection, ScorerSection
from assay.probing.asking import Asker, Reading, written
from assay.probing.counterfactual import counterfactual
from assay.probing.evasion import Attack, evasion
from assay.probing.perturbing import Probed, missing, noise, out_of_range
from assay.probing.rows import ProbeRows
from assay.probing.scorer import Scorer, ScorerError
from assay.probing.slices import slices
from assay.records.probe_counts import Flips, ProbeCounts, Slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.lifecycle.project import Project
    from assay.probing.asking import Decision
    from assay.records.measurement import Measurement

OpenScorer: TypeAlias = Callable[[ScorerSection, str | int | bool], Scorer]
"""Opens the model that a section names, in the working folder; told the positive class. Raises `ScorerError`."""

NO_ADAPTER = "nothing here can ask a model: run `assay run`, or give adapters (`assay.adapters.scorers`)"


def probe(
    project: Project, opened_by: OpenScorer | None, *, level: float
) -> tuple[tuple[Measurement, ...], dict[str, Any]]:
    """Probe the model that a project's section ``robustness`` names; nothing without the section.

    Args:
        project: whose working folder is that of the process.
        opened_by: opens models; None where nothing can.
        level: two-sided confidence of the intervals.

    Returns:
        The measurements, and the fact ``robustness``: the model, the seed, the budget, and what was spent of it.
    """
    from assay.metrics.robustness import measure_robustness  # noqa: PLC0415 - only where a model is probed

    section = project.config.robustness
    if section is None:
        return (), {}
    counts, told = _Probing(project, section, opened_by).counts()
    return measure_robustness(counts, level=level), {"robustness": told}


class _Probing:
    """One probing, from the section to the counts."""

    def __init__(self, project: Project, section: RobustnessSection, opened_by: OpenScorer | None) -> None:
        self._config, self._section, self._opened_by = project.config, section, opened_by
        self._task, self._tolerance = self._config.columns.task, section.tolerance or 0.0
        self._several = self._task == "multiclass"
        self._positive = self._config.columns.positive if self._config.columns.positive is not None else 1
        self._told: dict[str, Any] = {
            "model": msgspec.to_builtins(section.model),
            "bound_to_model": section.model.path is not None,
            "dataset": section.measured_on or self._config.measured_on,
            "seed": section.seed,
            "budget": msgspec.to_builtins(section.budget),
            "probes": {name: msgspec.to_builtins(getattr(section, name)) for name in section.asked()},
        }

    def counts(self) -> tuple[ProbeCounts, dict[str, Any]]:
        """Return what probing came to, and the facts of it."""
        asked = self._section.asked()
        try:
            rows = self._rows()
            self._told |= {"features": list(rows.features), "rows": min(rows.count, self._section.budget.rows)}
            self._require_features(rows)
            # No model is asked for the slices: they are there whatever becomes of it.
            found = self._slices(rows)
        except (DataError, ScorerError) as error:
            return ProbeCounts(reason=str(error), asked=asked), self._told
        try:
            probed, compared, agreed = self._first(rows)
        except ScorerError as error:
            return ProbeCounts(reason=str(error), asked=asked, slices=found), self._told
        flips = tuple(self._flips(probed))
        evasions = tuple(evasion(probed, self._attack())) if self._section.evasion is not None else ()
        self._told["queries"] = probed.asker.queries
        if probed.asker.stopped:
            self._told["stopped"] = probed.asker.stopped
        return ProbeCounts(compared=compared, agreed=agreed, flips=flips, slices=found, evasions=evasions), self._told

    def _slices(self, rows: ProbeRows) -> Slices | None:
        part = self._section.slices
        if part is None:
            return None
        return slices(rows, depth=part.depth, smallest=part.smallest, tolerance=self._tolerance)

    def _rows(self) -> ProbeRows:
        from assay.records.tally import Roles  # noqa: PLC0415
        from assay.tabular import Query  # noqa: PLC0415 - the engine is loaded when rows are read
        from assay.tabular.probe_rows import sample_rows  # noqa: PLC0415

        dataset = self._config.datasets[self._section.measured_on or self._config.measured_on]
        table: Any = dataset.path if dataset.query is None else Query(database=dataset.path, sql=dataset.query)
        wanted = self._section.slices.rows if self._section.slices is not None else 0
        found = sample_rows(
            table, Roles(**msgspec.structs.asdict(self._config.columns)), self._section.features,
            most=max(self._section.budget.rows, wanted), seed=self._section.seed,
        )  # fmt: skip
        label, prediction = (self._classes(column) for column in (found.label, found.prediction))
        return ProbeRows(found.features, found.groups, label, prediction, found.total)

    def _classes(self, column: tuple[Any, ...]) -> tuple[Decision | None, ...]:
        """Return recorded classes, or numbers, as a model's decisions are written."""
        if self._task == "regression":
            strange = next((one for one in column if isinstance(one, str)), None)
            if strange is not None:
                raise DataError(f"expected numbers as label and prediction of a regression, found {strange!r}")
            return tuple(None if one is None else float(one) for one in column)
        return tuple(None if one is None else written(one) for one in column) if self._several else column

    def _require_features(self, rows: ProbeRows) -> None:
        """Refuse columns that a probe names and the model is not given; `assay.yaml` was read before the table."""
        stand_ins = self._section.counterfactual.stand_ins if self._section.counterfactual is not None else {}
        for probe_name, names in (*self._section.named().items(), *stand_ins.items()):
            for column in names:
                if column not in rows.features:
                    near = suggest(column, rows.features)
                    raise ScorerError(f"robustness ({probe_name}) names {column!r}, no feature of the model{near}")

    def _first(self, rows: ProbeRows) -> tuple[Probed, int, int]:
        """Ask about the rows as they are; those without an answer are not probed further."""
        if self._opened_by is None:
            raise ScorerError(NO_ADAPTER)
        section, budget = self._section, self._section.budget
        reading = Reading(section.model.output, section.model.threshold, self._positive, self._several)
        until = time.monotonic() + budget.seconds
        opened_by, positive = self._opened_by, self._positive
        opened = within(lambda: opened_by(section.model, positive), until, "the model was not loaded")
        self._told["answers"] = opened.name
        late = f"the budget of {budget.seconds:g} seconds was spent, and the model had not answered"
        asker = Asker(
            TimelyScorer(opened, until, late), reading, queries=budget.queries,
            seconds=max(0.0, until - time.monotonic()), clock=time.monotonic,
        )  # fmt: skip
        first = rows.first(budget.rows)
        answers = asker.ask(first.features)
        self._told["queries"] = asker.queries
        answered = [row for row, decision in enumerate(answers.decisions) if decision is not None]
        if not answered:
            told = answers.trouble or answers.stopped
            raise ScorerError(f"the model answered none of {len(answers.decisions):,} rows as they are: {told}")
        if answers.trouble:
            self._told["unanswered"] = {"rows": len(answers.decisions) - len(answered), "why": answers.trouble}
        kept = first.only(answered)
        decisions = tuple(one for one in answers.decisions if one is not None)
        pairs = [(a, b) for a, b in zip(decisions, kept.prediction, strict=True) if b is not None]
        probed = Probed(kept, decisions, asker, section.seed, self._tolerance)
        return probed, len(pairs), sum(not probed.differ(a, b) for a, b in pairs)

    def _flips(self, probed: Probed) -> Iterator[Flips]:
        section, every = self._section, tuple(probed.rows.features)
        if section.noise is not None:
            yield from noise(probed, section.noise.strengths, section.noise.columns)
        if section.counterfactual is not None:
            yield from counterfactual(probed, section.counterfactual.stand_ins)
        if section.missing is not None:
            yield from missing(probed, section.missing.columns or every)
        if section.range is not None:
            yield from out_of_range(probed, section.range.columns or every, section.range.beyond)

    def _attack(self) -> Attack:
        part, columns = self._section.evasion, self._config.columns
        assert part is not None  # noqa: S101 - asked by the caller
        favourable = columns.favourable if columns.favourable is not None else self._positive
        wanted: Decision | None = None
        if part.towards != "any":
            wanted = written(favourable) if self._several else str(favourable) == str(self._positive)
        return Attack(
            attacks=part.attacks, rows=part.rows, queries=part.queries, within=part.within, columns=part.columns,
            wanted=wanted,
        )  # fmt: skip
