"""The stages of the life cycle that `assay run` knows, and how each one measures.

Every stage is the same line: rows to a tally and to what is observed beside it, bound and signed as evidence, decided
under the policy's controls for that stage, attested and recorded. What differs is what is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.lifecycle.assessment import measure_release
from assay.lifecycle.data_stage import measure_data
from assay.lifecycle.monitoring_stage import measure_monitoring
from assay.lifecycle.training import measure_training

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from assay.lifecycle.assessment import Assessed, Before
    from assay.lifecycle.project import Project
    from assay.lifecycle.setting import Setting
    from assay.records.evidence import Stage

STAGES: Mapping[Stage, Callable[..., Assessed]] = {
    "data": measure_data,
    "training": measure_training,
    "release": measure_release,
    "monitoring": measure_monitoring,
}
"""How each stage measures: called with project, policy and keyring, ``key``, ``watched`` and ``before``."""


def measure_stage(
    stage: Stage, project: Project, setting: Setting, *, watched: bool = False, before: Before | None = None
) -> Assessed:
    """Measure one stage and sign what was measured; nothing is written yet.

    ``before`` is called when everything is counted and nothing is measured yet; what it returns become facts.

    Raises:
        InputError: when anything that the stage needs is missing or wrong.
    """
    more = {"scorers": setting.scorers} if stage == "release" else {}  # the stage that has a model to probe
    return STAGES[stage](
        project, setting.policy, setting.keyring, key=setting.key, watched=watched, before=before, **more
    )
