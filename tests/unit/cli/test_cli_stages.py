"""The stages that the command line offers are those that the life cycle knows."""

from assay.cli.options import STAGES as OFFERED
from assay.lifecycle.stages import STAGES


def test_every_stage_is_offered():
    assert tuple(STAGES) == OFFERED
