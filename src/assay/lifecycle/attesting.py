"""Attesting a control: a person of the trust file says how it stands, until a day; the trail holds it, signed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import InputError, suggest
from assay.packs.dates import is_day
from assay.records.canonical import digest, sha256_hex
from assay.trail.events import make_event

if TYPE_CHECKING:
    from assay.attest.trust import Trust
    from assay.lifecycle.regulation_section import StandingSection
    from assay.packs.form import Pack, PackControl
    from assay.packs.shelf import Shelf
    from assay.trail.events import Event

Says: TypeAlias = Literal["met", "not-met", "not-applicable"]

LONGEST_YEARS = 3
_ID_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Attest:
    """What a person attests.

    Attributes:
        control: ``framework:control``, or ``framework@version:control``.
        role: in which role.
        until: the last day on which it counts.
        says: how the control stands.
        words: why, in the person's words; they stay beside the log.
        every_version: about every version of the model, not only the one in `assay.yaml`.
    """

    control: str
    role: str
    until: str
    says: Says = "met"
    words: str
    every_version: bool = False


def find_control(name: str, shelf: Shelf, day: str) -> tuple[Pack, PackControl]:
    """Return the control that a person names, of the pack in force on a day.

    Raises:
        InputError: for a name that leads nowhere, or to a paragraph with several controls; they are listed.
    """
    framework, colon, clause = name.partition(":")
    if not colon or not clause:
        raise InputError(f"expected a control such as eu-ai-act:9(5), found {name!r}")
    pack = shelf.named(framework, day)
    found = pack.control(clause)
    if found is not None:
        return pack, found
    finer = [one.id for one in pack.controls if one.cited == clause]
    if finer:
        raise InputError(f"{framework}:{clause} has several controls; attest one of them: {', '.join(finer)}")
    near = suggest(clause, [one.id for one in pack.controls])
    raise InputError(f"expected a control of {pack.name}, found {clause!r}{near}. See: assay packs show {framework}")


def attested_event(
    act: Attest, pack: Pack, control: PackControl, *, model: tuple[str, str, str | None], code: str, at: str
) -> Event:
    """Return the event of an attestation.

    Args:
        act: what is attested.
        pack: the pack that was read.
        control: the control.
        model: name, version and digest of the version that it is about.
        code: pseudonym of who attests.
        at: now, RFC 3339 in UTC.
    """
    name, version, model_sha256 = model
    about = {} if act.every_version else {"version": version, "model_sha256": model_sha256}
    fields = {
        "framework": pack.framework, "pack": pack.version, "control": control.id, "control_sha256": digest(control),
        "says": act.says, "model": name, **about, "until": act.until, "by": code, "role": act.role,
        "statement_sha256": sha256_hex(act.words.encode()),
    }  # fmt: skip
    return make_event("control.attested", fields, claimed_at=at, identity=f"att_{secrets.token_hex(_ID_BYTES)}")


def require_attestable(
    act: Attest, framework: str, section: StandingSection | None, *, person: str, trust: Trust, day: str
) -> None:
    """Refuse an attestation that would count for nothing, while the person who signs is there to hear why.

    Raises:
        InputError: for a role that the person has not or that does not count, a day that is over or too far away, or no
            words.
    """
    roles = next((one.roles for one in trust.people if one.name == person), ())
    if act.role not in roles:
        raise InputError(
            f"expected a role that the trust file gives {person} ({', '.join(roles) or 'none'}), found {act.role!r}"
            f"{suggest(act.role, roles)}: an attestation in another role counts for nothing"
        )
    wanted = section.attested_by if section is not None else ()
    if wanted and act.role not in wanted:
        raise InputError(
            f"regulation.{framework}.attested_by names {', '.join(wanted)}, found {act.role!r}: it would not count"
        )
    longest = f"{int(day[:4]) + LONGEST_YEARS:04d}{day[4:]}"
    if not is_day(act.until) or not day <= act.until <= longest:
        raise InputError(
            f"--until: expected a day from {day} to {longest}, YYYY-MM-DD, found {act.until!r}: what is attested lapses"
        )
    if not act.words.strip():
        raise InputError("--statement: expected why, in your words, found an empty text")
