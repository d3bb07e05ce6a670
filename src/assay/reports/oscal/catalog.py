"""Catalogues: the policy's controls, and the controls of each framework that the policy maps to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.reports import words
from assay.reports.oscal.naming import control_id, metadata, prop, token, uuid_of
from assay.reports.words import plain

if TYPE_CHECKING:
    from assay.packs.form import Pack, PackControl
    from assay.records.verdict import Finding
    from assay.reports.documents.material import Material


def policy_catalog(material: Material, mark: str) -> dict[str, Any]:
    """Return the catalogue of the controls that the version was held against."""
    policy = material.verdict.policy
    controls = [_control(name, some) for name, some in by_control(material).items()]
    return {
        "uuid": uuid_of(material, "catalog", policy.sha256),
        "metadata": metadata(material, f"Controls of the policy {policy.name} {policy.version}", mark),
        "groups": [{"id": token(policy.name), "title": plain(policy.name), "controls": controls}],
    }


def by_control(material: Material) -> dict[str, list[Finding]]:
    """Return the findings of each control of the policy, in the policy's order."""
    found: dict[str, list[Finding]] = {}
    for one in material.verdict.findings:
        found.setdefault(one.control, []).append(one)
    return found


def _control(name: str, findings: list[Finding]) -> dict[str, Any]:
    first, id_ = findings[0], token(name)
    limit = f" Limit: {first.metric or first.check} {words.limit_words(first.limit)}." if first.limit else ""
    props = [prop("check", first.check), prop("enforcement", first.enforcement), prop("severity", first.severity)]
    props += [prop("metric", first.metric)] if first.metric else []
    props += [prop("decide", first.decide)] if first.decide else []
    props += [prop("maps-to", clause) for clause in dict.fromkeys(first.clauses)]
    parts = [
        {"id": f"{id_}_smt", "name": "statement", "prose": plain(f"{first.title}.{limit}")},
        {"id": f"{id_}_obj", "name": "assessment-objective", "prose": plain(f"Check {first.check}: {first.title}")},
    ]
    if first.provenance is not None:
        set_ = first.provenance
        told = f"Set by {set_.set_by} on {set_.when} after {set_.source}: {set_.why}"
        parts.append({"id": f"{id_}_gdn", "name": "guidance", "prose": plain(told)})
    return {"id": id_, "title": plain(first.title), "props": props, "parts": parts}


def framework_catalog(material: Material, pack: Pack, mark: str) -> dict[str, Any]:
    """Return the catalogue of a framework, as it counts on the day of the records."""
    groups: dict[str, list[dict[str, Any]]] = {}
    about = metadata(material, f"{pack.title}, version {pack.version}: paraphrased, not the text", mark)
    if pack.text.url:
        about["links"] = [{"href": pack.text.url, "rel": "reference"}]
    for one in pack.controls:
        groups.setdefault(_group(one), []).append(_of_pack(pack, one))
    return {
        "uuid": uuid_of(material, "catalog", pack.sha256),
        "metadata": about,
        "groups": [
            {"id": token(f"{pack.framework}-{name}"), "title": plain(name), "controls": controls}
            for name, controls in groups.items()
        ],
    }


def _group(control: PackControl) -> str:
    return control.cited.partition("(")[0].partition(".")[0] or control.id


def _of_pack(pack: Pack, control: PackControl) -> dict[str, Any]:
    id_, reading = control_id(pack.framework, control.id), pack.readings[control.verified]
    props = [
        prop("clause", f"{pack.framework}:{control.id}"),
        prop("automation", control.automation),
        prop("verified", str(reading.verified).lower()),
        prop("sure", reading.sure),
        *(prop("role", role) for role in control.roles),
        *(prop("check", check) for check in control.checks),
    ]
    return {
        "id": id_,
        "title": plain(control.title),
        "props": props,
        "parts": [
            {"id": f"{id_}_smt", "name": "statement", "prose": plain(control.says)},
            {
                "id": f"{id_}_obj",
                "name": "assessment-objective",
                "prose": plain(f"Evidence: {', '.join(control.evidence)}"),
            },
        ],
    }
