"""Distance of a value from all that came before it, and how rare such a distance is.

`CODES` values of a series are remembered so that all that came lies close to one of
them: a value farther from them than the closest two are from each other takes the place
of one of these. So a short memory covers the whole range that was ever visited, however
seldom, and forgets nothing but detail.

The distance is ranked among those of earlier values when they were new, and so are the
streams of `_BESIDE`: what is new says more while the series is restless as well.

References
----------
.. [1] Laxhammar, R., Falkman, G., "Conformal prediction for distribution-independent
   anomaly detection in streaming vessel data", StreamKDD 2010.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics.anomaly import alarms, layout, ranks

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.anomaly.layout import Columns
    from analytics.arrays import FloatArray, IntArray

    Codes = npt.NDArray[np.float32]

CODES = 64
_NONE = np.float32(np.inf)
_BESIDE = ("mean_16", "variation", "activity_24")
_HIGH = [layout.STREAMS.index(name) for name in _BESIDE]
_LOW = [row + len(layout.STREAMS) for row in _HIGH]
_WEIGHT, _YOUNG = 0.25, 1000.0
"""Weight of each of `_BESIDE`; from when on more is asked for age."""


class Memory(NamedTuple):
    """What n series have shown so far."""

    codes: npt.NDArray[np.float32]
    """Remembered values in order, infinite where there is none yet, (n, CODES)."""
    counts: npt.NDArray[np.float32]
    """See `ranks.Ranks`."""
    top: npt.NDArray[np.int32]


def empty(series: int) -> Memory:
    """Memory of `series` series that have shown nothing."""
    codes = np.full((series, CODES), _NONE, dtype=np.float32)
    return Memory(codes, *ranks.empty(series, 1 + 2 * len(_BESIDE)))


def evidence(
    memory: Memory, rows: IntArray, state: Columns, z: FloatArray
) -> FloatArray:
    """How new and strange the newest values are, shape (m,); remembers them.

    Parameters
    ----------
    z : array, shape (TAILS, m)
        Values of the streams from their centres, upwards then downwards.
    """
    x = state["x"]
    away = distance(memory.codes, rows, x)
    sizes = np.concatenate([away[None], z[_HIGH], z[_LOW]])
    rare = ranks.surprise(ranks.Ranks(memory.counts, memory.top), rows, sizes)
    state["gap"] = remember(memory.codes, rows, x, state["gap"], away)
    beside = np.maximum(rare[1 : 1 + len(_BESIDE)], rare[1 + len(_BESIDE) :])
    age = np.log10((np.minimum(state["n"], alarms.OLD) + 1.0) / _YOUNG)
    total: FloatArray = rare[0] - alarms.NEW_AGE * age
    for row in beside:
        total += _WEIGHT * row
    return total


def distance(codes: Codes, rows: IntArray, x: FloatArray) -> FloatArray:
    """Distance of the newest values from the nearest remembered ones, shape (m,).

    A first value has the distance 0.
    """
    known = codes.take(rows, axis=0)
    known -= x.astype(np.float32)[:, None]
    np.abs(known, out=known)
    nearest = known.min(axis=1)
    return np.where(np.isfinite(nearest), nearest, 0.0).astype(np.float64)


def remember(
    codes: Codes, rows: IntArray, x: FloatArray, gap: FloatArray, away: FloatArray
) -> FloatArray:
    """Take in what lies farther `away` than `gap`; return the new closest gaps.

    Parameters
    ----------
    gap : array, shape (m,)
        Least distance of two remembered values; below 0 while there are few.
    """
    chosen = np.flatnonzero((away > gap) | ~np.isfinite(codes[rows, 0]))
    if not chosen.size:
        return gap
    series = rows[chosen]
    new = x[chosen].astype(np.float32)
    more = np.concatenate([codes[series], new[:, None]], axis=1)
    more.sort(axis=1)
    full = np.isfinite(more[:, -1])
    codes[series[~full]] = more[~full, :CODES]
    thinned = _thin(more[full])
    codes[series[full]] = thinned
    moved = gap.copy()
    moved[chosen[full]] = np.diff(thinned, axis=1).min(axis=1, initial=_NONE)
    return moved


def _thin(codes: Codes) -> Codes:
    """Leave out one of the closest two, the one with the closer other neighbour."""
    gaps = np.diff(codes, axis=1)
    closest = np.argmin(gaps, axis=1)
    around = np.pad(gaps, ((0, 0), (1, 1)), constant_values=_NONE)
    at = np.arange(codes.shape[0])
    right_is_closer = around[at, closest + 2] < around[at, closest]
    out = closest + right_is_closer
    kept = np.arange(CODES) + (np.arange(CODES) >= out[:, None])
    return np.take_along_axis(codes, kept, axis=1)
