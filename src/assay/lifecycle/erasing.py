"""Erasing a person, or any value, from a project or a server: recorded first, then done, then searched for.

The order makes a crash harmless: what takes the place of documents is kept, the erasure is recorded in the log and in
the ledger beside `assay.yaml`, and only then is anything destroyed. Whatever was not done by then is done by
`assay.lifecycle.replaying` when the trail is next opened. At the end every file is searched; a value that is still
somewhere is told, and the erasure counts as not done everywhere.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from assay.errors import InputError, suggest
from assay.lifecycle.beside import INDEX, INDEXED
from assay.lifecycle.erasure_plan import DISCLOSURES, Plan, apply_plan, keep_copies, plan_erasure
from assay.lifecycle.people import read_people
from assay.lifecycle.replaying import LEDGER, ledger_lines, releases_with, remember, tell
from assay.lifecycle.scanning import Scan, scan, walk
from assay.lifecycle.setting import now, read_trust
from assay.lifecycle.storing import publish, staging
from assay.records.canonical import sha256_hex
from assay.trail.erasures import ERASED, ERASER, erasure_of
from assay.trail.events import make_event
from assay.trail.people import MIN_SALT_BYTES, commit
from assay.trail.reading import read_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from assay.attest.keys import Signer
    from assay.attest.trust import Trust
    from assay.lifecycle.recording import Known, Recorded
    from assay.lifecycle.setting import Log
    from assay.trail.events import Event
    from assay.trail.record_events import PrivacyErasure
    from assay.trail.searching import Search

GROUNDS = ("request", "retention-over", "unlawful", "consent-withdrawn", "legal-obligation")
"""The legal grounds, as `assay.trail.record_events.PrivacyErasure` lists them."""

STORES = ("people", "disclosures", "consents", "releases", "evidence", "keys", "projection", "project-files")
"""The stores that an erasure rewrites and searches, as its event names them."""

_PART = 150  # documents an event names, so that its statement fits an entry


class Premises(Protocol):
    """Where an erasure takes place: a project, or a server's folder."""

    @property
    def root(self) -> Path:
        """The folder that holds the ledger, and is searched whole."""
        ...

    @property
    def state(self) -> Path:
        """The state folder."""
        ...

    @property
    def trust_file(self) -> Path | None:
        """The file that names people; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks that what be erased, and why.

    Attributes:
        search: the search for the value.
        ground: the legal ground, of `GROUNDS`.
        reason: why, in the signer's words; kept where it can be erased.
        signer: whose key signs the erasure.
        keep_signed: leave signed consents, verdicts and evidence as they are.
    """

    search: Search
    ground: str
    reason: str
    signer: Signer
    keep_signed: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """An erasure that has an id of its own, and what was recorded of it before it was interrupted.

    Attributes:
        id: its id.
        events: index in the log to what that entry says; empty when nothing was recorded yet.
    """

    id: str
    events: Mapping[int, PrivacyErasure] = field(default_factory=dict)

    @property
    def person(self) -> str | None:
        """The pseudonym that stands where the value stood; None while none was recorded."""
        return next((one.person for one in self.events.values()), None)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        id: its id.
        plan: what was done, file by file.
        entries: indices of its events in the log.
        found: the search of every file afterwards.
        copies: files outside the stores that are, byte for byte, what was removed or rewritten: it may not be seen in
            them (a PDF), but they hold it.
    """

    id: str
    plan: Plan
    entries: tuple[int, ...]
    found: Scan
    copies: tuple[Path, ...] = ()

    @property
    def digests(self) -> frozenset[str]:
        """Digests of the documents that held the value."""
        return frozenset({*self.plan.replaced, *self.plan.destroyed})


def require_eraser(trust: Trust, signer: Signer, search: Search) -> None:
    """Check that a signer may erase: the trust file gives them the role, and it is not they who are erased.

    Raises:
        InputError: saying who may.
    """
    known = trust.identity_of(signer.key_id)
    if known is None or ERASER not in known[1]:
        may = sorted(one.name for one in trust.people if ERASER in one.roles)
        has = "nobody in the trust file" if known is None else f"{known[0]} ({', '.join(known[1])})"
        who = f"They are: {', '.join(may)}{suggest(signer.name, may)}" if may else (
            f"Nobody has it yet: make a key (assay keys new NAME), and add the person to the trust file with "
            f"roles: [{ERASER}]"
        )  # fmt: skip
        raise InputError(f"expected the key of somebody with the role {ERASER}, found that of {has}. {who}")
    if search.found_in(known[0].encode()):
        raise InputError(f"expected somebody else than the person who is erased, found {known[0]}")


def plan_for(place: Premises, request: Request, *, code: str | None = None) -> Plan:
    """Plan what erasing would do; nothing is changed."""
    trust, _ = read_trust(place.trust_file)
    return plan_erasure(
        place.state, request.search, code or _code(place.state, request.search), trust=trust,
        keep_signed=request.keep_signed, trust_file=place.trust_file,
    )  # fmt: skip


def erase(
    place: Premises,
    request: Request,
    *,
    record: Callable[[Sequence[Event]], list[Recorded]],
    prove: Callable[[int], tuple[bytes, bytes]],
    also: Sequence[Path] = (),
    begun: Begun | None = None,
) -> Erased:
    """Erase a value from a project or a server, and search for it afterwards.

    Args:
        place: the project, or the server's folder.
        request: what, who and why.
        record: appends signed events to the log.
        prove: returns entry and proof file of an index of the log.
        also: further places to search.
        begun: the erasure's own id, where it has one, and what of it stands in the log already; interrupted, it is
            done to its end under the same id.

    Raises:
        InputError: when the signer may not, there is nothing to erase, or the reason repeats the value.
        StorageError: when something cannot be written; what is recorded by then is done at the next opening.
    """
    trust, _ = read_trust(place.trust_file)
    require_eraser(trust, request.signer, request.search)
    if request.search.found_in(request.reason.encode()):
        raise InputError("--reason: expected words that do not repeat what is erased")
    begun = begun or Begun(f"x_{secrets.token_hex(8)}")
    plan = plan_for(place, request, code=begun.person)
    if not plan and not begun.events:
        raise InputError("expected something to erase, found the value in no store that can be rewritten")
    keep_copies(plan)
    done = record(_events(place.state, plan, request, begun))
    entries = (*begun.events, *(one.index for one in done))
    remember(place.root, plan.releases, {f"{begun.id}-{part}": prove(at) for part, at in enumerate(entries, 1)})
    apply_plan(plan)
    compact(place.state)
    found = scan(places(place, also), request.search)
    gone = {*plan.replaced, *plan.destroyed, *(old for one in begun.events.values() for old in one.replaced)}
    outside = (path for path in _files_at(places(place, also)) if not path.is_relative_to(place.state))
    copies = tuple(path for path in outside if sha256_hex(path.read_bytes()) in gone)
    count = len(plan.steps)
    said = {"erasure": begun.id, "stores": list(STORES), "disclosures": count, "left": len(found.hits) + len(copies)}
    end = record([make_event("privacy.erasure.done", said, claimed_at=now(), identity=f"{begun.id}-done")])
    return Erased(begun.id, plan, (*entries, *(one.index for one in end)), found, copies)


def record_again(place: Premises, *, known: Known, log: Log, prove: Callable[[int], tuple[bytes, bytes]]) -> list[int]:
    """Append to the log what the ledger holds and the log does not, as after a restore of the log itself.

    What was signed then is appended as it is; its proofs are put beside every release that it changed.

    Args:
        place: the project, or the server's folder.
        known: what is in the log already.
        log: where.
        prove: returns entry and proof file of an index of the log.

    Returns:
        The indices of the entries that were appended.
    """
    trust, _ = read_trust(place.trust_file)
    lost = []
    for line in ledger_lines(place.root) if (place.root / LEDGER).is_file() else []:
        read = read_entry(0, line, trust.keys())
        if read.event is not None and erasure_of(read, trust) and known.with_id(read.event.id) is None:
            lost.append((line, read.event))
    indices = [known.first + one.index for one in log.append([line for line, _ in lost])] if lost else []
    for index, (_, event) in zip(indices, lost, strict=True):
        proven = {event.id: prove(index)}
        for release in releases_with(place.state, set(event.fields.replaced.values())):
            tell(release, proven)
    return indices


def places(place: Premises, also: Sequence[Path] = ()) -> list[Path]:
    """Return where a project's stores are: its folder, its state folder where that is elsewhere, and what is named."""
    inside = place.state.resolve().is_relative_to(place.root.resolve())
    return [place.root, *([] if inside else [place.state]), *also]


def _files_at(roots: Sequence[Path]) -> Iterator[Path]:
    return (path for root in roots for path in walk(root))


def compact(state: Path) -> None:
    """Free a projection of what was in its pages and its write-ahead log: overwritten, then written anew.

    The index of what lies beside the log is emptied: it names consents by their ids, and is made anew when it is used.
    """
    from assay.lifecycle.asking import PROJECTION  # noqa: PLC0415 - asking replays erasures, and so knows this module

    for path, dropped in ((state / PROJECTION, ()), (state / INDEX, INDEXED)):
        if not path.is_file():
            continue
        with contextlib.closing(sqlite3.connect(path, timeout=30.0, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            for table in dropped:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own table names
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("VACUUM")


def _code(state: Path, search: Search) -> str:
    """Return the pseudonym that a value has, or a new random one."""
    known = (code for code, name in read_people(state).items() if name.strip() == search.value)
    return next(known, None) or f"p_{secrets.token_hex(16)}"


def _events(state: Path, plan: Plan, request: Request, begun: Begun) -> list[Event]:
    """Return the events of an erasure that are not recorded yet: as many as it takes to name every document."""
    named = {old for one in begun.events.values() for old in (*one.replaced, *one.destroyed)}
    replaced = iter(sorted(one for one in plan.replaced.items() if one[0] not in named))
    destroyed = iter(sorted(set(plan.destroyed) - named))
    disclosure = commit("reason", request.reason, secrets.token_bytes(MIN_SALT_BYTES))
    at = now()
    found: list[Event] = []
    while True:
        part: dict[str, Any] = {"replaced": dict(islice(replaced, _PART)), "destroyed": list(islice(destroyed, _PART))}
        if (found or begun.events) and not part["replaced"] and not part["destroyed"]:
            break
        said = {
            "erasure": begun.id, "person": plan.code, "ground": request.ground, "disclosures": len(plan.steps),
            "role": ERASER, "reason_commitment": disclosure.commitment, **part,
        }  # fmt: skip
        number = len(begun.events) + len(found) + 1
        found.append(make_event(ERASED, said, claimed_at=at, identity=f"{begun.id}-{number}"))
    if found:
        with staging(state / DISCLOSURES) as stage:
            publish(stage, state / DISCLOSURES, {disclosure.commitment: disclosure.text.encode()})
    return found
