"""Faults of the kinds that duty staff meet, put into a series at a known row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.detect_series import DAY, Rng, Series

if TYPE_CHECKING:
    from analytics.arrays import FloatArray


class Site(NamedTuple):
    """Where a fault goes: copy of the values, first row, rows of a day, spreads."""

    values: FloatArray
    at: int
    day: int
    spread: float
    step: float


def _site(series: Series, values: FloatArray, at: int) -> Site:
    low, high = np.quantile(values, [0.05, 0.95])
    day = round(DAY / float(np.median(np.diff(series.ts))))
    return Site(
        values, at, day, float(high - low) or 1.0, float(np.std(np.diff(values)))
    )


def _sign(rng: Rng) -> float:
    return float(rng.choice([-1.0, 1.0]))


def _magnitude(rng: Rng, site: Site) -> float:
    return _sign(rng) * rng.uniform(0.5, 1.5) * max(site.spread, 2.0 * site.step)


def level_shift(rng: Rng, site: Site) -> int:
    rows = int(rng.integers(150, 400))
    site.values[site.at : site.at + rows] += _magnitude(rng, site)
    return rows


def spike(rng: Rng, site: Site) -> int:
    local = np.ptp(site.values[: site.at])
    rows = int(rng.integers(1, 4))
    site.values[site.at : site.at + rows] += _sign(rng) * rng.uniform(0.6, 1.5) * local
    return rows


def drift(rng: Rng, site: Site) -> int:
    rows = int(rng.integers(200, 350))
    ramp = np.linspace(0.0, 1.0, rows) * 1.5 * _magnitude(rng, site)
    part = site.values[site.at : site.at + rows]
    part += ramp[: part.size]
    return rows


def noisier(rng: Rng, site: Site) -> int:
    rows = int(rng.integers(100, 250))
    part = site.values[site.at : site.at + rows]
    part += rng.standard_normal(part.size) * rng.uniform(2.0, 4.0) * site.step
    return rows


def frozen(rng: Rng, site: Site) -> int:
    rows = int(rng.integers(150, 400))
    site.values[site.at : site.at + rows] = site.values[site.at]
    return rows


def dropped(rng: Rng, site: Site) -> int:
    rows = int(rng.integers(10, 60))
    low = site.values.min() - rng.uniform(0.0, 0.3) * np.ptp(site.values)
    site.values[site.at : site.at + rows] = low
    return rows


def flat_day(rng: Rng, site: Site) -> int:
    """One day at its own mean level: the shape is missing, no value is unusual."""
    part = site.values[site.at : site.at + site.day]
    around = rng.permutation(part) if rng.random() < 0.5 else part
    part[:] = part.mean() + 0.05 * (around - part.mean())
    return site.day


def shifted_day(rng: Rng, site: Site) -> int:
    """One day that runs late by a third: each value is usual at another hour."""
    part = site.values[site.at : site.at + site.day]
    part[:] = np.roll(part, round(site.day * rng.uniform(0.3, 0.6)))
    return site.day


Fault = Callable[[Rng, Site], int]

ANY: dict[str, Fault] = {"level_shift": level_shift, "spike": spike, "drift": drift}
NOISY: dict[str, Fault] = {**ANY, "noisier": noisier, "frozen": frozen}
DAILY: dict[str, Fault] = {**NOISY, "flat_day": flat_day, "shifted_day": shifted_day}

FAULTS: dict[str, dict[str, Fault]] = {
    "white": {**NOISY, "dropped": dropped},
    "smooth": {**NOISY, "dropped": dropped},
    "slow": {"spike": spike, "noisier": noisier, "frozen": frozen, "dropped": dropped},
    "walk": {"spike": spike, "noisier": noisier, "frozen": frozen, "dropped": dropped},
    "spiky_cpu": {**NOISY, "dropped": dropped},
    "traffic": {**DAILY, "dropped": dropped},
    "temperature": {**NOISY, "dropped": dropped},
    "bursts": {"level_shift": level_shift, "spike": spike, "frozen": frozen},
    "zero_inflated": {"level_shift": level_shift, "spike": spike},
    "on_off": {**ANY, "frozen": frozen, "dropped": dropped},
    "switch": ANY,
    "quantised": {"level_shift": level_shift, "spike": spike, "dropped": dropped},
    "trending": {**DAILY, "dropped": dropped},
    "heavy": {"level_shift": level_shift, "drift": drift, "frozen": frozen},
    "volatile": {"level_shift": level_shift, "frozen": frozen, "dropped": dropped},
    "regimes": {"spike": spike, "frozen": frozen, "dropped": dropped},
    "square": DAILY,
    "solar": {"spike": spike, "shifted_day": shifted_day},
    "latency": {**ANY, "frozen": frozen},
    "cycle": NOISY,
}
REAL_FAULTS: dict[str, Fault] = {**ANY, "dropped": dropped}


def with_faults(
    series: Series, faults: dict[str, Fault], seed: int, count: int
) -> Series:
    """`series` with `count` faults after its first third.

    A window begins at the onset; all windows of a series cover a tenth of it.
    """
    rng = np.random.default_rng([seed, 77, len(series.name)])
    values = series.values.copy()
    rows = values.size
    span = rows // 10 // count
    places = np.sort(rng.choice(np.arange(3, 9), count, replace=False))
    windows, names = [], []
    for place in places:
        at = int(place * rows // 9 - rng.integers(0, rows // 30))
        name = str(rng.choice(sorted(faults)))
        faults[name](rng, _site(series, values, at))
        windows.append((at, min(at + span, rows)))
        names.append(name)
    label = "+".join([series.name, *names])
    return Series(label, series.ts, values, tuple(windows))
