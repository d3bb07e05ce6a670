"""The manifests: built by kustomize, strict against Kubernetes' own schemas, and true to what the server does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from assay.adapters.workload_images import KINDS
from assay.server.cluster_gate import ANSWER_SECONDS
from assay.server.settings import read_settings

DEPLOY = Path(__file__).parents[2] / "deploy" / "kubernetes"
BASE, WEBHOOK, EXAMPLE = DEPLOY / "base", DEPLOY / "webhook", DEPLOY / "example"
KUBECTL = shutil.which("kubectl")
NO_OBJECTS = {BASE / "kustomization.yaml", WEBHOOK / "kustomization.yaml", BASE / "server.yaml"}
NO_SCHEMA = {"Certificate", "Issuer"}  # cert-manager's, which Kubernetes' schemas do not hold


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one is not None]


def webhook() -> dict[str, Any]:
    (found,) = documents(WEBHOOK / "webhook.yaml")
    (one,) = found["webhooks"]
    checked: dict[str, Any] = one
    return checked


def deployment() -> dict[str, Any]:
    (found,) = documents(BASE / "deployment.yaml")
    return found


@pytest.mark.parametrize("folder", ["base", "webhook", "cert-manager", "example"])
def test_a_folder_names_each_of_its_files_and_no_other(folder: str) -> None:
    (found,) = documents(DEPLOY / folder / "kustomization.yaml")
    named = {one for key in ("resources", "components") for one in found.get(key, []) if not one.startswith("..")}
    named |= {one["path"] for one in found.get("patches", []) if "path" in one}
    named |= {one for each in found.get("configMapGenerator", []) for one in each["files"]}
    there = {path.name for path in (DEPLOY / folder).iterdir()} - {"kustomization.yaml"}
    assert named == there


@pytest.mark.parametrize(
    "path",
    sorted({*BASE.glob("*.yaml"), *WEBHOOK.glob("*.yaml")} - NO_OBJECTS),
    ids=lambda path: path.name,
)
def test_each_manifest_is_strictly_valid(path: Path) -> None:
    for document in documents(path):
        kubernetes_validate.validate(document, "1.37", strict=True)


def test_the_check_is_strict() -> None:
    wrong = deployment()
    wrong["spec"]["template"]["spec"]["securityContexts"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


@pytest.mark.skipif(KUBECTL is None, reason="kubectl, which builds kustomizations, is not installed")
@pytest.mark.parametrize("folder", ["base", "example"])
def test_what_kustomize_builds_is_strictly_valid(folder: str) -> None:
    built = subprocess.run(
        [str(KUBECTL), "kustomize", str(DEPLOY / folder)], capture_output=True, text=True, check=True, timeout=120
    )
    found = [one for one in yaml.safe_load_all(built.stdout) if one is not None]
    for document in found:
        if document["kind"] not in NO_SCHEMA:
            kubernetes_validate.validate(document, "1.37", strict=True)
    by_kind = {one["kind"]: one for one in found}
    assert set(by_kind) >= {
        "Namespace", "Deployment", "Service", "PersistentVolumeClaim", "NetworkPolicy", "ServiceAccount",
        "ConfigMap", "PriorityClass",
    }  # fmt: skip
    for document in found:
        if document["kind"] not in {"Namespace", "PriorityClass", "ValidatingWebhookConfiguration"}:
            assert document["metadata"]["namespace"] == "assay", document["kind"]
    volumes = {one["name"]: one for one in by_kind["Deployment"]["spec"]["template"]["spec"]["volumes"]}
    assert volumes["settings"]["configMap"]["name"] == by_kind["ConfigMap"]["metadata"]["name"]
    if folder == "example":
        one = by_kind["ValidatingWebhookConfiguration"]
        assert one["metadata"]["annotations"]["cert-manager.io/inject-ca-from"] == "assay/assay"
        assert one["webhooks"][0]["clientConfig"]["service"]["path"].startswith("/api/v1/admission/prod-eu/")
        images = {each["image"] for each in by_kind["Deployment"]["spec"]["template"]["spec"]["containers"]}
        assert all("@sha256:" in image for image in images)
        assert by_kind["Certificate"]["spec"]["secretName"] == volumes["tls"]["secret"]["secretName"]


@pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=lambda folder: folder.name)
def test_the_settings_are_what_the_server_reads(folder: Path) -> None:
    settings = read_settings((folder / "server.yaml").read_bytes())
    (container,) = deployment()["spec"]["template"]["spec"]["containers"]
    assert settings.port == container["ports"][0]["containerPort"]
    assert settings.is_https
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert settings.tls is not None
    assert settings.tls.certificate.startswith(mounts["tls"])


def test_no_answer_is_a_no_and_comes_in_time() -> None:
    found = webhook()
    assert found["failurePolicy"] == "Fail"
    assert found["sideEffects"] == "NoneOnDryRun"
    assert ANSWER_SECONDS < found["timeoutSeconds"] <= 5
    assert found["admissionReviewVersions"] == ["v1"]
    assert found["matchPolicy"] == "Equivalent"


def test_a_dead_webhook_locks_neither_the_cluster_nor_itself() -> None:
    (selector,) = webhook()["namespaceSelector"]["matchExpressions"]
    assert selector["operator"] == "NotIn"
    assert {"kube-system", "assay"} <= set(selector["values"])
    (namespace,) = documents(BASE / "namespace.yaml")
    (service,) = documents(BASE / "service.yaml")
    target = webhook()["clientConfig"]["service"]
    assert (target["namespace"], target["name"]) == (namespace["metadata"]["name"], service["metadata"]["name"])
    assert target["port"] == service["spec"]["ports"][0]["port"]


def test_the_cluster_asks_about_every_kind_that_is_understood() -> None:
    asked = {(group, one) for rule in webhook()["rules"] for group in rule["apiGroups"] for one in rule["resources"]}
    plural = {(group, f"{kind.lower()}s") for group, kind in KINDS}
    assert asked == plural | {("", "pods/ephemeralcontainers")}
    assert all(set(rule["operations"]) == {"CREATE", "UPDATE"} for rule in webhook()["rules"])


def test_the_server_runs_with_no_rights() -> None:
    pod = deployment()["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in (*pod["containers"], *pod["initContainers"]):
        closed = container["securityContext"]
        assert closed["readOnlyRootFilesystem"] is True
        assert closed["allowPrivilegeEscalation"] is False
        assert closed["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_the_image_holds_pinned_packages_and_nothing_else_of_the_clone() -> None:
    lines = [one for one in (DEPLOY / "Containerfile").read_text("utf-8").splitlines() if not one.startswith("#")]
    text = " ".join(lines)
    copied = {one for line in lines if line.startswith("COPY ") for one in line.split()[1:-1]}
    assert copied == {"pyproject.toml", "README.md", "LICENSE", "requirements", "src"}  # no keys, no demo, no history
    assert all((DEPLOY.parents[1] / one).exists() for one in copied)
    assert "--require-hashes --no-deps -r requirements/build.txt -r requirements/server.txt" in text
    assert "--no-deps --no-build-isolation ." in text
    assert "USER 10001:10001" in lines
