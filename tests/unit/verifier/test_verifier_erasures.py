"""A record that was rewritten counts as the one that was signed where, and only where, a valid erasure says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from assay.verifier.bundle import check_bundle
from unit.verifier.made_bundle import FOLDER, Making, changed, digest, key_of, make, manifest, without

if TYPE_CHECKING:
    from assay.verifier.findings import Findings

CODE = f"p_{'a' * 32}"
ERASED = "https://assay/event/privacy.erasure/v1"
VERDICT = f"{FOLDER}/verdict.json"


def rewritten(verdict: bytes, approved: str) -> bytes:
    return verdict.replace(b'"vera"', f'"{CODE}"'.encode()).replace(approved.encode(), b"erased-1")


def erased(
    *, kind: str = ERASED, role: str = "data-protection-officer", by: str = "dora", person: str = CODE,
    replaced: dict[str, str] | None = None,
) -> tuple[dict[str, bytes], str]:  # fmt: skip
    """Return a bundle from which the person who approved was erased, and the name of the consent that is gone."""
    known: dict[str, str] = {}

    def note(making: dict[str, Any]) -> None:
        known["approved"] = making["approved"]

    plain = make({"more": note})
    verdict, approved = plain[VERDICT], known["approved"]
    left = rewritten(verdict, approved)
    steps = {digest(verdict): digest(left)} if replaced is None else replaced

    def more(about: dict[str, Any]) -> None:
        making: Making = about["making"]
        fields = {"person": person, "replaced": steps}
        content = making.signed("erasure", kind, {"fields": "00" * 32}, {"fields": fields}, by)
        making.members["erasures/x-1.dsse.json"] = content
        making.entries.append(content)
        making.members["erasures/x-1.tlog-proof"] = content

    def trust(document: dict[str, Any]) -> None:
        document["people"].append({"name": "dora", "roles": [role], "key": key_of("dora")})

    found = make({"more": more, "trust": trust})
    consent = f"{FOLDER}/consents/{approved}"
    found = without(found, *(f"{consent}{end}" for end in (".dsse.json", ".tlog-proof", ".txt")))
    return changed(found, VERDICT, lambda _: left), approved


def checked(members: dict[str, bytes]) -> Findings:
    return check_bundle(members)


def test_an_erasure_that_holds_is_followed_and_told() -> None:
    members, _ = erased()
    found = checked(members)
    assert found.problems == []
    told = "\n".join(found.not_checked)
    assert f"the verdict rests on the approval erased-1 by {CODE}, erased by dora" in told
    assert "entry 7 of the log" in told
    assert told.count("a record was rewritten by an erasure") == 1
    assert digest(make()[VERDICT]) in told
    assert any("was decided 'allow'" in line for line in found.proven)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"role": "validator"}, "expected an erasure by somebody with the role"),
        ({"by": "mila"}, "expected an erasure by somebody with the role"),
        ({"by": "eve"}, "by nobody who is trusted here"),
        ({"kind": "https://assay/event/privacy.erasure.done/v1"}, "expected an erasure by somebody"),
        ({"replaced": {}}, "not what the verification result was signed about"),
        ({"replaced": {"00" * 32: "11" * 32}}, "not what the verification result was signed about"),
        ({"person": f"p_{'b' * 32}"}, f"by {CODE}, which is not in the bundle"),
    ],
)
def test_an_erasure_that_does_not_hold_erases_nothing(options: dict[str, Any], why: str) -> None:
    members, _ = erased(**options)
    assert why in "\n".join(checked(members).problems)


def test_an_erasure_must_have_been_logged() -> None:
    members, _ = erased()
    assert "erasures/x-1" in "\n".join(checked(without(members, f"{FOLDER}/erasures/x-1.tlog-proof")).problems)


def test_another_change_beside_an_erasure_is_seen() -> None:
    members, _ = erased()
    assert checked(changed(members, VERDICT, lambda content: content.replace(b"erased-1", b"erased-2"))).problems


def test_what_an_erasure_does_not_name_is_as_it_was() -> None:
    members, _ = erased()
    assert checked(changed(members, f"{FOLDER}/tally.json", lambda _: b'{"rows":3}')).problems


def test_a_circle_of_erasures_ends() -> None:
    verdict = make()[VERDICT]
    circle = {digest(verdict): digest(verdict)}
    members, _ = erased(replaced=circle)
    assert checked(manifest({**members, VERDICT: verdict})).problems
