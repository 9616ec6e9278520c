"""Registers, powers and intervals against worked numbers."""

import numpy as np
import pytest

from analytics import energy, segments
from analytics.arrays import HOUR, SECOND, FloatArray, IntArray
from analytics.energy import Register
from analytics.segments import ESTIMATED, LOWER_BOUND, MEASURED, Segments

MINUTE = 60 * SECOND
QUARTER = 15 * MINUTE
REGISTER = Register(gap=5 * QUARTER // 2)


def _quarters(count: int) -> IntArray:
    return np.arange(count, dtype=np.int64) * QUARTER


def _values(*values: float) -> FloatArray:
    return np.array(values, np.float64)


def _read(*values: float, register: Register = REGISTER) -> Segments:
    return energy.from_register(_quarters(len(values)), _values(*values), register)


def _hours(found: Segments, count: int) -> segments.BucketSums:
    return segments.sums(found, np.arange(count + 1, dtype=np.int64) * HOUR)


def test_differences_belong_to_the_span_between_readings() -> None:
    found = _read(100.0, 101.0, 103.5)
    assert found.start.tolist() == [0, QUARTER]
    assert found.end.tolist() == [QUARTER, 2 * QUARTER]
    assert found.amount.tolist() == [1.0, 2.5]
    assert found.kind.tolist() == [MEASURED, MEASURED]


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_readings_tell_nothing(count: int) -> None:
    assert len(_read(*[5.0] * count)) == 0


def test_roll_over_needs_a_modulus_and_a_register_near_it() -> None:
    known = Register(gap=REGISTER.gap, modulus=1000.0, max_rate=100.0)
    found = _read(999.0, 4.0, register=known)
    assert found.amount.tolist() == pytest.approx([5.0])
    assert found.kind.tolist() == [MEASURED]
    # At 500 it cannot have rolled over: it was reset.
    found = _read(500.0, 4.0, register=known)
    assert found.amount.tolist() == [4.0]
    assert found.kind.tolist() == [LOWER_BOUND]


def test_a_reset_counts_the_new_reading_as_lower_bound() -> None:
    found = _read(100.0, 101.0, 0.5, 1.5)
    assert found.amount.tolist() == [1.0, 0.5, 1.0]
    assert found.kind.tolist() == [MEASURED, LOWER_BOUND, MEASURED]


@pytest.mark.parametrize("wrong", [0.0, 50.0, 5000.0, np.nan, np.inf])
def test_a_single_wrong_reading_is_dropped(wrong: float) -> None:
    register = Register(gap=REGISTER.gap, max_rate=10.0)
    found = _read(100.0, 102.0, wrong, 104.0, 105.0, register=register)
    assert found.amount.tolist() == [2.0, 2.0, 1.0]
    assert (found.end - found.start).tolist() == [QUARTER, 2 * QUARTER, QUARTER]


def test_a_swapped_meter_leaves_its_span_uncovered() -> None:
    register = Register(gap=REGISTER.gap, max_rate=10.0)
    for new in (7000.0, 60.0):
        found = _read(100.0, 101.0, new, new + 1.0, new + 2.0, register=register)
        assert found.amount.tolist() == [1.0, 1.0, 1.0]
        assert found.start.tolist() == [0, 2 * QUARTER, 3 * QUARTER]


def test_a_gap_is_estimated_inside() -> None:
    ts = np.array([0, 4 * HOUR], np.int64)
    found = energy.from_register(ts, _values(10.0, 18.0), REGISTER)
    assert found.kind.tolist() == [ESTIMATED]
    sums = _hours(found, 5)
    assert sums.amount.tolist() == [2.0, 2.0, 2.0, 2.0, 0.0]
    assert sums.estimated.tolist() == sums.amount.tolist()
    assert sums.covered.tolist() == [0] * 5
    assert sums.estimated_time.tolist() == [HOUR] * 4 + [0]


def test_a_power_holds_until_the_next_reading_or_its_hold() -> None:
    ts = np.array([0, 30 * MINUTE, 50 * MINUTE], np.int64)
    found = energy.from_power(ts, _values(1000.0, 3000.0, -600.0), 25 * MINUTE)
    sums = _hours(found, 2)
    # 1 kW for 25 min, 3 kW for 20 min, -0.6 kW for 10 min and 15 min.
    expected = [(25 * 1.0 + 20 * 3.0 - 10 * 0.6) / 60, -15 * 0.6 / 60]
    assert sums.amount.tolist() == pytest.approx(expected)
    assert sums.covered.tolist() == [55 * MINUTE, 15 * MINUTE]


def test_an_interval_ends_at_its_stamp_and_is_split_by_time() -> None:
    ts = np.array([HOUR, HOUR + 15 * MINUTE, HOUR + 20 * MINUTE], np.int64)
    found = energy.from_intervals(ts, _values(4.0, 1.0, 8.0), HOUR // 2)
    # The second and third cannot reach back beyond the end of the one before.
    assert found.start.tolist() == [HOUR // 2, HOUR, HOUR + 15 * MINUTE]
    late = energy.from_intervals(np.array([HOUR + 10 * MINUTE]), _values(3.0), QUARTER)
    assert _hours(late, 2).amount.tolist() == pytest.approx([1.0, 2.0])


def test_clip_turns_a_cut_estimate_into_a_lower_bound() -> None:
    ts = np.array([0, HOUR, 5 * HOUR], np.int64)
    found = energy.from_register(ts, _values(0.0, 1.0, 9.0), Register(gap=HOUR))
    cut = segments.clip(found, HOUR // 2, 3 * HOUR)
    assert cut.amount.tolist() == [0.5, 4.0]
    assert cut.kind.tolist() == [MEASURED, LOWER_BOUND]
    assert cut.end.tolist() == [HOUR, 3 * HOUR]


def test_float32_registers_step_by_their_resolution() -> None:
    register = Register(gap=REGISTER.gap, max_rate=1.0, resolution=0.125)
    found = _read(1048576.0, 1048576.125, 1048576.5, register=register)
    assert found.amount.tolist() == [0.125, 0.375]
