"""What an assessment tells the trail by itself: datasets, model, criteria, run; before it measures, and after it.

The criteria, by the digest of the policy, enter the log before anything is measured, and the evidence names the log's
signed root that held them. So the evidence cannot be older than the criteria: the log's order proves it, whatever any
clock says. Every event of an assessment goes into one of two appends: one before, one with what was decided.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from assay.attest import dsse
from assay.errors import AssayError
from assay.lifecycle.people import pseudonym
from assay.lifecycle.recording import one_recorder
from assay.lifecycle.setting import now
from assay.records.canonical import sha256_hex
from assay.tlog.checkpoint import parse_checkpoint
from assay.tlog.note import parse_note
from assay.tlog.proof import parse_proof
from assay.trail.events import event_statement, make_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Log, Setting
    from assay.records.evidence import Code, Dataset, Evidence, Stage
    from assay.trail.events import Event

_RUN_BYTES = 16
WINDOW = "window"
"""Role of the rows of a window of monitoring."""

_JOBS = {"data": "data", "monitoring": "monitor"}
_PLACES = 12
_LONGEST = 200
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._:/+=,-]+")


class Chronicle:
    """The events of one assessment of a project.

    Args:
        project: whose assessment it is.
        setting: policy and keys.
        log: where events are recorded.
        stage: what is assessed; before there is a model nothing is said of one.
    """

    def __init__(self, project: Project, setting: Setting, log: Log, *, stage: Stage = "release") -> None:
        self._project, self._setting, self._log, self._stage = project, setting, log, stage
        self._run = f"run_{secrets.token_hex(_RUN_BYTES)}"
        self._open = False

    def begin(self, datasets: Iterable[Dataset], model_sha256: str, code: Code) -> dict[str, Any]:
        """Record what is going to be measured against which criteria; return where, as a fact of the evidence.

        Args:
            datasets: every dataset named, digested.
            model_sha256: root digest of the model's files.
            code: the code version.

        Raises:
            StorageError: when the disk refuses; nothing is recorded then.
        """
        with one_recorder(self._project.state):  # a name that is new gets one pseudonym, however many ask at once
            events = list(self._beforehand(tuple(datasets), model_sha256, code))
        with self._setting.keyring.kept():
            criteria = self._log.append([self._entry(event) for event in events])[-1]
        self._open = True
        checkpoint = parse_checkpoint(parse_note(parse_proof(criteria.proof.encode()).checkpoint).text)
        fact = {"log": criteria.origin, "entry": criteria.index, "size": checkpoint.size, "root": checkpoint.root.hex()}
        return {"criteria": fact, "run": self._run}

    def finished(self, evidence: Evidence, *, evidence_sha256: str) -> list[bytes]:
        """Return the entry that says what came of the assessment, to be appended with what was decided."""
        fields = {
            "run": self._run,
            "job": self._job,
            "outcome": "complete",
            "metrics": _metrics(evidence),
            "outputs": {"evidence.json": evidence_sha256},
        }
        return [self._entry(self._event("run.finished", fields, "finished", at=evidence.measured_at))]

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Say in the log that an assessment which has begun did not come to its end, should it not."""
        try:
            yield
        except Exception:
            self._end("failed")
            raise
        except BaseException:
            self._end("aborted")
            raise

    def _end(self, outcome: str) -> None:
        if not self._open:
            return
        event = self._event("run.finished", {"run": self._run, "job": self._job, "outcome": outcome}, "ended")
        try:
            self._log.append([self._entry(event)])
        except AssayError:
            return  # what made the assessment fail is told; a run that has only begun says that it never ended

    @property
    def _job(self) -> str:
        return name_of(f"{self._project.config.model.name}/{_JOBS.get(self._stage, 'assess')}")

    @property
    def _of_data(self) -> bool:
        return self._stage == "data"

    @property
    def _of_window(self) -> bool:
        return self._stage == "monitoring"

    @property
    def _measured_on(self) -> str:
        config = self._project.config
        if self._of_window:
            return WINDOW
        return config.data.measured_on if self._of_data and config.data is not None else config.measured_on

    def _entry(self, event: Event) -> bytes:
        return dsse.sign(event_statement(event), [self._setting.keyring.signer(self._setting.key)]).content()

    def _event(self, kind: str, fields: Mapping[str, Any], part: str, *, at: str | None = None) -> Event:
        return make_event(kind, fields, claimed_at=at or now(), identity=f"{self._run}-{part}")

    def _person(self, name: str) -> str:
        return pseudonym(self._project.state, name)

    def _beforehand(self, datasets: tuple[Dataset, ...], model_sha256: str, code: Code) -> Iterator[Event]:
        """Yield the events from before the measurement, in their order; the criteria are the last."""
        config, policy = self._project.config, self._setting.policy
        for number, dataset in enumerate(datasets):
            section = config.datasets.get(dataset.role)
            fields = {
                "dataset": name_of(f"{config.model.name}/{dataset.role}"),
                "dataset_sha256": dataset.sha256,
                "role": name_of(dataset.role),
                "rows": dataset.rows,
                "source": None if section is None else name_of(section.path),
            }
            yield self._event("dataset.registered", fields, f"dataset-{number}")
        if not self._of_data and not self._of_window:
            yield from self._about_model({one.role: one.sha256 for one in datasets}, model_sha256)
        inputs = {name_of(one.role): one.sha256 for one in datasets if self._of_data or one.role == self._measured_on}
        model = {} if self._of_data else {name_of(config.model.name): model_sha256}
        started = {
            "run": self._run,
            "job": self._job,
            "kind": "quality-check" if self._of_data or self._of_window else "evaluation",
            "code_sha256": None if code.commit is None else sha256_hex(code.commit.encode()),
            "inputs": inputs | model,
        }
        yield self._event("run.started", started, "started")
        measured = next((one.sha256 for one in datasets if one.role == self._measured_on), None)
        criteria = {
            "model": name_of(config.model.name),
            "version": name_of(config.model.version),
            "policy": policy.name,
            "policy_sha256": policy.sha256,
            "dataset_sha256": measured,
            "by": self._person(self._setting.keyring.signer(self._setting.key).name),
        }
        yield self._event("validation.criteria", criteria, "criteria")

    def _about_model(self, datasets: Mapping[str, str], model_sha256: str) -> Iterator[Event]:
        """Yield what `assay.yaml` says of the version: who answers for it, and how it was trained."""
        config = self._project.config
        model, tier = config.model, self._setting.policy.tier_of(config.materiality)
        if model.owner is not None:
            fields = {
                "model": name_of(model.name),
                "version": name_of(model.version),
                "model_sha256": model_sha256,
                "owner": self._person(model.owner),
                "exposure": config.materiality.exposure,
                "purpose": config.materiality.purpose,
                "tier": None if tier is None else name_of(tier),
                "author": None if model.author is None else self._person(model.author),
            }
            yield self._event("model.registered", fields, "model")
        if model.trained is None:
            return
        run, job = f"training_{model_sha256[:32]}", name_of(model.trained.job)
        inputs = {name_of(role): digest for role, digest in datasets.items() if role == "train"}
        started: dict[str, Any] = {
            "run": run,
            "job": job,
            "kind": "training",
            "hyperparameters": {name_of(k): setting_text(v) for k, v in sorted(model.trained.hyperparameters.items())},
            "inputs": inputs,
        }
        finished: dict[str, Any] = {
            "run": run,
            "job": job,
            "outcome": "complete",
            "metrics": {name_of(key): decimal_of(value) for key, value in sorted(model.trained.metrics.items())},
            "outputs": {name_of(model.name): model_sha256},
        }
        for kind, about in (("run.started", started), ("run.finished", finished)):
            said = make_event(kind, about, claimed_at=now(), signed_by="ingest")  # claimed by assay.yaml, not seen
            yield msgspec.structs.replace(said, id=f"{self._run}-training-{kind.removeprefix('run.')}")


def name_of(text: str) -> str:
    """Return a text as a name of the vocabulary: what a name cannot hold is a hyphen."""
    return _NOT_IN_NAMES.sub("-", text).lstrip("._:/+=,-")[:_LONGEST] or "unnamed"


def decimal_of(value: float) -> str:
    """Return a number as the decimal string of the vocabulary, to twelve places."""
    return f"{Decimal(repr(round(value, _PLACES))):f}"


def setting_text(value: str | float | bool) -> str:
    """Return a hyperparameter's value as the vocabulary writes it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return name_of(str(value).lower() if isinstance(value, bool) else value)
    return decimal_of(value)


def _metrics(evidence: Evidence) -> dict[str, str]:
    """Return the measurements about everybody, the first of each metric."""
    found: dict[str, str] = {}
    for one in evidence.measurements:
        whole = (
            not one.group and one.over is msgspec.UNSET and one.one_of is msgspec.UNSET and one.about is msgspec.UNSET
        )
        if whole and one.value is not None and one.metric not in found:
            found[one.metric] = decimal_of(one.value)
    return found
