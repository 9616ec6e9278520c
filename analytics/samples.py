"""Samples of a meter on their own: how long each stands for, and which are frozen.

All functions take one series sorted by time and look only at its own values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analytics.arrays import HOUR

if TYPE_CHECKING:
    from analytics.arrays import BoolArray, FloatArray, IntArray

GAP_FROM = 1.5
"""A step longer than so many of the usual ones leaves something out."""
OVERLAP_BELOW = 2.0 / 3.0
"""A step shorter than so much of the usual one cuts an interval short."""
_AROUND = 4
_PER_OCTAVE, _ALIKE = 4, 0.35
_NEAR, _LONG = 0.25, 2.5
_FROZEN_SAMPLES = 5
_FROZEN_TIME = HOUR // 2
_OTHERS = 12
_COMMON = 0.5
_DWARFS = 5
_CHANCE = 1e-4


class Intervals(NamedTuple):
    """The time that each sample stands for.

    Parameters
    ----------
    length : array, shape (n,)
        Up to the next sample, or as long as usual before a gap. [us]
    usual : array, shape (n,)
        The step that is usual around the sample. [us]
    is_open : array, shape (n,)
        Whether nothing follows at the usual step: the last one, or before a gap.
    """

    length: IntArray
    usual: IntArray
    is_open: BoolArray

    def reversed(self) -> Intervals:
        """Return the same in the opposite order."""
        return Intervals(self.length[::-1], self.usual[::-1], self.is_open[::-1])


def intervals(ts: IntArray) -> Intervals:
    """Find the interval of samples that are stamped with its start.

    The usual step is the median of the nine steps around a sample, so that a file may
    change its rate. Where no step is usual, as of a meter that sends when it likes,
    each is one by itself, up to 2.5 times the second longest around.

    Parameters
    ----------
    ts : array, shape (n,)
        At least two, strictly ascending. [us since 1970 UTC]
    """
    step = np.diff(ts)
    usual = _usual(step)
    is_open = step > GAP_FROM * usual
    if len(step) > 2 * _AROUND and not _is_grid(step):
        restless, limit = _restless(step, usual)
        is_open &= ~restless | (step > limit)
        usual = np.where(restless & ~is_open, step, usual)
    length = np.where(is_open, usual, step)
    return Intervals(
        np.append(length, usual[-1]),
        np.append(usual, usual[-1]),
        np.append(is_open, True),
    )


def intervals_before(ts: IntArray) -> Intervals:
    """Find the interval of samples that are stamped with its end."""
    return intervals(-ts[::-1]).reversed()


def _usual(step: IntArray) -> IntArray:
    if len(step) <= 2 * _AROUND:
        return np.full(len(step), np.sort(step)[(len(step) - 1) // 2])
    return np.partition(_windows(step), _AROUND, axis=1)[:, _AROUND]


def _windows(step: IntArray) -> IntArray:
    padded = np.pad(step, _AROUND, mode="reflect")
    return sliding_window_view(padded, 2 * _AROUND + 1)


def _is_grid(step: IntArray) -> bool:
    """Whether many steps are about alike: the others leave samples out."""
    place = np.floor(np.log2(step) * _PER_OCTAVE).astype(np.int64)
    count = np.bincount(place - place.min())
    alike = count + np.append(count[1:], 0)
    return bool(alike.max() >= _ALIKE * len(step))


def _restless(step: IntArray, usual: IntArray) -> tuple[BoolArray, FloatArray]:
    """Where the steps around have little in common, and from when on one is a gap."""
    windows = _windows(step)
    near = np.abs(windows - usual[:, None]) <= _NEAR * usual[:, None]
    restless = near.sum(axis=1) <= _AROUND
    second = np.partition(windows, -2, axis=1)[:, -2]
    return restless, _LONG * second.astype(np.float64)


def frozen(
    ts: IntArray, same: BoolArray, at_rest: BoolArray | None = None
) -> BoolArray:
    """Mark samples of a run without change that chance does not explain.

    A run is frozen if it lasts half an hour and five samples at least, while the rest
    of the series changes so often that the run would come about in less than one of
    10,000 such series; where the rest changes at less than half of its steps, its runs
    must also be short, and this one five times as long as any. A series that is
    constant or changes seldom has none.

    Parameters
    ----------
    ts : array, shape (n,)
        [us since 1970 UTC]
    same : array, shape (n - 1,)
        Whether a sample is equal to the one before it.
    at_rest : array, shape (n - 1,), optional
        Steps that say nothing, as of a meter that rightly shows 0; not `same`.

    Returns
    -------
    array, shape (n,)
    """
    found = np.zeros(len(ts), np.bool_)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same, [0]])))
    first, last = edges[::2], edges[1::2]
    repeats = last - first
    steps = len(same) - (0 if at_rest is None else int(at_rest.sum()))
    others = steps - repeats
    usual = (same.sum() - repeats + 1) / (others + 2)
    rare = steps * usual**repeats < _CHANCE
    # What often repeats, but shortly, is frozen only in a run that dwarfs all others.
    longest = _others_longest(repeats)
    rare &= (usual < _COMMON) | ((repeats >= _DWARFS * longest) & (longest <= _OTHERS))
    rare &= others - same.sum() + repeats >= _OTHERS * (usual >= _COMMON)
    rare &= others >= _OTHERS
    rare &= (repeats + 1 >= _FROZEN_SAMPLES) & (ts[last] - ts[first] >= _FROZEN_TIME)
    for low, high in zip(first[rare], last[rare], strict=True):
        found[low : high + 1] = True
    return found


def _others_longest(repeats: IntArray) -> IntArray:
    """Longest of the other runs, for each run; at least 1."""
    if len(repeats) < 2:  # noqa: PLR2004 - no other
        return np.ones_like(repeats)
    second, first = np.sort(repeats)[-2:]
    is_longest = np.arange(len(repeats)) == np.argmax(repeats)
    longest: IntArray = np.maximum(np.where(is_longest, second, first), 1)
    return longest


def greatest(power: FloatArray) -> float:
    """Return what a load does not exceed, judged by its own samples.

    The greater of 20 times the median and 3 times the 95th percentile of all that is
    above 0; infinite if fewer than eight are.
    """
    above = np.sort(power[power > 0.0])
    if len(above) < 2 * _AROUND:
        return float("inf")
    middle, high = above[(len(above) - 1) // 2], above[int(0.95 * (len(above) - 1))]
    return float(max(20.0 * middle, 3.0 * high))
