"""AdmissionReview v1: what is read of it, what is refused, and how it is answered."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from assay.adapters.admission_review import MAX_BYTES, answer, glimpse, parse_review
from assay.adapters.workload_images import KINDS, PODS, things_of
from assay.errors import DocumentError, InputError

GENUINE = Path(__file__).parents[4] / "shared/data/admissionreview.json"
PINNED = f"registry.example.com/credit/scorecard@sha256:{'ab' * 32}"
GROUPS = {kind: group for group, kind in KINDS}


def pod_in(kind: str, pod: dict[str, Any]) -> dict[str, Any]:
    """Return an object of a kind whose pods are these."""
    found: dict[str, Any] = pod
    for key in reversed(PODS[GROUPS[kind], kind]):
        found = {key: found}
    return {"kind": kind, "metadata": {"name": "scorecard"}, **found}


def review(
    kind: str = "Deployment",
    made: dict[str, Any] | None = None,
    *,
    old: dict[str, Any] | None = None,
    operation: str = "CREATE",
    **more: Any,  # noqa: ANN401 - further fields of a request
) -> bytes:
    pod = {"containers": [{"name": "c", "image": PINNED}]}
    request = {
        "uid": "u-1",
        "kind": {"group": GROUPS.get(kind, ""), "version": "v1", "kind": kind},
        "namespace": "credit",
        "operation": operation,
        "userInfo": {"username": "mila"},
        "object": made if made is not None else pod_in(kind, pod),
        "oldObject": old,
        **more,
    }
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}).encode()


def test_the_genuine_review_is_read() -> None:
    if not GENUINE.exists():
        pytest.skip("the review that a real cluster sent is not at hand")
    found = parse_review(GENUINE.read_bytes())
    assert (found.uid, found.workload, found.by) == (
        "4c2a4c5d-d994-42c4-ae09-2e824976608b",
        "Deployment default/bad",
        "admin",
    )
    (one,) = found.things
    assert (one.place, one.reference, one.asked) == ("container 'c'", "image x", None)
    assert one.untold.startswith("pin it by digest: x@sha256:...")
    assert one.repository == "docker.io/library/x"
    assert (found.settled, found.refused, found.dry_run) == (None, None, False)


@pytest.mark.parametrize("kind", sorted(kind for _, kind in PODS))
def test_every_image_of_every_kind_is_seen(kind: str) -> None:
    pod = {
        "containers": [{"name": "a", "image": PINNED}],
        "initContainers": [{"name": "b", "image": "b:1"}],
        "ephemeralContainers": [{"name": "c", "image": "c"}],
        "volumes": [
            {"name": "m", "image": {"reference": PINNED}},
            {"name": "n", "emptyDir": {}},
        ],
    }
    found = parse_review(review(kind, pod_in(kind, pod))).things
    assert [one.place for one in found] == ["container 'a'", "init container 'b'", "debug container 'c'", "volume 'm'"]
    assert [one.asked is not None for one in found] == [True, False, False, True]


def service(**predictor: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a predictor
    return {"kind": "InferenceService", "spec": {"predictor": predictor}}


@pytest.mark.parametrize(
    ("predictor", "asked"),
    [
        ({"model": {"storageUri": f"oci://{PINNED}"}}, ("image_sha256", "ab" * 32)),
        ({"model": {"storageUri": "models:/credit/3"}}, ("version", "3")),
        ({"sklearn": {"storageUri": "models:/credit/3"}}, ("model", "credit")),
        ({"containers": [{"name": "k", "image": PINNED}]}, ("image_sha256", "ab" * 32)),
        ({"model": {"storageUris": [{"uri": f"oci://{PINNED}"}]}}, ("image_sha256", "ab" * 32)),
        ({"model": {"storageUri": "models:/credit@champion"}}, "an alias may move"),
        ({"model": {"storageUri": "s3://bucket/model"}}, "may be replaced"),
        ({"model": {"storageUri": "oci://registry.example.com/m:v1"}}, "pin it by digest: registry.example.com/m@"),
        ({"model": {"modelFormat": {"name": "sklearn"}}}, "cannot be told"),
        ({"model": {"storage": {"key": "a", "path": "b"}}}, "cannot be told"),
        ({"minReplicas": 1}, "cannot be told"),
        ({"workerSpec": {"containers": [{"name": "w", "image": "w"}]}}, "pin it by digest"),
    ],
)
def test_what_an_inference_service_names(predictor: dict[str, Any], asked: tuple[str, str] | str) -> None:
    (one,) = parse_review(review("InferenceService", service(**predictor))).things
    if isinstance(asked, str):
        assert one.asked is None
        assert asked in one.untold
    else:
        assert getattr(one.asked, asked[0]) == asked[1]


def test_transformer_and_explainer_are_asked_about_too() -> None:
    made = service(model={"storageUri": f"oci://{PINNED}"})
    made["spec"]["transformer"] = {"containers": [{"name": "t", "image": "t"}]}
    made["spec"]["explainer"] = {"art": {"storageUri": "gs://x"}}
    found = parse_review(review("InferenceService", made)).things
    assert [one.place for one in found] == [
        "predictor: model.storageUri",
        "transformer: container 't'",
        "explainer: art.storageUri",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b"\xff\xfe", "malformed"),
        (b'{"request": {"object": {"a": ' + b"[" * 200_000, "lists and objects within each other"),
        (b'{"other": ' + b"[" * 200_000, "AdmissionReview $: "),  # what is skipped may be as deep as the stack allows
        (b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}', "request"),
        (review(uid=7), "$.request.uid: Expected `str`, got `int`"),
        (review(uid=""), "expected an id"),
        (review(operation="PATCH"), "$.request.operation"),
        (review(object=[]), "$.request.object"),
        (review(dryRun="no"), "$.request.dryRun"),
        (review().replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"), "admissionReviewVersions: [v1]"),
        (review().replace(b'"AdmissionReview"', b'"ImageReview"'), "expected AdmissionReview"),
        (b" " * (MAX_BYTES + 1), "expected at most"),
    ],
)
def test_what_is_no_review_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse_review(content)
    assert words in str(refused.value)


def test_depth_is_capped() -> None:
    deep: Any = {}
    for _ in range(150):
        deep = {"a": deep}
    with pytest.raises(DocumentError, match="within each other"):
        parse_review(review(made={"kind": "Deployment", "spec": deep}))


def test_the_id_of_an_unreadable_review_is_still_found() -> None:
    assert glimpse(review(operation="PATCH")) == ("u-1", False)
    assert glimpse(review(operation="PATCH", dryRun=True)) == ("u-1", True)
    for content in (b"{}", b"[]", b"[" * 200_000, b"{", review(uid="x" * 1000), review(uid=1)):
        assert glimpse(content)[0] is None


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({}, "$.spec.template.spec.containers: expected at least one container, found none"),
        ({"containers": {}}, "expected a list, found an object"),
        ({"containers": ["x"]}, "containers[0]: expected an object, found a text"),
        ({"containers": [{"name": "c"}]}, "containers[0].image: expected a text, found nothing"),
        ({"containers": [{"image": 3}]}, "containers[0].image: expected a text, found a number"),
        ({"containers": [{"image": ""}]}, "containers[0].image: expected a text"),
        ({"containers": [{"image": "x"}], "volumes": [{"image": "y"}]}, "volumes[0].image: expected an object"),
        ({"containers": [{"image": "x"}] * 501}, "expected at most 500"),
    ],
)
def test_a_pod_of_another_shape_is_refused_with_the_place(pod: dict[str, Any], words: str) -> None:
    found = parse_review(review(made=pod_in("Deployment", pod)))
    assert found.refused is not None
    assert words in found.refused


@pytest.mark.parametrize(
    "made",
    [
        {"kind": "Deployment"},
        {"kind": "Deployment", "spec": None},
        {"kind": "Deployment", "spec": {"template": []}},
        {"kind": "Job", "spec": {}},
    ],
)
def test_an_object_without_pods_is_refused(made: dict[str, Any]) -> None:
    assert parse_review(review(made=made)).refused is not None


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(DocumentError) as refused:
        things_of("apps", "Deployment", pod_in("Deployment", {"containers": [{"image": 1}, 2], "volumes": 3}))
    assert len(refused.value.problems) == 3


def test_a_kind_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="leave it out of the webhook's rules"):
        things_of("apps", "Pod", {})
    assert parse_review(review("ConfigMap", {"kind": "ConfigMap"})).refused is not None
    assert parse_review(review(operation="CONNECT")).refused is not None
    assert parse_review(review(subResource="eviction")).refused is not None
    assert parse_review(review(object=None)).refused is not None


def test_what_is_taken_away_is_not_asked_about() -> None:
    found = parse_review(review(operation="DELETE", object=None))
    assert (found.settled is not None, found.refused, found.things) == (True, None, ())


def test_scaling_lets_nothing_in_and_says_so() -> None:
    scale = {"kind": "Scale", "spec": {"replicas": 5}}
    found = parse_review(review("Scale", scale, operation="UPDATE", subResource="scale"))
    assert found.settled is not None
    assert "each pod is asked about" in (found.warning or "")


def changed(**spec: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - any part of a spec
    old = pod_in("Deployment", {"containers": [{"name": "c", "image": "x"}]})
    old["spec"]["replicas"] = 3
    new = deepcopy(old)
    new["spec"] |= spec
    return old, new


@pytest.mark.parametrize(
    ("spec", "settled"),
    [({}, True), ({"replicas": 2}, True), ({"replicas": 0}, True), ({"replicas": 4}, False), ({"paused": True}, False),
     ({"replicas": "2"}, False)],
)  # fmt: skip
def test_a_change_that_runs_nothing_new_is_settled(spec: dict[str, Any], settled: bool) -> None:
    old, new = changed(**spec)
    new["metadata"] = {"name": "scorecard", "labels": {"a": "b"}}
    found = parse_review(review(made=new, old=old, operation="UPDATE"))
    assert (found.settled is not None) is settled
    assert bool(found.things) is not settled


def test_what_is_being_deleted_is_let_go() -> None:
    old, new = changed(paused=True)
    new["metadata"] = {"deletionTimestamp": "2026-11-23T03:13:50Z"}
    assert parse_review(review(made=new, old=old, operation="UPDATE")).settled == "it is being deleted"


def test_of_a_pod_that_changes_only_what_is_new_is_asked_about() -> None:
    old = pod_in("Pod", {"containers": [{"name": "c", "image": "x"}]})
    new = pod_in("Pod", {"containers": [{"name": "c", "image": "x"}]})
    new["spec"]["ephemeralContainers"] = [{"name": "d", "image": "busybox"}]
    found = parse_review(review("Pod", new, old=old, operation="UPDATE", subResource="ephemeralcontainers"))
    assert [one.place for one in found.things] == ["debug container 'd'"]
    assert parse_review(review("Pod", old, old=old, operation="UPDATE")).settled is not None


def test_names_and_owners() -> None:
    made = pod_in("Pod", {"containers": [{"name": "c", "image": "x"}]})
    made["metadata"] = {
        "generateName": "scorecard-", "ownerReferences": [{"kind": "ReplicaSet", "name": "scorecard-77"}],
    }  # fmt: skip
    found = parse_review(review("Pod", made, dryRun=True))
    assert (found.workload, found.owner) == ("Pod credit/scorecard-", "ReplicaSet scorecard-77")
    assert found.dry_run


def test_the_answer_has_the_form_of_the_api() -> None:
    yes = json.loads(answer("u", allowed=True, warnings=["w"]))
    assert yes == {
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {"uid": "u", "allowed": True, "warnings": ["w"]},
    }  # fmt: skip
    no = json.loads(answer("u", allowed=False, message="why"))["response"]
    assert no["status"] == {"status": "Failure", "code": 403, "reason": "Forbidden", "message": "why"}
