"""A real Kubernetes API server asks: what may not run is not stored, and whoever tried is told why."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from admission_home import CLUSTER, DENIED_IMAGE, GOOD_IMAGE
from integration.kubernetes_api import Cluster, cluster, programs
from integration.test_admission_over_tls import Webhook, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.service, pytest.mark.slow]

WEBHOOK = Path(__file__).parents[2] / "deploy" / "kubernetes" / "webhook" / "webhook.yaml"
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
PODS, DEPLOYMENTS = "/api/v1/namespaces/default/pods", "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Webhook]]:
    programs()
    folder = tmp_path_factory.mktemp("kubernetes")
    with serving(folder) as webhook, cluster(folder / "cluster") as made:
        assert made.apply(HOOKS, configuration(webhook)).status_code == 201
        yield made, webhook


def configuration(webhook: Webhook) -> dict[str, Any]:
    """Return the manifest that we ship, with the address of this machine in the place of the service's."""
    made: dict[str, Any] = yaml.safe_load(WEBHOOK.read_text())
    address = f"https://127.0.0.1:{webhook.port}/api/v1/admission/{CLUSTER}/{webhook.secret}"
    made["webhooks"][0]["clientConfig"] = {
        "url": address, "caBundle": b64encode(webhook.authority.read_bytes()).decode(),
    }  # fmt: skip
    return made


def pod(name: str, digest: str) -> dict[str, Any]:
    container = {"name": "c", "image": f"registry.example.com/small@sha256:{digest}"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}


def deployment(name: str, digest: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod(name, digest)["spec"]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }  # fmt: skip


def test_what_was_let_out_runs(asked: tuple[Cluster, Webhook]) -> None:
    kubernetes, _ = asked
    assert kubernetes.apply(PODS, pod("good", GOOD_IMAGE)).status_code == 201
    assert kubernetes.apply(DEPLOYMENTS, deployment("good", GOOD_IMAGE)).status_code == 201


@pytest.mark.parametrize(("place", "made"), [(PODS, pod), (DEPLOYMENTS, deployment)])
def test_what_was_denied_is_not_stored_and_the_message_reaches_who_tried(
    asked: tuple[Cluster, Webhook], place: str, made: Callable[[str, str], dict[str, Any]]
) -> None:
    kubernetes, _ = asked
    refused = kubernetes.apply(place, made("denied", DENIED_IMAGE))
    assert refused.status_code == 403
    message = refused.json()["message"]
    assert message.startswith('admission webhook "admission.assay.svc" denied the request: Assay: ')
    assert "default/denied may not run in prod-eu" in message
    assert kubernetes.client.get(f"{place}/denied").status_code == 404


def test_another_image_is_not_put_in_the_place_of_a_good_one(asked: tuple[Cluster, Webhook]) -> None:
    kubernetes, _ = asked
    kubernetes.apply(DEPLOYMENTS, deployment("changed", GOOD_IMAGE))
    there = kubernetes.client.get(f"{DEPLOYMENTS}/changed").json()
    there["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example.com/small@sha256:{DENIED_IMAGE}"
    assert kubernetes.client.put(f"{DEPLOYMENTS}/changed", json=there).status_code == 403
    there = kubernetes.client.get(f"{DEPLOYMENTS}/changed").json()
    there["spec"]["replicas"] = 2
    assert kubernetes.client.put(f"{DEPLOYMENTS}/changed", json=there).status_code == 200


def test_a_dry_run_is_answered_and_stores_nothing(asked: tuple[Cluster, Webhook]) -> None:
    kubernetes, _ = asked
    assert kubernetes.apply(PODS, pod("dry", DENIED_IMAGE), dry=True).status_code == 403
    assert kubernetes.apply(PODS, pod("dry", GOOD_IMAGE), dry=True).status_code == 201
    assert kubernetes.client.get(f"{PODS}/dry").status_code == 404


def test_no_answer_is_a_no(asked: tuple[Cluster, Webhook]) -> None:
    """Last: the webhook is sent where nobody listens, and the cluster refuses by itself."""
    kubernetes, webhook = asked
    gone = configuration(webhook)
    gone["metadata"] = {"name": "gone"}
    gone["webhooks"][0] |= {"name": "gone.assay.svc", "clientConfig": {"url": "https://127.0.0.1:9/"}}
    assert kubernetes.apply(HOOKS, gone).status_code == 201
    refused = kubernetes.apply(PODS, pod("nobody", GOOD_IMAGE))
    assert refused.status_code == 500
    assert 'failed calling webhook "gone.assay.svc"' in refused.json()["message"]
    assert kubernetes.client.get(f"{PODS}/nobody").status_code == 404
