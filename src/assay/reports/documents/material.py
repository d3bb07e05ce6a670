"""What documents are made from: a release's records, what the log says of the system, and what people wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assay.packs.shelf import Shelf, own_shelf
from assay.reports.card import texts as card_texts
from assay.reports.card_claims import contradictions
from assay.reports.documents.dossier import Dossier
from assay.reports.documents.form import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from assay.packs.dates import Standing
    from assay.packs.form import Pack
    from assay.packs.status import Attested
    from assay.policy.form import Policy
    from assay.records.evidence import Evidence
    from assay.records.status import FrameworkStatus
    from assay.records.verdict import Finding, Verdict
    from assay.reports.release import Release

_FIRST = ("validation.result", "gate.decision", "dataset.registered", "run.finished")
"""The types of event that stand for a digest before others that name it too."""


@dataclass(frozen=True, kw_only=True)
class LogEvent:
    """An event of the log that counts.

    Attributes:
        index: where it stands.
        type: what it is.
        at: when it was, as claimed; empty when nobody claims a time.
        by: who signed it.
        fields: what it says, people by the names that may be shown.
    """

    index: int
    type: str
    at: str
    by: tuple[str, ...]
    fields: Mapping[str, Any]

    def source(self) -> Source:
        """Return the event as a source."""
        return Source(kind="event", name=self.type, entry=self.index)


@dataclass(frozen=True, kw_only=True)
class LogReach:
    """How far into which log was looked."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What `assay.yaml` says that documents tell.

    Attributes:
        owner: who answers for the model.
        columns: role of a column to its name.
        protected: the protected attributes.
        monitoring: what the section ``monitoring`` says, key to words.
        standing: framework, to what the system is before it, as somebody has decided.
    """

    owner: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    protected: tuple[str, ...] = ()
    monitoring: Mapping[str, str] = field(default_factory=dict)
    standing: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What was captured of the training run that a version came from.

    Attributes:
        event: the event that the run began.
        sha256: digest of the kept record.
        environment: name to version or size.
        hyperparameters: name to value.
        seed: the seed; None where there was none.
    """

    event: LogEvent
    sha256: str
    environment: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    seed: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One regulator's clock of a serious incident, as the log has it.

    Attributes:
        clause: the clause that sets the limit.
        rule: the rule in words.
        aware_at: from when it counts.
        due_at: when it ends.
        harms: what set it running.
        status: how it stands.
        initial: the first, incomplete report.
        complete: the complete one.
        declared: the declaration.
    """

    clause: str
    rule: str
    aware_at: str
    due_at: str
    harms: tuple[str, ...]
    status: str
    declared: LogEvent
    initial: LogEvent | None = None
    complete: LogEvent | None = None


@dataclass(frozen=True, kw_only=True)
class IncidentFile:
    """An alert or a serious incident with what the log says was done about it."""

    name: str
    version: str
    status: str
    severity: str
    since: str
    events: tuple[LogEvent, ...]
    clocks: tuple[Clock, ...] = ()


def _own_packs(framework: str) -> Shelf:
    return own_shelf(frozenset({framework}))


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything that a document may be made from.

    Attributes:
        release: the version's records.
        verdict_sha256: digest of its verdict.
        dossier: what people wrote; an empty one when nobody did.
        dossier_name: the file that it stands, or would stand, in.
        card_name: likewise of the card.
        log: how far the log was looked at; None where nothing is recorded.
        events: what the log says of this model, in its order.
        incidents: alerts and serious incidents of this model.
        data: the records of the data stage; None where it was not run.
        captured: what was captured of the training run; None where nothing was.
        policy: the policy that decided; None when it is not at hand as it was then.
        settings: what the project says.
        attested: what people attest about controls, by ``framework:control``, as it counts on the day of the records.
        refused: a sentence for each attestation that does not count, and why.
        status: how the version stands on the day of the records, by framework, for documents that tell it.
        shelf: gives the packs of a framework; by default those that come with Assay.
        tool: name and version of what writes.
    """

    release: Release
    verdict_sha256: str
    dossier: Dossier = field(default_factory=Dossier)
    dossier_name: str = "dossier.yaml"
    card_name: str = "card.yaml"
    log: LogReach | None = None
    events: tuple[LogEvent, ...] = ()
    incidents: tuple[IncidentFile, ...] = ()
    data: Release | None = None
    captured: Captured | None = None
    policy: Policy | None = None
    settings: Settings = field(default_factory=Settings)
    attested: Mapping[str, Attested] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    status: Mapping[str, FrameworkStatus] = field(default_factory=dict)
    shelf: Callable[[str], Shelf] = _own_packs
    tool: str = "assay"

    @property
    def evidence(self) -> Evidence:
        """The version's evidence."""
        return self.release.evidence

    @property
    def verdict(self) -> Verdict:
        """The version's verdict."""
        return self.release.verdict

    @property
    def at(self) -> str:
        """The time of the last record or event that was looked at, documents left out; no clock's."""
        return max([self.verdict.decided_at, *(event.at for event in self.events if event.type != "report.issued")])

    @cached_property
    def contradicted(self) -> Mapping[str, tuple[str, ...]]:
        """For each place where people wrote, the sentences in which the evidence contradicts them."""
        spoken = [("", path, text) for path, text in self.dossier.texts()]
        if self.release.card is not None:
            spoken += [("card", path, text) for path, text in card_texts(self.release.card)]
        wrong: dict[str, tuple[str, ...]] = {}
        for file, path, text in spoken:
            against = contradictions((), [(path, text)], self.evidence.measurements)
            if against:
                place = f"{file}:{path.removeprefix('$.').partition('[')[0]}"
                wrong[place] = (*wrong.get(place, ()), *against)
        return wrong

    def pack(self, framework: str) -> Pack:
        """Return the version of a framework that counts on the day of the records.

        Raises:
            InputError: when none does.
        """
        return self.shelf(framework).in_force(framework, self.at[:10])

    def of(self, *types: str) -> list[LogEvent]:
        """Return the events of some types."""
        return [event for event in self.events if event.type in types]

    def about(self, *types: str) -> list[LogEvent]:
        """Return the events of some types that are about this version, by its digest or by its number."""
        version, digest = self.verdict.version, self.verdict.model_sha256
        return [
            event
            for event in self.of(*types)
            if event.fields.get("model_sha256", digest) == digest
            and event.fields.get("version") in {None, version}
        ]  # fmt: skip

    def entry_of(self, sha256: str | None) -> int | None:
        """Return the index of the entry that a digest stands in; None where nothing in the log names it."""
        if sha256 is None:
            return None
        naming = [event for event in self.events if sha256 in set(_leaves(event.fields))]
        ranked = sorted(naming, key=lambda event: (_rank(event.type), -event.index))
        return ranked[0].index if ranked else None

    def record(self, name: str, sha256: str) -> Source:
        """Return a record of the release as a source."""
        return Source(kind="record", name=name, sha256=sha256, entry=self.entry_of(sha256))

    @property
    def evidence_source(self) -> Source:
        """The evidence as a source."""
        return self.record("evidence.json", self.verdict.evidence_sha256)

    @property
    def verdict_source(self) -> Source:
        """The verdict as a source."""
        return self.record("verdict.json", self.verdict_sha256)

    def finding_sources(self, findings: Sequence[Finding]) -> tuple[Source, ...]:
        """Return the findings of some controls as sources, one a control, and the verdict that holds them."""
        controls = dict.fromkeys(finding.control for finding in findings)
        named = [Source(kind="finding", name=name) for name in controls]
        return (*named, self.verdict_source)


def _rank(kind: str) -> int:
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _leaves(value: Any) -> Iterator[str]:  # noqa: ANN401 - the fields of any event
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
