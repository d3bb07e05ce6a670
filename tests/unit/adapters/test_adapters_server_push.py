"""Who delivers, and how often it is tried: against real HTTP servers that behave as told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from assay.adapters.server_push import PAUSES, HttpServer, UnreachableError
from assay.errors import InputError, RefusedError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REACHED = {"origin": "log", "size": 0, "root": "0" * 64, "vkey": None}


class Asked:
    """What a server was asked, and what it answers to each path."""

    def __init__(self, answers: Callable[[str, dict[str, Any]], tuple[int, Any, dict[str, str]]]) -> None:
        self.answers, self.seen = answers, list[tuple[str, dict[str, Any]]]()

    def paths(self) -> list[str]:
        return [urlsplit(path).path for path, _ in self.seen]


@contextmanager
def answering(asked: Asked) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = {"authorization": self.headers.get("Authorization"), "body": json.loads(body) if body else None}
            asked.seen.append((self.path, given))
            status, content, headers = asked.answers(self.path, given)
            sent = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(sent)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _answer  # noqa: N815 - the names that the base class calls

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


def usual(path: str, _given: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    if path.startswith("/github"):
        return 200, {"value": "a job's token", "count": 3}, {}
    if path.endswith("/tokens"):
        return 200, {"token": "t" * 43, "pipeline": "ci", "systems": [], "expires_in": 900}, {}
    return 200, REACHED, {}


def test_a_secret_becomes_a_token_which_is_sent_with_each_request(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ci:a secret\n")
    asked = Asked(usual)
    with answering(asked) as url:
        client = HttpServer(url, {"ASSAY_TOKEN_FILE": str(tmp_path / "secret")})
        assert client.reached("example.com/log").size == 0
        client.reached("example.com/log")
    assert asked.paths() == ["/api/v1/tokens", *["/api/v1/deliveries/example.com/log"] * 2]
    assert asked.seen[0][1]["body"] == {"pipeline": "ci", "secret": "a secret"}
    assert asked.seen[1][1]["authorization"] == f"Bearer {'t' * 43}"


def test_a_job_of_github_shows_the_identity_that_it_was_given() -> None:
    asked = Asked(usual)
    with answering(asked) as url:
        environment = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/github/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of the runner",
        }
        HttpServer(url, environment).reached("log")
        path, given = asked.seen[0]
        assert parse_qs(urlsplit(path).query) == {"api-version": ["2.0"], "audience": [url]}
        assert given["authorization"] == "Bearer of the runner"
    assert asked.seen[1][1]["body"] == {"id_token": "a job's token"}


def test_a_job_of_gitlab_shows_its_id_token() -> None:
    asked = Asked(usual)
    with answering(asked) as url:
        HttpServer(url, {"ASSAY_ID_TOKEN": "of the job"}).reached("log")
    assert asked.seen[0][1]["body"] == {"id_token": "of the job"}


def test_a_token_that_has_ended_is_exchanged_anew_once() -> None:
    def ended(path: str, given: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        tokens = [one for one, _ in asked.seen if one.endswith("/tokens")]
        if not path.endswith("/tokens") and len(tokens) == 1:
            return 401, {"error": {"message": "expected a token that holds"}}, {}
        return usual(path, given)

    asked = Asked(ended)
    with answering(asked) as url:
        assert HttpServer(url, {"ASSAY_ID_TOKEN": "x"}).reached("log").size == 0
    assert asked.paths().count("/api/v1/tokens") == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    waits: list[float] = []

    def busy(path: str, given: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        if len(asked.seen) <= len(PAUSES):
            return status, {"error": {"message": "later"}}, {"Retry-After": "3"}
        return usual(path, given)

    asked = Asked(busy)
    with answering(asked) as url:
        assert HttpServer(url, {"ASSAY_ID_TOKEN": "x"}, waits.append).reached("log").size == 0
    assert [one for one in waits if one] == [3.0] * len(PAUSES)


def test_a_server_that_stays_busy_is_told() -> None:
    asked = Asked(lambda _path, _given: (503, {"error": {"message": "read-only"}}, {}))
    with answering(asked) as url, pytest.raises(UnreachableError, match=r"could not be reached: HTTP 503: .*read-only"):
        HttpServer(url, {"ASSAY_ID_TOKEN": "x"}, lambda _seconds: None).reached("log")
    assert len(asked.seen) == 1 + len(PAUSES)


def test_what_the_server_refuses_is_not_tried_again() -> None:
    asked = Asked(lambda _path, _given: (403, {"error": {"message": "no rule knows this job"}}, {}))
    with answering(asked) as url, pytest.raises(RefusedError, match="no rule knows this job"):
        HttpServer(url, {"ASSAY_ID_TOKEN": "x"}).reached("log")
    assert len(asked.seen) == 1


@pytest.mark.parametrize("content", ["<html>", {"another": "thing"}])
def test_something_that_is_no_assay_server_is_told(content: object) -> None:
    asked = Asked(lambda _path, _given: (200, content, {}))
    with answering(asked) as url, pytest.raises(InputError, match="expected an Assay server"):
        HttpServer(url, {"ASSAY_ID_TOKEN": "x"}).reached("log")


@pytest.mark.parametrize("text", ["", "no colon", ":secret", "ci:"])
def test_a_file_that_holds_no_secret_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret").write_text(text)
    with pytest.raises((InputError, StorageError), match="NAME:SECRET"):
        HttpServer("http://127.0.0.1:1", {"ASSAY_TOKEN_FILE": str(tmp_path / "secret")}).reached("log")
