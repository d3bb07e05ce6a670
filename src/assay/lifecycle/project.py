"""A project: `assay.yaml`, the folder it stands in, and where its state lives."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from assay.errors import DocumentError, InputError, Problem, suggest
from assay.lifecycle.alerts_section import AlertsSection, alerts_problems
from assay.lifecycle.champion_section import ChampionSection, champion_problems
from assay.lifecycle.data_section import DataSection, data_problems
from assay.lifecycle.monitoring_section import MonitoringSection, monitoring_problems
from assay.lifecycle.reasons_section import ReasonsSection, reasons_problems
from assay.lifecycle.regulation_section import StandingSection, regulation_problems
from assay.lifecycle.robustness_section import RobustnessSection, robustness_problems
from assay.lifecycle.server_section import ServerSection, server_problems
from assay.records.document import load_yaml
from assay.records.evidence import Materiality, Stage
from assay.records.tally import Roles, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG_NAME = "assay.yaml"
STATE, KEYS, LOG = ".assay", "keys", "log"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


class TrainedSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model version was made, as whoever writes `assay.yaml` says; the trail takes it in as a claim.

    Attributes:
        job: the job that trained it.
        hyperparameters: name to value.
        metrics: name to value, as training ended.
    """

    job: str = "training"
    hyperparameters: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
    metrics: dict[str, int | float] = msgspec.field(default_factory=dict)


class DerivedSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version that a version was made from, to mend it.

    Attributes:
        version: that version of the same model.
        verdict_sha256: the verdict that it had.
        candidate: the remedy that was taken.
    """

    version: str
    verdict_sha256: str
    candidate: str


class ModelSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which model version is judged: its name, version and files, and the people behind it.

    Attributes:
        name: the registered model's name.
        version: the version.
        path: its file or folder, relative to `assay.yaml`.
        author: who made it, as the trust file names people.
        owner: who answers for it; stands in the inventory.
        trained: how it was made.
        derived_from: the denied version that it mends, where `assay mitigate` made it.
    """

    name: str
    version: str
    path: str
    author: str | None = None
    owner: str | None = None
    trained: TrainedSection | None = None
    derived_from: DerivedSection | None = None


class DatasetSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dataset: a file, glob or folder; or a query on a database (then ``path`` is the database)."""

    path: str
    query: str | None = None


class ColumnsSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column means what; see `assay.records.tally.Roles`."""

    label: str | None = None
    prediction: str | None = None
    score: str | None = None
    weight: str | None = None
    positive: str | int | bool | None = None
    favourable: str | int | bool | None = None
    protected: tuple[str, ...] = ()
    task: Task = "binary"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text of `assay.yaml`.

    Attributes:
        system: the AI system's name.
        model: the model version judged.
        materiality: exposure and purpose; the policy turns them into a tier.
        datasets: role to dataset; the measurements are about ``measured_on``.
        columns: which column means what.
        policy: the policy file, relative to this one.
        documentation: the card of what only people can say, relative to this file.
        dossier: what only people can say of the system, for regulators' documents; by default `dossier.yaml`, if there.
        trust: the file that names people, their keys and roles.
        production: the version now in production, or ``none`` when there is none; compared by checks that ask.
        measured_on: role of the dataset that is measured.
        data: what the data stage is told; a project with this section may be without predictions until its release.
        alerts: who is told of alerts of monitoring, and how.
        robustness: what is probed of a release's model, beside what the tally says.
        monitoring: what the monitoring stage is told.
        packs: folder of the organisation's own packs, relative to this file.
        regulation: what the system is before each framework: role, route, dates that somebody decided on.
        champion: where the decisions of the version in production are, for checks that compare people pair by pair.
        reasons: what is told to people who are turned down, and by which model.
        server: to which server the project delivers.
        state: where keys, log and releases are kept, relative to this file.
    """

    system: str
    model: ModelSection
    materiality: Materiality
    datasets: dict[str, DatasetSection]
    columns: ColumnsSection
    policy: str
    documentation: str | None = None
    dossier: str | None = None
    trust: str | None = None
    production: str | None = None
    measured_on: str = "test"
    data: DataSection | None = None
    alerts: AlertsSection | None = None
    robustness: RobustnessSection | None = None
    monitoring: MonitoringSection | None = None
    packs: str | None = None
    regulation: dict[str, StandingSection] = msgspec.field(default_factory=dict)
    champion: ChampionSection | None = None
    reasons: ReasonsSection | None = None
    server: ServerSection | None = None
    state: str = STATE


@dataclass(frozen=True)
class Project:
    """A configuration and the folder it was found in."""

    root: Path
    config: Config

    @property
    def state(self) -> Path:
        """The folder of keys, log and releases."""
        return self.root / self.config.state

    @property
    def keys(self) -> Path:
        """The folder of signing keys."""
        return self.state / KEYS

    @property
    def trust_file(self) -> Path | None:
        """The file that names people; None where `assay.yaml` names none."""
        return self.root / self.config.trust if self.config.trust else None

    @property
    def log(self) -> Path:
        """The log: a plain folder of tiles."""
        return self.state / LOG

    @property
    def model(self) -> Path:
        """The model's file or folder."""
        return self.root / self.config.model.path

    def require_release(self) -> None:
        """Refuse a project that lacks what a release is judged by, although its data can be.

        Raises:
            DocumentError: with everything that is lacking.
        """
        problems = [Problem(CONFIG_NAME, 0, 0, *one) for one in _release_problems(self.config)]
        if problems:
            raise DocumentError(problems)

    def release(self, version: str | None = None) -> Path:
        """The folder of a version of this project's model; by default the version of `assay.yaml`."""
        return release_folder(self.state, self.config.model.name, version or self.config.model.version)

    def stage_folder(self, stage: Stage, within: str = "") -> Path:
        """The folder of one stage of this version: the release's own, or one in it."""
        return self.release() if stage == "release" else self.release() / stage / within

    def roles(self) -> Roles:
        """The columns' meanings as the tally needs them."""
        return Roles(**msgspec.structs.asdict(self.config.columns))


def is_safe_name(text: str) -> bool:
    """Say whether a folder can bear a name."""
    return _SAFE_NAME.fullmatch(text) is not None


def release_folder(state: Path, name: str, version: str) -> Path:
    """Return the folder of a model version below a state folder.

    Raises:
        InputError: for a name or a version that no folder can bear.
    """
    for what, text in (("name", name), ("version", version)):
        if not _SAFE_NAME.fullmatch(text):
            raise InputError(
                f"expected a model {what} of letters, digits and . _ + - (it names a folder), found {text!r}"
            )
    return state / "releases" / name / version


def find_config(start: Path) -> Path:
    """Return the `assay.yaml` of a folder or of the nearest one above it.

    Raises:
        InputError: when there is none; near file names are suggested.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    names = [path.name for path in start.iterdir()] if start.is_dir() else []
    near = suggest(CONFIG_NAME, [name for name in names if name.endswith((".yaml", ".yml"))])
    raise InputError(
        f"expected {CONFIG_NAME} in {start} or a folder above it, found none{near}. Write one with: assay init DATA"
    )


def read_file(path: Path, what: str) -> bytes:
    """Read a file that the user named; ``-`` is standard input.

    Raises:
        InputError: when it cannot be read, saying what it was wanted for.
    """
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = suggest(path.name, siblings)
        reason = "it does not exist" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))
        raise InputError(f"expected {what} at {path}, but {reason}{near}") from None


def load_project(start: Path | str | None = None) -> Project:
    """Find and read the project that a folder (default: the working one) belongs to; a path to a file is read as is.

    Raises:
        InputError: when there is no `assay.yaml`.
        DocumentError: with every problem in it.
    """
    start = Path.cwd() if start is None else Path(start)
    path = start if start.is_file() else find_config(start)
    config = load_yaml(read_file(path, "a project file"), Config, name=path.name)
    problems = list(_problems(config, path.name))
    if problems:
        raise DocumentError(problems)
    return Project(root=path.resolve().parent, config=config)


def _problems(config: Config, name: str) -> list[Problem]:
    found: list[Problem] = []

    def wrong(path: str, message: str) -> None:
        found.append(Problem(name, 0, 0, path, message))

    for path, text in (("$.model.name", config.model.name), ("$.model.version", config.model.version)):
        if not _SAFE_NAME.fullmatch(text):
            wrong(path, f"expected letters, digits and . _ + - (it names a folder), found {text!r}")
    if not config.columns.protected:
        wrong("$.columns.protected", "expected at least one protected attribute, found none: groups are compared by it")
    for path, message in _release_problems(config) if config.data is None else data_problems(config):
        wrong(path, message)
    sections = (
        alerts_problems(config.alerts), robustness_problems(config), monitoring_problems(config),
        regulation_problems(config.regulation), champion_problems(config),
        reasons_problems(config), server_problems(config.server),
    )  # fmt: skip
    for path, message in chain.from_iterable(sections):
        wrong(path, message)
    if not config.system.strip():
        wrong("$.system", "expected the system's name, found an empty text")
    return found


def _release_problems(config: Config) -> Iterator[tuple[str, str]]:
    """Yield what a release is judged by and the project lacks: JSON path and message."""
    if config.measured_on not in config.datasets:
        near = suggest(config.measured_on, config.datasets)
        yield "$.datasets", f"expected a dataset {config.measured_on!r}, the one that is measured{near}"
    if config.columns.prediction is None:
        yield "$.columns.prediction", "expected the column of predictions, found none"
