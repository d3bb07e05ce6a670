"""Every plant, one a file, and none as a kind of its own; the list is written by hand and a test holds it complete."""

from bench.causes.lending import Plant
from bench.causes.plants import (
    base_rate,
    calibration,
    cut,
    error_gap,
    feature,
    label_noise,
    missingness,
    none,
    proxy,
    representation,
    sample_size,
    slice,  # noqa: A004 - the field's word, and the file's name
    split_mismatch,
)

PLANTS: tuple[Plant, ...] = (
    sample_size.PLANT,
    representation.PLANT,
    base_rate.PLANT,
    label_noise.PLANT,
    label_noise.ONE_WAY,
    label_noise.LEARNT,
    missingness.PLANT,
    proxy.PLANT,
    split_mismatch.PLANT,
    split_mismatch.RELATION,
    error_gap.PLANT,
    calibration.PLANT,
    feature.PLANT,
    feature.PRODUCT,
    slice.PLANT,
    cut.PLANT,
    cut.MISPLACED,
    *none.PLANTS,
)
