"""Scores and sample counts: from any point on the same as all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics import signals, thresholds
from analytics.signals import Rate, Repeat, Signal, Sums

if TYPE_CHECKING:
    from analytics.signals import Measure
    from analytics.thresholds import FloatArray, IntArray

readings = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from([0.0, 0.5, 1.0, 2.5, 4.0, 6.0])),
    min_size=2,
    max_size=40,
).map(
    lambda steps: (
        np.cumsum([step for step, _ in steps]).astype(np.int64),
        np.array([value for _, value in steps]),
    )
)
measures: st.SearchStrategy[Measure] = st.one_of(
    st.builds(signals.Plain),
    st.builds(Rate, st.sampled_from([10, 40, 90]), st.just(60)),
    st.builds(
        Sums,
        st.just((60, 30)),
        st.just((4.0, 6.0)),
        st.just(1.0),
        st.booleans(),
        st.sampled_from([None, 8.0]),
        st.sampled_from([np.inf, 1e-8]),
    ),
)
repeats = st.one_of(
    st.none(), st.builds(Repeat, st.integers(2, 3), st.sampled_from([20, 80]))
)


@given(readings, measures, repeats, st.integers(0, 38))
def test_the_kept_readings_give_the_same_scores(
    found: tuple[IntArray, FloatArray],
    measure: Measure,
    repeat: Repeat | None,
    cut: int,
) -> None:
    ts, value = found
    signal = Signal(measure, 1.0, 1.75, repeat=repeat)
    whole = signal.apply(ts, value).score
    cut = min(cut + 1, len(ts) - 1)
    first = int(signal.tails(ts[:cut], np.arange(cut) == 0)[0])
    part = signal.apply(ts[first:], value[first:]).score[cut - first :]
    np.testing.assert_array_equal(part, whole[cut:])


@given(st.lists(readings, min_size=1, max_size=4), measures, repeats)
def test_series_together_have_the_scores_of_each_alone(
    found: list[tuple[IntArray, FloatArray]],
    measure: Measure,
    repeat: Repeat | None,
) -> None:
    signal = Signal(measure, 1.0, 1.75, repeat=repeat)
    ts, value = (np.concatenate(each) for each in zip(*found, strict=True))
    first = np.concatenate([np.arange(len(each)) == 0 for each, _ in found])
    alone = [signal.apply(*each) for each in found]
    together = signal.apply_all(ts, value, first)
    for mine, whole in zip(zip(*alone, strict=True), together, strict=True):
        np.testing.assert_array_equal(np.concatenate(mine), whole)
    kept = [int(signal.tails(each, np.arange(len(each)) == 0)[0]) for each, _ in found]
    expected = np.flatnonzero(first) + kept
    np.testing.assert_array_equal(signal.tails(ts, first), expected)


def _limits(on: int, off: int, delay: int) -> thresholds.Limits:
    one = np.ones(1, np.int64)
    return thresholds.Limits(
        sign=np.ones(1),
        limit=np.array([[1.75, 3.0]]),
        deadband=np.full(1, 1.0),
        on_delay=one * delay,
        off_delay=one * delay,
        hold=one * 30,
        on_samples=one * on,
        off_samples=one * off,
    )


def _naive(
    ts: IntArray, value: FloatArray, on: int, off: int
) -> list[tuple[int, bool]]:
    """Raises and clears without delays, counted one by one."""
    events, active, kind, count = [], False, "", 0
    for at, each in zip(ts.tolist(), value.tolist(), strict=True):
        now = "over" if each > 1.75 else "back" if each <= 0.75 else "between"
        count = count + 1 if now == kind else 1
        kind = now
        if kind == "over" and not active and count >= on:
            active = True
            events.append((at, True))
        if kind == "back" and active and count >= off:
            active = False
            events.append((at, False))
    return events


@given(readings, st.integers(1, 4), st.integers(1, 4))
def test_counted_readings_raise_and_clear(
    found: tuple[IntArray, FloatArray], on: int, off: int
) -> None:
    ts, value = found
    rows = np.zeros(len(ts), np.int64)
    _, all_ = thresholds.advance(
        _limits(on, off, 0), thresholds.initial(1), rows, ts, value
    )
    flips = all_[all_["kind"] != thresholds.SEVERITY]
    got = [(int(each["ts"]), each["kind"] == thresholds.RAISE) for each in flips]
    assert got == _naive(ts, value, on, off)


@given(
    readings,
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([0, 15, 50]),
    st.integers(0, 38),
)
def test_counts_are_carried_over(
    found: tuple[IntArray, FloatArray], on: int, off: int, delay: int, cut: int
) -> None:
    ts, value = found
    cut = min(cut + 1, len(ts) - 1)
    limits = _limits(on, off, delay)
    rows = np.zeros(len(ts), np.int64)
    whole, at_once = thresholds.advance(limits, thresholds.initial(1), rows, ts, value)
    state, first = thresholds.advance(
        limits, thresholds.initial(1), rows[:cut], ts[:cut], value[:cut]
    )
    now = np.array([ts[cut] - 1])
    state, between = thresholds.expire(limits, state, now)
    state, second = thresholds.advance(limits, state, rows[cut:], ts[cut:], value[cut:])
    split = [*first.tolist(), *between.tolist(), *second.tolist()]
    assert split == at_once.tolist()
    assert state["run_length"] == whole["run_length"]
