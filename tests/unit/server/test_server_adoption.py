"""A policy that a pipeline delivered is adopted by a person on the page; what waited for it is decided then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar.testing import TestClient

from assay.server.app import create_app
from assay.server.routes import ROUTES
from assay.server.security import csrf_token
from delivery_server import SYSTEM, running
from small_project import small_project
from unit.server._home import DAN, ROSA, VERA

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from assay.server.acting import Actor


def test_what_was_delivered_waits_until_somebody_adopts_its_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = small_project(tmp_path / "project", capsys)
    assert project.say("run").code == 0
    with running(tmp_path, project.root) as found:
        monkeypatch.setenv("ASSAY_TOKEN_FILE", str(found.secret))
        assert project.say("push", "--server", found.url).code == 0
        app = create_app(found.server, ROUTES)

        def asked(actor: Actor) -> TestClient:  # type: ignore[type-arg] # of the application
            found.server.identify = lambda _connection: actor
            return TestClient(app, base_url=found.url, raise_server_exceptions=False)

        page = asked(VERA).get(f"/policies/{SYSTEM}.json").json()
        (candidate,) = page["delivered"]
        assert (page["name"], candidate["may"], candidate["delivered_by"]) == ("", True, "ci")
        assert "adopted a policy" in asked(VERA).get(f"/policies/{SYSTEM}").text
        waiting = asked(DAN).get("/models/small/1.json").json()
        assert (waiting["decision"], waiting["words"]) == (None, "not decided")
        form = {"sha256": candidate["sha256"], "csrf": csrf_token(ROSA)}
        headers = {"origin": found.url}
        refused = asked(DAN).post(f"/policies/{SYSTEM}/adopt", data=form, headers=headers)
        assert refused.status_code == 403
        adopted = asked(ROSA).post(f"/policies/{SYSTEM}/adopt", data=form, headers=headers, follow_redirects=False)
        assert adopted.status_code == 303, adopted.text
        after = asked(VERA).get(f"/policies/{SYSTEM}.json").json()
        assert (after["sha256"], after["history"][0]["by"], after["delivered"]) == (candidate["sha256"], "rosa", [])
        assert asked(DAN).get("/models/small/1.json").json()["decision"] == "allow"
        found.server.outbox.flush()
        (told,) = found.server.inside.view().facts("policy.adopted")
        assert told.said.policy_sha256 == candidate["sha256"]
        assert told.said.by.startswith("p_")
