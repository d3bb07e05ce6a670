"""People, pipelines, keys and the trust file; what takes two persons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from assay.adapters.folder_log import open_log
from assay.attest import dsse
from assay.attest.keys import generate_key
from assay.attest.statement import parse_statement
from assay.attest.trust import parse_trust
from assay.errors import NotThereError, RefusedError
from assay.lifecycle.people import read_people
from assay.server import two_persons
from assay.server.outbox import Outbox
from assay.server.store import accounts, deliveries, two_person
from assay.trail.events import parse_event
from server_people import PASSWORD, Browser, House, open_house, secret_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield from open_house(tmp_path)


def trusted(house: House) -> dict[str, tuple[str, ...]]:
    """Return the people of the trust file, without the server itself, whose key may erase and nothing else."""
    found = {one.name: one.roles for one in parse_trust(house.home.trust.read_bytes()).people}
    assert found.pop("assay serve", ("data-protection-officer",)) == ("data-protection-officer",)
    return found


def state_of(adam: Browser, name: str) -> dict[str, Any]:
    (found,) = [one for one in adam.get("/people.json").json()["people"] if one["name"] == name]
    return dict(found)


def only_request(browser: Browser) -> dict[str, Any]:
    (found,) = browser.get("/requests.json").json()["requests"]
    return dict(found)


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ("administrator approver", "two accounts"),
        ("administrator validator", "two accounts"),
        ("auditor developer", "an auditor writes nothing"),
        ("auditor approver", "an auditor writes nothing"),
        ("pipeline", "at least one role of a person"),
        ("", "at least one role of a person"),
        ("emperor", "expected roles among"),
    ],
)
def test_roles_that_one_person_cannot_have(house: House, roles: str, words: str) -> None:
    adam = house.administrator()
    answer = adam.send("/people", name="vera", roles=roles.split())
    assert answer.status_code in {400, 403}
    assert words in answer.text
    house.person(adam, "mila", "developer")
    assert words in adam.send("/people/mila", seen="/people", roles=roles.split()).text
    assert state_of(adam, "mila")["roles"] == ["developer"]


@pytest.mark.parametrize(
    "name", ["", "../vera", "vera rosa", "-vera", "v" * 65, "ve\nra", "<b>", "vera/x", "administrator"]
)
def test_names_that_cannot_be_one(house: House, name: str) -> None:
    adam = house.administrator()
    assert adam.send("/people", name=name, roles=["developer"]).status_code == 400
    assert [one["name"] for one in adam.get("/people.json").json()["people"]] == ["administrator"]


def test_the_first_who_signs_has_a_key_at_once_and_stands_in_the_trust_file(house: House) -> None:
    adam = house.administrator()
    assert trusted(house) == {}
    adam.add("vera", "validator", titles="risk-owner model-validator")
    assert trusted(house) == {"vera": ("validator", "risk-owner", "model-validator")}
    assert (house.home.keys / "vera.pem").stat().st_mode & 0o777 == 0o600
    adam.add("mila", "developer")
    assert not (house.home.keys / "mila.pem").exists(), "a developer signs nothing"


def test_the_next_key_waits_for_a_second_person(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    rosa = house.person(adam, "rosa", "approver")
    assert state_of(adam, "rosa")["key"] == "waits"
    assert "rosa" not in trusted(house)
    request = only_request(vera)
    assert request["about"] == {"person": "rosa"}
    for browser in (adam, rosa):  # who asked, and whom it is about
        assert browser.send(f"/requests/{request['id']}/consent", seen="/requests").status_code == 403
    assert "rosa" not in trusted(house)
    assert vera.send(f"/requests/{request['id']}/consent", seen="/requests", words="I know her").status_code == 303
    assert set(trusted(house)) == {"rosa", "vera"}
    assert only_request(vera)["state"] == "done"
    again = vera.send(f"/requests/{request['id']}/consent", seen="/requests")
    assert again.status_code == 403, "a consent is used once"


def test_a_reset_takes_the_key_so_that_nobody_signs_as_another(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    rosa = house.person(adam, "rosa", "approver")
    vera.send(f"/requests/{only_request(vera)['id']}/consent", seen="/requests")
    house.later(seconds=1)
    code = secret_on(adam.send("/people/rosa/reset", seen="/people"))
    assert rosa.get("/account").status_code == 303, "her sessions have ended"
    assert house.browser().sign_in("rosa").status_code == 403, "and her password"
    assert set(trusted(house)) == {"vera"}
    assert not (house.home.keys / "rosa.pem").exists()
    impostor = house.browser().enrol(code, "the administrator's own")
    assert impostor.get("/account.json").json()["signs"] is False
    assert vera.get("/requests.json").json()["requests"][0]["state"] == "open"


def test_who_is_disabled_comes_in_no_more_and_counts_no_more(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    assert adam.send("/people/vera/disable", seen="/people").status_code == 303
    assert vera.get("/account").status_code == 303
    assert house.browser().sign_in("vera").status_code == 403
    assert trusted(house) == {}
    adam.send("/people/vera/disable", seen="/people")
    assert house.browser().sign_in("vera").status_code == 303
    assert set(trusted(house)) == {"vera"}


def test_other_roles_end_the_sessions_and_change_the_trust_file(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    before = vera.cookie
    adam.send("/people/vera", seen="/people", roles=["approver"], titles="risk-owner", systems="loans")
    assert vera.get("/account").status_code == 303
    assert trusted(house) == {"vera": ("approver", "risk-owner")}
    assert vera.sign_in("vera").status_code == 303
    assert vera.cookie != before
    assert vera.get("/account.json").json()["systems"] == ["loans"]


def test_an_administrator_changes_everybody_but_themself(house: House) -> None:
    adam = house.administrator()
    for path, form in (
        ("/people/administrator", {"roles": ["auditor"]}),
        ("/people/administrator/disable", {}),
        ("/people/administrator/reset", {}),
    ):
        assert adam.send(path, seen="/people", **form).status_code == 403, path
    second = house.person(adam, "eve", "administrator")
    assert second.send("/people/administrator/disable", seen="/people").status_code == 303
    assert adam.get("/account").status_code == 303


@pytest.mark.parametrize("roles", ["developer", "validator", "approver", "auditor"])
def test_nobody_else_manages_people(house: House, roles: str) -> None:
    adam = house.administrator()
    other = house.person(adam, "other", roles)
    page = other.get("/people")
    assert page.status_code == (200 if roles == "auditor" else 403)
    assert "Add a person" not in page.text
    other.get("/account")
    for path in ("/people", "/people/other", "/people/other/reset", "/people/other/disable", "/people/pipelines"):
        answer = other.post(path, name="x", roles=["developer"], systems="x")
        assert answer.status_code == 403, path
    assert [one["name"] for one in adam.get("/people.json").json()["people"]] == ["administrator", "other"]


def test_what_is_not_there(house: House) -> None:
    adam = house.administrator()
    for path in ("/people/nobody", "/people/nobody/reset", "/people/nobody/disable", "/people/pipelines/nobody",
                 "/people/pipelines/nobody/secret", "/requests/q_none/refuse"):  # fmt: skip
        answer = adam.send(path, seen="/people", roles=["developer"], systems="loans")
        assert answer.status_code == 404, (path, answer.text)


def test_a_pipelines_keys_stand_in_the_trust_file_and_its_name_is_nobody_elses(house: House) -> None:
    adam = house.administrator()
    keys = [generate_key().public.pem() for _ in range(2)]
    assert (
        adam.send(
            "/people/pipelines", seen="/people", name="nightly", systems="loans", public_keys="\n".join(keys)
        ).status_code
        == 303
    )
    assert trusted(house) == {"nightly": ("pipeline",), "nightly#2": ("pipeline",)}
    assert adam.send("/people", name="nightly", roles=["developer"]).status_code == 400
    assert adam.send("/people/pipelines", seen="/people", name="administrator", systems="loans").status_code == 400
    for wrong in ({"systems": ""}, {"systems": "loans", "public_keys": "no key"}, {"systems": "lo ans/../<x>"}):
        assert adam.send("/people/pipelines", seen="/people", name="other", **wrong).status_code == 400, wrong
    adam.send("/people/pipelines/nightly/disable", seen="/people")
    assert trusted(house) == {}


def test_no_secret_is_shown_twice(house: House) -> None:
    adam = house.administrator()
    code = adam.add("vera", "validator")
    adam.send("/people/pipelines", seen="/people", name="nightly", systems="loans")
    first = secret_on(adam.send("/people/pipelines/nightly/secret", seen="/people"))
    second = secret_on(adam.send("/people/pipelines/nightly/secret", seen="/people"))
    assert first != second
    for path in ("/people", "/people.json", "/requests", "/account"):
        text = adam.get(path).text
        assert not [one for one in (code, first, second) if one in text]
    assert house.browser().json("/api/v1/tokens", {"pipeline": "nightly", "secret": first}).status_code == 403


def test_a_platforms_secret_can_be_made_again_from_the_servers_own_and_not_from_the_database(house: House) -> None:
    adam, entrance = house.administrator(), house.entrance
    secret = secret_on(adam.send("/people/platforms", seen="/people", kind="mlflow", name="registry"))
    with entrance.store.reading() as rows:
        assert entrance.webhook_secret(rows, "mlflow", "registry") == secret
        assert entrance.webhook_secret(rows, "mlflow", "other") is None
    assert entrance.webhook_holds("mlflow", "registry", secret)
    for kind, name, said in (("mlflow", "registry", "x"), ("mlflow", "other", ""), ("admission", "registry", secret)):
        assert not entrance.webhook_holds(kind, name, said)
    renewed = secret_on(adam.send("/people/platforms", seen="/people", kind="mlflow", name="registry"))
    assert renewed != secret
    assert not entrance.webhook_holds("mlflow", "registry", secret)


def asked(house: House, adam: Browser, **form: str) -> str:
    house.later(seconds=1)
    said = {"what": "erasure", "about": "mila", "reason": "she asked for it", **form}
    assert adam.send("/requests", **said).status_code == 303
    return str(adam.get("/requests.json").json()["requests"][0]["id"])


def test_a_request_takes_two_is_used_once_and_for_what_it_says(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    request, entrance = asked(house, adam), house.entrance

    def take(*, what: two_person.What = "erasure", person: str = "mila") -> None:
        with entrance.store.writing() as rows:
            two_persons.take(
                rows, entrance.outbox, request, what=what, about={"person": person}, by="administrator",
                at=entrance.at(),
            )  # fmt: skip

    with pytest.raises(RefusedError, match="consented to"):
        take()
    assert adam.send(f"/requests/{request}/consent", seen="/requests").status_code == 403
    assert vera.send(f"/requests/{request}/consent", seen="/requests", words="yes").status_code == 303
    with pytest.raises(RefusedError, match="something else"):
        take(person="vera")
    with pytest.raises(RefusedError, match="something else"):
        take(what="break-glass")
    take()
    with pytest.raises(RefusedError, match=r"found q_.* taken"):
        take()
    assert house.said()[-3:] == ["request.opened", "request.decided", "request.decided"]


def test_a_request_expires_and_so_does_a_consent(house: House) -> None:
    adam = house.administrator()
    house.person(adam, "vera", "validator")
    glass = {"cluster": "prod", "namespace": "credit", "image_sha256": "a" * 64, "reason": "the queue is full"}
    assert adam.send("/requests/break-glass", seen="/requests", **glass, hours="1000").status_code == 400
    assert adam.send("/requests/break-glass", seen="/requests", **glass, hours="1").status_code == 303
    request = only_request(adam)["id"]
    house.later(hours=4)
    adam.sign_in("administrator")
    vera = house.browser()
    vera.sign_in("vera")
    assert only_request(vera)["state"] == "expired"
    assert vera.send(f"/requests/{request}/consent", seen="/requests").status_code == 403


def test_break_glass_that_two_agreed_on_lasts_until_it_says(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    glass = {"cluster": "prod", "namespace": "credit", "image_sha256": "a" * 64}
    adam.send("/requests/break-glass", seen="/requests", reason="the queue is full", hours="1", **glass)
    assert vera.send(f"/requests/{only_request(adam)['id']}/consent", seen="/requests").status_code == 303
    until = "2026-11-23T10:00:00Z"
    assert (only_request(adam)["state"], only_request(adam)["about"]) == ("consented", {**glass, "until": until})
    assert only_request(adam)["expires_at"] == until
    house.later(hours=1)
    vera.sign_in("vera")
    assert only_request(vera)["state"] == "expired"


def test_a_request_is_refused_or_taken_back(house: House) -> None:
    adam = house.administrator()
    vera = house.person(adam, "vera", "validator")
    first = asked(house, adam)
    assert adam.send("/requests", what="erasure", about="mila", reason="again").status_code == 400, "it is open already"
    vera.send(f"/requests/{first}/refuse", seen="/requests", words="she is a witness")
    assert adam.get("/requests.json").json()["requests"][0]["state"] == "refused"
    second = asked(house, adam)
    adam.send(f"/requests/{second}/refuse", seen="/requests")
    assert {one["state"] for one in adam.get("/requests.json").json()["requests"]} == {"refused", "withdrawn"}
    for wrong in ({"what": "coup"}, {"what": "break-glass"}, {"reason": " "}, {"about": " "}):
        assert adam.send("/requests", **{"what": "erasure", "about": "x", "reason": "y", **wrong}).status_code == 400


def test_an_auditor_reads_requests_and_decides_none(house: House) -> None:
    adam = house.administrator()
    request, ida = asked(house, adam), house.person(adam, "ida", "auditor")
    page = ida.get("/requests")
    assert page.status_code == 200
    assert "Consent" not in page.text
    for act in ("consent", "refuse"):
        assert ida.post(f"/requests/{request}/{act}").status_code == 403
    assert ida.post("/requests", what="erasure", about="x", reason="y").status_code == 403


def test_events_enter_the_log_once_in_order_by_pseudonym(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    adam = house.administrator()
    house.person(adam, "vera", "validator")
    said = [one["type"] for one in house.events()]
    with monkeypatch.context() as broken:  # the process dies between the log and the store
        broken.setattr(deliveries, "waited", lambda *_: (_ for _ in ()).throw(RefusedError("died")))
        with pytest.raises(RefusedError):
            house.entrance.outbox.flush()
    again = Outbox(house.entrance.store, house.home)  # and starts anew
    assert again.flush() == len(said)
    assert again.flush() == 0
    log = open_log(house.home.log_folder, house.home.settings.name)
    entries = list(log.reader.entries(0, len(said)))
    assert log.reader.checkpoint().checkpoint.size == len(said), "each event stands there once"
    events = [
        parse_event(parse_statement(dsse.decode_base64(dsse.parse(entry, name="e").payload, "e"))) for entry in entries
    ]
    assert [event.type for event in events] == said
    people = read_people(house.home.state)
    assert {people[event.fields.account] for event in events if hasattr(event.fields, "account")} == {
        "administrator",
        "vera",
    }
    assert not any(name.encode() in entry for entry in entries for name in ('"vera"', "testclient"))


def test_an_event_that_the_vocabulary_has_not_is_refused_with_what_it_tells_of(house: House) -> None:
    def change() -> None:
        with house.entrance.store.writing() as rows:
            accounts.add(
                rows, accounts.Account(name="x", roles=("auditor",), created_by="y", created_at=0, changed_at=0)
            )
            house.entrance.outbox.say(rows, "account.changed", {"change": "crowned"}, people={"account": "x"}, at=0)

    with pytest.raises(Exception, match="crowned"):
        change()
    with house.entrance.store.reading() as rows, pytest.raises(NotThereError):
        two_persons.require_request(rows, json.dumps(accounts.find(rows, "x")))


def test_a_password_is_never_an_administrators_to_see(house: House) -> None:
    adam = house.administrator()
    house.person(adam, "vera", "validator")
    for path in ("/people", "/people.json"):
        assert "argon2" not in adam.get(path).text
        assert PASSWORD not in adam.get(path).text
