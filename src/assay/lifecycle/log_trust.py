"""Whom to believe about a log: its keys by size, its witnesses and their quorum, and timestamp authorities.

All of it comes from whoever verifies. What stands beside a log's folder is what its operator says, a default for those
who have nothing better::

    LOG.vkey      the log's verifier key        LOG.policy    witnesses and quorum (C2SP tlog-policy)
    LOG.keys      its keys by size, if it       LOG.tsa.pem   certificates of timestamp authorities
                  has had several
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import InputError, VerificationError
from assay.lifecycle.log_shards import shards
from assay.lifecycle.project import read_file
from assay.tlog.encoding import quoted
from assay.tlog.log_keys import LogKeys, always, parse_log_keys
from assay.tlog.vkey import parse_vkey
from assay.tlog.witness_policy import WitnessPolicy, parse_witness_policy

if TYPE_CHECKING:
    from assay.tlog.signed_checkpoint import SignedCheckpoint
    from assay.tlog.vkey import VerifierKey

VKEY, SECOND_VKEY, KEYS, POLICY, AUTHORITIES = "vkey", "ml-dsa.vkey", "keys", "policy", "tsa.pem"

_POLICY_WORDS = frozenset({"log", "witness", "group", "quorum"})
_PLUSES = 2  # at least as many are in a verifier key, and hardly in the name of a file
_YEAR_10000 = 253402300800


def at_time(seconds: int) -> str:
    """Return a POSIX time as RFC 3339 in UTC."""
    if seconds >= _YEAR_10000:
        return f"{seconds} s after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def beside(log: Path, suffix: str) -> Path:
    """Return where a file of a log is: beside its folder, never in it."""
    return log.with_name(f"{log.name}.{suffix}")


@dataclass(frozen=True, slots=True)
class LogTrust:
    """Whom to believe about logs.

    Attributes:
        logs: the keys of each log that is trusted.
        policy: witnesses and the quorum asked for; None when nobody is known.
        roots: certificates of timestamp authorities, in PEM; empty when none is trusted.
        source: where these come from, for the reader.
    """

    logs: tuple[LogKeys, ...] = ()
    policy: WitnessPolicy | None = None
    roots: bytes = b""
    source: str = "given"

    def open(self, note: bytes) -> SignedCheckpoint:
        """Open a checkpoint of a trusted log, whatever its cosignatures.

        Raises:
            VerificationError: when no such log has signed it, one of its keys has signed outside of its range, or a
                known signature fails.
        """
        origin = note.partition(b"\n")[0].decode("utf-8", "replace")
        keys = next((one for one in self.logs if one.origin == origin), None)
        if keys is None:
            known = ", ".join(one.origin for one in self.logs) or "none"
            raise VerificationError(f"checkpoint: of the log {quoted(origin)}, whose key is not known; known: {known}")
        return keys.open(note, () if self.policy is None else self.policy.witnesses.values())

    def is_witnessed(self, signed: SignedCheckpoint) -> bool:
        """Return whether the quorum has cosigned; so it has when none is asked for."""
        return self.policy is None or self.policy.satisfied_by(signed.cosigned_by)

    def asks(self) -> str:
        """Return the quorum that is asked for, in words; empty when there is none."""
        return "" if self.policy is None else self.policy.asked_for()

    def cosigners(self, signed: SignedCheckpoint) -> tuple[tuple[str, str], ...]:
        """Return who cosigned, in words, and when as they state it; in the order of the policy."""
        times = signed.cosigned_at()
        witnesses = {} if self.policy is None else self.policy.witnesses
        return tuple(
            (name if name == key.name else f"{name} ({key.name})", at_time(times[key]))
            for name, key in witnesses.items()
            if key in times
        )

    def filled(self, other: LogTrust) -> LogTrust:
        """Return this trust; for what it does not say, another."""
        filled = replace(
            self, logs=self.logs or other.logs, policy=self.policy or other.policy, roots=self.roots or other.roots
        )
        return filled if self.logs else replace(filled, source=other.source)


def _beside(log: Path, suffix: str, what: str) -> bytes | None:
    path = beside(log, suffix)
    return read_file(path, what) if path.is_file() else None


def _keys_beside(log: Path) -> tuple[LogKeys, ...]:
    """Return the keys published beside one log; none when there are none."""
    ranges = _beside(log, KEYS, "the log's keys by size")
    singles = [_beside(log, one, "the log's verifier key") for one in (VKEY, SECOND_VKEY)]
    keys = [parse_vkey(line) for one in singles if one is not None for line in _lines(one)]
    if ranges is not None:
        return (parse_log_keys(ranges, name=beside(log, KEYS).name),)
    return (always(*keys),) if keys else ()


def trust_beside(log: Path) -> LogTrust:
    """Return what a log's operator has put beside its folder, and the keys beside the shards that go on after it.

    Raises:
        InputError: when one of the files cannot be read.
        DocumentError: when one of them is wrong.
    """
    policy = _beside(log, POLICY, "the log's tlog-policy")
    return LogTrust(
        tuple(keys for shard in shards(log) for keys in _keys_beside(shard)),
        None if policy is None else parse_witness_policy(policy, name=beside(log, POLICY).name),
        _beside(log, AUTHORITIES, "certificates of timestamp authorities") or b"",
        source="found beside the log",
    )


def _lines(content: bytes) -> list[str]:
    return [line.strip() for line in content.decode("utf-8", "replace").splitlines() if line.strip()]


def trust_in_keys(texts: list[str]) -> LogTrust:
    """Return trust in logs by their verifier keys, for checkpoints of every size.

    Raises:
        InputError: when one is not a verifier key.
    """
    by_name: dict[str, list[VerifierKey]] = {}
    for key in map(parse_vkey, texts):
        by_name.setdefault(key.name, []).append(key)
    return LogTrust(tuple(always(*keys) for keys in by_name.values()))


def trust_given(given: Path | str) -> LogTrust:
    """Return trust in logs by what a user gives as a log's key: its text, or a file of keys, also of keys by size.

    Raises:
        InputError: when it is neither.
        DocumentError: when a file of keys by size is wrong.
    """
    text = str(given).strip()
    if text.count("+") < _PLUSES and Path(given).is_file():
        found = parse_log_trust(read_file(Path(given), "the log's verifier key"), name=text)
        if found is None or not found.logs:
            raise InputError(f"{text}: expected verifier keys, or a log's keys by size, found something else")
        return found
    found = parse_log_trust(text.encode(), name="verifier key")
    return found if found is not None and found.logs else trust_in_keys([text])


def parse_log_trust(content: bytes, *, name: str) -> LogTrust | None:
    """Parse a file that says whom to believe about logs; None when it is about something else.

    A tlog-policy, a side file of keys by size, verifier keys, and certificates in PEM are told apart by their first
    word.

    Raises:
        DocumentError: when it is one of these and wrong.
        InputError: when a key in it is not one.
    """
    lines = [line for line in _lines(content) if not line.startswith("#")]
    word = lines[0].split()[0] if lines else ""
    if lines and lines[0].startswith("-----BEGIN CERTIFICATE"):
        return LogTrust(roots=content)
    if word == "key":
        return LogTrust((parse_log_keys(content, name=name),))
    if word in _POLICY_WORDS and len(lines[0].split()) > 1:
        policy = parse_witness_policy(content, name=name)
        return replace(trust_in_keys([str(key) for key in policy.logs]), policy=policy)
    if "+" in word and len(lines[0].split()) == 1:
        return trust_in_keys(lines)
    return None


def join_trust(parts: list[LogTrust]) -> LogTrust:
    """Return several trusts as one.

    Raises:
        InputError: when two of them name witnesses, or keys of the same log by size.
    """
    policies = [one.policy for one in parts if one.policy is not None]
    ranged = [log for one in parts if one.policy is None for log in one.logs]
    named = [log for one in parts if one.policy is not None for log in one.logs]
    if len(policies) > 1 or len({one.origin for one in ranged}) != len(ranged):
        raise InputError("expected one tlog-policy, and the keys of each log once; found another")
    known = {one.origin for one in ranged}
    logs = (*ranged, *(one for one in named if one.origin not in known))
    return LogTrust(logs, policies[0] if policies else None, b"\n".join(one.roots for one in parts if one.roots))
