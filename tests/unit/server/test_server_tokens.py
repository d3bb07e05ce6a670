"""Tokens of pipelines: by a client's secret, and by the identity that a real issuer gives a CI job."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest

from assay.errors import DocumentError, NotSignedInError
from assay.server.settings import read_settings
from assay.server.signing_in import tokens
from server_people import ORIGIN, Browser, House, open_house, secret_on
from token_issuer import Issuer, by_public_key, issuing, new_key, unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

CLAIMS = {"repository": "acme/loans", "ref": "refs/heads/main", "environment": "production"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as started:
        yield started


@pytest.fixture
def house(tmp_path: Path, issuer: Issuer) -> Iterator[House]:
    rules = [
        {"issuer": issuer.url, "pipeline": "nightly", "claims": CLAIMS},
        {"issuer": issuer.url, "pipeline": "gone", "claims": {"project_path": "acme/gone", "ref_protected": "true"}},
    ]
    yield from open_house(tmp_path, f"name: assay\nci: {json.dumps(rules)}\n")


@pytest.fixture
def adam(house: House) -> Browser:
    browser = house.administrator()
    browser.send("/people/pipelines", seen="/people", name="nightly", systems="loans cards")
    return browser


def secret(adam: Browser) -> str:
    return secret_on(adam.send("/people/pipelines/nightly/secret", seen="/people"))


def exchange(house: House, **content: object) -> Response:
    return house.browser().json("/api/v1/tokens", dict(content))


def known(house: House, token: str) -> Any:  # noqa: ANN401 - an Actor
    return tokens.actor_of(house.entrance.store, token, at=house.entrance.at())


def job(house: House, issuer: Issuer, **changed: object) -> dict[str, Any]:
    at = house.entrance.at()
    said: dict[str, Any] = {
        "iss": issuer.url, "aud": ORIGIN, "sub": "repo:acme/loans:environment:production", "iat": at, "exp": at + 300,
        **CLAIMS,
    }  # fmt: skip
    return {key: value for key, value in (said | changed).items() if value is not None}


def test_a_secret_becomes_a_token_for_a_quarter_of_an_hour(house: House, adam: Browser) -> None:
    granted = exchange(house, pipeline="nightly", secret=secret(adam))
    assert granted.status_code == 200
    assert granted.headers["cache-control"] == "no-store"
    said = granted.json()
    assert (said["systems"], said["expires_in"]) == (["loans", "cards"], 900)
    actor = known(house, said["token"])
    assert (actor.kind, actor.name, actor.roles, actor.systems) == (
        "pipeline",
        "nightly",
        ("pipeline",),
        ("loans", "cards"),
    )
    house.later(seconds=900)
    with pytest.raises(NotSignedInError):
        known(house, said["token"])


def test_a_token_is_narrowed_and_never_widened(house: House, adam: Browser) -> None:
    held = secret(adam)
    narrow = exchange(house, pipeline="nightly", secret=held, systems=["cards"], seconds=60).json()
    assert (narrow["systems"], narrow["expires_in"]) == (["cards"], 60)
    assert exchange(house, pipeline="nightly", secret=held, systems=["cards", "hr"]).status_code == 403
    assert exchange(house, pipeline="nightly", secret=held, seconds=999_999).json()["expires_in"] == 900


def test_a_token_ends_with_what_its_pipeline_may(house: House, adam: Browser) -> None:
    for path, form in (("/people/pipelines/nightly", {"systems": "cards"}), ("/people/pipelines/nightly/disable", {})):
        token = exchange(house, pipeline="nightly", secret=secret(adam)).json()["token"]
        known(house, token)
        adam.send(path, seen="/people", **form)
        with pytest.raises(NotSignedInError):
            known(house, token)
    assert exchange(house, pipeline="nightly", secret=secret(adam)).status_code == 403, "it is disabled"


def test_the_secret_itself_opens_nothing_but_the_exchange(house: House, adam: Browser) -> None:
    header = {"authorization": f"Bearer {secret(adam)}", "accept": "application/json"}
    assert house.browser().asked.get("/account.json", headers=header).status_code == 401


def test_a_pipeline_sees_no_page_of_people(house: House, adam: Browser) -> None:
    token = exchange(house, pipeline="nightly", secret=secret(adam)).json()["token"]
    for path in ("/account.json", "/people.json", "/requests.json"):
        header = {"authorization": f"Bearer {token}", "accept": "application/json"}
        assert house.browser().asked.get(path, headers=header).status_code == 403, path


@pytest.mark.parametrize("header", ["Basic bmlnaHRseTp4", "Bearer", "Bearer ", "Bearer x y", "x"])
def test_what_is_no_token(house: House, header: str) -> None:
    answer = house.browser().asked.get("/account.json", headers={"authorization": header})
    assert answer.status_code == 401


def test_a_token_outweighs_a_cookie(adam: Browser) -> None:
    """Who sends both is who the token says: a cookie that a browser adds by itself lends it nothing."""
    header = {"authorization": "Bearer unknown", "accept": "application/json"}
    assert adam.asked.get("/account.json", headers=header).status_code == 401


def test_wrong_names_and_wrong_secrets_are_told_alike_and_slow_down(house: House, adam: Browser) -> None:
    held = secret(adam)
    told = {
        exchange(house, pipeline=name, secret=wrong).text
        for name, wrong in (("nightly", "x"), ("nobody", held), ("nightly", ""), ("administrator", held))
    }
    assert len(told) == 1
    answers = [exchange(house, pipeline="nightly", secret="x").status_code for _ in range(6)]
    assert answers[-1] == 429
    assert held not in "".join(told)


@pytest.mark.parametrize(
    "content",
    [{}, {"pipeline": "nightly"}, {"secret": "x"}, {"pipeline": "a", "secret": "b", "id_token": "c"}, {"id_token": 7},
     {"pipeline": "a", "secret": "b", "more": 1}, {"pipeline": ["a"], "secret": "b"}],
)  # fmt: skip
def test_what_is_no_request_for_a_token(house: House, content: dict[str, Any]) -> None:
    assert exchange(house, **content).status_code == 400


def test_a_job_comes_in_by_its_identity_and_no_secret(house: House, adam: Browser, issuer: Issuer) -> None:
    del adam
    granted = exchange(house, id_token=issuer.token(job(house, issuer)))
    assert granted.status_code == 200, granted.text
    assert known(house, granted.json()["token"]).name == "nightly"
    assert house.said()[-1] == "session.opened"


@pytest.mark.parametrize(
    "changed",
    [
        {"repository": "mallory/loans"}, {"ref": "refs/heads/evil"}, {"environment": None}, {"environment": "staging"},
        {"repository": None, "repository_owner": "acme"}, {"ref": "refs/heads/main/x"}, {"repository": "ACME/loans"},
        {"aud": "https://github.com/acme"}, {"aud": None}, {"iss": "https://token.actions.githubusercontent.com"},
        {"exp": 1_000}, {"iat": 4_000_000_000},
    ],
)  # fmt: skip
def test_a_job_that_no_rule_knows(house: House, adam: Browser, issuer: Issuer, changed: dict[str, Any]) -> None:
    del adam
    answer = exchange(house, id_token=issuer.token(job(house, issuer, **changed)))
    assert answer.status_code == 403, answer.text
    assert house.said()[-1] == "session.refused not-vouched"


def test_a_job_with_a_forged_token(house: House, adam: Browser, issuer: Issuer) -> None:
    del adam
    said = job(house, issuer)
    for token in (
        unsigned(said, {"alg": "none"}), by_public_key(said, issuer.keys[0]),
        issuer.token(said, key=new_key("RSA", "k1")), "a.b.c", "",
    ):  # fmt: skip
        answer = exchange(house, id_token=token)
        assert answer.status_code in {403, 429}
        assert "token" not in answer.json()
        house.later(minutes=15)


def test_a_rule_whose_pipeline_nobody_registered(house: House, adam: Browser, issuer: Issuer) -> None:
    del adam
    said = job(
        house, issuer, repository=None, ref=None, environment=None, project_path="acme/gone", ref_protected="true"
    )
    answer = exchange(house, id_token=issuer.token(said))
    assert answer.status_code == 403
    assert "not registered" in answer.text


def test_an_issuer_that_is_down_is_no_refusal(house: House, adam: Browser, issuer: Issuer) -> None:
    del adam
    issuer.broken = True
    assert exchange(house, id_token=issuer.token(job(house, issuer))).status_code == 503


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"ref": "refs/heads/main"}, "every job of https://ci.example would be this pipeline"),
        ({}, "every job of"),
        ({"repository": "acme/*"}, "expected the exact value"),
        ({"repository": ""}, "expected the exact value"),
    ],
)
def test_a_rule_that_lets_strangers_in_is_refused(claims: dict[str, str], words: str) -> None:
    rules = json.dumps([{"issuer": "https://ci.example", "pipeline": "nightly", "claims": claims}])
    with pytest.raises(DocumentError, match=words.replace("*", r"\*")):
        read_settings(f"ci: {rules}\n".encode())


def test_the_api_has_a_pace_for_each_caller(tmp_path: Path) -> None:
    for house in open_house(tmp_path, "name: assay\ncalls_per_minute: 5\n"):
        answers = [exchange(house, pipeline="x", secret="y").status_code for _ in range(6)]
        assert answers == [403] * 5 + [429]


def by_oauth(house: House, form: dict[str, str], **headers: str) -> Response:
    return house.browser().asked.post("/api/v1/oauth/token", data=form, headers=headers)


def test_programs_of_others_get_a_token_by_client_credentials(house: House, adam: Browser) -> None:
    held = secret(adam)
    form = {"grant_type": "client_credentials"}
    basic = "Basic " + b64encode(f"nightly:{quote_plus(held)}".encode()).decode()
    for answer in (
        by_oauth(house, form, authorization=basic),
        by_oauth(house, form | {"client_id": "nightly", "client_secret": held, "scope": "loans"}),
    ):
        said = answer.json()
        assert (answer.status_code, said["token_type"], said["expires_in"]) == (200, "Bearer", 900)
        assert known(house, said["access_token"]).systems == tuple(said["scope"].split())
    assert house.said()[-1] == "session.opened"


@pytest.mark.parametrize(
    ("form", "headers", "status", "error"),
    [
        ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        ({"client_id": "nightly"}, {}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, {}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, {"authorization": "Basic !!"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "nightly", "client_secret": "x" * 43}, {}, 401,
            "invalid_client",
        ),
        ({"grant_type": "client_credentials"}, {"content-type": "application/json"}, 400, "invalid_request"),
    ],
)  # fmt: skip
def test_wrong_client_credentials_get_none(
    house: House, adam: Browser, *, form: dict[str, str], headers: dict[str, str], status: int, error: str
) -> None:
    assert secret(adam)
    answer = by_oauth(house, form, **headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
