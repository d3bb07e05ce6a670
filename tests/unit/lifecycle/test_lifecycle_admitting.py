"""May this workload run in this cluster: exemptions, references, break-glass, and the words of the answer."""

from __future__ import annotations

import msgspec
import pytest

from assay.errors import InputError, StorageError
from assay.lifecycle.admitting import Admitted, ClusterSection, Exemption, Glass, Held, Scope, admit, cluster_problems
from assay.lifecycle.clearing import Asked, Clearance
from assay.lifecycle.image_references import asked_of_address, asked_of_image, parse_image

GOOD, BAD, LAPSED, WARNED = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
AT = "2026-11-23T12:00:00Z"
GLASS = Glass(
    id="q_1", cluster="prod", namespace="credit", image_sha256=BAD, reason="the old one leaks",
    until="2026-11-23T14:00:00Z",
)  # fmt: skip


def clear(asked: Asked) -> Clearance:
    known = {
        GOOD: Clearance(allowed=True, status="approved", words="it stands", decision="allow", model_sha256="1" * 64),
        WARNED: Clearance(
            allowed=True, status="approved", words="it stands", decision="warn", model="credit", version="3"
        ),
        LAPSED: Clearance(allowed=False, status="lapsed", words="it has lapsed", model_sha256="2" * 64),
    }
    unknown = Clearance(allowed=False, status="unknown", words="nobody knows it")
    return known.get(asked.image_sha256 or "", unknown)


def image(sha256: str, repository: str = "reg.example/credit/scorecard", place: str = "container 'c'") -> Held:
    return Held(
        place=place, reference=f"image {repository}@sha256:{sha256}", repository=repository,
        asked=Asked(image_sha256=sha256),
    )  # fmt: skip


UNPINNED = Held(place="container 's'", reference="image side:1", repository="docker.io/library/side", untold="pin it")


def asked(
    *things: Held,
    section: ClusterSection | None = None,
    glasses: tuple[Glass, ...] = (),
    namespace: str = "credit",
    cluster: str = "prod",
    at: str = AT,
) -> Admitted:
    return admit(
        things, workload="Deployment credit/scorecard", cluster=cluster, namespace=namespace,
        section=section or ClusterSection(), clear=clear, in_force=lambda: glasses, at=at,
    )  # fmt: skip


def test_what_stands_may_run() -> None:
    found = asked(image(GOOD))
    assert (found.allowed, found.message, found.warnings) == (True, "", ())


def test_one_thing_that_may_not_stops_it_and_each_is_named() -> None:
    found = asked(image(GOOD), image(LAPSED, place="init container 'i'"), UNPINNED)
    assert not found.allowed
    assert found.message.splitlines() == [
        "Deployment credit/scorecard may not run in prod:",
        f"init container 'i', image reg.example/credit/scorecard@sha256:{LAPSED}: it has lapsed",
        "container 's', image side:1: pin it",
    ]
    assert [one.status for one in found.refused] == ["lapsed", "unpinned"]


def test_a_long_list_is_cut_and_counted() -> None:
    found = asked(*[image(BAD, place=f"container '{n}'") for n in range(40)])
    assert found.message.splitlines()[-1] == "... and 28 more"


def test_a_warning_is_passed_on() -> None:
    (warning,) = asked(image(WARNED)).warnings
    assert warning == "container 'c': credit 3 was let out with warnings; its report tells them"


@pytest.mark.parametrize(
    ("exempt", "namespace", "stops"),
    [
        (Exemption(repository="side", reason="a proxy"), "credit", False),
        (Exemption(repository="docker.io/library/*", reason="a proxy"), "credit", False),
        (Exemption(repository="docker.io/*", reason="a proxy"), "credit", False),
        (Exemption(repository="library/*", reason="a proxy"), "credit", False),
        (Exemption(namespace="credit", reason="none"), "credit", False),
        (Exemption(namespace="credit", repository="side", reason="a proxy"), "credit", False),
        (Exemption(namespace="other", repository="side", reason="a proxy"), "credit", True),
        (Exemption(namespace="other", reason="none"), "credit", True),
        (Exemption(repository="sid", reason="a proxy"), "credit", True),
        (Exemption(repository="docker.io/libra*", reason="a proxy"), "credit", True),
        (Exemption(repository="reg.example/*", reason="a proxy"), "credit", True),
    ],
)
def test_what_is_exempt_is_said_and_nothing_else(exempt: Exemption, namespace: str, stops: bool) -> None:
    if exempt.repository is not None and exempt.repository.endswith("libra*"):
        assert list(cluster_problems(ClusterSection(exempt=(exempt,))))
        return
    found = asked(UNPINNED, section=ClusterSection(exempt=(exempt,)), namespace=namespace)
    assert found.allowed is not stops


def test_only_some_may_be_governed() -> None:
    scope = Scope(namespaces=("credit",), repositories=("reg.example/credit/*",), reason="no models elsewhere")
    section = ClusterSection(only=scope)
    assert not asked(UNPINNED, section=section).allowed
    assert asked(UNPINNED, section=section, namespace="web").allowed
    assert not asked(image(BAD), section=section, namespace="web").allowed
    model = Held(place="p", reference="s3://x", untold="may be replaced")
    assert not asked(model, section=section).allowed


@pytest.mark.parametrize(
    ("section", "path"),
    [
        (ClusterSection(exempt=(Exemption(reason="why"),)), ".exempt[0]"),
        (ClusterSection(exempt=(Exemption(namespace="x", reason=" "),)), ".exempt[0].reason"),
        (ClusterSection(exempt=(Exemption(repository="a:1", reason="y"),)), ".exempt[0].repository"),
        (ClusterSection(exempt=(Exemption(repository="*", reason="y"),)), ".exempt[0].repository"),
        (ClusterSection(exempt=(Exemption(repository="A B", reason="y"),)), ".exempt[0].repository"),
        (ClusterSection(only=Scope(reason="y")), ".only"),
        (ClusterSection(only=Scope(namespaces=("x",), reason="")), ".only.reason"),
        (ClusterSection(only=Scope(repositories=("a@b",), reason="y")), ".only.repositories[0]"),
        (ClusterSection(break_glass_hours=0), ".break_glass_hours"),
        (ClusterSection(break_glass_hours=1000), ".break_glass_hours"),
    ],
)
def test_settings_that_would_exempt_too_much_are_wrong(section: ClusterSection, path: str) -> None:
    assert [one for one, _ in cluster_problems(section)] == [path]


def test_settings_that_are_right() -> None:
    right = ClusterSection(
        exempt=(Exemption(repository="localhost:5000/*", reason="y"), Exemption(repository="team/*", reason="y"))
    )
    assert not list(cluster_problems(right))
    assert asked(image(BAD, "localhost:5000/a"), section=right).allowed
    assert asked(image(BAD, "docker.io/team/a"), section=right).allowed
    assert not asked(image(BAD, "docker.io/team"), section=right).allowed


def test_break_glass_lets_in_what_it_names_and_says_so() -> None:
    found = asked(image(BAD), glasses=(GLASS,))
    assert found.allowed
    assert found.warnings == ("break-glass q_1 lets in container 'c' until 2026-11-23T14:00:00Z: the old one leaks",)
    (used,) = found.by_glass
    assert (used.status, used.glass) == ("unknown", GLASS)


@pytest.mark.parametrize(
    "changed",
    [
        {"cluster": "test"},
        {"namespace": "web"},
        {"image_sha256": LAPSED},
        {"until": AT},
        {"image_sha256": None},
        {"image_sha256": None, "model_sha256": "3" * 64},
    ],
)
def test_break_glass_lets_in_nothing_else(changed: dict[str, str | None]) -> None:
    assert not asked(image(BAD), glasses=(msgspec.structs.replace(GLASS, **changed),)).allowed


def test_break_glass_by_the_model() -> None:
    glass = msgspec.structs.replace(GLASS, image_sha256=None, model_sha256="2" * 64)
    assert asked(image(LAPSED), glasses=(glass,)).allowed
    assert not asked(image(LAPSED), UNPINNED, glasses=(glass,)).allowed


def test_a_store_that_cannot_be_read_breaks_no_glass_and_stops_nothing_that_stands() -> None:
    def fails() -> tuple[Glass, ...]:
        raise StorageError("the database is slow")

    def ask(thing: Held) -> Admitted:
        return admit(
            [thing], workload="Pod a/b", cluster="prod", namespace="credit", section=ClusterSection(), clear=clear,
            in_force=fails, at=AT,
        )  # fmt: skip

    assert ask(image(GOOD)).allowed
    found = ask(image(BAD))
    assert not found.allowed
    assert "Whether a break-glass is in force cannot be told: the database is slow" in found.message


@pytest.mark.parametrize(
    ("text", "repository", "sha256"),
    [
        ("nginx", "docker.io/library/nginx", None),
        ("nginx:1.27", "docker.io/library/nginx", None),
        ("team/app", "docker.io/team/app", None),
        ("a/b/c:t", "docker.io/a/b/c", None),
        ("index.docker.io/team/app", "docker.io/team/app", None),
        ("reg.example:5000/team/app:v1@sha256:" + GOOD, "reg.example:5000/team/app", GOOD),
        ("localhost/app@sha256:" + GOOD, "localhost/app", GOOD),
        ("[::1]:5000/app", "[::1]:5000/app", None),
    ],
)
def test_image_references(text: str, repository: str, sha256: str | None) -> None:
    found = parse_image(text)
    assert (found.repository, found.sha256) == (repository, sha256)


@pytest.mark.parametrize(
    "text",
    ["", "a/B", "a b", "a:", "a@", "a@sha256:12", f"a@sha512:{'0' * 128}", f"a@sha256:{'G' * 64}", "a//b", "../a",
     "a@sha256:" + "0" * 65, "x" * 2000, "http://a/b", f"a@sha256:{'A' * 64}", "a\n"],
)  # fmt: skip
def test_what_is_no_image_reference(text: str) -> None:
    with pytest.raises(InputError):
        parse_image(text)


def test_a_tag_is_told_how_to_pin() -> None:
    for text in ("reg:5000/a:1", "reg:5000/a"):
        with pytest.raises(InputError, match="pin it by digest: reg:5000/a@sha256:"):
            asked_of_image(text)


def test_addresses_of_models() -> None:
    assert asked_of_address(f"oci://reg.example/m@sha256:{GOOD}") == Asked(image_sha256=GOOD)
    assert asked_of_address("models:/credit/3") == Asked(model="credit", version="3")
    for text in ("models:/credit", "models:/a/b/c", "models:/credit@x", "s3://a", "hf://a/b", "pvc://a", "", "oci:x"):
        with pytest.raises(InputError):
            asked_of_address(text)
