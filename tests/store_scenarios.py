"""What every store of the server must do: one function a rule, run on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from assay.errors import StorageError
from assay.server.store import accounts, counters, deliveries, passkeys, pipelines, project_keys, sessions, two_person
from assay.server.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.server.store import Store

AT = 1_790_000_000

VERA = accounts.Account(
    name="vera", roles=("validator",), titles=("risk-owner",), systems=("loans",), created_by="adam", created_at=AT,
    changed_at=AT,
)  # fmt: skip
NIGHTLY = pipelines.Pipeline(
    name="nightly", systems=("loans", "cards"), public_keys=("PEM",), created_by="adam", created_at=AT, changed_at=AT
)
SESSION = sessions.Session(
    digest="d1", account="vera", how="password", browser="Firefox, Linux", created_at=AT, seen_at=AT
)
PASSKEY = passkeys.Passkey(
    id="k1", account="vera", public_key=b"\x00\xff", sign_count=3, label="laptop", synced=False, created_at=AT
)
REQUEST = two_person.Request(
    id="q_1",
    what="erasure",
    about={"person": "mila"},
    reason="she asked",
    asked_by="adam",
    asked_at=AT,
    expires_at=AT + 9,
)


def with_vera(store: Store) -> None:
    with store.writing() as rows:
        accounts.add(rows, VERA)


def an_account_is_kept_and_changed(store: Store) -> None:
    with_vera(store)
    with store.reading() as rows:
        assert accounts.find(rows, "vera") == VERA
        assert accounts.find(rows, "nobody") is None
        assert accounts.password_of(rows, "vera") is None
    wider = msgspec.structs.replace(VERA, systems=None, disabled=True, roles=("developer",), changed_at=AT + 5)
    with store.writing() as rows:
        accounts.change(rows, wider)
        accounts.set_password(rows, "vera", "hash")
    with store.reading() as rows:
        assert accounts.every(rows) == [msgspec.structs.replace(wider, has_password=True)]
        assert accounts.password_of(rows, "vera") == "hash"


def a_code_is_one_and_is_marked_when_used(store: Store) -> None:
    with_vera(store)
    code = accounts.Enrolment(account="vera", created_by="adam", expires_at=AT + 3600)
    with store.writing() as rows:
        accounts.give_code(rows, "first", code)
        accounts.give_code(rows, "second", code)
        assert accounts.find_code(rows, "first") is None
        assert accounts.find_code(rows, "second") == code
        accounts.use_code(rows, "second", at=AT + 1)
        assert accounts.find_code(rows, "second") == msgspec.structs.replace(code, used_at=AT + 1)


def an_identity_leads_to_one_account(store: Store) -> None:
    with_vera(store)
    with store.writing() as rows:
        accounts.bind(rows, "https://idp.example", "sub-1", "vera", at=AT)
        assert accounts.bound_to(rows, "https://idp.example", "sub-1") == "vera"
        assert accounts.bound_to(rows, "https://other.example", "sub-1") is None
        assert accounts.identities_of(rows, "vera") == [("https://idp.example", "sub-1")]
    with pytest.raises(StorageError), store.writing() as rows:
        accounts.bind(rows, "https://idp.example", "sub-1", "vera", at=AT)


def a_passkey_is_its_owners(store: Store) -> None:
    with_vera(store)
    with store.writing() as rows:
        passkeys.add(rows, PASSKEY)
        passkeys.used(rows, "k1", sign_count=4, at=AT + 2)
        used = msgspec.structs.replace(PASSKEY, sign_count=4, used_at=AT + 2)
        assert passkeys.find(rows, "k1") == used
        assert passkeys.of_account(rows, "vera") == [used]
        assert not passkeys.remove(rows, "k1", account="mila")
        assert passkeys.remove(rows, "k1", account="vera")
        assert passkeys.find(rows, "k1") is None


def sessions_end_one_by_one_or_together(store: Store) -> None:
    with_vera(store)
    other = msgspec.structs.replace(SESSION, digest="d2", created_at=AT + 1, seen_at=AT + 1)
    third = msgspec.structs.replace(SESSION, digest="d3", created_at=AT - 1)
    with store.writing() as rows:
        for one in (SESSION, other, third):
            sessions.add(rows, one)
        assert [one.digest for one in sessions.of_account(rows, "vera")] == ["d2", "d1", "d3"]
        sessions.seen(rows, "d1", at=AT + 60)
        sessions.seen(rows, "d1", at=AT + 30)
        assert sessions.find(rows, "d1") == msgspec.structs.replace(SESSION, seen_at=AT + 60)
        assert sessions.close(rows, "d3") == "vera"
        assert sessions.close(rows, "d3") is None
        assert sessions.close_all(rows, "vera", but="d2") == 1
        sessions.close_old(rows, created_before=AT + 2, seen_before=0)
        assert sessions.of_account(rows, "vera") == []


def a_flow_is_ended_once_and_in_time(store: Store) -> None:
    with store.writing() as rows:
        sessions.begin_flow(rows, "f1", "oidc", "old", expires_at=AT + 10)
        sessions.begin_flow(rows, "f1", "oidc", "new", expires_at=AT + 10)
        sessions.begin_flow(rows, "f2", "passkey", "late", expires_at=AT + 10)
        assert sessions.end_flow(rows, "f1", "passkey", at=AT) is None
        assert sessions.end_flow(rows, "f1", "oidc", at=AT) == "new"
        assert sessions.end_flow(rows, "f1", "oidc", at=AT) is None
        assert sessions.end_flow(rows, "f2", "passkey", at=AT + 11) is None


def a_pipelines_tokens_end_with_what_it_may(store: Store) -> None:
    token = pipelines.Token(pipeline="nightly", systems=("loans",), how="secret", created_at=AT, expires_at=AT + 900)
    with store.writing() as rows:
        pipelines.add(rows, NIGHTLY)
        pipelines.set_secret(rows, "nightly", "digest")
        assert pipelines.find(rows, "nightly") == msgspec.structs.replace(NIGHTLY, has_secret=True)
        assert pipelines.secret_of(rows, "nightly") == "digest"
        pipelines.give_token(rows, "t1", token)
        assert pipelines.find_token(rows, "t1", at=AT + 899) == token
        assert pipelines.find_token(rows, "t1", at=AT + 900) is None
        assert token.actor().systems == ("loans",)
        pipelines.change(rows, msgspec.structs.replace(NIGHTLY, disabled=True))
        assert pipelines.find_token(rows, "t1", at=AT) is None
        pipelines.give_token(rows, "t2", token)
        assert pipelines.find_token(rows, "t2", at=AT) is None, "of a disabled pipeline"


def a_platform_has_one_secret(store: Store) -> None:
    with store.writing() as rows:
        assert pipelines.webhook_of(rows, "admission", "prod") is None
        pipelines.set_webhook(rows, "admission", "prod", number=1, secret="a", by="adam", at=AT)
        pipelines.set_webhook(rows, "admission", "prod", number=2, secret="b", by="adam", at=AT)
        assert pipelines.webhook_of(rows, "admission", "prod") == (2, "b")
        assert pipelines.webhooks(rows) == [("admission", "prod", "adam", AT)]


def a_request_is_kept_and_expires(store: Store) -> None:
    with store.writing() as rows:
        two_person.add(rows, REQUEST)
        assert two_person.find(rows, "q_1") == REQUEST
        decided = msgspec.structs.replace(REQUEST, state="consented", decided_by="vera", decided_at=AT + 1, words="yes")
        two_person.keep(rows, decided)
        assert two_person.latest(rows) == [decided]
    assert decided.at(AT + 8).state == "consented"
    assert decided.at(AT + 9).state == "expired"


def the_last_policy_adopted_is_in_force(store: Store) -> None:
    with store.writing() as rows:
        for digest in ("aa", "aa", "bb", "aa"):
            deliveries.adopt(rows, "loans", digest, by="vera", at=AT)
        deliveries.adopt(rows, "cards", "cc", by="vera", at=AT)
        assert [(one.number, one.sha256) for one in deliveries.adopted(rows, "loans")] == [
            (3, "aa"),
            (2, "bb"),
            (1, "aa"),
        ]
        assert [(one.system, one.sha256) for one in deliveries.in_force(rows)] == [("cards", "cc"), ("loans", "aa")]


def what_waits_for_the_log_keeps_its_order(store: Store) -> None:
    for number in range(3):
        with store.writing() as rows:
            deliveries.wait(rows, {"number": number}, at=AT + number)
    with store.writing() as rows:
        found = deliveries.waiting(rows, most=2)
        assert [one.event for one in found] == [{"number": 0}, {"number": 1}]
        deliveries.waited(rows, found[-1].number)
        assert [one.event for one in deliveries.waiting(rows)] == [{"number": 2}]


def failures_are_counted_and_forgotten(store: Store) -> None:
    with store.writing() as rows:
        assert counters.counted(rows, "a") == counters.Counter(failures=0, last_at=0, until=0)
        for failures in (1, 2):
            counters.count(rows, "a", counters.Counter(failures=failures, last_at=AT, until=AT + 4))
        assert counters.counted(rows, "a").failures == 2
        counters.forget_old(rows, before=AT)
        assert counters.counted(rows, "a").failures == 2
        counters.forget(rows, "a")
        assert counters.counted(rows, "a").failures == 0


def what_fails_half_way_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.writing() as rows:
            accounts.add(rows, VERA)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading() as rows:
        assert accounts.every(rows) == []


def reading_writes_nothing(store: Store) -> None:
    """And a reader sees one state, whatever is written meanwhile."""
    with store.reading() as rows:
        assert accounts.every(rows) == []
        with_vera(store)
        assert accounts.every(rows) == []
    with store.reading() as rows:
        assert accounts.every(rows) == [VERA]


def many_threads_lose_no_write(store: Store) -> None:
    def add(number: int) -> None:
        for turn in range(5):
            with store.writing() as rows:
                deliveries.wait(rows, {"thread": number, "turn": turn}, at=AT)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with store.reading() as rows:
        found = deliveries.waiting(rows)
    assert [one.number for one in found] == list(range(1, 61))
    assert {(one.event["thread"], one.event["turn"]) for one in found} == {(t, u) for t in range(12) for u in range(5)}


def a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StorageError, match="open store"), store.reading():
        pass


def keys_wait_for_a_word(store: Store) -> None:
    """What was said of a key stays said; other keys of the same log wait beside those that are accepted."""
    first = project_keys.ProjectKey(
        pipeline="nightly", role="log-keys", name="log", key="A", standing="waits", by=None, at=AT
    )

    def put(key: str, standing: project_keys.Standing = "waits") -> list[tuple[str, str]]:
        one = msgspec.structs.replace(first, key=key, standing=standing)
        with store.writing() as rows:
            (project_keys.let_wait if standing == "waits" else project_keys.put)(rows, one)
            return [(one.key, one.standing) for one in project_keys.every(rows, "log-keys")]

    with store.writing() as rows:
        pipelines.add(rows, NIGHTLY)
    assert put("A") == [("A", "waits")]
    assert put("A", "accepted") == put("A") == [("A", "accepted")]
    assert put("B") == [("A", "accepted"), ("B", "waits")]
    assert put("C") == [("A", "accepted"), ("C", "waits")]
    assert put("C", "refused") == put("C") == [("A", "accepted"), ("C", "refused")]
    assert put("B", "accepted") == [("B", "accepted"), ("C", "refused")]
    assert put("B", "refused") == [("B", "refused")]
    with store.writing() as rows:
        for number in range(project_keys.MAX_WAITING + 3):
            made = msgspec.structs.replace(first, role="attester", title="risk-owner", name=f"id{number}")
            project_keys.let_wait(rows, made)
        assert len(project_keys.every(rows, "attester")) == project_keys.MAX_WAITING


SCENARIOS: tuple[Callable[[Store], None], ...] = (
    an_account_is_kept_and_changed,
    a_code_is_one_and_is_marked_when_used,
    an_identity_leads_to_one_account,
    a_passkey_is_its_owners,
    sessions_end_one_by_one_or_together,
    a_flow_is_ended_once_and_in_time,
    a_pipelines_tokens_end_with_what_it_may,
    a_platform_has_one_secret,
    a_request_is_kept_and_expires,
    the_last_policy_adopted_is_in_force,
    what_waits_for_the_log_keeps_its_order,
    failures_are_counted_and_forgotten,
    what_fails_half_way_leaves_nothing,
    reading_writes_nothing,
    many_threads_lose_no_write,
    keys_wait_for_a_word,
    a_closed_store_says_so,
)


def fill(store: Store) -> None:
    """Put a row into every table of the first version."""
    with store.writing() as rows:
        accounts.add(rows, VERA)
        code = accounts.Enrolment(account="vera", created_by="adam", expires_at=AT)
        accounts.give_code(rows, "code", code)
        accounts.bind(rows, "https://idp.example", "sub", "vera", at=AT)
        passkeys.add(rows, PASSKEY)
        sessions.add(rows, SESSION)
        sessions.begin_flow(rows, "f", "oidc", "{}", expires_at=AT)
        pipelines.add(rows, NIGHTLY)
        given = pipelines.Token(pipeline="nightly", systems=(), how="secret", created_at=AT, expires_at=AT)
        pipelines.give_token(rows, "t", given)
        pipelines.set_webhook(rows, "admission", "prod", number=1, secret="s", by="adam", at=AT)
        two_person.add(rows, REQUEST)
        deliveries.adopt(rows, "loans", "aa", by="vera", at=AT)
        deliveries.wait(rows, {}, at=AT)
        counters.count(rows, "c", counters.Counter(failures=1, last_at=AT, until=AT))


TABLES = (
    "account", "enrolment", "identity", "passkey", "session", "flow", "pipeline", "token", "webhook", "request",
    "adopted", "waiting", "counter",
)  # fmt: skip


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of every table; bytes alike from both databases."""
    with store.reading() as rows:
        return {
            table: [
                tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)
                for row in rows.execute(f"SELECT * FROM {table}")
            ]
            for table in TABLES
        }


def a_migration_keeps_all(open_at: Callable[[int], Store], version: int) -> None:
    """Fill the tables of the first version, and bring them to a version step by step."""
    store = open_at(1)
    fill(store)
    before = everything(store)
    store.close()
    assert all(before.values()), "a table without a row proves nothing"
    for to in range(2, version + 1):
        store = open_at(to)
        after = everything(store)
        for table, rows in before.items():
            assert [row[: len(rows[0])] for row in after[table]] == rows, table
        store.close()
    with_rows = open_at(version)
    assert everything(with_rows) == after
    with_rows.close()


def keys_shown_become_one_table(open_at: Callable[[int], Store]) -> None:
    """Version 5 had a table for the keys of logs and one for those of officers."""
    store = open_at(5)
    with store.writing() as rows:
        pipelines.add(rows, NIGHTLY)
        for standing, said_by in (("accepted", "adam"), ("waits", None)):
            rows.execute(
                "INSERT INTO log_keys VALUES (?, ?, ?, ?, ?, ?)",
                "example.com/log", standing, f"keys {standing}", "nightly", said_by, AT,
            )  # fmt: skip
        for number, standing in enumerate(("accepted", "refused", "waits")):
            rows.execute(
                "INSERT INTO officer_key VALUES (?, ?, ?, ?, ?, ?)",
                "nightly", f"id{number}", f"PEM {number}", standing, None if standing == "waits" else "adam", AT + 1,
            )  # fmt: skip
    store.close()
    store = open_at(VERSION)
    with store.reading() as rows:
        found = project_keys.every(rows)
    store.close()
    assert [(*one.whose, one.key, one.standing, one.by, one.at) for one in found] == [
        ("nightly", "log-keys", "", "example.com/log", "keys accepted", "accepted", "adam", AT),
        ("nightly", "log-keys", "", "example.com/log", "keys waits", "waits", None, AT),
        ("nightly", "officer", "", "id0", "PEM 0", "accepted", "adam", AT + 1),
        ("nightly", "officer", "", "id1", "PEM 1", "refused", "adam", AT + 1),
        ("nightly", "officer", "", "id2", "PEM 2", "waits", None, AT + 1),
    ]


def a_newer_database_is_refused(open_at: Callable[[int], Store], version: int) -> None:
    store = open_at(version)
    with store.writing() as rows:
        rows.execute("UPDATE schema_version SET version = ?", version + 1)
    store.close()
    with pytest.raises(StorageError, match=rf"version {version} or older, found version {version + 1}: a newer Assay"):
        open_at(version)
