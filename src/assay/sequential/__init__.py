"""Measurements over time in, anytime-valid evidence out: e-processes by betting, and confidence sequences.

Pure: tallies go in, in their order; alerts come out; the state is a value that can be kept and taken up again.
"""

from assay.sequential.monitor import Alert, Open, SequentialMonitor, Standing
from assay.sequential.watched import WATCHABLE, Watch, watch

__all__ = ["WATCHABLE", "Alert", "Open", "SequentialMonitor", "Standing", "Watch", "watch"]
