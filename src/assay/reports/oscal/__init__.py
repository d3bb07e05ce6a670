"""OSCAL 1.2.1 out of a release: catalogues, component definition, assessment plan, results, plan of action.

Plain JSON is written, with deterministic UUIDs; a test validates it with compliance-trestle. Assay exports OSCAL and
does not author in it. Source: https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assay.errors import InputError, suggest
from assay.reports.documents.asking import made_from
from assay.reports.oscal import assessment, catalog
from assay.reports.oscal.naming import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from assay.reports.documents.form import Made
    from assay.reports.documents.material import Material

    Maker = Callable[[Material, str], dict[str, Any]]

_MODELS: dict[str, tuple[str, Maker]] = {
    "oscal-catalog": ("catalog", catalog.policy_catalog),
    "oscal-component-definition": ("component-definition", assessment.component_definition),
    "oscal-assessment-plan": ("assessment-plan", assessment.assessment_plan),
    "oscal-assessment-results": ("assessment-results", assessment.assessment_results),
    "oscal-poam": ("plan-of-action-and-milestones", assessment.plan_of_action),
}
OSCAL = tuple(_MODELS)
"""The kinds of file."""


@dataclass(frozen=True, kw_only=True)
class OscalFile:
    """One file.

    Attributes:
        kind: which, such as ``oscal-poam``.
        made: what it was made from.
        content: its bytes.
    """

    kind: str
    made: Made
    content: bytes


def oscal_file(kind: str, material: Material) -> OscalFile:
    """Make one of the files of `OSCAL`.

    Raises:
        InputError: when there is no such kind.
    """
    if kind not in _MODELS:
        raise InputError(f"expected one of {', '.join(OSCAL)}, found {kind!r}{suggest(kind, OSCAL)}")
    root, maker = _MODELS[kind]
    made = made_from(material)
    return OscalFile(kind=kind, made=made, content=written(root, maker(material, made.mark(kind))))


def oscal_files(material: Material) -> Iterator[OscalFile]:
    """Yield every file, and a catalogue of each framework that the policy maps to and a pack is of."""
    for kind in OSCAL:
        yield oscal_file(kind, material)
    cited = {clause.partition(":")[0] for one in material.verdict.findings for clause in one.clauses}
    for framework in sorted(cited):
        try:
            pack = material.pack(framework)
        except InputError:
            continue  # no pack of it counts: `assay policy lint` tells; nothing can be listed
        kind, made = f"oscal-catalog-{framework}", made_from(material)
        body = catalog.framework_catalog(material, pack, made.mark(kind))
        yield OscalFile(kind=kind, made=made, content=written("catalog", body))
