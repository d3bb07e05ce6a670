"""Hugging Face card metadata: the YAML before a model card, with what was measured as ``model-index``.

The shape is the hub's (https://huggingface.co/docs/hub/model-cards#model-card-metadata). Every number in it is
self-reported by that format's rules: the hub verifies none of them. What was not measured is not in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from assay.reports import words

if TYPE_CHECKING:
    from assay.records.evidence import Dataset
    from assay.records.measurement import Measurement
    from assay.reports.release import Release

LICENSES = frozenset(
    {
        "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0",
        "bsd-2-clause", "bsd-3-clause", "bsl-1.0", "cc", "cc-by-3.0",
        "cc-by-4.0", "cc-by-nc-4.0",
        "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
        "cc0-1.0", "cdla-permissive-2.0", "ecl-2.0", "epl-2.0", "eupl-1.1", "eupl-1.2", "gpl-2.0", "gpl-3.0", "isc",
        "lgpl-2.1", "lgpl-3.0", "mit", "mpl-2.0", "odbl", "odc-by", "osl-3.0", "unlicense", "wtfpl", "zlib",
    }
)  # fmt: skip
"""Licence names that the hub knows; any other is ``other`` with its name beside it."""

CORE = ("selection_rate", "true_positive_rate", "false_positive_rate", "accuracy", "roc_auc", "mean_absolute_error")
"""What a group's entry always holds, where it was measured."""


def metadata(release: Release) -> dict[str, Any]:
    """Return the metadata as a dict, in the order in which it is written."""
    found: dict[str, Any] = {}
    written = release.card.model_details.license if release.card else None
    if written:
        name = written.strip().lower()
        found["license"] = name if name in LICENSES else "other"
        if name not in LICENSES:
            found["license_name"] = re.sub(r"[^a-z0-9.]+", "-", name).strip("-") or "unnamed"
    found["tags"] = [_tag(release.verdict.system), "assay", f"assay-decision-{release.verdict.decision}"]
    measured = [found for found in release.evidence.measurements if found.value is not None and found.unit != "count"]
    if measured:
        found["metrics"] = list(dict.fromkeys(words.plain(one.metric) for one in measured))
        found["model-index"] = [{"name": words.plain(release.verdict.model), "results": _entries(release, measured)}]
    return found


def huggingface(release: Release) -> str:
    """Return the metadata as YAML."""
    import yaml  # noqa: PLC0415 - only this report writes YAML

    return yaml.safe_dump(metadata(release), sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)


def front_matter(release: Release) -> str:
    """Return the metadata as YAML between ``---`` lines, as it opens a model card."""
    return f"---\n{huggingface(release)}---\n"


def _tag(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.plain(name).lower()).strip("-") or "system"


def _entries(release: Release, measured: list[Measurement]) -> list[dict[str, Any]]:
    """Return an entry for everybody and one a group; a group is a ``config`` of the dataset, as the format allows.

    A group's entry holds the core metrics and those that the policy judges. All of them, and the intersections, stand
    in the card.
    """
    by_group: dict[str, list[Measurement]] = {}
    chosen = {*CORE, *(finding.metric for finding in release.verdict.findings)}
    for found in measured:
        if found.group and (len(found.group) > 1 or found.metric not in chosen):
            continue
        by_group.setdefault(words.group_words(found.group) if found.group else "", []).append(found)
    return [
        {"task": _task(release), "dataset": _dataset(release, group), "metrics": [_metric(one) for one in found]}
        for group, found in by_group.items()
    ]


def _task(release: Release) -> dict[str, str]:
    kind = release.tally.roles.task if release.tally else "binary"
    task = "tabular-regression" if kind == "regression" else "tabular-classification"
    return {"type": task, "name": words.plain(release.evidence.materiality.purpose)}


def judged_on(release: Release) -> Dataset | None:
    """Return the dataset that the measurements are about."""
    role = release.evidence.measured_on
    return next((found for found in release.evidence.datasets if found.role == role), None)


def _dataset(release: Release, group: str) -> dict[str, str]:
    dataset = judged_on(release)
    names = ", ".join(words.plain(file.name) for file in dataset.files) if dataset else ""
    found = {"type": "private", "name": names or words.plain(release.evidence.measured_on)}
    if group:
        found["config"] = group
    found["split"] = words.plain(release.evidence.measured_on)
    if dataset:
        found["revision"] = words.plain(dataset.sha256)
    return found


def _metric(found: Measurement) -> dict[str, Any]:
    name = words.metric_words(found.metric)
    if found.over and not found.group:
        name += f" {words.about(found)}"
    if found.one_of is not msgspec.UNSET:
        name += f", class {words.plain(found.one_of)}"
    arguments: dict[str, Any] = {"n": found.n}
    if found.interval:
        arguments |= {"interval": list(found.interval), "level": found.level}
    return {"type": words.plain(found.metric), "value": found.value, "name": name, "args": arguments}
