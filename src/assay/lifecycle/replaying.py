"""Erasing again what a restored backup brought back.

The ledger of erasures is the log itself: its ``privacy.erasure`` events name by digest what was rewritten and what was
destroyed. A copy of those events stands in ``erasures.jsonl`` beside `assay.yaml`, one signed statement a line, so that
a restore of the whole state folder, log included, does not bring people back; it holds no personal data, and belongs
into version control. Whoever opens the trail has both replayed first; what a crash has kept out of the ledger is put
there then, and beside the releases that it changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.errors import InputError
from assay.lifecycle.erasure_plan import CONSENTS, KEYS, apply_plan, plan_erasure
from assay.lifecycle.people import FOLDER, read_people
from assay.lifecycle.storing import KEPT, publish, rewrite, shred, staging
from assay.lifecycle.verified_erasures import ERASURES
from assay.records.canonical import sha256_hex
from assay.trail.erasures import Erasures, erasure_of
from assay.trail.reading import read_entry
from assay.trail.searching import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.trail.reading import Read

LEDGER = "erasures.jsonl"
MAX_LEDGER_BYTES = 64 * 1024 * 1024


def read_ledger(root: Path, trust: Trust) -> Erasures:
    """Return the erasures in the ledger beside `assay.yaml`; a line counts when one who may erase has signed it."""
    path = root / LEDGER
    if not path.is_file():
        return Erasures()
    return Erasures.of((read_entry(0, line, trust.keys()) for line in ledger_lines(root)), trust, logged=False)


def ledger_lines(root: Path) -> list[bytes]:
    """Return the entries in the ledger, oldest first.

    Raises:
        InputError: when it is longer than any ledger is.
    """
    path = root / LEDGER
    if path.stat().st_size > MAX_LEDGER_BYTES:
        raise InputError(f"{path}: expected at most {MAX_LEDGER_BYTES} bytes, found more")
    return [line for line in path.read_bytes().split(b"\n") if line]


def remember(root: Path, releases: Iterable[Path], entries: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Put entries of an erasure with their proofs beside each release that it changes, and into the ledger.

    The ledger comes last: what stands in it stands beside the releases, too, wherever a crash came.

    Args:
        root: the folder that holds the ledger.
        releases: folders of releases.
        entries: id of an event to its entry and the proof that it stands in the log.
    """
    for release in sorted(releases):
        tell(release, entries)
    ledger = root / LEDGER
    before = ledger.read_bytes() if ledger.is_file() else b""
    there = set(before.split(b"\n"))
    lines = b"".join(entry + b"\n" for entry, _ in entries.values() if entry not in there)
    with staging(ledger) as stage:
        publish(stage, root, {LEDGER: before + lines})


def tell(release: Path, entries: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Put entries of an erasure and their proofs beside a release that it changed."""
    files = {f"{name}.dsse.json": entry for name, (entry, _) in entries.items()}
    files |= {f"{name}.tlog-proof": proof for name, (_, proof) in entries.items()}
    with staging(release / ERASURES) as stage:
        publish(stage, release / ERASURES, files)


def remember_again(
    root: Path, state: Path, reads: Iterable[Read], trust: Trust, *, prove: Callable[[int], tuple[bytes, bytes]]
) -> None:
    """Put into the ledger, and beside releases, the erasures that a crash left in the log alone; replay them first.

    Args:
        root: the folder that holds the ledger.
        state: the state folder.
        reads: entries of the log.
        trust: who people are.
        prove: returns entry and proof file of an index of the log.
    """
    known = {(one.id, *one.replaced, *one.destroyed) for one in read_ledger(root, trust).known}
    for read in reads:
        one = erasure_of(read, trust)
        if one is not None and read.event is not None and (one.id, *one.replaced, *one.destroyed) not in known:
            releases = releases_with(state, set(one.replaced.values()))
            remember(root, releases, {read.event.id: prove(read.index)})


def releases_with(state: Path, names: Collection[str]) -> list[Path]:
    """Return the folders of releases that hold a file of one of these digests."""
    folders = sorted(path for path in state.glob("releases/*/*") if path.is_dir())
    return [
        folder
        for folder in folders
        if any(sha256_hex(path.read_bytes()) in names for path in folder.iterdir() if path.is_file())
    ]


def replay(state: Path, erasures: Erasures, trust: Trust, trust_file: Path | None = None) -> list[str]:
    """Erase again what is there though it was erased; return what was done, a line each.

    A document whose digest an erasure names is replaced by the copy without the value, or removed where no copy is
    kept. Files of people whose pseudonyms were erased are removed.
    """
    done: list[str] = []
    if not erasures:
        return done
    for pseudonym, name in sorted(read_people(state).items()):
        if pseudonym not in erasures.people:
            continue
        # The name is back, so everything that holds it can be found.
        plan = plan_erasure(state, Search(name), pseudonym, trust=trust, trust_file=trust_file)
        apply_plan(plan)
        told = erasures.people[pseudonym].told
        done.append(f"{FOLDER}/{pseudonym}.json: {told}; it was back; {len(plan.steps)} files are mended")
    for path in _documents(state):
        digest = sha256_hex(path.read_bytes())
        told = erasures.told(digest)
        if not told:
            continue
        after = erasures.after(digest)
        copy = None if after is None else state / KEPT / after[0]
        if path.parent.name == KEYS:
            if path.stem in erasures.people:
                continue
            shred(path.with_suffix(".pem"))
            path.rename(path.with_name(f"{erasures.destroyed[digest].person}.pub"))
            became = "renamed"
        elif path.parent.name in {KEPT, CONSENTS} or copy is None or not _is_whole(copy):
            shred(path)
            shred(path.with_suffix(".txt"))  # an approver's words, where it is a consent
            became = "removed"
        else:
            rewrite(path, copy.read_bytes())
            became = "rewritten without the value"
        done.append(f"{path.relative_to(state).as_posix()}: {told}; it was back, and is {became} again")
    return done


def _documents(state: Path) -> Iterator[Path]:
    for pattern in ("releases/*/*/*", f"releases/*/*/{CONSENTS}/*.json", f"{KEPT}/*", f"{KEYS}/*.pub"):
        yield from sorted(path for path in state.glob(pattern) if path.is_file() and not path.is_symlink())


def _is_whole(copy: Path) -> bool:
    return copy.is_file() and sha256_hex(copy.read_bytes()) == copy.name
