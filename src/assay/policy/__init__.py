"""Policy text in, Policy out; policy and evidence in, verdict out. Pure and total."""

from __future__ import annotations

from assay.policy.compare import Change, changes
from assay.policy.decision import decide, find
from assay.policy.form import Policy
from assay.policy.parse import parse_policy
from assay.policy.plan import Plan, plan

__all__ = ["Change", "Plan", "Policy", "changes", "decide", "find", "parse_policy", "plan"]
