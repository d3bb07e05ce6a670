"""Every route that the server's OpenAPI document describes, asked whatever it allows: none fails.

Schemathesis (https://schemathesis.readthedocs.io) makes the questions; who asks is each role in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from assay.server.acting import NOBODY, Actor
from assay.server.app import create_app
from assay.server.routes import ROUTES
from assay.server.security import csrf_token
from assay.server.starting import start
from live_server import free_port, serving
from unit.server._home import PEOPLE, waiting_home

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is of requirements/all.txt")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from litestar.connection import ASGIConnection

pytestmark = pytest.mark.service

WHO = "x-who"
PIPELINE = Actor(kind="pipeline", name="ci", roles=("pipeline",), systems=("mortgage-approval",))
ASKING = {name: PEOPLE[name] for name in ("vera", "ida", "ada", "dan")} | {"ci": PIPELINE, "nobody": NOBODY}
"""A validator, an auditor, an administrator, a developer, a pipeline, and who has not signed in."""
EXAMPLES = 8


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = waiting_home(tmp_path_factory.mktemp("asked"))
    with start(home) as server:

        def identify(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
            return ASKING[connection.headers.get(WHO, "nobody")]

        server.identify = identify
        with serving(create_app(server, ROUTES), free_port()) as url:
            yield schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")


def failures(operation: Any, headers: dict[str, str]) -> tuple[int, list[str]]:  # noqa: ANN401 - schemathesis' own
    """Ask one route some questions; return how many, and what failed."""
    failed: list[str] = []
    asked = [0]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:  # noqa: ANN401 - as above
        answer = case.call(headers=headers)
        asked[0] += 1
        if answer.status_code >= 500:
            failed.append(f"{operation.label}: {answer.status_code} {answer.text[:300]}")

    ask()
    return asked[0], sorted(set(failed))


@pytest.mark.parametrize("who", sorted(ASKING))
def test_no_question_makes_the_server_fail(schema: Any, who: str) -> None:  # noqa: ANN401 - as above
    headers = {WHO: who, "X-CSRF-Token": csrf_token(ASKING[who])}
    told = [failures(found.ok(), headers) for found in schema.get_all_operations()]
    assert sum(asked for asked, _ in told) > 300
    assert [one for _, failed in told for one in failed] == []
