"""Break-glass: two people let into a cluster, for hours, what Assay would refuse.

It is a two-person request (`assay.server.store.two_person`) of the kind ``break-glass`` about ``cluster``,
``namespace``, ``image_sha256`` or ``model_sha256``, and ``until``. While it is consented to and not over, the cluster
is answered yes with a warning that names it, and each use is an event. Without the server there is none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assay.errors import DocumentError, InputError, Problem
from assay.lifecycle.admitting import ClusterSection, Glass
from assay.lifecycle.setting import TIME, require_time
from assay.server.store import two_person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from assay.server.store import Rows

WHAT: two_person.What = "break-glass"
_KEYS = ("cluster", "namespace", "image_sha256", "model_sha256", "until")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_HOUR = 3600


def about_glass(given: Mapping[str, str], clusters: Mapping[str, ClusterSection], *, at: str) -> dict[str, str]:
    """Return what a request for break-glass is about, checked; the form of a request calls it.

    Args:
        given: cluster, namespace, image_sha256 or model_sha256, until; ``sha256:`` before a digest may be left out.
        clusters: what the settings say of each cluster.
        at: now, RFC 3339 in UTC.

    Raises:
        DocumentError: with every problem in it.
    """
    about = {name: given[name].strip() for name in _KEYS if given.get(name, "").strip()}
    for name in ("image_sha256", "model_sha256"):
        found = _SHA256.fullmatch(about.get(name, ""))
        if found is not None:
            about[name] = found[1]
    problems = [Problem(WHAT, 0, 0, f"$.{path}", words) for path, words in _problems(about, clusters, at)]
    problems += [
        Problem(WHAT, 0, 0, f"$.{name}", f"expected one of {', '.join(_KEYS)}") for name in given if name not in _KEYS
    ]
    if problems:
        raise DocumentError(problems)
    return about


def _problems(about: Mapping[str, str], clusters: Mapping[str, ClusterSection], at: str) -> Iterator[tuple[str, str]]:
    for name in ("cluster", "namespace"):
        if not _NAME.fullmatch(about.get(name, "")):
            yield name, f"expected the {name}'s name, found {about.get(name, '')!r}"
    named = [name for name in ("image_sha256", "model_sha256") if name in about]
    if len(named) != 1:
        yield "image_sha256", f"expected the digest of one image or of one model, found {len(named)}"
    for name in named:
        if not _SHA256.fullmatch(about[name]):
            yield name, f"expected 64 hexadecimal digits, found {about[name][:80]!r}"
    most = clusters.get(about.get("cluster", ""), ClusterSection()).break_glass_hours
    try:
        require_time(about.get("until", ""), "until")
    except InputError as error:
        yield "until", str(error)
        return
    latest = (datetime.fromisoformat(at) + timedelta(hours=most)).strftime(TIME)
    if not at < about["until"] <= latest:
        yield "until", f"expected a time after {at} and at most {most} hours later, {latest}, found {about['until']}"


def glass_of(request: two_person.Request, clusters: Mapping[str, ClusterSection]) -> Glass | None:
    """Return a request as a break-glass; None where it is none that two people have agreed on.

    It ends when it says, when the request does, and when the cluster's longest time is over, whichever is first.
    """
    about, decided = request.about, request.decided_at
    agreed = (
        request.what == WHAT and request.state == "consented" and request.decided_by not in {None, request.asked_by}
    )
    if not agreed or decided is None or not {"cluster", "namespace", "until"} <= about.keys():
        return None
    longest = clusters.get(about["cluster"], ClusterSection()).break_glass_hours * _HOUR
    ends = datetime.fromtimestamp(min(request.expires_at, decided + longest), UTC).strftime(TIME)
    return Glass(
        id=request.id,
        cluster=about["cluster"],
        namespace=about["namespace"],
        image_sha256=about.get("image_sha256"),
        model_sha256=about.get("model_sha256"),
        reason=request.reason,
        until=min(about["until"], ends),
    )


def glasses_of(rows: Rows, cluster: str, clusters: Mapping[str, ClusterSection], *, at: str) -> Sequence[Glass]:
    """Return the break-glasses of a cluster that are in force.

    Args:
        rows: a transaction that reads.
        cluster: the cluster.
        clusters: what the settings say of each cluster.
        at: now, RFC 3339 in UTC.

    Raises:
        StorageError: when the database is absent or slow.
    """
    found = [glass_of(one, clusters) for one in two_person.latest(rows)]
    return [one for one in found if one is not None and one.cluster == cluster and at < one.until]
