"""Assay makes AI governance programmable.

The front door: every name here is loaded on first use, so that importing Assay costs next to nothing.

    import assay

    measured = assay.measure_rows("predictions.parquet", assay.Roles(label="approved", prediction="predicted",
                                                                    protected=("sex", "race")))
    release = assay.run(assay.load_project())
    release.verdict.decision      # "allow", "warn", "deny" or "undecided"
    assay.verify("handed-over/", trust=["trust.yaml", "witnesses.policy"]).proven
    with assay.open_trail() as trail:  # questions: production of assay.trail.questions, ...
        answer = trail.proven(production(trail.view(), "mortgage-approval", "2026-10-01"))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from assay.adapters.alerts_here import deliver_alerts as deliver_alerts
    from assay.adapters.challenge_here import challenge as challenge
    from assay.adapters.explaining_here import explain as explain
    from assay.adapters.fairness_monitor import FairnessMonitor as FairnessMonitor
    from assay.adapters.here import assess as assess
    from assay.adapters.here import gate as gate
    from assay.adapters.here import open_desk as open_desk
    from assay.adapters.here import run as run
    from assay.adapters.incidents_here import handle_incident as handle_incident
    from assay.adapters.mitigating_here import mitigate as mitigate
    from assay.adapters.obligations_here import attest_control as attest_control
    from assay.adapters.obligations_here import status as status
    from assay.adapters.reasons_here import reasons as reasons
    from assay.adapters.remediations_here import open_remediation as open_remediation
    from assay.adapters.remediations_here import remediate as remediate
    from assay.adapters.risks_here import record_risk as record_risk
    from assay.adapters.risks_here import risks as risks
    from assay.adapters.spark_profile import compare_spark as compare_spark
    from assay.adapters.spark_profile import profile_spark as profile_spark
    from assay.adapters.spark_tally import tally_spark as tally_spark
    from assay.adapters.trail_here import open_trail as open_trail
    from assay.adapters.trail_here import record as record
    from assay.adapters.verifying_here import verify as verify
    from assay.errors import AssayError as AssayError
    from assay.errors import DataError as DataError
    from assay.errors import DocumentError as DocumentError
    from assay.errors import InputError as InputError
    from assay.errors import NotAllowedError as NotAllowedError
    from assay.errors import TrainingWarning as TrainingWarning
    from assay.errors import VerificationError as VerificationError
    from assay.lifecycle.consenting import approve as approve
    from assay.lifecycle.consenting import revoke as revoke
    from assay.lifecycle.consenting import waive as waive
    from assay.lifecycle.measuring import measure_rows as measure_rows
    from assay.lifecycle.project import load_project as load_project
    from assay.lifecycle.release import require as require
    from assay.lifecycle.shelving import open_packs as open_packs
    from assay.lifecycle.verification import verify_release as verify_release
    from assay.lifecycle.watching import monitor as monitor
    from assay.metrics import METRICS as METRICS
    from assay.metrics import measure as measure
    from assay.policy import decide as decide
    from assay.policy import parse_policy as parse_policy
    from assay.records.evidence import Evidence as Evidence
    from assay.records.measurement import Measurement as Measurement
    from assay.records.tally import Roles as Roles
    from assay.records.tally import Tally as Tally
    from assay.records.verdict import Finding as Finding
    from assay.records.verdict import Verdict as Verdict
    from assay.sequential import SequentialMonitor as SequentialMonitor
    from assay.sequential import watch as watch
    from assay.tabular import Query as Query
    from assay.tabular import Tallier as Tallier
    from assay.tabular import tally_rows as tally_rows

_NAMES = {
    "adapters.challenge_here": ("challenge",),
    "adapters.alerts_here": ("deliver_alerts",),
    "adapters.explaining_here": ("explain",),
    "adapters.fairness_monitor": ("FairnessMonitor",),
    "adapters.here": ("assess", "gate", "open_desk", "run"),
    "adapters.incidents_here": ("handle_incident",),
    "adapters.obligations_here": ("attest_control", "status"),
    "adapters.mitigating_here": ("mitigate",),
    "adapters.reasons_here": ("reasons",),
    "adapters.remediations_here": ("open_remediation", "remediate"),
    "adapters.risks_here": ("record_risk", "risks"),
    "adapters.spark_profile": ("compare_spark", "profile_spark"),
    "adapters.spark_tally": ("tally_spark",),
    "adapters.trail_here": ("open_trail", "record"),
    "adapters.verifying_here": ("verify",),
    "errors": (
        "AssayError",
        "DataError",
        "DocumentError",
        "InputError",
        "NotAllowedError",
        "TrainingWarning",
        "VerificationError",
    ),
    "lifecycle.consenting": ("approve", "revoke", "waive"),
    "lifecycle.measuring": ("measure_rows",),
    "lifecycle.project": ("load_project",),
    "lifecycle.release": ("require",),
    "lifecycle.shelving": ("open_packs",),
    "lifecycle.verification": ("verify_release",),
    "lifecycle.watching": ("monitor",),
    "metrics": ("METRICS", "measure"),
    "policy": ("decide", "parse_policy"),
    "records.evidence": ("Evidence",),
    "records.measurement": ("Measurement",),
    "records.tally": ("Roles", "Tally"),
    "records.verdict": ("Finding", "Verdict"),
    "sequential": ("SequentialMonitor", "watch"),
    "tabular": ("Query", "Tallier", "tally_rows"),
}
_ROOMS = {name: room for room, names in _NAMES.items() for name in names}

__all__ = sorted([*_ROOMS, "__version__"])  # noqa: PLE0605 - the list is made from the table above


def __getattr__(name: str) -> object:
    room = _ROOMS.get(name)
    if room is None:
        raise AttributeError(f"module 'assay' has no attribute {name!r}")
    return getattr(importlib.import_module(f"assay.{room}"), name)


def __dir__() -> list[str]:
    return list(__all__)
