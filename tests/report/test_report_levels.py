"""The three rates to look at are real, shared and apart."""

import math

import pytest

from litcodec.report.levels import nearest, shared, targets


def test_targets_lie_at_15_50_and_85_percent_of_the_shared_range_in_log_bytes():
    # Shared: 1000 to 100,000. The first codec has no file within it, so nothing is replaced.
    found = targets([[10, 1_000_000], [1000, 2_000_000], [5, 100_000]])
    assert [target.level for target in found] == ["low", "middle", "high"]
    assert [math.log10(target.bytes) for target in found] == pytest.approx([3.3, 4.0, 4.7])


def test_the_first_codec_meets_its_targets_exactly():
    sizes = [[900, 2300, 9000, 45_000, 200_000], [1000, 100_000]]
    assert [target.bytes for target in targets(sizes)] == [2300, 9000, 45_000]


def test_a_target_is_never_replaced_by_a_file_that_others_cannot_match():
    # 1990 is nearer to the wanted 2000 than 5000 is, but below all that the second codec has.
    low, _, _ = targets([[990, 5000, 100_000], [1000, 100_000]])
    assert low.bytes == 5000


@pytest.mark.parametrize(
    ("sizes", "middle"),
    [
        ([[500], [100, 1000]], 500.0),  # a codec of one setting
        ([[500, 520], [100, 1000]], math.sqrt(500 * 520)),  # hardly a range
        ([[100, 200], [800, 1000]], 400.0),  # none: as far above the one as below the other, in log
    ],
)
def test_without_a_range_there_is_one_level_where_the_worst_mismatch_is_least(sizes, middle):
    (target,) = targets(sizes)
    assert target == ("middle", pytest.approx(middle))


def test_nearest_is_by_ratio():
    assert nearest([100, 400], 190) == 0  # 1.9 times, not 2.1 times; by difference too
    assert nearest([100, 400], 210) == 1  # by difference it would be the first


def test_ranges_that_touch_are_shared():
    assert shared([[1, 5], [5, 9]])
    assert not shared([[1, 4], [5, 9]])
