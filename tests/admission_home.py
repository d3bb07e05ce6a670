"""A server's folder with a released model and an image that holds it, for tests of what clusters are answered."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import json
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.adapters.trail_here import record
from assay.lifecycle.setting import now
from assay.server.home import STATE, Home, open_home
from assay.server.store import deliveries, open_store
from assay.server.today import keep_policy
from assay.trail.events import make_event
from small_project import SmallProject, small_project

if TYPE_CHECKING:
    from assay.server.entrance import Entrance

CLUSTER = "prod-eu"
GOOD_IMAGE, BAD_IMAGE, DENIED_IMAGE = "1f" * 32, "2e" * 32, "3d" * 32
SETTINGS = """\
name: small
clusters:
  prod-eu:
    exempt:
      - {repository: docker.io/istio/*, reason: the mesh's sidecar}
"""


@dataclass(frozen=True)
class Released:
    """The folder, and the digest of what was let out."""

    home: Home
    model_sha256: str


class _Unread:
    """What takes the place of pytest's capture where there is no test yet."""

    def readouterr(self) -> tuple[str, str]:
        return "", ""


@functools.cache
def _made() -> Path:
    """Return a project where small 1 was let out and small 2 denied, and an image was built of each; made once."""
    folder = Path(tempfile.mkdtemp(prefix="assay-admission-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        project = small_project(folder, _Unread())  # type: ignore[arg-type]
        _fill(project)
    return folder


def _fill(project: SmallProject) -> None:
    assert project.say("run").code == 0
    digests = [said_of(project.root, "1")]
    project.replace("assay.yaml", 'version: "1"', 'version: "2"')
    project.replace("policy.yaml", "limit: {max: 0.2}", "limit: {max: 0.0001}")
    project.write("model/weights.json", '{"threshold": 0.5}')
    assert project.say("run").code != 0
    digests.append(said_of(project.root, "2"))
    project.replace("policy.yaml", "limit: {max: 0.0001}", "limit: {max: 0.2}")
    built = [
        {"image": "registry.example.com/small", "image_sha256": image, "model": "small", "version": version,
         "model_sha256": sha256}
        for image, version, sha256 in ((GOOD_IMAGE, "1", digests[0]), (DENIED_IMAGE, "2", digests[1]))
    ]  # fmt: skip
    record([make_event("image.built", fields, claimed_at=now()) for fields in built], project.root)


def released_home(tmp_path: Path, settings: str = "") -> Released:
    """Return a server's folder with the releases of a small project, and its policy adopted."""
    home = open_home(tmp_path / "home", name="small")
    (home.root / "server.yaml").write_text(SETTINGS + settings)
    shutil.copytree(_made() / ".assay", home.root / STATE)
    (home.state / "trail.sqlite").unlink(missing_ok=True)
    home = open_home(tmp_path / "home")
    policy = keep_policy(home, "small", policy_files())
    with closing(open_store(home.settings.database, home.root)) as store, store.writing() as rows:
        deliveries.adopt(rows, "small", policy.sha256, by="rosa", at=0)
    return Released(home, said_of(_made(), "1"))


def policy_files() -> dict[str, bytes]:
    """Return the policy that both versions were decided under at last."""
    return {"policy.yaml": (_made() / "policy.yaml").read_bytes()}


def said_of(root: Path, version: str) -> str:
    path = root / f".assay/releases/small/{version}/verdict.json"
    found: str = json.loads(path.read_text())["model_sha256"]
    return found


def secret_for(entrance: Entrance, cluster: str = CLUSTER) -> str:
    with entrance.store.writing() as rows:
        return entrance.make_webhook(rows, "admission", cluster, by="ada", at=entrance.at())


def review(image_sha256: str | None, *, reference: str | None = None, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what a cluster asks about a pod of one image."""
    image = reference or f"registry.example.com/small@sha256:{image_sha256}"
    request = {
        "uid": "u-1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": "credit",
        "name": "scorecard-1",
        "userInfo": {"username": "system:serviceaccount:kube-system:job-controller"},
        "object": {"kind": "Pod", "metadata": {}, "spec": {"containers": [{"name": "c", "image": image}]}},
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request | changed}
