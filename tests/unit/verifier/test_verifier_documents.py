"""A view of a release is proven where a signed event in the log names its digest and its verdict's, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from assay.verifier.bundle import check_bundle
from unit.verifier.made_bundle import FOLDER, Making, changed, digest, make, manifest, without

ISSUED = "https://assay/event/report.issued/v1"
STEM = f"{FOLDER}/documents/report.html"
VERDICT = digest(make()[f"{FOLDER}/verdict.json"])


def issued(
    *,
    kind: str = ISSUED,
    by: str = "mila",
    view: str = "report.html",
    **fields: Any,  # noqa: ANN401 - of an event
) -> dict[str, bytes]:
    """Return a bundle with an event about its report, or another view."""

    def more(about: dict[str, Any]) -> None:
        making: Making = about["making"]
        making.members[view] = b"<p>"
        said = {"report": view, "report_sha256": digest(b"<p>"), "verdict_sha256": VERDICT} | fields
        content = making.signed("issued", kind, {"report": said["report_sha256"]}, {"fields": said}, by)
        making.members[f"documents/{view}.dsse.json"] = content
        making.entries.append(content)
        making.members[f"documents/{view}.tlog-proof"] = content

    return make({"more": more})


@pytest.mark.parametrize("view", ["report.html", "model-card.md", "datasheet.md", "explanation.json"])
def test_a_view_that_was_logged_is_proven(view: str) -> None:
    found = check_bundle(issued(view=view))
    assert found.problems == []
    (line,) = [one for one in found.proven if view in one]
    assert f"{view} is what was written about the verdict, signed by mila (" in line
    assert "; it is entry 7 of the log" in line
    assert not any(view in one for one in found.not_checked)


def test_one_that_nobody_logged_is_a_view() -> None:
    found = check_bundle(without(issued(), f"{STEM}.dsse.json", f"{STEM}.tlog-proof"))
    assert found.problems == []
    assert any("report.html is a view for people; what is signed are the records" in one for one in found.not_checked)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"kind": "https://assay/event/monitor.ack/v1"}, "written: https://assay/event/monitor.ack/v1"),
        ({"by": "eve"}, "is by nobody who is trusted here"),
        ({"verdict_sha256": "00" * 32}, "changed after it was written: verdict_sha256"),
        ({"report": "datasheet.md"}, "changed after it was written: report"),
        ({"report_sha256": digest(b"<q>")}, "changed after it was written: report_sha256"),
    ],
)
def test_an_event_that_does_not_hold_is_named(options: dict[str, Any], why: str) -> None:
    found = check_bundle(issued(**options))
    assert len(found.problems) == 1
    assert why in found.problems[0]
    assert not any("report.html" in one for one in found.proven)


def test_a_changed_view_and_a_missing_proof_are_named() -> None:
    (problem,) = check_bundle(changed(issued(), f"{FOLDER}/report.html", lambda _: b"<q>")).problems
    assert "report.html: it or the verdict was changed after it was written: report_sha256" in problem
    (problem,) = check_bundle(without(issued(), f"{FOLDER}/report.html")).problems
    assert "report.html: it or the verdict was changed after it was written: report_sha256" in problem
    (problem,) = check_bundle(without(issued(), f"{STEM}.tlog-proof")).problems
    assert "documents/report.html.dsse.json: expected a .tlog-proof of it that holds, found none" in problem


FILED = "https://assay/event/document.filed/v1"
ANNEX = "documents/5-annex-iv.md"


def handed_over(*, kind: str = ISSUED, by: str = "mila", content: bytes = b"annex", **fields: Any) -> dict[str, bytes]:  # noqa: ANN401 - of an event
    """Return a bundle with a document beside its releases, and the event that names it."""
    what, sha256 = ("report", "report_sha256") if kind == ISSUED else ("document", "document_sha256")

    def more(about: dict[str, Any]) -> None:
        making: Making = about["making"]
        said = {what: "annex-iv", sha256: digest(content)} | fields
        event = making.signed("issued", kind, {"annex": digest(content)}, {"fields": said}, by)
        making.entries.append(event)
        making.members |= {ANNEX: content, f"{ANNEX}.dsse.json": event, f"{ANNEX}.tlog-proof": event}

    made = make({"more": more})
    return manifest(
        {name.removeprefix(f"{FOLDER}/") if "annex-iv" in name else name: one for name, one in made.items()}
    )


@pytest.mark.parametrize(("kind", "done"), [(ISSUED, "issued"), (FILED, "filed")])
def test_a_document_that_was_issued_or_filed_is_proven(kind: str, done: str) -> None:
    found = check_bundle(handed_over(kind=kind))
    assert found.problems == []
    (line,) = [one for one in found.proven if one.startswith(ANNEX)]
    assert line.startswith(f"{ANNEX} is what mila (data-scientist; key ")
    assert f") {done} as annex-iv; it is entry 7 of the log" in line


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"kind": "https://assay/event/monitor.ack/v1"}, "issued or filed, found https://assay/event/monitor.ack/v1"),
        ({"by": "eve"}, "is by nobody who is trusted here"),
        ({"report_sha256": "00" * 32}, f"{ANNEX}: was changed after it was issued: the log names another SHA-256"),
    ],
)
def test_a_document_is_not_proven_by_another_event(options: dict[str, Any], why: str) -> None:
    found = check_bundle(handed_over(**options))
    (problem,) = found.problems
    assert why in problem
    assert not any(one.startswith(ANNEX) for one in found.proven)


def test_a_document_without_its_event_or_proof_and_an_event_without_its_document_are_named() -> None:
    both = f"{ANNEX}: expected the document and the signed event that names it, found one of them"
    assert both in check_bundle(without(handed_over(), ANNEX)).problems
    assert both in check_bundle(without(handed_over(), f"{ANNEX}.dsse.json")).problems
    (problem,) = check_bundle(without(handed_over(), f"{ANNEX}.tlog-proof")).problems
    assert problem == f"{ANNEX}.dsse.json: expected a .tlog-proof of it that holds, found none"
    (problem,) = check_bundle(changed(handed_over(), ANNEX, lambda _: b"bent")).problems
    assert problem == f"{ANNEX}: was changed after it was issued: the log names another SHA-256"
    (problem,) = check_bundle(without(handed_over(), ANNEX, f"{ANNEX}.dsse.json")).problems
    assert "expected the document and the signed event" in problem  # a proof of nothing


def test_a_document_may_bring_a_second_proof_under_a_stamped_checkpoint() -> None:
    made = handed_over()
    found = check_bundle(manifest({**made, f"{ANNEX}.stamped.tlog-proof": made[f"{ANNEX}.tlog-proof"]}))
    assert found.problems == []
    (line,) = [one for one in found.proven if one.startswith(ANNEX)]
    assert line.count("under its signed checkpoint") == 2
