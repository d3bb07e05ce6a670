r"""What a witness answers (C2SP tlog-witness 1.0.0, https://c2sp.org/tlog-witness): pure, so that it can be replayed.

A log asks for a cosignature with an *add-checkpoint* request: the size that the witness signed last, a consistency
proof from there, an empty line, and the signed checkpoint::

    old 1
    KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

    example.com/log
    2
    5784L25ZFbP4hhm4ZiI+vx1RxMUyHMzeLp/3AKMlkIY=

    — example.com/log <base64 of key ID and signature>

====  ================================================================================================
404   the origin is not one that this witness watches
403   no signature by a key of that log, or one that fails
400   the request is malformed, or the old size is above the checkpoint's
409   the old size is not the recorded one; the body is the recorded size (``text/x.tlog.size``)
422   the proof does not hold, was given where none belongs, or another root stands at a known size
200   cosignature lines, over a tree that continues everything cosigned before
====  ================================================================================================

Whoever calls this must compare and record in one step, before the reply leaves: otherwise two requests can roll the
record back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.errors import InputError, VerificationError
from assay.tlog.checkpoint import Checkpoint, read_checkpoint
from assay.tlog.encoding import decode_hash, decode_number, encode_base64
from assay.tlog.merkle import EMPTY_ROOT, verify_consistency
from assay.tlog.note import Note, open_note, parse_note
from assay.tlog.vkey import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, VerifierKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from assay.tlog.signer import SignerKey

MAX_REQUEST_BYTES = 128 * 1024
"""Cap on a whole request, as in Go's litewitness: room for a proof and 32 ML-DSA-44 signatures."""

MAX_PROOF_HASHES = 63
"""Longest consistency proof that a request may carry."""

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
"""Content type of the recorded size in a 409."""

OK, BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 400, 403, 404, 409, 422

_PREFIX = "old "


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request for a cosignature.

    Attributes:
        old: size that the witness is believed to have signed last; 0 when unknown.
        proof: consistency proof from there to the checkpoint, 32 bytes each.
        note: the signed checkpoint.
    """

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def content(self) -> bytes:
        """Return the request's body."""
        lines = [f"{_PREFIX}{self.old}", *map(encode_base64, self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer.

    Attributes:
        status: HTTP status.
        body: cosignature lines, the recorded size, or a reason in words.
        content_type: of the body.
        record: the note to record before the reply leaves: the checkpoint with its log's signatures and the
            cosignatures of the reply; None when nothing changes.
        fork: a note that its log signed although the recorded one, of the same size, has another root: with the
            recorded note it proves to anyone that the log keeps two histories. None otherwise.
    """

    status: int
    body: bytes
    content_type: str = TEXT
    record: bytes | None = None
    fork: bytes | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A request whose checkpoint one of the watched logs has signed.

    Attributes:
        request: the request as it came.
        checkpoint: its checkpoint.
        signed: the checkpoint's text with the log's signatures alone.
    """

    request: AddCheckpoint
    checkpoint: Checkpoint
    signed: Note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Parse a request, strictly; the note in it is not looked at.

    Raises:
        VerificationError: when it is not one.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise VerificationError(f"add-checkpoint: expected at most {MAX_REQUEST_BYTES} bytes, found {len(body)}")
    head, blank, note = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise VerificationError("add-checkpoint: expected ASCII before the checkpoint") from None
    if not blank or not lines[0].startswith(_PREFIX):
        raise VerificationError("add-checkpoint: expected 'old <size>', proof lines, an empty line and a checkpoint")
    if len(lines) - 1 > MAX_PROOF_HASHES:
        raise VerificationError(
            f"add-checkpoint: expected at most {MAX_PROOF_HASHES} proof lines, found {len(lines) - 1}"
        )
    old = decode_number(lines[0].removeprefix(_PREFIX), "old size")
    return AddCheckpoint(old, tuple(decode_hash(line, "consistency proof") for line in lines[1:]), note)


def watched_logs(keys: Iterable[VerifierKey]) -> dict[str, tuple[VerifierKey, ...]]:
    """Return logs by their origin, which is the name of their keys; a log may have several keys.

    Raises:
        InputError: for a cosigner's key, which signs no log.
    """
    logs: dict[str, tuple[VerifierKey, ...]] = {}
    for key in keys:
        if key.kind == ED25519_COSIGNATURE:
            raise InputError(f"expected a log's verifier key, found the cosigner's key {key.name}+{key.id.hex()}")
        if key not in logs.get(key.name, ()):
            logs[key.name] = (*logs.get(key.name, ()), key)
    return logs


def _refusal(status: int, reason: str) -> Reply:
    return Reply(status, f"{reason}\n".encode())


def open_submission(body: bytes, logs: Mapping[str, tuple[VerifierKey, ...]]) -> Submission | Reply:
    """Parse a request and verify the log's signature; needs no record, so nobody unknown can occupy it.

    Args:
        body: the request's body.
        logs: keys of the watched logs by origin (`watched_logs`).

    Returns:
        The submission, or a reply with status 400, 403 or 404.
    """
    try:
        request = parse_add_checkpoint(body)
        text, blank, _ = request.note.rpartition(b"\n\n")
        checkpoint = read_checkpoint(text + blank[:1])
    except VerificationError as error:
        return _refusal(BAD_REQUEST, str(error))
    keys = logs.get(checkpoint.origin)
    if keys is None:
        return _refusal(NOT_FOUND, "unknown log: this witness does not watch that origin")
    try:
        note = parse_note(request.note)  # signature lines that cannot be read are signatures that do not hold
        signed_by = {(key.name, key.id) for key in open_note(request.note, keys).signed_by}
    except VerificationError as error:
        return _refusal(FORBIDDEN, f"invalid signature: {error}")
    signatures = tuple(each for each in note.signatures if (each.name, each.key_id) in signed_by)
    return Submission(request, checkpoint, Note(note.text, signatures))


def answer(submission: Submission, recorded: Checkpoint | None, signers: Sequence[SignerKey], time: int) -> Reply:
    """Decide about a submission against what was cosigned last.

    Args:
        submission: a submission whose signature holds.
        recorded: the checkpoint of its origin that was cosigned last; None when there was none.
        signers: the witness's keys.
        time: POSIX seconds to cosign with, at least 1.

    Returns:
        The reply; its `record`, when there is one, must be durable before the reply leaves.
    """
    now, request = submission.checkpoint, submission.request
    known = recorded.size if recorded is not None else 0
    if request.old > now.size:
        return _refusal(BAD_REQUEST, f"old size {request.old} is above the checkpoint's size {now.size}")
    if request.old != known:
        return Reply(CONFLICT, b"%d\n" % known, SIZE)
    if now.size == 0 and now.root != EMPTY_ROOT:
        return _refusal(UNPROCESSABLE, "size 0 has one root, SHA-256 of nothing; found another")
    if recorded is not None and now.size == known and now.root != recorded.root:
        reason = f"another root was cosigned at size {known}: the log shows two histories\n"
        return Reply(UNPROCESSABLE, reason.encode(), fork=submission.signed.content())
    if not _continues(request, now, recorded):
        return _refusal(UNPROCESSABLE, f"consistency proof from size {known} to {now.size} does not hold")
    return _cosigned(submission, signers, time)


def _continues(request: AddCheckpoint, now: Checkpoint, recorded: Checkpoint | None) -> bool:
    if recorded is None or recorded.size == 0:
        return not request.proof
    return verify_consistency(recorded.size, now.size, recorded.root, now.root, request.proof)


def _cosigned(submission: Submission, signers: Sequence[SignerKey], time: int) -> Reply:
    text = submission.signed.text
    # ML-DSA-44 cosignatures do not cover extension lines, so none is given over a checkpoint that has some.
    able = [key for key in signers if key.kind != ML_DSA_44_COSIGNATURE or not submission.checkpoint.extensions]
    cosignatures = tuple(key.cosign(text, time) for key in able)
    if not cosignatures:
        return _refusal(UNPROCESSABLE, "checkpoint: extension lines are not covered by an ML-DSA-44 cosignature")
    record = Note(text, submission.signed.signatures + cosignatures).content()
    return Reply(OK, b"".join(each.line() for each in cosignatures), record=record)


def add_checkpoint(
    body: bytes,
    recorded: Checkpoint | None,
    logs: Mapping[str, tuple[VerifierKey, ...]],
    signers: Sequence[SignerKey],
    time: int,
) -> Reply:
    """Answer a request: `open_submission`, then `answer`."""
    submission = open_submission(body, logs)
    return submission if isinstance(submission, Reply) else answer(submission, recorded, signers, time)


def parse_size(body: bytes) -> int:
    """Parse the recorded size in the body of a 409.

    Raises:
        VerificationError: unless it is a decimal number and a line feed.
    """
    if not body.endswith(b"\n"):
        raise VerificationError("recorded size: expected a decimal number and a line feed")
    return decode_number(body[:-1].decode("utf-8", "replace"), "recorded size")


def parse_cosignatures(body: bytes, text: bytes, keys: Iterable[VerifierKey]) -> Note:
    """Return the cosignatures in the body of a 200 by the keys given, verified over a checkpoint's text, one a key.

    Args:
        body: signature lines; those by other keys are left out.
        text: the checkpoint's text.
        keys: the witness's keys.

    Raises:
        VerificationError: when the body is not signature lines, one by a key given fails, or there is none.
    """
    wanted = tuple(keys)
    content = text + b"\n" + body
    note = parse_note(content)
    if note.text != text:
        raise VerificationError("cosignatures: expected signature lines alone, found an empty line")
    valid = [(key.name, key.id) for key in open_note(content, wanted).signed_by]
    first = {(each.name, each.key_id): each for each in reversed(note.signatures)}
    return Note(text, tuple(first[key] for key in valid))
