"""A platform's pause is told from devices that lose reports by chance."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import pauses
from analytics.arrays import SECOND

MINUTE = 60 * SECOND
QUARTER = 15 * MINUTE
DAY = 96


def reports(
    devices: int, seed: int, lost: list[tuple[int, int]], chance: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reports every 15 min at a phase of each device, without those of some times."""
    random = np.random.default_rng(seed)
    phase = random.integers(0, QUARTER, devices)
    jitter = random.integers(-5 * SECOND, 5 * SECOND, (devices, DAY))
    ts = phase[:, None] + np.arange(DAY) * QUARTER + jitter
    keep = random.random((devices, DAY)) >= chance
    for start, end in lost:
        keep &= (ts < start) | (ts >= end)
    device = np.repeat(np.arange(devices), DAY).reshape(devices, DAY)
    interval = np.full(int(keep.sum()), QUARTER)
    return device[keep], ts[keep], interval


@given(
    seed=st.integers(0, 2**32),
    devices=st.integers(100, 300),
    at=st.integers(2 * 60, 22 * 60),
)
@settings(max_examples=30, deadline=None)
def test_a_pause_is_found_and_nothing_else(seed: int, devices: int, at: int) -> None:
    start = at * MINUTE
    device, ts, interval = reports(devices, seed, [(start, start + MINUTE)])
    lacking = pauses.missed(device, ts, interval)
    found = pauses.pauses(lacking, ts)
    assert len(found) <= 1
    if len(lacking.due) >= 8:
        (pause,) = found
        assert pause.devices <= len(lacking.due)
        slack = 15 * SECOND
        assert start - slack <= pause.start <= pause.end <= start + MINUTE + slack


@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_chance_is_no_pause(seed: int) -> None:
    device, ts, interval = reports(300, seed, [], chance=0.02)
    lacking = pauses.missed(device, ts, interval)
    assert len(lacking.due) > 100
    assert pauses.pauses(lacking, ts) == []


def test_pauses_one_after_the_other_are_one() -> None:
    start = 600 * MINUTE
    device, ts, interval = reports(500, 1, [(start, start + 3 * MINUTE)])
    lacking = pauses.missed(device, ts, interval)
    (pause,) = pauses.pauses(lacking, ts)
    assert pause.reports == len(lacking.due)
    assert pause.end - pause.start > 2 * MINUTE


def test_what_is_missing_between_two_reports() -> None:
    device = np.array([1, 1, 1, 1, 2, 2, 3, 3])
    minutes = np.array([0, 15, 61, 76, 0, 22, 0, 15 * 100])
    interval = np.full(8, QUARTER)
    found = pauses.missed(device, minutes * MINUTE, interval)
    assert found.device.tolist() == [1, 1]
    assert (found.due / MINUTE).round(1).tolist() == [30.3, 45.7]


def test_nothing_at_all() -> None:
    none = np.empty(0, np.int64)
    found = pauses.missed(none, none, none)
    assert len(found.due) == 0
    assert pauses.pauses(found, none) == []
