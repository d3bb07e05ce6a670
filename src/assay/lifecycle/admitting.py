"""May this workload run in this cluster? Each image and model in it is asked about, and one that may not stops it.

Everything that a cluster asks about is governed, unless the server's settings exempt it, with a reason. While a
break-glass is in force, which two people have agreed on, it lets in what it names, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from assay.errors import AssayError, InputError
from assay.lifecycle.clearing import Asked, Clearance
from assay.lifecycle.image_references import parse_image
from assay.records.tally import Frozen

if TYPE_CHECKING:
    from assay.lifecycle.serving import Status

MAX_HOURS = 72
MAX_WARNING, MAX_WARNINGS = 250, 15  # what kubectl shows whole
_MAX_REFUSED = 12
_BELOW = "/*"


class Exemption(Frozen, kw_only=True):
    """What is not asked about, and why; where both are given, both must match.

    Attributes:
        namespace: the namespace.
        repository: the image's repository, ``registry.example.com/team/name``, or all below one: ``.../team/*``.
        reason: why no model comes by it.
    """

    namespace: str | None = None
    repository: str | None = None
    reason: str


class Scope(Frozen, kw_only=True):
    """What alone is governed, where that is not everything.

    Attributes:
        namespaces: the namespaces.
        repositories: repositories, as in `Exemption`.
        reason: why nothing else can bring a model.
    """

    namespaces: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    reason: str


class ClusterSection(Frozen, kw_only=True):
    """What a server's settings say of a cluster.

    Attributes:
        only: what alone is governed; by default everything that the cluster asks about.
        exempt: what is exempt.
        break_glass_hours: how long a break-glass may last at most.
    """

    only: Scope | None = None
    exempt: tuple[Exemption, ...] = ()
    break_glass_hours: int = 4

    def exempts(self, namespace: str, repository: str | None) -> str | None:
        """Return why something is not governed; None where it is."""
        for one in self.exempt:
            if one.namespace in {None, namespace} and (one.repository is None or _is_in(repository, one.repository)):
                return one.reason
        if self.only is None or namespace in self.only.namespaces:
            return None
        return None if any(_is_in(repository, one) for one in self.only.repositories) else self.only.reason


def cluster_problems(section: ClusterSection) -> Iterator[tuple[str, str]]:
    """Yield what is wrong in a cluster's section: JSON path below it, and message."""
    for at, one in enumerate(section.exempt):
        if one.namespace is None and one.repository is None:
            yield f".exempt[{at}]", "expected a namespace, a repository or both: this would exempt everything"
        if not one.reason.strip():
            yield f".exempt[{at}].reason", "expected why no model comes by it, found an empty text"
        if one.repository is not None:
            yield from _repository_problems(f".exempt[{at}].repository", one.repository)
    if section.only is not None:
        if not section.only.namespaces and not section.only.repositories:
            yield ".only", "expected namespaces, repositories or both: this would govern nothing"
        if not section.only.reason.strip():
            yield ".only.reason", "expected why nothing else can bring a model, found an empty text"
        for at, text in enumerate(section.only.repositories):
            yield from _repository_problems(f".only.repositories[{at}]", text)
    if not 1 <= section.break_glass_hours <= MAX_HOURS:
        yield ".break_glass_hours", f"expected 1 to {MAX_HOURS}, found {section.break_glass_hours}"


def _repository_problems(path: str, text: str) -> Iterator[tuple[str, str]]:
    name = text.removesuffix(_BELOW)
    try:
        named = parse_image(f"{name}/any" if _is_registry(text) else name)
    except InputError:
        named = None
    if named is None or named.tag is not None or named.sha256 is not None or "*" in name:
        yield (
            path,
            f"expected a repository such as registry.example.com/team/name, or all below: team/*, found {text!r}",
        )


def _is_registry(listed: str) -> bool:
    """Say whether all of a registry is meant: ``registry.example.com/*``."""
    name = listed.removesuffix(_BELOW)
    return listed.endswith(_BELOW) and "/" not in name and ("." in name or ":" in name or name == "localhost")


def _is_in(repository: str | None, listed: str) -> bool:
    if repository is None:
        return False
    below = listed.endswith(_BELOW)
    name = listed.removesuffix(_BELOW)
    if _is_registry(listed):
        return repository.startswith(f"{name}/")
    named = parse_image(name).repository
    if below and "/" not in name:
        named = f"{named.partition('/')[0]}/{name}"  # docker.io/team, not docker.io/library/team
    return repository.startswith(f"{named}/") if below else repository == named


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One thing that a workload would run.

    Attributes:
        place: where in the workload it is named: ``container 'c'``.
        reference: as it is named there.
        asked: what can be asked about it; None where that cannot be told.
        repository: the image's repository; None of what is no image.
        untold: why it cannot be told, and what to do.
    """

    place: str
    reference: str
    asked: Asked | None = None
    repository: str | None = None
    untold: str = ""


class Glass(Frozen, kw_only=True):
    """A break-glass: for a time, something may run that may not.

    Attributes:
        id: id of the request that two people have signed off.
        cluster: the cluster.
        namespace: the namespace.
        image_sha256: digest of the image; it or the model's is given.
        model_sha256: root digest of the model's files.
        reason: why.
        until: when it ends, RFC 3339 in UTC.
    """

    id: str
    cluster: str
    namespace: str
    image_sha256: str | None = None
    model_sha256: str | None = None
    reason: str
    until: str

    def lets_in(self, one: Held, found: Clearance, *, cluster: str, namespace: str, at: str) -> bool:
        """Say whether it is about this, here and now."""
        if (self.cluster, self.namespace) != (cluster, namespace) or at >= self.until or one.asked is None:
            return False
        if self.image_sha256 is not None:
            return self.image_sha256 == one.asked.image_sha256
        return self.model_sha256 is not None and self.model_sha256 == found.model_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What came of one thing.

    Attributes:
        held: the thing.
        status: how it stands: of its clearance; ``unpinned`` where nothing could be asked.
        allowed: whether it stops nothing.
        exempt: why it was not asked about.
        words: why.
        clearance: what was found.
        glass: the break-glass that lets it in.
    """

    held: Held
    status: Status | Literal["unpinned"]
    allowed: bool
    words: str
    exempt: str | None = None
    clearance: Clearance | None = None
    glass: Glass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The answer about one workload.

    Attributes:
        allowed: whether it may run.
        message: why not, every refused thing a line; empty where it may.
        warnings: what whoever asked is told though it may run.
        rulings: of each thing.
    """

    allowed: bool
    message: str = ""
    warnings: tuple[str, ...] = ()
    rulings: tuple[Ruling, ...] = ()

    @property
    def refused(self) -> tuple[Ruling, ...]:
        """What stops it."""
        return tuple(one for one in self.rulings if not one.allowed)

    @property
    def by_glass(self) -> tuple[Ruling, ...]:
        """What a break-glass lets in."""
        return tuple(one for one in self.rulings if one.glass is not None)


Clear: TypeAlias = Callable[[Asked], Clearance]
InForce: TypeAlias = Callable[[], Sequence[Glass]]
"""The break-glasses that two people have agreed on; asked only where something would be refused."""


def admit(
    things: Sequence[Held],
    *,
    workload: str,
    cluster: str,
    namespace: str,
    section: ClusterSection,
    clear: Clear,
    in_force: InForce,
    at: str,
) -> Admitted:
    """Decide whether a workload may run.

    Args:
        things: the images and models in it.
        workload: what it is called, for the answer: ``Deployment credit/scorecard``.
        cluster: the cluster that asks.
        namespace: where it would run.
        section: what is exempt there.
        clear: says whether something may run.
        in_force: tells the break-glasses.
        at: now, RFC 3339 in UTC.
    """
    rulings = [_rule(one, section.exempts(namespace, one.repository), clear) for one in things]
    unsure = ""
    if not all(one.allowed for one in rulings):
        try:
            glasses = [one for one in in_force() if at < one.until]
        except AssayError as error:
            glasses, unsure = [], f"\nWhether a break-glass is in force cannot be told: {error}"
        rulings = [_with_glass(one, glasses, cluster=cluster, namespace=namespace, at=at) for one in rulings]
    refused = [one for one in rulings if not one.allowed]
    if refused:
        return Admitted(allowed=False, message=_message(workload, cluster, refused) + unsure, rulings=tuple(rulings))
    return Admitted(allowed=True, warnings=tuple(_warnings(rulings)), rulings=tuple(rulings))


def _rule(one: Held, exempt: str | None, clear: Clear) -> Ruling:
    if exempt is not None:
        return Ruling(held=one, status="approved", allowed=True, exempt=exempt, words=exempt)
    if one.asked is None:
        return Ruling(held=one, status="unpinned", allowed=False, words=one.untold)
    found = clear(one.asked)
    return Ruling(held=one, status=found.status, allowed=found.allowed, words=found.words, clearance=found)


def _with_glass(one: Ruling, glasses: Sequence[Glass], *, cluster: str, namespace: str, at: str) -> Ruling:
    if one.allowed or one.clearance is None:
        return one
    for glass in glasses:
        if glass.lets_in(one.held, one.clearance, cluster=cluster, namespace=namespace, at=at):
            return Ruling(
                held=one.held, status=one.status, allowed=True, words=one.words, clearance=one.clearance, glass=glass
            )
    return one


def _message(workload: str, cluster: str, refused: Sequence[Ruling]) -> str:
    lines = [f"{workload} may not run in {cluster}:"]
    lines += [f"{one.held.place}, {one.held.reference}: {one.words}" for one in refused[:_MAX_REFUSED]]
    more = len(refused) - _MAX_REFUSED
    return "\n".join([*lines, *([f"... and {more} more"] if more > 0 else [])])


def _warnings(rulings: Sequence[Ruling]) -> Iterator[str]:
    told = []
    for one in rulings:
        if one.glass is not None:
            told.append(
                f"break-glass {one.glass.id} lets in {one.held.place} until {one.glass.until}: {one.glass.reason}"
            )
        elif one.clearance is not None and one.clearance.decision == "warn":
            name = f"{one.clearance.model} {one.clearance.version}"
            told.append(f"{one.held.place}: {name} was let out with warnings; its report tells them")
    for text in told[:MAX_WARNINGS]:
        yield text if len(text) <= MAX_WARNING else f"{text[: MAX_WARNING - 3]}..."
