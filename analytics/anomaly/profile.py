"""Usual value by time of day and by hour of the week, learned as readings come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.arrays import FloatArray, IntArray

HOUR = 3_600_000_000
DAY_BINS = 48
WEEK_BINS = 168
BINS = DAY_BINS + WEEK_BINS
MEMORY_DAYS = 10.0
"""A profile forgets with this time constant."""
_LARGEST = 1e30


class Profiles(NamedTuple):
    """Tables of all series, shape (n_series, BINS): first the day, then the week.

    `scale` is the usual size of the residual by half hour of the day, (n_series,
    DAY_BINS).
    """

    mean: npt.NDArray[np.float32]
    seen: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]


class Place(NamedTuple):
    """The bins of some readings."""

    rows: IntArray
    day: IntArray
    week: IntArray


def empty(series: int) -> Profiles:
    """Profiles of `series` series that know nothing."""
    return Profiles(
        np.zeros((series, BINS), dtype=np.float32),
        np.zeros((series, BINS), dtype=np.float32),
        np.zeros((series, DAY_BINS), dtype=np.float32),
    )


def place(rows: IntArray, ts: IntArray) -> Place:
    """Bins of readings at `ts`."""
    half = ts // (HOUR // 2)
    return Place(rows, half % DAY_BINS, DAY_BINS + (half // 2) % WEEK_BINS)


def read(
    profiles: Profiles, rows: IntArray, bins: IntArray, otherwise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Usual value of a bin, `otherwise` where it is new; and how often it was seen."""
    count = profiles.seen[rows, bins].astype(np.float64)
    mean = profiles.mean[rows, bins].astype(np.float64)
    return np.where(count > 0, mean, otherwise), count


def learn(
    profiles: Profiles,
    rows: IntArray,
    bins: IntArray,
    x: FloatArray,
    weight: FloatArray,
) -> None:
    """Move the bins towards `x` by 1/(count + 1), later by `weight`."""
    count = profiles.seen[rows, bins].astype(np.float64)
    mean = profiles.mean[rows, bins].astype(np.float64)
    step = np.maximum(1.0 / (count + 1.0), weight)
    moved = mean + step * (x - mean)
    profiles.mean[rows, bins] = np.clip(moved, -_LARGEST, _LARGEST)
    profiles.seen[rows, bins] = np.minimum(count + 1.0, 1e6)


def learn_scale(
    profiles: Profiles, at: Place, size: FloatArray, weight: FloatArray
) -> None:
    """Move the residual's usual size in its half hour of the day."""
    count = profiles.seen[at.rows, at.day].astype(np.float64)
    scale = profiles.scale[at.rows, at.day].astype(np.float64)
    step = np.maximum(1.0 / np.maximum(count, 1.0), weight)
    moved = scale + step * (size - scale)
    profiles.scale[at.rows, at.day] = np.minimum(moved, _LARGEST)


def weight_of(interval: FloatArray, width_us: float) -> FloatArray:
    """Weight of one reading so that a bin forgets in `MEMORY_DAYS` of its own days."""
    return np.minimum(interval / width_us, 1.0) / MEMORY_DAYS
