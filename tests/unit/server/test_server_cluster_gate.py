"""What clusters are answered, and what of it enters the log: denials, break-glass, counts, and what may not be lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from assay.errors import DocumentError, StorageError
from assay.lifecycle.admitting import ClusterSection, Exemption, Glass
from assay.lifecycle.clearing import Asked, Clearance
from assay.server import cluster_gate
from assay.server.break_glass import about_glass, glass_of, glasses_of
from assay.server.cluster_gate import ClusterGate
from assay.server.store import two_person
from assay.server.store.sqlite import SqliteStore
from assay.trail.events import make_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GOOD, BAD = "a" * 64, "b" * 64
AT = "2026-11-23T12:00:00Z"
GLASS = Glass(
    id="q_1", cluster="prod", namespace="credit", image_sha256=BAD, reason="why", until="2026-11-23T14:00:00Z"
)
SIDECAR = ClusterSection(exempt=(Exemption(repository="reg/side", reason="a proxy"),))


def clear(asked: Asked) -> Clearance:
    if asked.image_sha256 == GOOD:
        return Clearance(
            allowed=True, status="approved", words="stands", decision="allow", model="credit", version="2",
            model_sha256="1" * 64, verdict_sha256="2" * 64,
        )  # fmt: skip
    return Clearance(allowed=False, status="unknown", words="nobody knows it", model=asked.model, version=asked.version)


@dataclass
class Asking:
    """A gate, and what it told the log."""

    told: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    glasses: tuple[Glass, ...] = ()
    broken: type[Exception] | None = None
    seconds: float = 0.0
    sections: Mapping[str, ClusterSection] = field(default_factory=lambda: {"prod": SIDECAR})

    def __post_init__(self) -> None:
        self.gate = ClusterGate(
            self.sections, clear=clear, in_force=lambda _: self.glasses, tell=self.tell, clock=lambda: AT,
            seconds=lambda: self.seconds,
        )  # fmt: skip

    def tell(self, kind: str, fields: Mapping[str, Any], persons: Mapping[str, str | None]) -> None:
        if self.broken is not None:
            raise self.broken("the database is gone")
        people = {key: f"p_{'0' * 32}" for key, value in persons.items() if value}
        make_event(kind, {**fields, **people}, claimed_at=AT)
        self.told.append((kind, dict(fields), dict(persons)))

    def ask(self, image: str = f"reg/credit@sha256:{GOOD}", **changed: Any) -> dict[str, Any]:  # noqa: ANN401
        found: dict[str, Any] = json.loads(self.gate.decide("prod", review(image, **changed)))["response"]
        return found


def review(image: str, **changed: Any) -> bytes:  # noqa: ANN401 - fields of a request
    pod = {"containers": [{"name": "c", "image": image}]}
    request = {
        "uid": "u-1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": "credit",
        "name": "scorecard-1",
        "userInfo": {"username": "mila"},
        "object": {"kind": "Pod", "metadata": {"ownerReferences": [{"kind": "Job", "name": "j"}]}, "spec": pod},
    }
    request |= changed
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


def test_what_is_cleared_is_let_in_and_counted_not_told_one_by_one() -> None:
    asking = Asking()
    for _ in range(1000):
        assert asking.ask() == {"uid": "u-1", "allowed": True}
    assert asking.ask("reg/side:1")["allowed"]
    assert not asking.told
    asking.gate.flush()
    ((kind, fields, _),) = asking.told
    assert kind == "admission.counted"
    assert fields == {
        "cluster": "prod", "first": AT, "last": AT, "allowed": 1000, "exempt": 1, "denied_again": 0,
        "versions": {"credit/2": 1000},
    }  # fmt: skip
    asking.gate.flush()
    assert len(asking.told) == 1


def test_a_denial_is_told_with_who_and_what() -> None:
    asking = Asking()
    found = asking.ask(f"reg/credit@sha256:{BAD}")
    assert (found["allowed"], found["status"]["code"]) == (False, 403)
    assert found["status"]["message"].startswith("Assay: Pod credit/scorecard-1 may not run in prod:\ncontainer 'c'")
    ((kind, fields, persons),) = asking.told
    assert (kind, persons) == ("admission.decided", {"by": "mila"})
    assert fields == {
        "cluster": "prod", "request": "u-1", "outcome": "denied", "status": "unknown", "operation": "CREATE",
        "kind": "Pod", "workload": "credit/scorecard-1", "reference": f"image reg/credit@sha256:{BAD}",
        "image_sha256": BAD,
    }  # fmt: skip


def test_the_same_denial_again_is_counted_for_a_while() -> None:
    asking = Asking()
    for number in range(50):
        assert not asking.ask(f"reg/credit@sha256:{BAD}", name=f"scorecard-{number}", uid=f"u-{number}")["allowed"]
    assert len(asking.told) == 1
    asking.seconds = cluster_gate.COUNT_SECONDS
    assert not asking.ask(f"reg/credit@sha256:{BAD}")["allowed"]
    assert not asking.ask("other:1")["allowed"]
    asking.gate.flush()
    assert [one[0] for one in asking.told] == ["admission.decided"] * 3 + ["admission.counted"]
    assert asking.told[-1][1]["denied_again"] == 49


def test_a_dry_run_leaves_nothing() -> None:
    asking = Asking(glasses=(GLASS,))
    assert asking.ask(dryRun=True)["allowed"]
    assert asking.ask(f"reg/credit@sha256:{BAD}", dryRun=True)["allowed"]
    assert not asking.ask("x", dryRun=True)["allowed"]
    assert not asking.ask("x", dryRun=True, operation="PATCH")["allowed"]
    assert asking.gate.late("prod", review("x", dryRun=True), seconds=1.0)
    asking.gate.flush()
    assert not asking.told


def test_a_use_of_break_glass_is_told_before_it_is_let_in() -> None:
    asking = Asking(glasses=(GLASS,))
    found = asking.ask(f"reg/credit@sha256:{BAD}")
    assert found["allowed"]
    assert found["warnings"] == ["break-glass q_1 lets in container 'c' until 2026-11-23T14:00:00Z: why"]
    ((_, fields, _),) = asking.told
    assert (fields["outcome"], fields["break_glass"], fields["status"]) == ("break-glass", "q_1", "unknown")
    asking.broken = StorageError
    refused = asking.ask(f"reg/credit@sha256:{BAD}")
    assert not refused["allowed"]
    assert "must be told first: the database is gone" in refused["status"]["message"]


def test_a_denial_that_cannot_be_told_now_is_told_later_and_stays_a_denial() -> None:
    asking = Asking(broken=StorageError)
    assert not asking.ask("x:1")["allowed"]
    assert not asking.ask("y:1")["allowed"]
    assert not asking.told
    asking.broken = None
    asking.gate.flush()
    assert [one[1]["reference"] for one in asking.told] == ["image x:1", "image y:1"]


def test_a_denial_that_no_event_can_say_holds_up_no_other() -> None:
    asking = Asking(broken=UnsayableError)
    assert not asking.ask("x:1")["allowed"]
    asking.broken = None
    assert not asking.ask("y:1")["allowed"]
    assert [one[1]["reference"] for one in asking.told] == ["image y:1"]


class UnsayableError(DocumentError):
    """What the vocabulary refuses."""

    def __init__(self, _words: str) -> None:
        super().__init__([])


def test_what_a_workload_calls_itself_cannot_break_the_event() -> None:
    asking = Asking()
    made = {"kind": "InferenceService", "spec": {"predictor": {"model": {"storageUri": "models:/a b\n/c"}}}}
    kind = {"group": "serving.kserve.io", "version": "v1beta1", "kind": "InferenceService"}
    assert not asking.ask(object=made, kind=kind, name="n\u0007" * 300, uid="u\n")["allowed"]
    assert not asking.ask("x\x00y" * 400, uid="\x1b")["allowed"]
    assert len(asking.told) == 2
    assert asking.told[0][1]["workload"].startswith("credit/n?n?")


def test_what_cannot_be_read_is_refused_with_its_id_or_not_at_all() -> None:
    asking = Asking()
    found = asking.ask(operation="PATCH")
    assert (found["allowed"], found["status"]["code"]) == (False, 400)
    assert asking.told[0][1]["status"] == "unreadable"
    with pytest.raises(DocumentError):
        asking.gate.decide("prod", b"{}")


def test_an_answer_that_is_late_is_no_and_is_told_with_the_next() -> None:
    asking = Asking()
    refused = asking.gate.late("prod", review("x"), seconds=2.5)
    assert refused is not None
    assert "no answer was ready in 2.5 seconds" in json.loads(refused)["response"]["status"]["message"]
    fault = asking.gate.late("prod", review("x"), seconds=None)
    assert fault is not None
    assert "the server failed" in json.loads(fault)["response"]["status"]["message"]
    assert asking.gate.late("prod", b"{}", seconds=1) is None
    assert not asking.told
    asking.gate.flush()
    assert [one[1]["status"] for one in asking.told] == ["late", "late"]


def test_what_waits_is_bounded_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_gate, "MOST_PENDING", 3)
    asking = Asking()
    for _ in range(5):
        asking.gate.late("prod", review("x"), seconds=1)
    asking.gate.flush()
    assert [one[0] for one in asking.told] == ["admission.decided"] * 3 + ["admission.counted"]
    assert asking.told[-1][1]["denied_again"] == 2


# Break-glass: what two people agree on.

ABOUT = {"cluster": "prod", "namespace": "credit", "image_sha256": BAD, "until": "2026-11-23T14:00:00Z"}


def test_what_a_break_glass_is_about_is_checked_when_it_is_asked_for() -> None:
    assert about_glass({**ABOUT, "image_sha256": f"sha256:{BAD}"}, {}, at=AT) == ABOUT
    short = {"prod": ClusterSection(break_glass_hours=1)}
    for given, clusters, path in (
        ({**ABOUT, "cluster": "a b"}, {}, "$.cluster"),
        ({**ABOUT, "namespace": ""}, {}, "$.namespace"),
        ({**ABOUT, "image_sha256": "x"}, {}, "$.image_sha256"),
        ({**ABOUT, "model_sha256": BAD}, {}, "$.image_sha256"),
        ({**ABOUT, "image_sha256": ""}, {}, "$.image_sha256"),
        ({**ABOUT, "until": "soon"}, {}, "$.until"),
        ({**ABOUT, "until": AT}, {}, "$.until"),
        (ABOUT, short, "$.until"),
        ({**ABOUT, "everything": "yes"}, {}, "$.everything"),
    ):
        with pytest.raises(DocumentError) as refused:
            about_glass(given, clusters, at=AT)
        assert [one.path for one in refused.value.problems] == [path]


def asked_for(**changed: Any) -> two_person.Request:  # noqa: ANN401 - fields of a request
    at = 1_795_435_200  # 2026-11-23T12:00:00Z
    said: dict[str, Any] = {
        "id": "q_1", "what": "break-glass", "about": ABOUT, "reason": "why", "asked_by": "ada", "asked_at": at,
        "expires_at": at + 4 * 3600, "state": "consented", "decided_by": "vera", "decided_at": at,
    }  # fmt: skip
    return two_person.Request(**{**said, **changed})


def test_only_what_two_people_agreed_on_is_a_break_glass() -> None:
    assert glass_of(asked_for(), {}) == GLASS
    for changed in (
        {"state": "open"},
        {"state": "refused"},
        {"state": "done"},
        {"decided_by": "ada"},
        {"decided_by": None},
        {"what": "erasure"},
        {"about": {"cluster": "prod"}},
    ):
        assert glass_of(asked_for(**changed), {}) is None


def test_a_break_glass_ends_at_the_first_of_its_ends() -> None:
    short = {"prod": ClusterSection(break_glass_hours=1)}
    found = glass_of(asked_for(), short)
    assert found is not None
    assert found.until == "2026-11-23T13:00:00Z"
    found = glass_of(asked_for(expires_at=1_795_435_260), {})
    assert found is not None
    assert found.until == "2026-11-23T12:01:00Z"


def test_the_break_glasses_of_a_cluster(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "server.db")
    with store.writing() as rows:
        two_person.add(rows, asked_for())
        two_person.add(rows, asked_for(id="q_2", about={**ABOUT, "cluster": "test"}))
        two_person.add(rows, asked_for(id="q_3", state="open", decided_by=None, decided_at=None))
    with store.reading() as rows:
        assert glasses_of(rows, "prod", {}, at=AT) == [GLASS]
        assert glasses_of(rows, "prod", {}, at=GLASS.until) == []
    store.close()
