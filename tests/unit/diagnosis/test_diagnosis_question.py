import pytest

from assay.diagnosis.question import limit_of
from assay.errors import InputError
from assay.records.verdict import Limit


def test_a_difference_is_held_from_above_and_a_ratio_from_below() -> None:
    assert limit_of("demographic_parity_difference", 0.1) == Limit(max=0.1)
    assert limit_of("demographic_parity_ratio", 0.8) == Limit(min=0.8)
    assert limit_of("impact_ratio", 0.8) == Limit(min=0.8)


def test_a_metric_that_compares_no_groups_is_refused_with_the_ones_that_do() -> None:
    with pytest.raises(InputError, match=r"selection_rate.*compares no groups"):
        limit_of("selection_rate", 0.5)
    with pytest.raises(InputError, match="did you mean 'demographic_parity_difference'"):
        limit_of("demographic_parity_diference", 0.1)
