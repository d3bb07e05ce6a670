"""A pack as it is written: one version of one framework's text, its controls, and from when each applies to whom."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from assay.records.canonical import digest

Automation: TypeAlias = Literal["full", "partial", "manual"]
"""full: computed from artefacts; partial: a machine gathers and a person judges; manual: a person attests."""

Certainty: TypeAlias = Literal["settled", "argued", "disputed", "guidance", "voluntary"]
"""argued, disputed: from when is open; somebody decides and signs for it (`Schedule`)."""

Sure: TypeAlias = Literal["high", "medium", "low"]
Force: TypeAlias = Literal["law", "guidance", "voluntary", "internal"]

DOCUMENTS = (
    "annex-iv", "annex-v", "instructions-for-use", "post-market-monitoring-plan", "serious-incident-report", "fria",
    "qms-index", "risk-file", "validation-report", "ll144-summary", "nist-profile", "statement-of-applicability",
    "datasheet", "model-card", "gpai-annex-xi", "gpai-annex-xii",
)  # fmt: skip
"""The documents that a control may be told in."""

MAX_SAYS, MAX_TITLE = 240, 60
"""Letters of a paraphrase and of a title: more is on its way to being the text itself."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a pack; unknown keys are refused."""


class Text(Part, frozen=True, kw_only=True):
    """The text that a pack is of, pinned to one version.

    Attributes:
        id: its CELEX number or equivalent, which differs for every version.
        kind: what sort of id that is; a consolidated CELEX number carries the version's date.
        cite: how one cites it.
        url: where it can be read.
        note: what a reader should know about the copy that was read.
    """

    id: str
    kind: Literal["celex", "code", "edition", "guidance", "internal"]
    cite: str
    url: str | None = None
    note: str | None = None


class InForce(Part, frozen=True, kw_only=True):
    """The days on which this version of the text is the one that counts, both included."""

    starts: str = msgspec.field(name="from")
    ends: str | None = msgspec.field(name="to", default=None)


class Superseded(Part, frozen=True, kw_only=True):
    """The framework that took this one's place, from which day, and who says so."""

    on: str
    by: str
    source: str


class Reading(Part, frozen=True, kw_only=True):
    """How far a paraphrase was checked.

    Attributes:
        verified: whether it was written from a verbatim copy of the whole instrument.
        by: by what source.
        when: on which day.
        sure: how likely it is right.
    """

    verified: bool
    by: str
    when: str
    sure: Sure


class Legacy(Part, frozen=True, kw_only=True):
    """What was on the market before a day is caught from another one."""

    placed_before: str
    starts: str = msgspec.field(name="from")
    source: str


class Schedule(Part, frozen=True, kw_only=True):
    """From when controls apply.

    Attributes:
        starts: from which day, whatever the route.
        by_route: from which day, by route; systems on another route are not concerned at all. Beside ``from`` and
            argued or disputed: the other day that is argued for.
        by_role: from which day, by role, where that differs.
        certainty: whether that is settled.
        source: which provision says so.
        legacy: other days for what was there before.
        note: what has to be decided, where it is not settled.
    """

    starts: str | None = msgspec.field(name="from", default=None)
    by_route: dict[str, str] = {}
    by_role: dict[str, str] = {}
    certainty: Certainty
    source: str
    legacy: Legacy | None = None
    note: str | None = None


class PackControl(Part, frozen=True, kw_only=True):
    """One duty or recommendation, in our words.

    Attributes:
        id: unique in its framework; policies cite ``framework:id``.
        clause: the paragraph of the text, where the id is finer than that.
        title: what it is about.
        says: what it asks, paraphrased.
        roles: whose duty it is.
        dates: the schedule that says from when.
        only_if: the condition of the pack under which it is a duty at all; None: for everybody.
        automation: how far a machine can show it.
        evidence: kinds of evidence that bear on it (`assay.packs.evidence_kinds`).
        checks: checks whose findings bear on it; one of them that decided is evidence.
        documents: documents that tell of it.
        verified: the reading that says how far this paraphrase was checked.
        note: what a reader should know.
    """

    id: str
    clause: str | None = None
    title: str
    says: str
    roles: tuple[str, ...]
    dates: str
    only_if: str | None = None
    automation: Automation
    evidence: tuple[str, ...]
    checks: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    verified: str
    note: str | None = None

    @property
    def cited(self) -> str:
        """The paragraph of the text."""
        return self.clause or self.id


class Pack(Part, frozen=True, kw_only=True):
    """One version of one framework.

    A change of the text is another pack; a released one is never edited. A pack that amends another holds what changed:
    its controls take the place of those with the same id, and its dates and readings of those with the same name.

    Attributes:
        schema: the document's version.
        framework: lower-case words joined by ``-``; what policies write before the colon.
        version: the day from which this version of the text counts.
        title: what people call it.
        issuer: who made it.
        force: what kind of force it has.
        text: the text, pinned.
        in_force: when this version counts.
        amends: the version that this one changes.
        removes: ids of controls that the amended version has and this one has not.
        superseded: the framework that took its place.
        roles: role to what it means.
        routes: route to what it means; none when everybody is on the same.
        conditions: special cases that some controls are about, by name, in words; a system is in them or not.
        readings: how far paraphrases were checked, by name.
        dates: from when controls apply, by name.
        controls: the controls.
    """

    schema: Literal["assay.pack/v1"] = "assay.pack/v1"
    framework: str
    version: str
    title: str
    issuer: str
    force: Force
    text: Text
    in_force: InForce
    amends: str | None = None
    removes: tuple[str, ...] = ()
    superseded: Superseded | None = None
    roles: dict[str, str]
    routes: dict[str, str] = {}
    conditions: dict[str, str] = {}
    readings: dict[str, Reading]
    dates: dict[str, Schedule]
    controls: tuple[PackControl, ...] = ()

    @property
    def name(self) -> str:
        """Framework and version, as ``packs show`` takes it."""
        return f"{self.framework}@{self.version}"

    @property
    def sha256(self) -> str:
        """The digest by which a status names this pack."""
        return digest(self)

    def counts_on(self, day: str) -> bool:
        """Say whether this version of the text is the one that counts on a day (ISO dates compare as text)."""
        return self.in_force.starts <= day and (self.in_force.ends is None or day <= self.in_force.ends)

    def control(self, name: str) -> PackControl | None:
        """Return the control of an id."""
        return next((one for one in self.controls if one.id == name), None)


Relation: TypeAlias = Literal["equal", "subset", "superset", "intersects"]
"""How what the left asks relates to what the right asks; the words of OSCAL's mapping model."""


class Row(Part, frozen=True, kw_only=True):
    """One line of a crosswalk: a clause here, a clause there, and who says that they meet.

    Attributes:
        left: control or clause of the one framework.
        right: control or clause of the other.
        relation: what the left asks is equal to, part of, more than, or overlaps what the right asks.
        source: who published it.
        ours: our own reading, where nobody did.
    """

    left: str = msgspec.field(name="from")
    right: str = msgspec.field(name="to")
    relation: Relation
    source: str | None = None
    ours: bool = False


class Crosswalk(Part, frozen=True, kw_only=True):
    """How the controls of one framework meet those of another."""

    schema: Literal["assay.crosswalk/v1"] = "assay.crosswalk/v1"
    left: str = msgspec.field(name="from")
    right: str = msgspec.field(name="to")
    title: str
    rows: tuple[Row, ...]
