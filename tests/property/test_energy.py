"""The vectorised energy code equals a plain loop, and windows equal the whole."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import energy, segments
from analytics.arrays import HOUR, SECOND, FloatArray, IntArray
from analytics.energy import CONTEXT, Register
from analytics.segments import ESTIMATED, LOWER_BOUND, MEASURED, Segments

MINUTE = 60 * SECOND


class Series(NamedTuple):
    ts: IntArray
    value: FloatArray


class Span(NamedTuple):
    start: int
    end: int
    amount: float
    kind: int


REGISTERS = st.builds(
    Register,
    gap=st.sampled_from([20 * MINUTE, HOUR]),
    modulus=st.sampled_from([None, 100.0]),
    max_rate=st.sampled_from([math.inf, 200.0]),
    resolution=st.sampled_from([0.0, 0.5]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 5, 10, 15, 40, 95]),
        st.sampled_from([0.0, 0.5, 3.0, 7.25, -2.0, -96.0, 120.0, -120.0, 900.0]),
    ),
    max_size=40,
)


@st.composite
def series(draw: st.DrawFn) -> Series:
    steps = draw(STEPS)
    minutes = np.cumsum([step for step, _ in steps], dtype=np.int64)
    value = np.abs(np.cumsum([change for _, change in steps]) + 50.0)
    return Series(minutes * MINUTE, np.asarray(value, np.float64))


def _fits(a: tuple[int, float], b: tuple[int, float], register: Register) -> bool:
    hours = (b[0] - a[0]) / HOUR
    bound = 1.2 * register.max_rate * hours + 2.0 * register.resolution
    step = b[1] - a[1]
    if step >= 0.0:
        return step <= bound
    return (
        register.modulus is not None
        and a[1] > 0.9 * register.modulus
        and step + register.modulus <= bound
    )


def _is_evener(points: list[tuple[int, float]]) -> bool:
    """Whether the register goes more evenly without the third of four readings."""
    before, first, second, after = points

    def rate(a: tuple[int, float], b: tuple[int, float]) -> float:
        return (b[1] - a[1]) / (b[0] - a[0])

    without_second = max(rate(before, first), rate(first, after))
    return without_second < max(rate(before, second), rate(second, after))


def naive_register(given_series: Series, register: Register) -> list[Span]:
    points = list(
        zip(given_series.ts.tolist(), given_series.value.tolist(), strict=True)
    )
    suspect = [False] * len(points)
    for i in range(1, len(points) - 1):
        fits_both = _fits(points[i - 1], points[i], register) and _fits(
            points[i], points[i + 1], register
        )
        suspect[i] = not fits_both and _fits(points[i - 1], points[i + 1], register)
    for i in range(1, len(points) - 2):
        alone = suspect[i : i + 2] == [True, True] and not suspect[i - 1]
        if alone and not suspect[i + 2] and _is_evener(points[i - 1 : i + 3]):
            suspect[i] = False
    good = [
        point
        for i, point in enumerate(points)
        if not (suspect[i] and not (i > 0 and suspect[i - 1]))
    ]
    spans = []
    for a, b in itertools.pairwise(good):
        step = b[1] - a[1]
        bound = 1.2 * register.max_rate * (b[0] - a[0]) / HOUR
        bound += 2.0 * register.resolution
        kind = ESTIMATED if b[0] - a[0] > register.gap else MEASURED
        if _fits(a, b, register):
            amount = step if step >= 0.0 else step + (register.modulus or 0.0)
            spans.append(Span(a[0], b[0], amount, kind))
        elif step < 0.0 and b[1] <= bound:
            spans.append(Span(a[0], b[0], b[1], LOWER_BOUND))
    return spans


def _spans(found: Segments) -> list[Span]:
    columns = (found.start, found.end, found.amount, found.kind)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Span(*row) for row in rows]


@given(series(), REGISTERS)
def test_register_equals_a_loop(given_series: Series, register: Register) -> None:
    found = energy.from_register(*given_series, register)
    assert _spans(found) == naive_register(given_series, register)


@given(series(), st.sampled_from([7, 25]))
def test_power_equals_a_loop(given_series: Series, hold: int) -> None:
    found = energy.from_power(*given_series, hold * MINUTE)
    for i, span in enumerate(_spans(found)):
        after = [t for t in given_series.ts.tolist() if t > span.start]
        assert span.end == min([*after, span.start + hold * MINUTE])
        watts = given_series.value[i]
        seconds = (span.end - span.start) / SECOND
        assert span.amount == pytest.approx(watts * seconds / 3.6e6)


@given(series(), REGISTERS, st.data())
def test_a_window_with_context_equals_the_whole(
    given_series: Series, register: Register, data: st.DataObject
) -> None:
    count = len(given_series.ts)
    low = data.draw(st.integers(0, count))
    high = data.draw(st.integers(low, count))
    cut = slice(max(low - CONTEXT, 0), high + CONTEXT)
    part = Series(given_series.ts[cut], given_series.value[cut])
    if low == high:
        return
    start, end = int(given_series.ts[low]), int(given_series.ts[high - 1])
    whole = _spans(energy.from_register(*given_series, register))
    window = _spans(energy.from_register(*part, register))
    touching = [span for span in whole if span.end > start and span.start < end]
    assert touching == [
        span for span in window if span.end > start and span.start < end
    ]


def _naive_sums(spans: list[Span], edges: list[int]) -> list[tuple[float, ...]]:
    rows = []
    for low, high in itertools.pairwise(edges):
        row = [0.0, 0.0, 0.0, 0.0]
        for span in spans:
            time = min(span.end, high) - max(span.start, low)
            if time > 0:
                amount = span.amount * time / (span.end - span.start)
                row[0] += amount
                row[2 if span.kind == MEASURED else 3] += time
                row[1] += 0.0 if span.kind == MEASURED else amount
        rows.append(tuple(row))
    return rows


EDGES = st.lists(
    st.integers(0, 1500).map(lambda minute: minute * MINUTE),
    min_size=2,
    max_size=12,
    unique=True,
).map(sorted)


@given(series(), REGISTERS, EDGES)
def test_sums_equal_a_loop(
    given_series: Series, register: Register, edges: list[int]
) -> None:
    found = energy.from_register(*given_series, register)
    sums = segments.sums(found, np.array(edges, np.int64))
    expected = np.array(_naive_sums(_spans(found), edges))
    np.testing.assert_allclose(sums.amount, expected[:, 0], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(sums.estimated, expected[:, 1], rtol=1e-12, atol=1e-9)
    assert sums.covered.tolist() == expected[:, 2].tolist()
    assert sums.estimated_time.tolist() == expected[:, 3].tolist()


@given(series(), REGISTERS, EDGES)
def test_each_bucket_is_the_same_bits_alone_as_with_others(
    given_series: Series, register: Register, edges: list[int]
) -> None:
    found = energy.from_register(*given_series, register)
    every = segments.sums(found, np.array(edges, np.int64))
    for i in range(len(edges) - 1):
        alone = segments.sums(found, np.array(edges[i : i + 2], np.int64))
        assert alone.amount[0].tobytes() == every.amount[i].tobytes()
        assert alone.estimated[0].tobytes() == every.estimated[i].tobytes()
        assert alone.covered[0] == every.covered[i]


@given(series(), REGISTERS)
def test_energy_is_conserved_across_buckets(
    given_series: Series, register: Register
) -> None:
    found = energy.from_register(*given_series, register)
    edges = np.arange(0, 70 * HOUR, HOUR // 2)
    sums = segments.sums(found, edges)
    assert sums.amount.sum() == pytest.approx(found.amount.sum(), abs=1e-9)
    time = int((found.end - found.start).sum())
    assert int((sums.covered + sums.estimated_time).sum()) == time


@given(series(), REGISTERS, st.sampled_from([0.001, 1000.0, 1 / 3.0]))
def test_another_unit_changes_nothing_but_the_numbers(
    given_series: Series, register: Register, factor: float
) -> None:
    scaled = Register(
        register.gap,
        None if register.modulus is None else register.modulus * factor,
        # Off the grid of the values, so that rounding decides nothing.
        register.max_rate * factor * 1.0001,
        register.resolution * factor,
    )
    plain = Register(
        register.gap, register.modulus, register.max_rate * 1.0001, register.resolution
    )
    found = energy.from_register(*given_series, plain)
    other = energy.from_register(given_series.ts, given_series.value * factor, scaled)
    assert found.kind.tolist() == other.kind.tolist()
    np.testing.assert_allclose(
        other.amount, found.amount * factor, rtol=1e-9, atol=1e-9
    )


@given(series(), st.integers(0, HOUR))
def test_clip_keeps_what_is_inside(given_series: Series, start: int) -> None:
    found = energy.from_register(*given_series, Register(gap=HOUR))
    end = start + 9 * HOUR
    cut = segments.clip(found, start, end)
    edges = np.array([start, end])
    expected = segments.sums(found, edges)
    got = segments.sums(cut, edges)
    assert got.amount[0] == pytest.approx(expected.amount[0], abs=1e-9)
    assert got.covered[0] == expected.covered[0]
    assert got.estimated_time[0] == expected.estimated_time[0]
    if len(cut):
        assert cut.start[0] >= start
        assert cut.end[-1] <= end
