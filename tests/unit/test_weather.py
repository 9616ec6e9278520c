"""Weather-normalised PUE and lasting changes, on data with known answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import drift, weather
from analytics.weather import Days

if TYPE_CHECKING:
    from analytics.arrays import FloatArray


def _climate(count: int, seed: int, warmer: float = 0.0) -> FloatArray:
    dice = np.random.default_rng(seed)
    t = np.arange(count)
    season = 14.0 + 13.0 * np.sin(2 * np.pi * (t - 110) / 365)
    return season + warmer + dice.normal(0.0, 2.5, count)


def _days(temperature: FloatArray, seed: int, extra: float = 0.0) -> Days:
    dice = np.random.default_rng(seed)
    it = 100_000.0 + dice.normal(0.0, 2_000.0, len(temperature))
    overhead = 5_000.0 + 0.1 * it + 600.0 * np.maximum(temperature - 10.0, 0.0)
    overhead += dice.normal(0.0, 200.0, len(temperature)) + extra
    return Days(it + overhead, it, temperature)


def test_the_model_is_found_again() -> None:
    model = weather.fit(_days(_climate(365, 1), 2))
    assert model is not None
    assert model.knee == pytest.approx(10.0, abs=1.0)
    assert model.per_degree == pytest.approx(600.0, rel=0.03)
    assert model.r_squared > 0.99
    assert model.rmse == pytest.approx(200.0, rel=0.15)
    assert model.days == 365


def test_a_warm_month_is_no_change_and_a_change_is_one() -> None:
    model = weather.fit(_days(_climate(365, 1), 2))
    assert model is not None
    normal = _climate(365, 3)[180:210]
    usual = weather.normalise(model, _days(normal, 4), normal)
    warm = weather.normalise(model, _days(normal + 3.0, 4), normal)
    worse = weather.normalise(model, _days(normal, 4, extra=3_000.0), normal)
    assert usual.normalised == pytest.approx(usual.pue)
    assert warm.pue - usual.pue == pytest.approx(0.018, abs=0.001)
    assert warm.normalised == pytest.approx(usual.normalised, abs=0.001)
    assert warm.weather == pytest.approx(30 * 3 * 600.0, rel=0.03)
    assert worse.normalised - usual.normalised == pytest.approx(0.03, abs=0.001)


def test_too_little_fits_nothing() -> None:
    assert weather.fit(_days(_climate(59, 1), 2)) is None
    assert weather.fit(_days(np.full(90, -20.0), 2)) is None


def test_climate_is_the_mean_of_the_weeks_around() -> None:
    day = np.tile(np.arange(365), 2)
    temperature = np.concatenate([np.full(365, 10.0), np.full(365, 14.0)])
    found = weather.climate(day, temperature, np.array([0, 100, 365]))
    assert found.tolist() == [12.0, 12.0, 12.0]
    some = weather.climate(np.array([100]), np.array([5.0]), np.array([93, 107, 108]))
    assert some[:2].tolist() == [5.0, 5.0]
    assert math.isnan(some[2])


def test_wet_bulb_of_the_paper() -> None:
    # Stull (2011): 20 degC and 50 % give 13.7 degC.
    found = weather.wet_bulb(np.array([20.0]), np.array([50.0]))
    assert found[0] == pytest.approx(13.7, abs=0.05)


@settings(max_examples=30)
@given(st.floats(-10, 30), st.floats(-10, 30))
def test_moving_there_and_back_changes_nothing(there: float, back: float) -> None:
    model = weather.Model(5000.0, 0.1, 600.0, 10.0, 1.0, 1.0, 100)
    temperature = np.full(3, back)
    days = Days(np.full(3, 130e3), np.full(3, 100e3), temperature)
    moved = weather.normalise(model, days, np.full(3, there))
    again = Days(days.facility - moved.weather / 3, days.it, np.full(3, there))
    assert weather.normalise(model, again, temperature).normalised == pytest.approx(1.3)


def _hours(count: int, seed: int) -> tuple[drift.Hours, FloatArray]:
    dice = np.random.default_rng(seed)
    t = np.arange(count)
    temperature = 14.0 + 10.0 * np.sin(2 * np.pi * (t / 24 - 110) / 365)
    temperature += 4.0 * np.sin(2 * np.pi * (t - 9) / 24) + dice.normal(0, 0.5, count)
    it = 4000.0 + 200.0 * np.sin(2 * np.pi * t / 168) + dice.normal(0, 30.0, count)
    hours = drift.Hours(t // 24, t % 168, it, temperature)
    cooling = 0.08 * it + 20.0 * np.maximum(temperature - 8.0, 0.0)
    return hours, cooling + dice.normal(0, 15.0, count)


@pytest.mark.parametrize("size", [12.0, -12.0])
def test_a_lasting_change_is_found_with_its_meter(size: float) -> None:
    hours, cooling = _hours(180 * 24, 5)
    dice = np.random.default_rng(6)
    losses = 0.05 * hours.it + dice.normal(0, 5.0, len(hours))
    losses[130 * 24 :] += size
    change = drift.find(hours, cooling + losses)
    assert change is not None
    assert abs(change.onset - 130) <= 2
    assert change.shift == pytest.approx(size, rel=0.2)
    assert change.statistic > drift.LIMIT
    shifts = drift.explain(hours, [cooling, losses], change)
    assert int(np.argmax(shifts * np.sign(size))) == 1


def test_quiet_years_are_quiet() -> None:
    found = []
    for seed in range(12):
        hours, cooling = _hours(365 * 24, seed)
        found.append(drift.find(hours, cooling))
    assert found == [None] * 12


def test_a_warm_month_is_no_drift() -> None:
    hours, _ = _hours(180 * 24, 7)
    dice = np.random.default_rng(8)
    warm = hours.temperature.copy()
    warm[140 * 24 : 160 * 24] += 4.0
    hours = drift.Hours(hours.day, hours.hour_of_week, hours.it, warm)
    cooling = 0.08 * hours.it + 20.0 * np.maximum(warm - 8.0, 0.0)
    assert drift.find(hours, cooling + dice.normal(0, 15.0, len(hours))) is None


def test_too_little_says_nothing() -> None:
    hours, cooling = _hours(55 * 24, 1)
    assert drift.find(hours, cooling) is None
    hours, _ = _hours(60 * 24, 1)
    assert drift.find(hours, np.zeros(60 * 24)) is None
