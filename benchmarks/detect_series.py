"""Synthetic series of many kinds, quiet or with labelled faults, to judge detectors.

The kinds copy what sensors, servers and counters deliver. A fault changes the series
from its onset on; its window (rows that count as a hit) begins at the onset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.arrays import FloatArray, IntArray

MINUTE = 60_000_000
DAY = 1440 * MINUTE
START = 1_700_000_000_000_000 - 1_700_000_000_000_000 % DAY


class Series(NamedTuple):
    """One labelled series; a window is [first row, row after the last)."""

    name: str
    ts: IntArray
    values: FloatArray
    windows: tuple[tuple[int, int], ...]


class Clock(NamedTuple):
    """Rows of a kind: hour of day and day of week of each row."""

    ts: IntArray
    hour: FloatArray
    weekday: IntArray


Rng = np.random.Generator


def clock(rows: int, minutes: int) -> Clock:
    ts = START + np.arange(rows, dtype=np.int64) * (minutes * MINUTE)
    hour = (ts % DAY) / (60.0 * MINUTE)
    return Clock(ts, hour, (ts // DAY) % 7)


def autoregressive(rng: Rng, rows: int, phi: float) -> FloatArray:
    """AR(1) of unit variance, stationary from the first row, shape (rows,)."""
    shocks = rng.standard_normal(rows) * np.sqrt(1.0 - phi * phi)
    shocks[0] = rng.standard_normal()
    return np.asarray(signal.lfilter([1.0], [1.0, -phi], shocks), dtype=np.float64)


def _hump(hour: FloatArray, centre: float, width: float) -> FloatArray:
    away = (hour - centre + 12.0) % 24.0 - 12.0
    return np.asarray(np.exp(-0.5 * (away / width) ** 2), dtype=np.float64)


def _workday(at: Clock) -> FloatArray:
    return np.where(at.weekday < 5, 1.0, 0.6) * (
        0.2 + _hump(at.hour, 9.0, 2.0) + 1.2 * _hump(at.hour, 18.0, 3.0)
    )


def white(rng: Rng, at: Clock) -> FloatArray:
    return 20.0 + rng.standard_normal(at.ts.size)


def smooth(rng: Rng, at: Clock) -> FloatArray:
    return 20.0 + autoregressive(rng, at.ts.size, 0.9)


def slow(rng: Rng, at: Clock) -> FloatArray:
    return 90.0 + 4.0 * autoregressive(rng, at.ts.size, 0.99)


def walk(rng: Rng, at: Clock) -> FloatArray:
    return 100.0 + np.cumsum(rng.standard_normal(at.ts.size))


def spiky_cpu(rng: Rng, at: Clock) -> FloatArray:
    rows = at.ts.size
    spikes = (rng.random(rows) < 0.02) * rng.exponential(8.0, rows)
    return 5.0 + 0.3 * rng.standard_normal(rows) + spikes


def traffic(rng: Rng, at: Clock) -> FloatArray:
    wobble = 1.0 + 0.06 * autoregressive(rng, at.ts.size, 0.9)
    return rng.poisson(400.0 * _workday(at) * np.abs(wobble)).astype(np.float64)


def temperature(rng: Rng, at: Clock) -> FloatArray:
    daily = 3.0 * np.sin((at.hour - 9.0) * (2 * np.pi / 24.0))
    noise = 0.2 * rng.standard_normal(at.ts.size)
    return 80.0 + daily + 1.5 * autoregressive(rng, at.ts.size, 0.985) + noise


def bursts(rng: Rng, at: Clock) -> FloatArray:
    mean = 3.0 + 20.0 * _workday(at)
    return rng.negative_binomial(1.5, 1.5 / (1.5 + mean)).astype(np.float64)


def zero_inflated(rng: Rng, at: Clock) -> FloatArray:
    wet = autoregressive(rng, at.ts.size, 0.9) > 1.5
    return np.round(wet * rng.gamma(0.7, 0.8, at.ts.size), 1)


def on_off(rng: Rng, at: Clock) -> FloatArray:
    flips = rng.random(at.ts.size) < 0.02
    state = (np.cumsum(flips) % 2).astype(np.float64)
    return 2.0 + 40.0 * state + rng.standard_normal(at.ts.size)


def switch(rng: Rng, at: Clock) -> FloatArray:
    return (np.cumsum(rng.random(at.ts.size) < 0.05) % 2).astype(np.float64)


def quantised(rng: Rng, at: Clock) -> FloatArray:
    daily = 2.0 * np.sin(at.hour * (2 * np.pi / 24.0))
    return np.round((22.0 + daily + autoregressive(rng, at.ts.size, 0.95)) * 2) / 2


def trending(rng: Rng, at: Clock) -> FloatArray:
    line = np.linspace(0.0, 60.0, at.ts.size)
    daily = 5.0 * np.sin(at.hour * (2 * np.pi / 24.0))
    return 100.0 + line + daily + 1.5 * rng.standard_normal(at.ts.size)


def heavy(rng: Rng, at: Clock) -> FloatArray:
    return 50.0 + 3.0 * rng.standard_t(2.5, at.ts.size)


def volatile(rng: Rng, at: Clock) -> FloatArray:
    scale = np.exp(0.7 * autoregressive(rng, at.ts.size, 0.98))
    return 30.0 + scale * rng.standard_normal(at.ts.size)


def regimes(rng: Rng, at: Clock) -> FloatArray:
    rows = at.ts.size
    changes = rng.random(rows) < 0.015
    changes[0] = True
    levels = rng.choice([10.0, 25.0, 60.0], rows)[changes]
    level: FloatArray = levels[np.cumsum(changes) - 1]
    return level + 1.5 * rng.standard_normal(rows)


def square(rng: Rng, at: Clock) -> FloatArray:
    busy = (at.hour >= 9.0) & (at.hour < 18.0)
    return 20.0 + 60.0 * busy + rng.uniform(-4.0, 4.0, at.ts.size)


def solar(rng: Rng, at: Clock) -> FloatArray:
    sun = np.clip(np.sin((at.hour - 6.0) * (np.pi / 12.0)), 0.0, None)
    cloud = 1.0 - 0.5 * np.clip(autoregressive(rng, at.ts.size, 0.97), 0.0, 1.8)
    return np.round(500.0 * sun * cloud, 1)


def latency(rng: Rng, at: Clock) -> FloatArray:
    return np.exp(3.7 + 0.25 * autoregressive(rng, at.ts.size, 0.7))


def cycle(rng: Rng, at: Clock) -> FloatArray:
    phase = np.arange(at.ts.size) * (2 * np.pi / 53.0)
    wave: FloatArray = 10.0 + 5.0 * np.sin(phase)
    return wave + 0.4 * rng.standard_normal(at.ts.size)


KINDS: dict[str, tuple[Callable[[Rng, Clock], FloatArray], int, int]] = {
    "white": (white, 4000, 5),
    "smooth": (smooth, 4000, 5),
    "slow": (slow, 4000, 5),
    "walk": (walk, 4000, 5),
    "spiky_cpu": (spiky_cpu, 4000, 5),
    "traffic": (traffic, 5000, 30),
    "temperature": (temperature, 6000, 10),
    "bursts": (bursts, 5000, 15),
    "zero_inflated": (zero_inflated, 4000, 15),
    "on_off": (on_off, 4000, 5),
    "switch": (switch, 4000, 5),
    "quantised": (quantised, 4000, 10),
    "trending": (trending, 4000, 15),
    "heavy": (heavy, 4000, 5),
    "volatile": (volatile, 4000, 5),
    "regimes": (regimes, 4000, 5),
    "square": (square, 4000, 5),
    "solar": (solar, 4000, 15),
    "latency": (latency, 4000, 5),
    "cycle": (cycle, 4000, 1),
}
"""Name: generator, rows, minutes between rows."""


def quiet(kind: str, seed: int, rows: int | None = None) -> Series:
    """Series of `kind` without any fault."""
    make, usual, minutes = KINDS[kind]
    at = clock(rows or usual, minutes)
    values = make(np.random.default_rng([seed, len(kind), rows or usual]), at)
    return Series(f"{kind}-{seed}", at.ts, values, ())
