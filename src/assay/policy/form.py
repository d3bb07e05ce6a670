"""A policy as it is written, and as it stands when everything it extends has been read."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.checks.control import Control, Coverage, SmallGroups, Words, Written
from assay.records.canonical import digest
from assay.records.verdict import Limit, Provenance  # noqa: TC001 - msgspec reads the policy by them

if TYPE_CHECKING:
    from assay.records.evidence import Materiality
    from assay.records.verdict import Place

ANY = "*"
"""In a materiality rule: every exposure, or every purpose."""


class Extends(Written, frozen=True, kw_only=True):
    """The policy this one builds on: its file, beside this one, or a ready one; and the SHA-256 it is pinned to."""

    file: str
    sha256: str | None = None


class Loosening(Written, frozen=True, kw_only=True):
    """A control's id, or a key of the policy, that is looser than in the policy extended, and why that is right."""

    what: str
    reason: str


class Tightening(Written, frozen=True, kw_only=True):
    """The limit of a control of the policy extended, set where it was ``unset`` or made tighter; all else stays.

    Attributes:
        limit: the limit in every tier.
        limits: the limit by tier; tiers that are left out keep theirs.
        provenance: who set it, when, on what authority and why.
    """

    limit: Limit | None = None
    limits: dict[str, Limit] = msgspec.field(default_factory=dict)
    provenance: Provenance


class MaterialityRule(Written, frozen=True, kw_only=True):
    """Exposure x purpose -> tier; ``*`` stands for every one. The first rule that fits decides."""

    exposure: str
    purpose: str
    tier: str


class ApprovalRule(Written, frozen=True, kw_only=True):
    """A step of consent: so many people, each in this role."""

    role: str
    quorum: int = 1


class Tier(Written, frozen=True, kw_only=True):
    """What a tier asks beyond the policy: approvals in order, evidence age, minimum group."""

    approvals: tuple[ApprovalRule, ...] = ()
    evidence_age_days: int | None = None
    minimum_group: int | None = None


class WaiverRules(Written, frozen=True, kw_only=True):
    """Who may accept a risk in writing, for how long at most, and for which controls nobody may."""

    permitted_by: tuple[str, ...]
    longest_days: int
    not_for: tuple[str, ...] = ()


class ByGroup(Written, frozen=True, kw_only=True):
    """Whether a decision may rest on the protected attribute itself, such as a cut for each group.

    A legal question, so who answered it, on what authority and why is part of the answer.
    """

    allowed: bool
    provenance: Provenance


_NEAR_WORD, _NEAR_PHRASE = 0.7, 0.9
"""How alike (difflib's ratio) an exposure, and a purpose, must be to one that is named to count as misspelt."""


class Policy(Written, frozen=True, kw_only=True, dict=True):
    """A versioned choice of controls, limits, enforcement and approvals.

    Its digest is that of what it says; where things stand in their files, and comments, are no part of it.

    Attributes:
        schema: the document's version.
        name: the policy's name.
        version: its version, as text.
        description: what it is for.
        extends: the policy it builds on; None once that has been read.
        loosens: what is looser than in the policy extended, with the reason.
        tightens: control of the policy extended, to the limit that is set here; one that is looser is refused.
        removes: ids of the extended policy's controls that are taken out (a loosening).
        level: two-sided confidence that a decision needs.
        minimum_group: smallest group that decides, in people.
        small_groups: what a smaller group does.
        evidence_age_days: how old the evidence may be, in days.
        words: what people and favourable predictions are called.
        coverage: what must have been measured.
        materiality: exposure x purpose -> tier.
        tiers: what each tier asks.
        approvals: approvals that every tier asks, before the tier's own.
        waivers: who may accept a risk; without it nobody may.
        by_group: whether decisions may rest on the protected attribute; without it nobody has said so.
        controls: the requirements.
    """

    schema: Literal["assay.policy/v1"] = "assay.policy/v1"
    name: str
    version: str
    description: str = ""
    extends: Extends | str | None = None
    loosens: tuple[Loosening, ...] = ()
    tightens: dict[str, Tightening] = msgspec.field(default_factory=dict)
    removes: tuple[str, ...] = ()
    level: float = 0.95
    minimum_group: int = 30
    small_groups: SmallGroups = "unknown"
    evidence_age_days: int | None = None
    words: Words = Words()
    coverage: Coverage = Coverage()
    materiality: tuple[MaterialityRule, ...] = ()
    tiers: dict[str, Tier] = msgspec.field(default_factory=dict)
    approvals: tuple[ApprovalRule, ...] = ()
    waivers: WaiverRules | None = None
    by_group: ByGroup | msgspec.UnsetType = msgspec.UNSET
    controls: tuple[Control, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """The digest by which verdicts and consents name this policy."""
        return digest(self)

    @property
    def allows_by_group(self) -> bool | None:
        """Whether decisions may rest on the protected attribute; None when nobody has said."""
        return None if isinstance(self.by_group, msgspec.UnsetType) else self.by_group.allowed

    @property
    def places(self) -> dict[str, Place]:
        """Where each control, and each key of the policy, stands."""
        found: dict[str, Place] = self.__dict__.get("places_", {})
        return found

    def place_of(self, what: str) -> Place | None:
        """Return where a control or a key of the policy was last spoken of; None where it is not."""
        asked = (f"$.tightens.{what}", what, f"$.{what}")
        return next((self.places[key] for key in asked if key in self.places), None)

    def placed(self, places: dict[str, Place]) -> Policy:
        """Return the same policy that knows where everything stands."""
        twin = msgspec.structs.replace(self)
        msgspec.structs.force_setattr(twin, "places_", places)
        return twin

    def tier_of(self, materiality: Materiality) -> str | None:
        """Return the tier of a system; None when no rule fits, or when the policy has no tiers.

        None, too, for a word that looks like a misspelling of one that a rule names (``hihg``): it must not slip into
        the rule for every other one, which is mostly the most lenient.
        """

        def fits(written: str, found: str) -> bool:
            return written == ANY or written.strip().casefold() == found.strip().casefold()

        if self.misspelt(materiality):
            return None
        for rule in self.materiality:
            if fits(rule.exposure, materiality.exposure) and fits(rule.purpose, materiality.purpose):
                return rule.tier
        return None

    def misspelt(self, materiality: Materiality) -> tuple[str, str] | None:
        """Return what looks misspelt in a system's materiality, and the word of a rule that it is near to."""
        for found, named, cutoff in (
            (materiality.exposure, [rule.exposure for rule in self.materiality], _NEAR_WORD),
            (materiality.purpose, [rule.purpose for rule in self.materiality], _NEAR_PHRASE),
        ):
            known = {name.strip().casefold(): name for name in named if name != ANY}
            word = found.strip().casefold()
            if word not in known and (near := get_close_matches(word, known, n=1, cutoff=cutoff)):
                return found, known[near[0]]
        return None

    def steps_in(self, tier: str | None) -> tuple[ApprovalRule, ...]:
        """Return the approvals that a tier asks, in order."""
        return self.approvals + (self.tiers[tier].approvals if tier in self.tiers else ())

    def evidence_age_in(self, tier: str | None) -> int | None:
        """Return how old the evidence may be in a tier, in days: the lesser of the policy's and the tier's."""
        ages = (self.evidence_age_days, self.tiers[tier].evidence_age_days if tier in self.tiers else None)
        given = [age for age in ages if age is not None]
        return min(given) if given else None

    def minimum_group_of(self, control: Control, tier: str | None) -> int:
        """Return the smallest group that decides a control in a tier: the control's, the tier's or the policy's."""
        of_tier = self.tiers[tier].minimum_group if tier in self.tiers else None
        return control.minimum_group or of_tier or self.minimum_group

    def attributes_of(self, control: Control) -> tuple[tuple[str, ...], ...]:
        """Return the attributes and intersections that a control compares, each as a tuple."""
        source = control if control.attributes or control.intersections else self.coverage
        return tuple((name,) for name in source.attributes) + source.intersections
