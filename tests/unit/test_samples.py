from __future__ import annotations

import numpy as np
import pytest

from analytics import samples, segments
from analytics.arrays import HOUR, SECOND
from analytics.segments import ESTIMATED, LOWER_BOUND, MEASURED, Segments

MINUTE = 60 * SECOND


def _minutes(*at: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(at, np.int64) * MINUTE


def test_a_sample_stands_until_the_next_or_as_long_as_usual() -> None:
    found = samples.intervals(_minutes(0, 15, 30, 90, 105))
    assert (found.length // MINUTE).tolist() == [15, 15, 15, 15, 15]
    assert found.is_open.tolist() == [False, False, True, False, True]
    before = samples.intervals_before(_minutes(0, 15, 30, 90, 105))
    assert before.is_open.tolist() == [True, False, False, True, False]


def test_the_usual_step_may_change_within_a_series() -> None:
    at = [*range(0, 300, 15), *range(300, 360)]
    found = samples.intervals(_minutes(*at))
    assert (found.length // MINUTE).tolist() == [15] * 20 + [1] * 60


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5.0] * 100, 0),
        ([1.0, 2.0] * 20 + [2.0] * 5 + [1.0, 2.0] * 20, 6),
        ([float(each) for each in range(60)] + [60.0] * 12, 12),
        ([1.0] * 10 + [2.0] * 10 + [3.0] * 30 + [4.0] * 10, 0),
        ([0.0, 1.0] * 3 + [2.0] * 20, 0),
    ],
)
def test_frozen_is_what_chance_does_not_explain(
    values: list[float], expected: int
) -> None:
    value = np.array(values)
    ts = np.arange(len(value), dtype=np.int64) * 15 * MINUTE
    found = samples.frozen(ts, value[1:] == value[:-1])
    assert np.count_nonzero(found) == expected
    # The same at steps of a second lasts too short to say so.
    quick = samples.frozen(ts // 900, value[1:] == value[:-1])
    assert not quick.any()


def test_the_greatest_is_judged_by_the_rest() -> None:
    assert samples.greatest(np.full(7, 5.0)) == float("inf")
    assert samples.greatest(np.array([*[10.0] * 99, 1e6])) == 200.0


def test_stretches_are_cut_out() -> None:
    start = _minutes(0, 60, 120)
    kind = np.array([MEASURED, ESTIMATED, MEASURED], np.int8)
    found = Segments(start, start + HOUR, np.array([6.0, 12.0, 60.0]), kind)
    left = segments.without(found, _minutes(30, 100), _minutes(70, 120))
    assert (left.start // MINUTE).tolist() == [0, 70, 120]
    assert (left.end // MINUTE).tolist() == [30, 100, 180]
    assert left.amount.tolist() == [3.0, 6.0, 60.0]
    assert left.kind.tolist() == [MEASURED, LOWER_BOUND, MEASURED]
    nothing = np.empty(0, np.int64)
    assert segments.without(found, nothing, nothing) is found
