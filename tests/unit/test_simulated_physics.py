"""Simulated physics against figures that are known otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from simulators import draws
from simulators.physics import air, data_centre, sky, storms, tunnel


def at(moment: str) -> np.ndarray:
    time_s = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    return np.array([round(time_s)], dtype=np.int64)


def test_the_peak_of_a_storm_lies_where_it_should() -> None:
    elapsed = np.linspace(0, 7200, 721)
    share = storms.fallen_share(elapsed, np.full(721, 7200.0), np.full(721, 0.4))
    intensity = np.diff(share)
    assert elapsed[intensity.argmax()] == pytest.approx(0.4 * 7200, abs=10)
    assert share[288] == pytest.approx(0.4, abs=1e-6)


def test_no_storm_is_no_rain() -> None:
    none = storms.Storms(*(np.zeros(0) for _ in range(4)))
    assert storms.accumulated(none, np.arange(3.0)).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("moment", "degrees"),
    [
        # Noon of the solstices in Jinan: 90 - latitude +- 23.44 degrees.
        ("2025-06-21T04:13:00", 76.8),
        ("2025-12-21T04:10:00", 29.9),
        # Equinox, sunrise at 06:12 of the local clock.
        ("2025-03-20T22:18:00", 0.0),
    ],
)
def test_the_sun_stands_where_it_should(moment: str, degrees: float) -> None:
    height = sky.sun_height(at(moment), 36.65, 117.12)
    assert np.degrees(np.arcsin(height))[0] == pytest.approx(degrees, abs=0.5)


def test_saturated_air() -> None:
    # 17.3 g/m3 at 20 degrees, 4.85 at freezing.
    found = air.saturation_density(np.array([20.0, 0.0]))
    assert found == pytest.approx([0.01729, 0.00485], rel=5e-3)


def test_wet_bulb() -> None:
    # Stull's own example: 20 degrees and 50 % give 13.7 degrees.
    assert air.wet_bulb(np.array([20.0]), np.array([50.0]))[0] == pytest.approx(
        13.7, abs=0.05
    )


def test_cooling_needs_chillers_only_when_it_is_warm() -> None:
    heat = np.full(2, 1e6)
    winter, summer = data_centre.cooling(
        heat, np.array([0.0, 32.0]), np.array([50.0, 60.0])
    )
    assert 0.05e6 < winter < 0.12e6
    assert 0.25e6 < summer < 0.40e6


def test_photovoltaics_at_standard_light() -> None:
    power = data_centre.photovoltaic(
        np.array([1000.0, 0.0]), np.array([20.0, 5.0]), 1e6
    )
    assert 0.75e6 < power[0] < 0.85e6
    assert power[1] == 0


def test_smooth_curves_are_standard_and_smooth() -> None:
    times = np.arange(0, 40_000_000, 600, dtype=np.int64)
    curve = draws.smooth(3, "test", times, 3600)
    assert curve.mean() == pytest.approx(0, abs=0.03)
    assert curve.std() == pytest.approx(1, abs=0.03)
    assert np.abs(np.diff(curve)).max() < 2.5


def test_streams_and_seeds_are_independent() -> None:
    index = np.arange(20_000, dtype=np.int64)
    drawn = [
        draws.normal(seed, stream, index)
        for seed, stream in ((1, "a"), (1, "b"), (2, "a"))
    ]
    assert np.abs(np.corrcoef(drawn) - np.eye(3)).max() < 0.03


def still(steps: int, **given: float) -> tunnel.Drivers:
    flat = {
        "outdoor": 10.0,
        "vapour": 0.005,
        "methane": 0.0,
        "sulfide": 0.0,
        "consumed": 0.0,
        "heat": 0.0,
        "inflow": 0.0,
        "hatch": 0.0,
        "fan_timer": 0.0,
        "pump_timer": 0.0,
        "fan_works": 1.0,
    }
    return tunnel.Drivers(
        **{name: np.full(steps, value) for name, value in (flat | given).items()}
    )


def test_gas_settles_where_source_and_air_change_balance() -> None:
    compartment = tunnel.Compartment(natural_changes=0.5)
    states = tunnel.simulated(compartment, still(3000, methane=0.2), 60.0)
    assert states["methane"][-1] == pytest.approx(0.4, rel=1e-3)


def test_the_controller_airs_a_leak() -> None:
    states = tunnel.simulated(tunnel.Compartment(), still(600, methane=2.0), 60.0)
    assert states["methane"].max() < 1.1
    assert states["fan_running"].max() == 1
    broken = tunnel.simulated(
        tunnel.Compartment(), still(600, methane=2.0, fan_works=0.0), 60.0
    )
    assert broken["methane"].max() > 3
    assert broken["fan_running"].max() == 0


def test_the_sump_fills_and_is_pumped_out() -> None:
    compartment = tunnel.Compartment()
    states = tunnel.simulated(compartment, still(3000, inflow=0.2), 60.0)
    level, pump = states["sump_level"], states["pump_running"]
    assert level.max() == pytest.approx(compartment.pump_on, abs=0.01)
    starts = np.flatnonzero(np.diff(pump) > 0)
    assert len(starts) > 5
    # What came in is in the sump or was pumped out, 50 h at 0.2 m3/h.
    pumped = np.clip(-np.diff(level, prepend=0.25), 0, None) + 0.2 / 60 / 1.2
    balance = level[-1] - 0.25 + (pumped * (pump > 0)).sum()
    assert balance * compartment.sump_area == pytest.approx(10.0, rel=0.02)
