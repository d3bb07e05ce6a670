"""Delivering a project to a server by HTTP: who comes, how often it is tried, and what waits when it cannot be reached.

A pipeline shows either a client secret (``ASSAY_TOKEN_FILE``, a file with ``NAME:SECRET``), or the identity that its CI
job was given: GitHub Actions (``ACTIONS_ID_TOKEN_REQUEST_URL`` and ``..._TOKEN``, which a job with ``id-token: write``
has) or GitLab (``ASSAY_ID_TOKEN``, under ``id_tokens:`` of the job). The server gives a short-lived token for it.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import msgspec

from assay.adapters.folder_reader import FolderReader
from assay.adapters.http_post import Answer, NoAnswerError, get, post
from assay.errors import AssayError, InputError, NotSignedInError, NotThereError, RefusedError, VerificationError
from assay.lifecycle.delivering import Pushed, Refused, deliver_project
from assay.lifecycle.log_shards import shards
from assay.lifecycle.project import read_file
from assay.lifecycle.server_section import address_problem
from assay.lifecycle.storing import publish, staging
from assay.records.canonical import parse_record, sha256_hex
from assay.records.delivery import Asked, Outcome, OutOfStepError, Reached, Taken, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.lifecycle.project import Project

API = "/api/v1"
SECRET_FILE, GITLAB = "ASSAY_TOKEN_FILE", "ASSAY_ID_TOKEN"
GITHUB_URL, GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

PAUSES = (0.3, 0.7, 1.5)
"""Seconds between attempts; with the last one it is told that the server could not be reached."""

_ASK_SECONDS, _DELIVER_SECONDS = 10.0, 120.0
_LONGEST_PAUSE = 5.0
_CAP = 4 * 1024 * 1024
_JSON = "application/json"
_AGAIN = frozenset({429, 500, 502, 503, 504})
_OUT_OF_STEP = HTTPStatus.PRECONDITION_FAILED
_ERRORS: dict[int, type[AssayError]] = {
    400: InputError, 401: NotSignedInError, 403: RefusedError, 404: NotThereError, 409: VerificationError,
    413: InputError, 415: InputError, 422: InputError,
}  # fmt: skip
_REACHED_FILE = "delivered.json"
_REFUSED_FILE = "not-delivered.json"

T = TypeVar("T")


class UnreachableError(AssayError):
    """The server did not answer, however often it was asked; what waits is in the log."""


class _Told(msgspec.Struct):
    message: str


class _ErrorAnswer(msgspec.Struct):
    error: _Told
    reached: Reached | None = None


class _Granted(msgspec.Struct):
    token: str


class _JobToken(msgspec.Struct):
    value: str


@dataclass
class HttpServer:
    """A server that takes deliveries (`assay.lifecycle.delivering.Server`), by HTTP.

    Attributes:
        url: its address.
        environment: where the secret or the job's identity is named.
        sleep: waits between attempts.
    """

    url: str
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Callable[[float], None] = time.sleep
    _token: str | None = None

    def __post_init__(self) -> None:
        """Check the address.

        Raises:
            InputError: when nothing can be delivered there.
        """
        wrong = address_problem(self.url)
        if wrong is not None:
            raise InputError(f"--server: {wrong}")
        self.url = self.url.rstrip("/")

    def reached(self, origin: str) -> Reached:
        """Return how far a log is taken."""
        return self.ask(f"/deliveries/{quote(origin, safe='/')}", Reached)

    def unknown(self, asked: Asked) -> Unknown:
        """Return which documents are to be sent."""
        return self.ask("/known-documents", Unknown, msgspec.json.encode(asked))

    def deliver(self, content: bytes) -> Taken:
        """Deliver; return once it is durable there.

        Raises:
            OutOfStepError: when another delivery came between.
        """
        return self.ask("/deliveries", Taken, content, seconds=_DELIVER_SECONDS)

    def outcome(self, model: str, version: str) -> Outcome:
        """Return what the server has decided on a release that was delivered."""
        return self.ask(f"/releases/{quote(model, safe='')}/{quote(version, safe='')}", Outcome)

    def ask(self, path: str, kind: type[T], body: bytes | None = None, *, seconds: float = _ASK_SECONDS) -> T:
        """Ask a path of its API, by GET or with a JSON body by POST, and read the answer.

        Raises:
            UnreachableError: when it does not answer, however often it is asked.
            AssayError: what it says when it refuses.
        """
        answer = self._signed_in(path, body, seconds)
        if answer.status == HTTPStatus.UNAUTHORIZED:  # the token has ended meanwhile
            self._token = None
            answer = self._signed_in(path, body, seconds)
        return _read(answer, kind, self.url)

    def _signed_in(self, path: str, body: bytes | None, seconds: float) -> Answer:
        if self._token is None:
            self._token = self._exchange()
        return self._try(path, body, seconds, {"Authorization": f"Bearer {self._token}"})

    def _exchange(self) -> str:
        """Exchange the secret, or the job's identity, for a token."""
        body = json.dumps(self._identity()).encode()
        return _read(self._try("/tokens", body, _ASK_SECONDS, {}), _Granted, self.url).token

    def _identity(self) -> dict[str, str]:
        given = self.environment
        if given.get(SECRET_FILE):
            text = read_file(Path(given[SECRET_FILE]), "a pipeline's secret").decode("utf-8", "replace").strip()
            name, colon, secret = text.rpartition(":")
            if not colon or not name or not secret:
                raise InputError(f"{SECRET_FILE}: expected a file with NAME:SECRET, found something else in it")
            return {"pipeline": name, "secret": secret}
        if given.get(GITHUB_URL) and given.get(GITHUB_TOKEN):
            return {"id_token": self._of_github(given[GITHUB_URL], given[GITHUB_TOKEN])}
        if given.get(GITLAB):
            return {"id_token": given[GITLAB]}
        raise InputError(
            f"{self.url}: expected to know who delivers: {SECRET_FILE}=FILE (NAME:SECRET, from an administrator of the "
            f"server), or the identity of a job of GitHub Actions (permissions: id-token: write) or GitLab ({GITLAB} "
            "under id_tokens:), found none"
        )

    def _of_github(self, address: str, token: str) -> str:
        """Ask GitHub for the job's ID token, made out for this server.

        Source: https://docs.github.com/en/actions/reference/security/oidc (requesting the JWT).
        """
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query)) | {"audience": self.url}
        plain = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        headers = {"Authorization": f"Bearer {token}", "Accept": _JSON}
        answer = self._again(lambda: get(plain, query, timeout_s=_ASK_SECONDS, cap=_CAP, headers=headers), parts.netloc)
        if answer.status != HTTPStatus.OK:
            raise RefusedError(f"GitHub gave no identity for this job: {answer.words()}")
        return msgspec.json.decode(answer.body, type=_JobToken).value

    def _try(self, path: str, body: bytes | None, seconds: float, headers: Mapping[str, str]) -> Answer:
        address = f"{self.url}{API}{path}"
        if body is None:
            return self._again(lambda: get(address, timeout_s=seconds, cap=_CAP, headers=headers), self.url)
        return self._again(lambda: post(address, body, _JSON, timeout_s=seconds, cap=_CAP, headers=headers), self.url)

    def _again(self, attempt: Callable[[], Answer], where: str) -> Answer:
        """Try, and try again a little later while nothing but the way or the server's state is wrong."""
        told, pause = "", 0.0
        for wait in (0.0, *PAUSES):
            self.sleep(max(wait, pause))
            pause = 0.0
            try:
                answer = attempt()
            except NoAnswerError as error:
                told = str(error)
                continue
            if answer.status not in _AGAIN:
                return answer
            told, pause = answer.words(), _pause(answer)
        raise UnreachableError(f"{where} could not be reached: {told}")


def push(project: Project, url: str, *, with_names: bool = False, server: HttpServer | None = None) -> Pushed:
    """Deliver to a server what it has not taken yet of a project's log.

    Args:
        project: whose log.
        url: the server's address.
        with_names: disclose the names behind pseudonyms, too.
        server: the way there; by default with the identity that the environment names.

    Raises:
        UnreachableError: when the server does not answer; the message says how many entries wait.
        AssayError: when it refuses, or is not told who delivers.
    """
    server = server or HttpServer(url)
    readers = readers_of(project)
    try:
        again = _refused(project).get(_name(url), ())
        pushed = deliver_project(project, readers, server, with_names=with_names, again=again)
    except UnreachableError as error:
        count = waiting(project, url)
        words = "entry waits" if count == 1 else "entries wait"
        raise UnreachableError(
            f"{error}. {count} {words}, and go with the next run, or with: assay push --server {url}"
        ) from None
    _remember(project, url, pushed)
    return pushed


def readers_of(project: Project) -> list[FolderReader]:
    """Return a project's log and those that go on after it; none while nothing is recorded."""
    return [FolderReader.open(folder) for folder in shards(project.log) if (folder / "checkpoint").is_file()]


def waiting(project: Project, url: str) -> int:
    """Return how many entries wait for a server, as far as can be told here."""
    known = _remembered(project).get(_name(url), {})
    sizes = {reader.key.name: reader.checkpoint().checkpoint.size for reader in readers_of(project)}
    return sum(max(size - known.get(origin, 0), 0) for origin, size in sizes.items())


def _name(url: str) -> str:
    return sha256_hex(url.rstrip("/").encode())[:16]


def _remembered(project: Project) -> dict[str, dict[str, int]]:
    path = project.state / _REACHED_FILE
    return parse_record(path.read_bytes(), dict[str, dict[str, int]], name=path.name) if path.is_file() else {}


def _remember(project: Project, url: str, pushed: Pushed) -> None:
    """Keep how far a server came, so that it can be said what waits while it is away; only the server knows it."""
    sizes = {origin: one.size for origin, one in pushed.reached.items()}
    if sizes and _remembered(project).get(_name(url)) != sizes:
        content = msgspec.json.encode(_remembered(project) | {_name(url): sizes})
        with staging(project.state / _REACHED_FILE) as stage:
            publish(stage, project.state, {_REACHED_FILE: content})
    if _refused(project).get(_name(url), ()) != (refused := tuple(pushed.refused)):
        content = msgspec.json.encode(_refused(project) | {_name(url): refused})
        with staging(project.state / _REFUSED_FILE) as stage:
            publish(stage, project.state, {_REFUSED_FILE: content})


def _refused(project: Project) -> dict[str, tuple[Refused, ...]]:
    path = project.state / _REFUSED_FILE
    return parse_record(path.read_bytes(), dict[str, tuple[Refused, ...]], name=path.name) if path.is_file() else {}


def _pause(answer: Answer) -> float:
    said = answer.retry_after
    return min(float(said), _LONGEST_PAUSE) if said.isascii() and said.isdigit() else 0.0


def _read(answer: Answer, kind: type[T], url: str) -> T:
    if answer.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, ValueError):
            raise InputError(f"{url}: expected an Assay server, found something that answers otherwise") from None
    try:
        told = msgspec.json.decode(answer.body, type=_ErrorAnswer)
    except (msgspec.DecodeError, ValueError):
        raise InputError(f"{url}: expected an Assay server, found one that answers {answer.words()}") from None
    if answer.status == _OUT_OF_STEP and told.reached is not None:
        raise OutOfStepError(told.error.message, told.reached)
    raise _ERRORS.get(answer.status, InputError)(f"{url}: {told.error.message}")


def server_of(project: Project, given: str | None) -> str | None:
    """Return the server that a project delivers to: the one given, that of ``ASSAY_SERVER``, or of `assay.yaml`."""
    section = project.config.server
    return given or os.environ.get("ASSAY_SERVER") or (None if section is None else section.url)


def names_wanted(project: Project) -> bool:
    """Say whether `assay.yaml` lets names be delivered."""
    return project.config.server is not None and project.config.server.names
