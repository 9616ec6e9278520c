"""Rain, levels, tunnels and links with worked numbers and real gauges."""

from __future__ import annotations

import csv
import gzip
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analytics import health, links, rain, tunnel, water

if TYPE_CHECKING:
    from analytics.arrays import FloatArray, IntArray

DATA = Path(__file__).parents[1] / "data"
MINUTE, HOUR = rain.MINUTE, rain.HOUR


def _real(name: str) -> tuple[IntArray, FloatArray]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        rows = [(row["dateTime"], row["value"]) for row in csv.DictReader(file)]
    ts = np.array([at for at, _ in rows], "datetime64[us]").astype(np.int64)
    return ts, np.array([float(value or "nan") for _, value in rows])


def test_a_register_that_is_reset_rolls_over_and_falls() -> None:
    ts = np.arange(7) * 10 * MINUTE
    value = np.array([99990.0, 99998.0, 2.0, 5.0, 1.0, 40.0, 20.0])
    found = rain.from_register(ts, value, modulus=100000.0)
    assert found.amount.tolist()[:5] == [8.0, 4.0, 3.0, 1.0, 39.0]
    assert math.isnan(found.amount[5])
    # The fall to 1 mm came when none was due: it counts, but somebody should look.
    assert found.is_suspect.tolist() == [False, False, False, True, False, True]


def test_a_reset_that_is_due_takes_what_has_fallen_since() -> None:
    ts = np.array([23, 24, 25]) * HOUR
    resets = rain.daily_resets(int(ts[0]), int(ts[-1]))
    found = rain.from_register(ts, np.array([80.0, 30.0, 31.0]), resets=resets)
    assert found.amount.tolist() == [30.0, 1.0]


def test_a_rate_no_gauge_can_measure_is_suspect() -> None:
    found = rain.from_register(np.array([0, 5 * MINUTE]), np.array([0.0, 20.1]))
    assert found.is_suspect.tolist() == [True]
    end = np.array([5 * MINUTE, 10 * MINUTE])
    found = rain.from_intervals(end, np.array([20.0, -1.0]), 5 * MINUTE)
    assert found.is_suspect.tolist() == [False, True]
    assert math.isnan(found.amount[1])


def test_rolling_sums_count_the_share_of_the_first_interval() -> None:
    end = np.arange(1, 5) * 15 * MINUTE
    found = rain.from_intervals(end, np.array([3.0, 6.0, 9.0, 12.0]), 15 * MINUTE)
    sums = rain.rolling(found, end, 20 * MINUTE)
    assert sums.amount.tolist() == [3.0, 7.0, 11.0, 15.0]
    assert sums.coverage.tolist() == [0.75, 1.0, 1.0, 1.0]
    between = rain.rolling(found, np.array([32 * MINUTE]), 10 * MINUTE)
    assert between.amount[0] == pytest.approx(6.0 * 8 / 15)
    assert between.coverage[0] == pytest.approx(0.8)


def test_sums_of_a_real_gauge_are_causal() -> None:
    ts, value = _real("ea_gorpley_rainfall.csv.gz")
    whole = rain.from_intervals(ts, value, 15 * MINUTE)
    at = ts[::37]
    for minutes in (15, 60, 720, 1440):
        expected = rain.rolling(whole, at, minutes * MINUTE)
        cut = len(ts) // 2
        part = rain.from_intervals(ts[:cut], value[:cut], 15 * MINUTE)
        known = at <= ts[cut - 1]
        found = rain.rolling(part, at[known], minutes * MINUTE)
        assert found.amount.tolist() == expected.amount[known].tolist()
        kernel = np.convolve(np.nan_to_num(value), np.ones(minutes // 15))[: len(ts)]
        even = np.flatnonzero(expected.coverage == 1)
        steady = even[np.isin(at[even] - minutes * MINUTE, ts)]
        assert len(steady) > 50
        assert expected.amount[steady] == pytest.approx(kernel[::37][steady], abs=1e-6)


@pytest.mark.parametrize(
    ("sums", "colour"),
    [
        ({12: 49.9, 6: 49.9, 3: 49.9}, None),
        ({12: 50.0, 6: 49.9, 3: 49.9}, "blue"),
        ({12: 60.0, 6: 50.0}, "yellow"),
        ({12: 60.0, 6: 55.0, 3: 50.0}, "orange"),
        ({3: 100.0}, "red"),
        ({3: 0.1 * 3 + 99.7}, "red"),
        ({}, None),
    ],
)
def test_warning_colours(sums: dict[int, float], colour: str | None) -> None:
    assert rain.colour(sums) == colour


@pytest.mark.parametrize(
    ("amount", "hours", "name"),
    [
        (0.0, 24, "none"),
        (0.04, 24, "trace"),
        (0.05, 24, "light"),
        (4.94, 12, "light"),
        (4.95, 12, "moderate"),
        (24.9, 24, "moderate"),
        (25.0, 24, "heavy"),
        (30.0, 12, "rainstorm"),
        (50.0, 24, "rainstorm"),
        (69.95, 12, "heavy_rainstorm"),
        (249.9, 24, "heavy_rainstorm"),
        (250.0, 24, "extraordinary_rainstorm"),
        (140.0, 12, "extraordinary_rainstorm"),
    ],
)
def test_rain_classes(amount: float, hours: int, name: str) -> None:
    assert rain.rain_class(amount, hours) == name


def test_there_are_no_classes_of_six_hours() -> None:
    with pytest.raises(ValueError, match="6 h"):
        rain.rain_class(5.0, 6)


def test_rate_of_rise_survives_a_spike() -> None:
    ts = np.arange(25) * 5 * MINUTE
    level = 20 + ts / HOUR * 0.3
    level[7] = 29.0
    rise = water.rise(ts, level)
    assert rise.rate == pytest.approx(0.3)
    assert rise.low <= rise.rate <= rise.high
    arrival = water.arrival(float(level[-1]), float(level[-1]) + 0.6, rise)
    assert arrival is not None
    assert arrival.hours == pytest.approx(2.0)
    assert arrival.earliest <= 2.0 + 1e-9 <= arrival.latest + 1e-6
    assert water.arrival(5.0, 4.0, rise) == (0.0, 0.0, 0.0)
    falling = water.rise(ts, -level)
    assert water.arrival(1.0, 2.0, falling) is None
    assert math.isnan(water.rise(ts[:2], level[:2]).rate)


@pytest.mark.parametrize("every_s", [10, 60, 300])
def test_a_flood_that_has_just_begun_is_told_though_hours_were_quiet(
    every_s: int,
) -> None:
    ts = np.arange(0, 2 * HOUR + 1, every_s * MINUTE // 60)
    begun = 2 * HOUR - 20 * MINUTE
    noise = np.random.default_rng(7).normal(0, 0.004, len(ts))
    level = np.round(1.2 + np.maximum(0, ts - begun) / HOUR * 1.5 + noise, 2)
    rise = water.rise(ts, level)
    assert rise.rate == pytest.approx(1.5, rel=0.25)
    assert 0.5 < rise.low <= rise.rate <= rise.high
    arrival = water.arrival(float(level[-1]), float(level[-1]) + 0.75, rise)
    assert arrival is not None
    assert arrival.hours == pytest.approx(0.5, rel=0.4)


def test_a_slow_rise_shows_over_the_long_window() -> None:
    ts = np.arange(0, 2 * HOUR + 1, MINUTE)
    rise = water.rise(ts, np.round(1.2 + ts / HOUR * 0.03, 2))
    assert rise.rate == pytest.approx(0.03, abs=0.006)
    noise = np.random.default_rng(7).normal(0, 0.005, len(ts))
    quiet = water.rise(ts, np.round(1.2 + noise, 2))
    assert abs(quiet.rate) < 0.005
    assert quiet.high - quiet.low < 0.02


def test_rate_of_a_real_flood() -> None:
    ts, level = _real("ea_hebden_bridge_level.csv.gz")
    top = int(np.nanargmax(level))
    rates = [
        water.rise(ts[at - 8 : at + 1], level[at - 8 : at + 1]).rate
        for at in range(top - 12, top + 1)
    ]
    assert max(rates) > 0.05
    assert np.nanmax(np.diff(level[top - 20 : top + 1])) * 4 >= max(rates)


def test_stages_and_ponding() -> None:
    assert [water.reached(x, [1.0, 2.0]) for x in (0.9, 1.0, 2.5)] == [0, 1, 2]
    depths = (0.1, 0.15, 0.3, 0.4, 0.7)
    assert [water.ponding(x) for x in depths] == [0, 1, 2, 3, 4]


def test_air_of_compartments() -> None:
    gas = tunnel.check("gas", {"methane": 1.3, "oxygen": 20.9})
    assert [(each.grade, each.limit) for each in gas] == [("critical", 1.25)]
    assert "shut_off_gas" in gas[0].actions
    (alarm,) = tunnel.check("gas", {"methane": 1.0})
    assert (alarm.grade, "shut_off_gas" in alarm.actions) == ("warning", False)
    assert tunnel.check("gas", {"methane": 1.25})[0].grade == "critical"
    warned = tunnel.check("gas", {"methane": 1.1})[0]
    assert warned.grade == "warning"
    assert "shut_off_gas" not in warned.actions
    assert tunnel.check("power", {"methane": 1.0, "oxygen": 19.5}) == []
    low = tunnel.check("sewage", {"oxygen": 17.9, "hydrogen_sulfide": 10.1})
    assert [(each.quantity, each.grade) for each in low] == [
        ("oxygen", "critical"),
        ("hydrogen_sulfide", "warning"),
    ]
    assert tunnel.missing("gas", frozenset({"oxygen"})) >= {"methane"}
    used = {action for limit in tunnel.limits("gas") for action in limit.actions}
    assert used == set(tunnel.TEXTS)


def test_links() -> None:
    def code(finding: links.Finding | None) -> str | None:
        return finding and finding.code

    assert code(links.rain_and_level(0.0, 0.3)) == "rise_without_rain"
    assert code(links.rain_and_level(40.0, 0.0)) == "rain_without_rise"
    assert links.rain_and_level(40.0, 0.3) is None
    assert code(links.neighbours(0.0, [15.0, 20.0])) == "gauge_dry"
    assert code(links.neighbours(70.0, [15.0, 20.0])) == "gauge_disagrees"
    assert code(links.neighbours(5.0, [18.0, 20.0])) == "gauge_disagrees"
    assert links.neighbours(12.0, [15.0, 20.0]) is None
    assert links.neighbours(2.0, [1.0, 0.2]) is None
    assert links.neighbours(5.0, []) is None
    assert code(links.flood_and_power(0.06, 100.0)) == "flood_near_power"
    assert links.flood_and_power(0.06, 0.0) is None


def test_batteries_and_radio() -> None:
    def code(finding: health.Finding | None) -> str | None:
        return finding and finding.code

    assert code(health.battery_voltage(3.19)) == "battery_low"
    assert health.battery_voltage(3.2) is None
    assert code(health.battery_voltage(11.4)) == "battery_low"
    assert health.battery_voltage(12.1) is None
    assert code(health.battery_level(19.0)) == "battery_low"
    assert health.battery_level(20.0) is None
    assert code(health.rsrp(-111.0)) == "signal_poor"
    assert code(health.rsrp(-121.0)) == "signal_edge"
    assert health.rsrp(-110.0) is None
