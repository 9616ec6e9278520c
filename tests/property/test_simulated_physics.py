"""Laws that the simulated physics keeps for any input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from simulators import draws
from simulators.physics import data_centre, reservoirs, sky, storms, tunnel
from simulators.physics.storms import Storms

RATES = npst.arrays(np.float64, st.integers(1, 200), elements=st.floats(0, 5))
SECONDS = st.floats(60, 20_000)


@given(
    duration=st.floats(300, 40_000),
    peak=st.floats(0.05, 0.95),
    elapsed=npst.arrays(np.float64, 30, elements=st.floats(-1e5, 1e5)),
)
def test_a_storm_falls_once_and_never_rises_again(
    duration: float, peak: float, elapsed: np.ndarray
) -> None:
    elapsed = np.sort(elapsed)
    share = storms.fallen_share(elapsed, np.full(30, duration), np.full(30, peak))
    assert (np.diff(share) >= -1e-12).all()
    assert (share[elapsed <= 0] < 1e-12).all()
    assert share[elapsed >= duration] == pytest.approx(1)


@given(
    depth=npst.arrays(np.float64, 5, elements=st.floats(0, 200)),
    bucket=st.sampled_from([0.1, 0.2, 0.5, 1.0]),
)
def test_gauges_count_all_rain_but_a_bucket(depth: np.ndarray, bucket: float) -> None:
    start = np.arange(5, dtype=np.float64) * 20_000.0
    five = Storms(start, np.full(5, 9000.0), depth, np.full(5, 0.4))
    times = np.linspace(-100, 120_000, 500)
    fallen = storms.accumulated(five, times)
    counted = storms.tipped(fallen, bucket)
    assert fallen[-1] == pytest.approx(depth.sum())
    assert (np.diff(counted) >= 0).all()
    assert (counted >= 0).all()
    assert (counted <= fallen + 1e-3).all()
    assert (fallen - counted < bucket + 1e-3).all()


@given(inflow=RATES, constant=SECONDS)
def test_a_reservoir_loses_no_water(inflow: np.ndarray, constant: float) -> None:
    step = 60.0
    emptied = np.concatenate([inflow, np.zeros(int(constant / step * 40))])
    outflow = reservoirs.routed(emptied, step, constant)
    assert outflow.sum() == pytest.approx(emptied.sum())
    assert (outflow >= 0).all()
    assert outflow.max() <= inflow.max() + 1e-12


@given(inflow=RATES, capacity=st.floats(0.01, 5))
def test_a_pumped_hollow_keeps_what_the_pump_leaves(
    inflow: np.ndarray, capacity: float
) -> None:
    volume = reservoirs.pumped(inflow, 60.0, capacity)
    expected, stored = [], 0.0
    for rate in inflow:
        stored = max(0.0, stored + 60.0 * (rate - capacity))
        expected.append(stored)
    assert volume == pytest.approx(np.array(expected), abs=1e-9)


@given(
    added=RATES,
    start=st.floats(0, 100),
    constant=SECONDS,
    cut=st.integers(0, 200),
)
def test_decay_may_be_cut_anywhere(
    added: np.ndarray, start: float, constant: float, cut: int
) -> None:
    whole = reservoirs.decayed(added, start, 60.0, constant)
    cut = min(cut, len(added) - 1)
    first = reservoirs.decayed(added[:cut], start, 60.0, constant)
    between = first[-1] if cut else start
    second = reservoirs.decayed(added[cut:], between, 60.0, constant)
    assert np.concatenate([first, second]) == pytest.approx(whole)


@given(
    power=npst.arrays(np.float64, st.integers(3, 50), elements=st.floats(0, 1e7)),
    share=st.floats(0, 1),
)
def test_energy_adds_up(power: np.ndarray, share: float) -> None:
    step = 300.0
    at_nodes = data_centre.energy(power, step)
    nodes = np.arange(len(power), dtype=np.float64) * step
    assert data_centre.between(at_nodes, power, step, nodes) == pytest.approx(at_nodes)
    some = np.array([share * nodes[-1]], dtype=np.float64)
    fine = np.linspace(0, some[0], 20_001)
    reference = np.trapezoid(np.interp(fine, nodes, power), fine) / 3.6e6
    found = data_centre.between(at_nodes, power, step, some)
    assert found == pytest.approx(reference, rel=1e-3, abs=1e-2)


@given(load=npst.arrays(np.float64, 20, elements=st.floats(0, 5e6)))
def test_a_ups_never_gains_energy(load: np.ndarray) -> None:
    assert (data_centre.ups_input(load, 5e6) > load).all()


@given(
    times=npst.arrays(np.int64, 20, elements=st.integers(0, 4_000_000_000)),
    cloud=st.floats(0, 1),
)
def test_no_light_when_the_sun_is_down(times: np.ndarray, cloud: float) -> None:
    height = sky.sun_height(times, 36.65, 117.12)
    light = sky.irradiance(height, np.full(20, cloud))
    assert (light[height <= 0] == 0).all()
    assert (light >= 0).all()
    assert (light < 1100).all()


@given(
    seed=st.integers(0, 2**31),
    first=st.integers(0, 4_000_000_000),
    offsets=npst.arrays(np.int64, 30, elements=st.integers(0, 2_000_000)),
    knot=st.sampled_from([600, 3600, 86400]),
)
def test_draws_do_not_depend_on_what_else_is_drawn(
    seed: int, first: int, offsets: np.ndarray, knot: int
) -> None:
    times = first + offsets
    whole = draws.smooth(seed, "a", times, knot)
    alone = [
        float(draws.smooth(seed, "a", times[i : i + 1], knot)[0]) for i in range(30)
    ]
    assert whole.tolist() == alone
    uniform = draws.uniform(seed, "a", times)
    assert ((uniform > 0) & (uniform < 1)).all()


@given(
    methane=st.floats(0, 3),
    consumed=st.floats(0, 5),
    inflow=st.floats(0, 6),
    fan_works=st.booleans(),
)
def test_a_compartment_stays_within_nature(
    methane: float, consumed: float, inflow: float, *, fan_works: bool
) -> None:
    steps = 300
    flat = np.ones(steps)
    drivers = tunnel.Drivers(
        outdoor=20.0 * flat,
        vapour=0.01 * flat,
        methane=methane * flat,
        sulfide=5.0 * flat,
        consumed=consumed * flat,
        heat=flat,
        inflow=inflow * flat,
        hatch=0.0 * flat,
        fan_timer=0.0 * flat,
        pump_timer=0.0 * flat,
        fan_works=flat * fan_works,
    )
    states = tunnel.simulated(tunnel.Compartment(), drivers, 60.0)
    assert (states["methane"] >= 0).all()
    assert (states["hydrogen_sulfide"] >= 0).all()
    assert (states["oxygen"] <= tunnel.OUTDOOR_OXYGEN + 1e-9).all()
    assert (states["relative_humidity"] <= 100 + 1e-9).all()
    assert (states["sump_level"] >= 0.25 - 1e-9).all()
    assert (states["sump_level"] < 1.2).all()
    assert set(np.unique(states["fan_running"])) <= ({0.0, 1.0} if fan_works else {0.0})
