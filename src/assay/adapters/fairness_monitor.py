"""FairnessMonitor: each iteration of a training run, held against a policy on a validation set.

with assay.FairnessMonitor(y_valid, {"sex": sex_valid}, action="stop") as watch:
    for epoch in range(epochs):
        train_one_epoch(net)
        watch.step(net.predict_proba(X_valid))
        if watch.should_stop:
            break
"""

from __future__ import annotations

import os
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assay.adapters.array_reading import digest_values
from assay.adapters.row_counting import step_counts
from assay.adapters.training_frameworks import Frameworks
from assay.adapters.training_terms import Saved, check_options, digest_saved, read_terms, run_id
from assay.errors import InputError, TrainingWarning
from assay.lifecycle.capturing import environment, seed_of, settings
from assay.lifecycle.run_judging import Step
from assay.lifecycle.run_record import Captured, EndLine, IterationLine, Kept, RunLine
from assay.lifecycle.run_recorder import RunRecorder
from assay.lifecycle.setting import now
from assay.lifecycle.storing import list_model
from assay.records.canonical import sha256_hex
from assay.records.tally_document import print_tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from assay.adapters.group_counting import Taken
    from assay.adapters.training_terms import Terms
    from assay.lifecycle.project import Project
    from assay.lifecycle.run_judging import Judged
    from assay.lifecycle.run_record import Action, Outcome, Status
    from assay.policy import Policy
    from assay.records.tally import Tally, Task

MOST_FAILURES = 20
"""So many failures are told word for word; the rest are counted."""


class FairnessMonitor(Frameworks):
    """Watches one training run.

    Attributes:
        run: the run's id.
        should_stop: whether the run is to end now.
        stopped_at: the iteration at which it was stopped; None when it was not.
        kept: the best iteration that satisfies the policy; None while there is none.
        last: what the last iteration came to; None before the first.
        action: what a breach does.
    """

    def __init__(
        self,
        labels: Any,  # noqa: ANN401 - any array
        protected: Mapping[str, Any],
        *,
        project: Project | Path | str | Literal[False] | None = None,
        policy: Policy | Path | str | None = None,
        limits: Mapping[str, Any] | None = None,
        action: Action = "warn",
        threshold: float = 0.5,
        task: Task | None = None,
        weights: Any = None,  # noqa: ANN401 - any array
        positive: str | bool | int | None = None,
        favourable: str | bool | int | None = None,
        best_by: str | None = None,
        best_is: Literal["highest", "lowest"] | None = None,
        patience: int = 1,
        warm_up: int = 0,
        undecided: Literal["wait", "stop"] = "wait",
        on_error: Literal["record", "raise"] = "record",
        level: float = 0.95,
        minimum_group: int = 30,
        save: Callable[[int], Saved] | None = None,
        restore: Callable[[int], object] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        datasets: Mapping[str, Any] | None = None,
        seed: int | None = None,
        key: str = "default",
    ) -> None:
        """Count the validation set once and read the policy; nothing is written yet.

        Args:
            labels: the true class of each row of the validation set; None where there are none.
            protected: protected attribute to its value in each row.
            project: whose policy, trail and name count; by default the one here, where there is one. False: none.
            policy: decide under this policy, or file, instead of the project's.
            limits: metric to limit, in the place of a policy: ``{"demographic_parity_difference": 0.1}``.
            action: what a breach does: ``warn``, ``stop``, or ``keep-best`` (go on, and restore the best iteration
                that satisfies the policy).
            threshold: the score from which on a row is predicted positive.
            task: kind of outcome: ``binary``, ``multiclass`` or ``regression``; by default the project's, else binary.
            weights: weight of each row of the validation set, 0 or more; by default each row counts once.
            positive: the class that rates count, as in `Roles`.
            favourable: the class that is good for the person, as in `Roles`.
            best_by: what the best iteration is best by: a metric, or a name of ``progress``; by default the accuracy,
                of a regression the mean absolute error.
            best_is: whether more or less of it is better; by default as the metric says, and ``lowest`` for a loss.
            patience: so many breached iterations in a row stop the run.
            warm_up: so many iterations at the beginning stop nothing.
            undecided: ``wait`` for evidence, or ``stop`` as on a breach, when the validation set settles nothing.
            on_error: ``record`` what cannot be measured and let the run go on, or ``raise``.
            level: two-sided confidence of the intervals, for ``limits``.
            minimum_group: smallest group that decides, for ``limits``.
            save: called with each iteration that is the best so far; what it returns (a path, or bytes) is digested.
            restore: called with the iteration that is kept, when the run ends under ``keep-best``.
            hyperparameters: beside those that the framework's object has.
            datasets: name to frame, array or path of what is trained on; each is digested.
            seed: what randomness began with; by default as the hyperparameters say.
            key: name of the project's key that signs.

        Raises:
            InputError: when the policy compares what was not given, or no policy was found.
            DataError: for rows that cannot be counted, all of which is told before the run begins.
        """
        check_options(action, patience, warm_up, undecided, on_error)
        self._terms: Terms = read_terms(
            project=project, policy=policy, limits=limits, labelled=labels is not None, attributes=tuple(protected),
            positive=positive, favourable=favourable, best_by=best_by, best_is=best_is, level=level,
            minimum_group=minimum_group, on_error=on_error, key=key, task=task, weighted=weights is not None,
        )  # fmt: skip
        self._counts = step_counts(labels, protected, self._terms.roles, weights)
        self.action, self._threshold, self._patience, self._warm_up = action, threshold, patience, warm_up
        self._undecided, self._save, self._restore = undecided, save, restore
        self._given, self._seed = dict(hyperparameters or {}), seed
        self._datasets = {name: digest_values(values) for name, values in (datasets or {}).items()}
        self._framework = ""
        self.run = run_id()
        self.should_stop = self._closed = False
        self.stopped_at: int | None = None
        self.kept: Kept | None = None
        self.last: Step | None = None
        self._recorder = RunRecorder(self._terms.state, self._terms.trail, self.failed)
        self._began: float | None = None
        self._next = self._bad = 0
        self._seen: Counter[str] = Counter()
        self._first: dict[str, int] = {}
        self._failures: list[str] = []
        self._outputs: dict[str, str] = {}
        self._tallies: dict[str, tuple[int, Tally]] = {}

    @property
    def folder(self) -> Path | None:
        """Where the run is recorded; None while it has not begun, or when there is no project."""
        return self._recorder.folder

    @property
    def needs_scores(self) -> bool:
        """Whether the policy compares a metric of scores, so that probabilities are wanted, not margins or classes."""
        return not self._counts.positives_say_all or self._terms.judge.needs_scores()

    @property
    def task(self) -> Task:
        """The kind of outcome."""
        return self._terms.roles.task

    @property
    def rows(self) -> int:
        """Rows of the validation set."""
        return self._counts.rows

    @property
    def threshold(self) -> float:
        """The score from which on a row is predicted positive."""
        return self._threshold

    def describe(self, framework: str, hyperparameters: Mapping[str, Any]) -> None:
        """Take hyperparameters from a framework's own object; those given at the beginning stay."""
        self._framework = self._framework or framework
        self._given = {**hyperparameters, **self._given}

    def begin(self) -> None:
        """Capture what is known of the run, and record that it begins; the first step does it, if nobody did."""
        if self._began is not None:
            return
        self._began = time.monotonic()
        hyperparameters = settings(self._given)
        seed = str(self._seed) if self._seed is not None else seed_of(hyperparameters)
        datasets = {"validation": self._counts.counted.rows_sha256}
        datasets |= (self.attempt("digests of the project's data", self._terms.datasets) or {}) | self._datasets
        self._recorder.begin(
            RunLine(
                run=self.run, system=self._terms.system, name=self._terms.name, version=self._terms.version,
                policy_sha256=self._terms.judge.policy.sha256, action=self.action, counted=self._counts.counted,
                captured=Captured(
                    hyperparameters=hyperparameters, datasets=datasets, code=self._terms.code(),
                    environment=environment(), seed=seed, framework=self._framework,
                ),
                started_at=now(), best_by=self._terms.best_by, process=os.getpid(),
            )
        )  # fmt: skip

    def step(
        self,
        scores: Any = None,  # noqa: ANN401 - any array
        *,
        predictions: Any = None,  # noqa: ANN401 - any array
        iteration: int | None = None,
        progress: Mapping[str, float] | None = None,
    ) -> Step:
        """Measure one iteration; what cannot be measured is recorded as failed, and the run goes on.

        Args:
            scores: the probability of the positive class in each row of the validation set, in the order of the
                labels; of two columns, as ``predict_proba`` gives them, the second. Of more classes a column each, in
                the order of the sorted classes: the likeliest is predicted.
            predictions: the predicted class in each row, or the number of a regression, in the place of scores.
            iteration: its number; by default one more than the last, from 0.
            progress: further numbers to record, such as a loss.
        """
        if scores is not None and predictions is None:
            return self._step(lambda: self._of_scores(scores), iteration, progress)
        return self._step(lambda: self._of_classes(scores, predictions), iteration, progress)

    def step_margins(self, margins: Callable[[], Any], cut: float, *, iteration: int | None = None) -> Step:
        """Measure one iteration by numbers that are no probabilities: from ``cut`` on a row is predicted positive."""
        return self._step(lambda: self._counts.by_margins(margins(), cut), iteration, None)

    def step_by(self, scores: Callable[[], Any], *, iteration: int | None = None,
                progress: Mapping[str, float] | None = None) -> Step:  # fmt: skip
        """Measure one iteration by scores that are made now; when that fails, the iteration failed, not the run."""
        return self._step(lambda: self._of_scores(scores()), iteration, progress)

    def _of_scores(self, scores: Any) -> Taken:  # noqa: ANN401 - any array
        keep, losses = self._terms.judge.needs_scores(), "log_loss" in self._terms.judge.metrics
        return self._counts.by_scores(scores, self._threshold, keep=keep, losses=losses)

    def _of_classes(self, scores: Any, predictions: Any) -> Taken:  # noqa: ANN401 - any arrays
        if scores is not None or predictions is None:
            raise InputError("step: expected scores or predictions, one of them")
        return self._counts.by_predictions(predictions)

    def _step(self, count: Callable[[], Taken], iteration: int | None, progress: Mapping[str, float] | None) -> Step:
        self.begin()
        number = self._next if iteration is None else int(iteration)
        self._next = number + 1
        if self._closed:
            return self._after_the_end(number)
        judged: Judged | None = None
        positives: list[int] = []
        status: Status = "failed"
        tally: Tally | None = None
        further: dict[str, float] = {}
        try:
            further = {name: float(value) for name, value in (progress or {}).items()}
            positives, tally = count()
            judged = self._terms.judge(tally, now())
            status, reason = judged.status, judged.reason
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            self._note(f"iteration {number}", reason)
            if self._terms.on_error == "raise":
                self.close("failed")
                raise
        best = judged is not None and self._consider(number, judged, further)
        turned = self.last is None or self.last.status != status
        self._count(number, status)
        digest = self._last_tallies(number, tally, best=best)
        self._recorder.iteration(
            IterationLine(
                iteration=number, seconds=round(time.monotonic() - (self._began or 0.0), 6), status=status,
                positives=tuple(positives), found=() if judged is None else judged.watched(), progress=further,
                best=best, reason=reason, tally_sha256=digest,
            ),
            always=turned or best,
        )  # fmt: skip
        self.last = Step(number, status, reason, () if judged is None else judged.findings, best, self.should_stop)
        if turned and status != "satisfied":
            self._warn(f"iteration {number} is {status}: {reason}")
        return self.last

    def _count(self, number: int, status: Status) -> None:
        """Count an iteration, and stop the run where its status, and those before it, ask for that."""
        self._seen[status] += 1
        self._first.setdefault(status, number)
        stops = status == "breached" or (status == "undecided" and self._undecided == "stop")
        self._bad = self._bad + 1 if stops else 0
        stop = self._bad >= self._patience and self._seen.total() > self._warm_up
        if status == "failed":
            stop = self._terms.judge.stops_on_failure()
        if self.action == "stop" and stop:
            self.should_stop = True
            self.stopped_at = number if self.stopped_at is None else self.stopped_at

    def _consider(self, number: int, judged: Judged, progress: Mapping[str, float]) -> bool:
        """Say whether an iteration is the best so far that satisfies the policy, and keep it if so."""
        name = self._terms.best_by
        value = progress[name] if name in progress else judged.overall(name)
        if judged.status != "satisfied" or value is None:
            return False
        if self.kept is not None and not self._terms.better(value, self.kept.value):
            return False
        saved: tuple[str | None, str] | None = (None, "")
        if (save := self._save) is not None and self.action == "keep-best":
            saved = self.attempt(f"saving iteration {number}", lambda: digest_saved(save(number)))
        if saved is None:
            return False  # not saved is not kept
        self.kept = Kept(iteration=number, by=name, value=value, sha256=saved[0], what=saved[1])
        return True

    def _last_tallies(self, number: int, tally: Tally | None, *, best: bool) -> str:
        """Keep the tallies that evidence may be made of: the last, and that of the kept iteration.

        Those alone that a line does not say whole: with scores, or counted anew. Return such a one's digest.
        """
        counted_anew = not self._counts.positives_say_all
        if tally is None or (tally.scores is None and not counted_anew):
            return ""
        self._tallies["last"] = (number, tally)
        if best:
            self._tallies["kept"] = (number, tally)
        self._recorder.keep(dict(self._tallies.values()))
        return sha256_hex(print_tally(tally)) if counted_anew else ""

    def _after_the_end(self, number: int) -> Step:
        """Answer a step that came after the end: it is measured no more, and says so."""
        reason = "the monitor is closed: begin another one for another run"
        self._warn(f"iteration {number} is failed: {reason}")
        return Step(number, "failed", reason, (), is_best=False, should_stop=self.should_stop)

    def failed(self, what: str, error: Exception) -> None:
        """Note what could not be recorded or saved, and let the run go on, unless it was to raise."""
        self._note(what, f"{type(error).__name__}: {error}")
        if self._terms.on_error == "raise":
            raise error
        self._warn(f"{what}: {error}")

    def _note(self, what: str, why: str) -> None:
        if len(self._failures) < MOST_FAILURES:
            self._failures.append(f"{what}: {why}"[:500])

    def _warn(self, text: str) -> None:
        warnings.warn(
            f"{self._terms.name} {self._terms.version}, run {self.run}: {text}", TrainingWarning, stacklevel=4
        )

    def produced(self, path: Path | str) -> None:
        """Name the model's files that the run wrote, so that the trail leads from data over the run to the model."""
        self._outputs[self._terms.name] = list_model(Path(path))[1]

    def set_digest(self, sha256: str, what: str) -> None:
        """Give the digest of the state that is kept, where it is known only at the end."""
        if self.kept is not None:
            self.kept = Kept(
                iteration=self.kept.iteration, by=self.kept.by, value=self.kept.value, sha256=sha256, what=what
            )

    def close(self, outcome: Outcome | None = None) -> None:
        """End the run: restore what is kept, under ``keep-best``, and record the end. Closing again does nothing."""
        if self._closed:
            return
        self.begin()
        kept, restore = self.kept, self._restore
        if self.action == "keep-best" and kept is not None and restore is not None and outcome is None:
            self.attempt(f"restoring iteration {kept.iteration}", lambda: restore(kept.iteration))
        self._closed = True
        self._recorder.end(
            EndLine(
                outcome=outcome or ("complete" if self.stopped_at is None else "stopped"),
                iterations=dict(self._seen),
                first=self._first,
                last=None if self.last is None else self.last.iteration,
                unwritten=self._recorder.unwritten,
                kept=self.kept if self.action == "keep-best" else None,
                stopped_at=self.stopped_at,
                failures=tuple(self._failures),
                seconds=round(time.monotonic() - (self._began or 0.0), 3),
                ended_at=now(),
                outputs=self._outputs,
            )
        )
        if self.action == "keep-best" and self.kept is None and self._seen:
            self._warn("no iteration satisfies the policy, so none is kept")

    def __enter__(self) -> Self:
        """Watch the loop inside."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run as the loop ended."""
        if kind is None:
            self.close()
        else:
            self.close("failed" if issubclass(kind, Exception) else "aborted")
