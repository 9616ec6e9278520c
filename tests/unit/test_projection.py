"""Projection of annual figures: by hand, and back-tested on simulated years."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import projection
from analytics.kpi import Target
from analytics.projection import Bounds, Months, Rest

if TYPE_CHECKING:
    from analytics.arrays import FloatArray
    from analytics.projection import Outlook

PUE = Bounds(1.0, np.inf)
SHARE = Bounds(0.0, 1.0)
BELOW = Target(1.25, "lt")
REACH = Target(0.25, "ge")
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
START = 2023 * 12


def _months(ratio: list[float], load: float = 1000.0, start: int = START) -> Months:
    count = len(ratio)
    known = np.array([DAYS[(start + i) % 12] for i in range(count)], float)
    energy = load * known
    month = np.arange(start, start + count)
    return Months(month, np.array(ratio) * energy, energy, known)


def _rest(first: int) -> Rest:
    return Rest(np.arange(first, START + 36), DAYS[first % 12 :].astype(float))


def test_a_month_is_as_far_from_last_year_as_the_last_three() -> None:
    last = [1.2 + 0.01 * month for month in range(12)]
    now = [each + 0.03 for each in last[:9]]
    found = projection.forecast(_months([*last, *now]), START + 21, PUE)
    assert found is not None
    assert found.ratio == pytest.approx(last[9] + 0.03)
    assert found.load == pytest.approx(1000.0)
    assert found.is_seasonal


def test_without_a_year_before_the_last_months_stand() -> None:
    found = projection.forecast(_months([1.5, 1.2, 1.2, 1.2]), START + 4, PUE)
    assert found is not None
    assert found.ratio == pytest.approx(1.2)
    assert not found.is_seasonal
    assert projection.forecast(_months([]), START, PUE) is None


def _project(history: Months, first: int, target: Target = BELOW) -> Outlook:
    bounds = PUE if target.comparison == "lt" else SHARE
    found = projection.project(history, _rest(first), bounds, target)
    assert found is not None
    return found


def test_the_year_is_a_ratio_of_energies() -> None:
    # Two equal years: 1.3 in June to August (92 of 365 days), 1.2 else.
    year = [1.3 if month in {5, 6, 7} else 1.2 for month in range(12)]
    found = _project(_months([*year, *year, *year[:6]]), START + 30)
    expected = 1.2 + 0.1 * 92 / 365
    assert found.value == pytest.approx(expected)
    assert found.low <= expected <= found.high
    assert found.denominator == pytest.approx(365_000.0)
    assert found.headroom == pytest.approx((1.25 - expected) * 365_000.0)
    assert found.lost_from is None
    assert found.is_seasonal


@pytest.mark.parametrize(
    ("so_far", "lost_from"),
    [
        # 181 days at 1.24 and 184 to come at no less than 1.24: never lost.
        (1.24, None),
        # At 1.26 for half a year, and at best 1.24 after it: 1.24992 is still below.
        (1.26, None),
        # At 1.2607 the best that can follow is 1.25026: lost already.
        (1.2607, START + 30),
    ],
)
def test_the_month_from_which_a_target_is_lost(
    so_far: float, lost_from: int | None
) -> None:
    history = _months([*[1.24] * 24, *[so_far] * 6])
    rest = _rest(START + 30)
    # The months to come are as good as the best month.
    found = projection.project(history, rest, Bounds(1.0, 1.24), BELOW)
    assert found is not None
    assert found.lost_from == lost_from


def test_a_target_that_is_lost_later_names_its_month() -> None:
    # Expected at 1.30, at best 1.20: 1.25 is lost where 1.30 holds past half the load.
    history = _months([1.3] * 24)
    history.numerator[0] = 1.2 * history.denominator[0]
    found = _project(history, START + 24)
    assert found.value > 1.25
    # After June 181 days were at 1.30 and 184 remain: 1.2496; July is too much.
    assert found.lost_from == START + 24 + 7


def test_a_share_can_be_saved_to_the_end() -> None:
    found = _project(_months([0.1] * 30), START + 30, REACH)
    assert found.value == pytest.approx(0.1)
    assert found.headroom == pytest.approx(-0.15 * 365_000.0)
    # From October on even 100 % (92 of 365 days) gives no 25 %: 0.1 x 273 + 92 = 0.327;
    # from December 31 days: 0.1 x 334 + 31 = 0.176.
    assert found.lost_from == START + 24 + 11


def test_certificates_count_for_the_whole_year() -> None:
    history, rest = _months([0.1] * 30), _rest(START + 30)
    found = projection.project(history, rest, SHARE, REACH, extra=0.15 * 365_000.0)
    assert found is not None
    assert found.value == pytest.approx(0.25)


def test_few_months_give_no_interval_and_none_nothing() -> None:
    found = _project(_months([1.2] * 8, start=START + 22), START + 30)
    assert found.value == pytest.approx(1.2)
    assert math.isnan(found.low)
    assert not found.is_seasonal
    nothing = projection.project(_months([]), _rest(START + 24), PUE, BELOW)
    assert nothing is None


@settings(max_examples=50)
@given(
    st.lists(st.floats(1.05, 1.9), min_size=26, max_size=34),
    st.floats(100.0, 1e6),
)
def test_the_interval_is_around_and_scales_do_not_matter(
    ratio: list[float], load: float
) -> None:
    first = START + len(ratio)
    one = _project(_months(ratio, 1000.0), first)
    other = _project(_months(ratio, load), first)
    assert one.low <= one.high
    assert other.value == pytest.approx(one.value)
    assert other.headroom / load == pytest.approx(one.headroom / 1000.0, abs=1e-6)


def _site(seed: int) -> tuple[FloatArray, FloatArray]:
    """Daily E_DC and E_IT of three years: weather, growth, drift, chance. [kWh]."""
    dice = np.random.default_rng(seed)
    count = 3 * 365
    t = np.arange(count)
    weather = np.zeros(count)
    for day in range(1, count):
        weather[day] = 0.85 * weather[day - 1] + dice.normal(0.0, 2.0)
    warm = np.repeat(dice.normal(0.0, 0.8, 3), 365)
    outdoor = 14.0 + 14.0 * np.sin(2 * np.pi * (t - 110) / 365) + weather + warm
    growth = 1.0 + dice.uniform(-0.1, 0.25) * t / 365
    load = 120e3 * growth * np.exp(np.cumsum(dice.normal(0.0, 0.002, count)))
    pue = 1.18 + 0.006 * np.maximum(outdoor - 8.0, 0.0)
    pue += dice.uniform(-0.02, 0.03) * t / count + dice.normal(0.0, 0.004, count)
    return load * pue, load


def _history(facility: FloatArray, it: FloatArray, first: int, last: int) -> Months:
    month = np.repeat(np.arange(36), np.tile(DAYS, 3))
    kept = (month >= first) & (month < last)
    index = month[kept] - first
    return Months(
        np.arange(START + first, START + last),
        np.bincount(index, facility[kept]).astype(float),
        np.bincount(index, it[kept]).astype(float),
        np.bincount(index).astype(float),
    )


@pytest.mark.parametrize(
    ("first", "origins", "error", "covered"),
    [
        # Two years before; at the end of each month of the third.
        (0, range(24, 36), 0.0065, 0.88),
        # One year before: fewer errors of the past, a worse interval.
        (12, range(28, 36), 0.005, 0.78),
    ],
)
def test_back_test_on_held_back_months(
    first: int, origins: range, error: float, covered: float
) -> None:
    wrong, hits = [], []
    for seed in range(25):
        facility, it = _site(seed)
        actual = facility[730:].sum() / it[730:].sum()
        for origin in origins:
            history = _history(facility, it, first, origin)
            found = _project(history, START + origin)
            wrong.append(abs(found.value - actual))
            hits.append(found.low <= actual <= found.high)
    assert np.mean(wrong) < error
    assert np.mean(hits) > covered


def test_trials_compare_what_was_with_what_would_have_been_said() -> None:
    trials = projection.back_test(_months([1.2] * 12 + [1.3] * 3), PUE)
    assert [each.month - START for each in trials] == list(range(1, 15))
    assert trials[0].actual == pytest.approx(1.2)
    assert not trials[0].is_seasonal
    last = trials[-1]
    assert last.is_seasonal
    # January and February were 0.1 above, December was not.
    assert last.forecast == pytest.approx(1.2 + 0.1)
