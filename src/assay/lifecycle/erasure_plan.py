"""What erasing a value would change: which files go, which are rewritten without it, and what stays and why.

A plan is made from a search of every byte of the state folder, so that nothing is forgotten that nobody thought of:

* who is behind a pseudonym, disclosures (those of reasons, too), approvers' words, entries that were too long for the
  log: removed;
* a signed consent that holds the value: removed; the act, without name and words, is kept in its place
  (`assay.trail.erasures.ErasedConsent`), and the log holds the digest of what was signed;
* every other text that holds it (verdict, evidence, report, card, imported history): rewritten, a pseudonym in the
  place of the value; the erasure event binds the old digest to the new one;
* the log and what lies beside a release to prove its entries: never touched. Nothing personal stands there; where the
  search finds it all the same, the plan says so.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import msgspec

from assay.attest import dsse
from assay.attest.consent import consent_id
from assay.errors import AssayError
from assay.lifecycle.people import FOLDER
from assay.lifecycle.scanning import walk
from assay.lifecycle.storing import KEPT, publish, rewrite, shred, staging
from assay.records.canonical import canonical_json, sha256_hex
from assay.trail.erasures import ErasedConsent
from assay.trail.reading import CONSENT_DIGEST, Read, disclose

if TYPE_CHECKING:
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.trail.searching import Search

CONSENTS, DISCLOSURES, KEYS = "consents", "disclosures", "keys"

_MARK = re.compile(rb"assay-document [a-z0-9-]{1,64} size=(?:none|\d{1,16}) verdict=[0-9a-f]{64} from=[0-9a-f]{32}")
_LOGGED = {"bundle.json", "receipt.json", "evidence.dsse.json", "documents.json", "documents-receipt.json"}
_DATABASES = (".sqlite", ".sqlite-wal", ".sqlite-shm", ".db")
_REMOVED = {FOLDER, DISCLOSURES, "log.evidence"}
_SIGNED = {"verdict.json", "evidence.json"}

Act = Literal["remove", "rewrite", "rename"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one file.

    Attributes:
        path: the file.
        act: what is done.
        content: its new bytes, for ``rewrite``.
        target: its new name, for ``rename``.
    """

    path: Path
    act: Act
    content: bytes = b""
    target: Path | None = None


@dataclass(slots=True)
class Plan:
    """What an erasure would do.

    Attributes:
        state: the state folder.
        code: the pseudonym that takes the value's place.
        steps: file by file, in order.
        kept: files that hold the value and stay, each with the reason.
        replaced: digest to digest, of documents that are rewritten or that something is kept of.
        destroyed: digests of documents that are removed and nothing is kept of.
        copies: what takes their place, by digest; kept among the documents beside the log, for a restored backup.
        releases: release folders in which something is rewritten or removed.
    """

    state: Path
    code: str
    steps: list[Step] = field(default_factory=list)
    kept: list[tuple[Path, str]] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    destroyed: list[str] = field(default_factory=list)
    copies: dict[str, bytes] = field(default_factory=dict)
    releases: set[Path] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Say whether there is anything to do."""
        return bool(self.steps)


def plan_erasure(
    state: Path, search: Search, code: str, *, trust: Trust, keep_signed: bool = False, trust_file: Path | None = None
) -> Plan:
    """Plan the erasure of a value from a state folder; nothing is changed.

    Args:
        state: the state folder.
        search: the search for the value.
        code: the pseudonym that takes its place.
        trust: who people are.
        keep_signed: leave signed consents, verdicts and evidence as they are, where a law obliges to keep them.
        trust_file: the file that names people, which is rewritten, too.
    """
    plan = Plan(state, code)
    held = [path for path in walk(state) if search.found_in(path.read_bytes()) or search.found_in(path.name.encode())]
    consents = [path for path in held if _is_consent(path) and not keep_signed]
    ids = {}
    for path in consents:
        identity = _plan_consent(plan, path, trust)
        if identity is not None:
            ids[identity] = _erased_id(code, identity)
    held += _same_documents(state, held)
    others = [path for path in held if path not in consents]
    if ids:  # the id of a consent is the start of a digest of what it says: it goes wherever it stands
        naming = [path for path in walk(state) if path not in held and _names_one(path.read_bytes(), ids)]
        others = sorted({*others, *naming})
    for path in others:
        _plan_file(plan, path, search, ids, keep_signed=keep_signed)
    if trust_file is not None and trust_file.is_file() and not keep_signed:
        content = trust_file.read_bytes()
        if search.found_in(content):
            plan.steps.append(Step(trust_file, "rewrite", search.redacted(content, code)))
    return plan


def apply_plan(plan: Plan) -> None:
    """Do what a plan says: first keep what takes the place of documents, then rewrite, and remove who is who last.

    Raises:
        StorageError: when a file cannot be written; run it again then.
    """
    keep_copies(plan)
    last = plan.state / FOLDER
    for step in sorted(plan.steps, key=lambda one: last in one.path.parents):
        if step.act == "rewrite" and step.path.is_file():
            rewrite(step.path, step.content)
        elif step.act == "rename" and step.target is not None:
            with contextlib.suppress(FileNotFoundError):  # somebody who opened the trail has done it already
                step.path.rename(step.target)
        elif step.act == "remove":
            shred(step.path)


def keep_copies(plan: Plan) -> None:
    """Keep what takes the place of documents, by digest."""
    folder = plan.state / KEPT
    missing = {digest: content for digest, content in plan.copies.items() if not (folder / digest).is_file()}
    if missing:
        with staging(folder) as stage:
            publish(stage, folder, missing)


def _same_documents(state: Path, held: list[Path]) -> list[Path]:
    """Return the PDFs beside the log whose text, which is kept beside them, holds the value: in them it is not seen."""
    marks = {mark for path in held if path.parent == state / KEPT for mark in marks_in(path.read_bytes())}
    if not marks:
        return []
    pdfs = [path for path in walk(state / KEPT) if path not in held and path.read_bytes()[:5] == b"%PDF-"]
    return [path for path in pdfs if marks & {*marks_in(path.read_bytes())}]


def marks_in(content: bytes) -> list[bytes]:
    """Return the marks of Assay's documents in a file: which document it is, made from what."""
    return _MARK.findall(content)


def _is_consent(path: Path) -> bool:
    return path.parent.name == CONSENTS and path.suffix == ".json"


def _erased_id(code: str, identity: str) -> str:
    return f"erased-{sha256(f'{code} {identity}'.encode()).hexdigest()[:16]}"


def _names_one(content: bytes, ids: dict[str, str]) -> bool:
    return any(identity.encode() in content for identity in ids)


def _plan_consent(plan: Plan, path: Path, trust: Trust) -> str | None:
    """Plan to remove a consent and to keep the act; return its id."""
    content = path.read_bytes()
    digest = sha256_hex(content)
    plan.steps.append(Step(path, "remove"))
    plan.releases.add(path.parent.parent)
    words = path.with_suffix(".txt")
    if words.is_file():
        plan.steps.append(Step(words, "remove"))
    try:
        identity = consent_id(dsse.decode_base64(dsse.parse(content, name=path.name).payload, path.name))
    except AssayError:
        identity = None
    read = Read(index=0, leaf_sha256="", type=CONSENT_DIGEST, waits_for=digest)
    found = disclose(read, {digest: content}, trust)
    if identity is None or found.event is None:
        plan.destroyed.append(digest)
        return identity
    erased = _erased_id(plan.code, identity)
    fields = {"by": plan.code} | ({"consent": erased} if found.type != "approval.revoked" else {})
    said = msgspec.structs.replace(found.event.fields, **fields)
    event = msgspec.structs.replace(found.event, id=erased, fields=said)
    residue = canonical_json(ErasedConsent(event=msgspec.to_builtins(event), keys=found.keys))
    _replace(plan, digest, residue)
    return identity


def _replace(plan: Plan, old: str, content: bytes) -> None:
    new = sha256_hex(content)
    plan.replaced[old] = new
    plan.copies[new] = content


def _plan_file(plan: Plan, path: Path, search: Search, ids: dict[str, str], *, keep_signed: bool) -> None:
    parts = path.relative_to(plan.state).parts
    top, content = parts[0], path.read_bytes()
    digest = sha256_hex(content)
    if top in {"log", "log.private"} or (top == "releases" and path.name in _LOGGED):
        plan.kept.append((path, "it proves entries of the log, which nobody can erase"))
    elif path.name.endswith(_DATABASES):
        plan.kept.append((path, "a projection of the log: it is compacted, and holds what the log holds"))
    elif keep_signed and (path.name in _SIGNED or _is_consent(path) or (top == KEPT and _is_signed(content))):
        plan.kept.append((path, "signed, and kept as asked"))
    elif top == KEYS:
        _plan_key(plan, path, search)
    elif top in _REMOVED or path.parent.name in {CONSENTS, DISCLOSURES}:
        plan.steps.append(Step(path, "remove"))
        if top == "log.evidence":
            plan.destroyed.append(digest)
    else:
        _plan_text(plan, path, content, search, ids)


def _plan_text(plan: Plan, path: Path, content: bytes, search: Search, ids: dict[str, str]) -> None:
    digest, without = sha256_hex(content), search.redacted(content, plan.code)
    for identity, erased in ids.items():
        without = without.replace(identity.encode(), erased.encode())
    kept = path.parent == plan.state / KEPT
    if "releases" in path.parts:
        plan.releases.add(path.parent)
    if search.found_in(without) or content[:5] == b"%PDF-":  # coded in a way that cannot be rewritten in place
        plan.destroyed.append(digest)
        plan.steps.append(Step(path, "remove"))
        return
    _replace(plan, digest, without)
    plan.steps.append(Step(path, "remove") if kept else Step(path, "rewrite", without))


def _plan_key(plan: Plan, path: Path, search: Search) -> None:
    if path.suffix == ".pub" and not search.found_in(path.read_bytes()):
        plan.destroyed.append(sha256_hex(path.read_bytes()))  # under this name; so a restored one is found again
        plan.steps.append(Step(path, "rename", target=path.with_name(f"{plan.code}.pub")))
    else:
        plan.steps.append(Step(path, "remove"))


def _is_signed(content: bytes) -> bool:
    return b'"schema":"assay.verdict/' in content or b'"schema":"assay.evidence/' in content
