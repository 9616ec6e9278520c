"""Joint coverage equals a minute-by-minute loop, alone or with other hours."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics import energy, joint, segments
from analytics.arrays import HOUR, SECOND, IntArray
from analytics.energy import Register
from analytics.segments import MEASURED, Segments

MINUTE = 60 * SECOND
HOURS = 5


@st.composite
def meter(draw: st.DrawFn) -> Segments:
    gaps = draw(st.lists(st.sampled_from([5, 15, 20, 30, 90]), max_size=25))
    ts = (np.cumsum(gaps, dtype=np.int64) - draw(st.integers(0, 60))) * MINUTE
    steps = draw(
        st.lists(
            st.sampled_from([0.0, 1.0, 2.5, -40.0]),
            min_size=len(gaps),
            max_size=len(gaps),
        )
    )
    value = np.asarray(np.abs(100.0 + np.cumsum(steps)), np.float64)
    kind = draw(st.sampled_from(["register", "metered", "power", "interval"]))
    if kind == "register":
        return energy.from_register(ts, value, Register(gap=40 * MINUTE))
    if kind == "metered":
        return energy.metered(ts, value, Register(gap=40 * MINUTE))
    if kind == "power":
        return energy.from_power(ts, value, 40 * MINUTE)
    return energy.from_intervals(ts, value, 15 * MINUTE)


METERS = st.lists(meter(), min_size=1, max_size=4)
EDGES = np.arange(HOURS + 1, dtype=np.int64) * HOUR


def _joint(meters: list[Segments], edges: IntArray) -> joint.JointSums:
    own = [segments.sums(each, edges) for each in meters]
    return joint.together(meters, own, edges)


def _minute(each: Segments, start: int) -> tuple[float, bool] | None:
    """Energy of one minute and whether it is estimated; None if not covered."""
    for i in range(len(each)):
        if each.start[i] <= start and start + MINUTE <= each.end[i]:
            share = MINUTE / (each.end[i] - each.start[i])
            return float(each.amount[i] * share), bool(each.kind[i] != MEASURED)
    return None


@given(METERS)
def test_equals_a_loop_over_minutes(meters: list[Segments]) -> None:
    found = _joint(meters, EDGES)
    amount = np.zeros((HOURS, len(meters)))
    estimated = np.zeros((HOURS, len(meters)))
    covered = np.zeros(HOURS, np.int64)
    rough_time = np.zeros(HOURS, np.int64)
    for minute in range(HOURS * 60):
        parts = [_minute(each, minute * MINUTE) for each in meters]
        known = [part for part in parts if part is not None]
        if len(known) < len(meters):
            continue
        hour = minute // 60
        amount[hour] += [part[0] for part in known]
        estimated[hour] += [part[0] * part[1] for part in known]
        is_rough = any(part[1] for part in known)
        (rough_time if is_rough else covered)[hour] += MINUTE
    np.testing.assert_allclose(found.amount, amount, atol=1e-9)
    np.testing.assert_allclose(found.estimated, estimated, atol=1e-9)
    assert found.covered.tolist() == covered.tolist()
    assert found.estimated_time.tolist() == rough_time.tolist()


@given(METERS)
def test_an_hour_alone_has_the_same_bits(meters: list[Segments]) -> None:
    every = _joint(meters, EDGES)
    for hour in range(HOURS):
        alone = _joint(meters, EDGES[hour : hour + 2])
        for name in alone.__slots__:
            one, many = getattr(alone, name)[0], getattr(every, name)[hour]
            assert one.tobytes() == many.tobytes(), name


@given(METERS)
def test_an_exact_gap_is_whole_and_covered_by_all(meters: list[Segments]) -> None:
    found = _joint(meters, EDGES)
    for hour in np.flatnonzero(found.estimated_time > 0):
        start, end = int(found.gap_start[hour]), int(found.gap_end[hour])
        if start == -joint.FAR:
            continue
        assert start < EDGES[hour + 1]
        assert end > EDGES[hour]
        ends = [each.end[each.kind != MEASURED].tolist() for each in meters]
        assert any(end in each for each in ends)
    measured = found.estimated_time == 0
    assert (found.gap_start[measured] == joint.FAR).all()
    assert not found.estimated[measured].any()
