from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import kpi, regular
from analytics.arrays import HOUR, SECOND
from analytics.energy import Register

MODULUS = 1000.0
ROLES = ["grid_import", "ups_output", "pv", "green_power"]


def _sources(
    step: int, count: int, seed: int, share: float
) -> list[regular.Power | regular.Counter]:
    """Two registers and two powers with faults of every kind, seldom or often."""
    rng = np.random.default_rng(seed)
    known = Register(gap=int(2.5 * step), modulus=MODULUS, max_rate=500.0)
    found: list[regular.Power | regular.Counter] = []
    for _ in range(2):
        value = np.cumsum(rng.uniform(0.0, 300.0, count) * step / HOUR) % MODULUS
        bad = np.flatnonzero(rng.random(count) < share / 10)
        value[bad] = rng.uniform(0.0, MODULUS, len(bad))
        if share:
            # Another meter.
            swap = int(rng.integers(count))
            value[swap:] = (value[swap:] + rng.uniform(0.0, MODULUS)) % MODULUS
        found.append(regular.Counter(value, known))
    for _ in range(2):
        value = rng.uniform(0.0, 1e5, count)
        value[rng.random(count) < share] = np.nan
        value[rng.random(count) < share / 30] = np.inf
        found.append(regular.Power(value, int(2.5 * step)))
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([60, 300, 900, 1800]),
    st.integers(2, 3000),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.003, 0.02, 0.3, 0.9]),
)
def test_blocks_say_what_the_general_path_says(
    seconds: int, count: int, seed: int, share: float
) -> None:
    step = seconds * SECOND
    ts = 5 * HOUR + np.arange(count, dtype=np.int64) * step
    sources = _sources(step, count, seed, share)
    fast, general = regular.hours(ts, sources), regular._general(ts, sources)
    whole = count * step // HOUR
    for formula in kpi.formulas(ROLES):
        one, other = (kpi.of_hours(formula, each) for each in (fast, general))
        for name in one.__slots__:
            found, expected = getattr(one, name), getattr(other, name)
            size = min(whole, len(found), len(expected))
            np.testing.assert_allclose(
                found[:size], expected[:size], rtol=1e-12, atol=1e-9, err_msg=name
            )


def test_the_fast_path_is_taken_for_clean_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = _sources(60 * SECOND, 100_001, 1, 0.0)
    ts = np.arange(100_001, dtype=np.int64) * 60 * SECOND
    expected = regular._general(ts, sources)
    monkeypatch.delattr(regular, "_general")
    found = regular.hours(ts, sources)
    for one, other in zip(found.own, expected.own, strict=True):
        np.testing.assert_allclose(one.amount, other.amount, rtol=1e-12)


@pytest.mark.parametrize("shift", [0, 1])
def test_a_grid_is_regular_throughout(shift: int) -> None:
    ts = np.arange(200_000, dtype=np.int64) * 60 * SECOND
    ts[150_000] += shift
    assert (regular.find(ts) is None) == bool(shift)
    assert regular.find(ts[1:]) is None
    assert regular.find(ts[:1]) is None
