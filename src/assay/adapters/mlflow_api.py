"""MLflow's REST API 2.0, as far as a registry's guard needs it (https://mlflow.org/docs/latest/api_reference/rest-api.html).

Artifacts that the server does not proxy are read where they lie, when that is a folder of this machine.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from assay.adapters.http_post import get, get_digest, send
from assay.attest import oms
from assay.errors import AssayError, InputError, NotThereError
from assay.lifecycle.storing import list_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from assay.adapters.http_post import Answer

TIMEOUT_S = 30.0
FILE_TIMEOUT_S = 600.0
ANSWER_CAP, FILE_CAP = 1 << 22, 1 << 36
MOST_FILES, DEEPEST = 10_000, 32
"""More files or folders within folders than this are no model."""

PAGE = "200"
PROXIED = "mlflow-artifacts"
_API = "api/2.0/mlflow"
_JSON = "application/json"


class UnreadableError(AssayError):
    """Artifacts are where nobody can look from here."""


@dataclass(frozen=True, slots=True)
class MlflowApi:
    """An MLflow server.

    Attributes:
        server: its address.
        headers: what it is shown with each request: who asks.
        folders: whether artifacts that it does not proxy are in folders that this machine shares with its clients.
    """

    server: str
    headers: Mapping[str, str] = field(default_factory=dict)
    folders: bool = True

    def ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Ask for something that must be there.

        Raises:
            NoAnswerError: when there is no answer.
            NotThereError: when there is no such thing.
            InputError: when the answer is another.
        """
        answer = get(f"{self._address}/{_API}/{path}", query, timeout_s=TIMEOUT_S, cap=ANSWER_CAP, headers=self.headers)
        return self._read(answer, f"{path} with {_words(query)}")

    def tell(self, method: str, path: str, body: Mapping[str, object]) -> None:
        """Change something.

        Raises:
            NoAnswerError: when there is no answer.
            InputError: when it was not taken.
        """
        content, address = json.dumps(body).encode(), f"{self._address}/{_API}/{path}"
        answer = send(method, address, content, _JSON, timeout_s=TIMEOUT_S, cap=ANSWER_CAP, headers=self.headers)
        self._read(answer, f"{method} {path} with {_words(body)}")

    def models(self) -> Iterator[str]:
        """Yield the names of all registered models."""
        for found in self._pages("registered-models/search", "registered_models", {}):
            yield str(found["name"])

    def versions(self, model: str) -> Iterator[dict[str, Any]]:
        """Yield every version of a registered model."""
        mark = '"' if "'" in model else "'"
        yield from self._pages("model-versions/search", "model_versions", {"filter": f"name={mark}{model}{mark}"})

    def place(self, model: str, version: str) -> str:
        """Return where a version's files lie."""
        found = self.ask("model-versions/get-download-uri", {"name": model, "version": version})
        return str(found.get("artifact_uri", ""))

    def digest(self, place: str) -> str:
        """Return the OpenSSF model-signing root over the files at a place.

        Raises:
            NoAnswerError: when the server does not answer.
            UnreadableError: when they cannot be read from here.
        """
        split = urlsplit(place)
        if split.scheme == PROXIED and not split.netloc:
            return oms.root(sorted(self._proxied(unquote(split.path).strip("/"))))
        local = Path(unquote(split.path) if split.scheme else place) if split.scheme in {"", "file"} else None
        if local is None or not self.folders or not local.exists():
            raise UnreadableError(
                f"its artifacts are at {place}, where this machine cannot look; serve them through the server"
            )
        return list_model(local)[1]

    @property
    def _address(self) -> str:
        return self.server.rstrip("/")

    def _read(self, answer: Answer, what: str) -> dict[str, Any]:
        if answer.status != HTTPStatus.OK:
            kind = NotThereError if answer.status == HTTPStatus.NOT_FOUND else InputError
            raise kind(f"{self.server}: expected {what}, found {answer.words()}")
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{self.server}: expected an MLflow server, found one that answers otherwise")
        return found

    def _pages(self, path: str, name: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = self.ask(path, {**query, "max_results": PAGE, **({"page_token": token} if token else {})})
            yield from page.get(name, ())
            token = page.get("next_page_token") or ""
            if not token:
                return

    def _proxied(self, root: str) -> Iterator[tuple[str, str]]:
        """Yield name and SHA-256 of every file below a folder of the server's artifacts."""
        listed = list(self._listed(root, "", 0))
        kept = set(oms.listed(listed))
        for name in listed:
            if name not in kept:
                continue
            address = f"{self._address}/api/2.0/mlflow-artifacts/artifacts/{quote(f'{root}/{name}')}"
            answer, sha256, _ = get_digest(address, timeout_s=FILE_TIMEOUT_S, cap=FILE_CAP, headers=self.headers)
            if answer.status != HTTPStatus.OK:
                raise UnreadableError(f"the artifact {name} cannot be read: HTTP {answer.status}")
            yield name, sha256
        if not kept:
            raise UnreadableError(f"it has no artifacts at {PROXIED}:/{root}")

    def _listed(self, root: str, below: str, depth: int) -> Iterator[str]:
        if depth > DEEPEST:
            raise UnreadableError(f"its artifacts lie more than {DEEPEST} folders deep")
        where = {"path": f"{root}/{below}".rstrip("/")}
        address = f"{self._address}/api/2.0/mlflow-artifacts/artifacts"
        answer = get(address, where, timeout_s=TIMEOUT_S, cap=ANSWER_CAP, headers=self.headers)
        if answer.status == HTTPStatus.NOT_FOUND:
            return
        if answer.status != HTTPStatus.OK:
            raise UnreadableError(f"its artifacts cannot be listed: {answer.words()}")
        for count, one in enumerate(json.loads(answer.body).get("files", ())):
            if count > MOST_FILES:
                raise UnreadableError(f"it has more than {MOST_FILES:,} artifacts in one folder")
            name = f"{below}/{one['path']}".lstrip("/")
            if one.get("is_dir"):
                yield from self._listed(root, name, depth + 1)
            else:
                yield name


def _words(said: Mapping[str, object]) -> str:
    return " ".join(f"{key} {value!r}" for key, value in said.items())


def credentials(text: str) -> dict[str, str]:
    """Return the header that shows a token, or ``USER:PASSWORD``, to an MLflow server."""
    told = text.strip()
    if ":" in told:
        return {"Authorization": f"Basic {base64.b64encode(told.encode()).decode()}"}
    return {"Authorization": f"Bearer {told}"}
