"""The server's log as plain files (C2SP tlog-tiles 0.1.0, https://c2sp.org/tlog-tiles): any client can audit it.

::

    GET /log/checkpoint            the signed checkpoint, fresh
    GET /log/tile/0/000.p/17       hashes, and entries below tile/entries; they never change
    GET /log/shards/1/checkpoint   the same of the logs that go on after the first

By ``log: signed-in`` in server.yaml they are for those who may read the trail.
"""

from __future__ import annotations

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from assay.adapters.durable_files import read_file
from assay.adapters.folder_tiles import CHECKPOINT, TILE_CAP
from assay.errors import VerificationError
from assay.server.permits import require
from assay.server.proving import log_folder
from assay.server.serving import By, Here, Server
from assay.tlog.note import MAX_NOTE_BYTES
from assay.tlog.tile import parse_tile_path

NOTE_TYPE, TILE_TYPE = "text/plain", "application/octet-stream"  # the framework says UTF-8 of texts
FRESH, FOREVER = "no-cache", "max-age=31536000, immutable"


@get("/log/checkpoint", opt={"act": "public"}, sync_to_thread=True)
def checkpoint(server: Here, actor: By) -> Response[bytes]:
    """Return the log's signed checkpoint."""
    return _checkpoint(server, actor, 0)


@get("/log/tile/{path:path}", opt={"act": "public"}, sync_to_thread=True)
def tile(server: Here, actor: By, path: FromPath[str]) -> Response[bytes]:
    """Return a tile of hashes, or a bundle of entries below ``entries``."""
    return _tile(server, actor, 0, path)


@get("/log/shards/{number:int}/checkpoint", opt={"act": "public"}, sync_to_thread=True)
def shard_checkpoint(server: Here, actor: By, number: FromPath[int]) -> Response[bytes]:
    """Return the signed checkpoint of a log that goes on after the first."""
    return _checkpoint(server, actor, number)


@get("/log/shards/{number:int}/tile/{path:path}", opt={"act": "public"}, sync_to_thread=True)
def shard_tile(server: Here, actor: By, number: FromPath[int], path: FromPath[str]) -> Response[bytes]:
    """Return a tile or bundle of a log that goes on after the first."""
    return _tile(server, actor, number, path)


def _checkpoint(server: Server, actor: By, number: int) -> Response[bytes]:
    return _file(server, actor, number, CHECKPOINT, MAX_NOTE_BYTES)


def _tile(server: Server, actor: By, number: int, path: str) -> Response[bytes]:
    name = f"tile/{path.lstrip('/')}"
    try:
        parse_tile_path(name)
    except VerificationError as error:
        raise NotFoundException(str(error)) from None
    return _file(server, actor, number, name, TILE_CAP)


def _file(server: Server, actor: By, number: int, name: str, most: int) -> Response[bytes]:
    if server.home.settings.log == "signed-in":
        require(actor, "trail.read")
    folder = log_folder(server.home.log_folder, number)
    content = None if folder is None else read_file(folder / name, most)
    if content is None:
        raise NotFoundException(f"{name}: the log has no such file")
    kind, age = (NOTE_TYPE, FRESH) if name == CHECKPOINT else (TILE_TYPE, FOREVER)
    return Response(content, media_type=kind, headers={"cache-control": age})


ROUTES = (checkpoint, tile, shard_checkpoint, shard_tile)
