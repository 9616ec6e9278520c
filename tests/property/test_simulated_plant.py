"""Laws of what scenarios add to the physics: storage, wind, floors, events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from simulators.physics import data_centre, storms, tunnel
from simulators.site import centre
from simulators.site.happenings import Happening, strength
from simulators.site.weather import Weather

DAY = 86400
START = 20_600 * DAY


@given(capacity=st.floats(1, 1e5))
@settings(max_examples=30)
def test_storage_gives_back_less_than_it_takes(capacity: float) -> None:
    second = np.arange(0, DAY + 1, 60, dtype=np.int64) % DAY
    charge, discharge = data_centre.storage(second, capacity)
    charged = data_centre.energy(charge, 60)[-1]
    given_back = data_centre.energy(discharge, 60)[-1]
    assert charged == pytest.approx(capacity / 0.95, rel=1e-9)
    assert given_back == pytest.approx(capacity * 0.95, rel=1e-9)
    assert ((charge == 0) | (discharge == 0)).all()
    assert (charge >= 0).all()


@given(speed=npst.arrays(np.float64, 40, elements=st.floats(0, 40)))
@settings(max_examples=50)
def test_a_turbine_gives_no_more_than_its_rating(speed: np.ndarray) -> None:
    power = data_centre.wind_turbine(speed, 1e6)
    assert ((power >= 0) & (power <= 1e6)).all()
    assert (power[speed < 3] == 0).all()
    assert (power[speed >= 25] == 0).all()
    calm = np.sort(speed[speed < 25])
    assert (np.diff(data_centre.wind_turbine(calm, 1e6)) >= 0).all()


@given(inflow=st.floats(12.5, 60), hours=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_flooded_compartment_loses_no_water(inflow: float, hours: int) -> None:
    steps = 60 * hours
    compartment = tunnel.Compartment()
    none, flat = np.zeros(steps), np.ones(steps)
    drivers = tunnel.Drivers(
        outdoor=20 * flat,
        vapour=0.01 * flat,
        methane=none,
        sulfide=none,
        consumed=none,
        heat=none,
        inflow=inflow * flat,
        hatch=none,
        fan_timer=none,
        pump_timer=flat,
        fan_works=flat,
    )
    states = tunnel.simulated(compartment, drivers, 60.0)
    level = states["sump_level"][-1]
    over = max(level - compartment.sump_depth, 0.0)
    within = min(level, compartment.sump_depth) - compartment.pump_off
    stored = within * compartment.sump_area + over * compartment.floor_area
    pumped = compartment.pump_rate / 60 * states["pump_running"].sum()
    assert stored + pumped == pytest.approx(inflow * hours, rel=1e-6)


@given(duration=st.floats(600, 86_400), period=st.floats(1, 100))
@settings(max_examples=50)
def test_rarer_and_longer_storms_bring_more(duration: float, period: float) -> None:
    depth = storms.design_depth(duration, period)
    assert storms.design_depth(duration * 1.1, period) > depth
    assert storms.design_depth(duration, period * 1.1) > depth
    assert storms.design_depth(duration * 1.1, period) < depth * 1.1


def test_a_design_storm_worked_by_hand() -> None:
    # P = 10 years, t = 60 min: q = 1869.916 * 1.7573 / 71.0911^0.6645 = 193.2 L/(s ha).
    assert storms.design_depth(3600, 10) == pytest.approx(193.2 * 3600 / 1e4, rel=2e-3)


HAPPENINGS = (
    Happening("chiller_failure", START + 7200, START + 20_000, 0.7),
    Happening("ups_inefficiency", START + 9000, START + 30_000, 1.0, "ups-b"),
    Happening("lost_feeder", START + 40_000, START + 50_000, 1.0, "grid-b"),
    Happening("generator_test", START + 60_000, START + 63_600, 1.5e6),
)


@given(
    seed=st.integers(0, 1000),
    offset=st.integers(0, 300),
    warmer=st.floats(-10, 10),
    storage=st.sampled_from([0.0, 5000.0]),
)
@settings(max_examples=15, deadline=None)
def test_a_data_centre_balances_whatever_happens(
    seed: int, offset: int, warmer: float, storage: float
) -> None:
    times = START + offset * DAY + np.arange(0, DAY, 300, dtype=np.int64)
    moved = tuple(
        each._replace(
            start_s=each.start_s + offset * DAY, end_s=each.end_s + offset * DAY
        )
        for each in HAPPENINGS
    )
    plant = centre.Plant(storage, 8e5, has_generator=True)
    power = centre.powers(Weather(seed, warmer=warmer), times, plant, moved)
    zero = np.zeros(len(times))
    brought = power["grid-a"] + power["grid-b"] + power["pv"]
    for each in centre.OWN:
        brought = brought + power.get(each, zero)
    used = power["ups-a-in"] + power["ups-b-in"] + power["cooling"]
    used = used + power["lighting"] + power.get("storage-charge", zero)
    assert brought == pytest.approx(used / (1 - 0.008))
    lost = strength(moved, "lost_feeder", times, "grid-b") > 0
    assert (power["grid-b"][lost] == 0).all()
    assert (power["grid-a"] + power["grid-b"] > 0).all()


@given(start=st.integers(-50, 50), length=st.integers(1, 50), size=st.floats(-5, 5))
@settings(max_examples=50)
def test_what_happens_has_a_begin_and_an_end(
    start: int, length: int, size: float
) -> None:
    times = np.arange(-120, 120, dtype=np.int64)
    one = (Happening("gas", start, start + length, size),)
    found = strength(one, "gas", times)
    assert found.sum() == pytest.approx(size * length)
    assert strength(one, "leak", times).sum() == 0
    assert strength((*one, *one), "gas", times) == pytest.approx(2 * found)
