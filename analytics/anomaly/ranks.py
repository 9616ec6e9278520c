"""Share of the past values that were as large: histograms of logarithms, online.

No shape of a distribution is assumed. The bins follow the largest value that ever came,
a factor of 2 ** (1 / `_PER_OCTAVE`) each; what is smaller than the last counts there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.arrays import FloatArray, IntArray

BINS = 48
_PER_OCTAVE = 4.0
_LEAST, _MOST = 1e-36, 1e36
_LOWEST = -(2**20)
_AT_OR_BELOW = np.triu(np.ones((BINS, BINS), dtype=np.float32))
"""What a value adds to the counts, by its bin."""


class Ranks(NamedTuple):
    """Past values of `q` quantities of n series."""

    counts: npt.NDArray[np.float32]
    """How many were in a bin or above it, from the largest bin down, (n, q, BINS)."""
    top: npt.NDArray[np.int32]
    """Number of the bin of the largest, (n, q)."""


def empty(series: int, quantities: int) -> Ranks:
    """Ranks that know no values."""
    shape = (series, quantities)
    return Ranks(
        np.zeros((*shape, BINS), dtype=np.float32),
        np.full(shape, _LOWEST, dtype=np.int32),
    )


def surprise(ranks: Ranks, rows: IntArray, sizes: FloatArray) -> FloatArray:
    """Return -log10 of the share of past values as large, and take the values in.

    Parameters
    ----------
    sizes : array, shape (q, m)
        Newest values of series `rows`, each row once; below 0 counts as 0.
    """
    place = np.log2(np.clip(sizes.T, _LEAST, _MOST)) * _PER_OCTAVE
    number = np.floor(place)
    _raise_top(ranks, rows, number.astype(np.int32))
    top = ranks.top.take(rows, axis=0)
    down = np.minimum(top - number, BINS - 1.0).astype(np.int64)
    counts = ranks.counts.take(rows, axis=0)
    at = np.arange(down.size).reshape(down.shape) * BINS + down
    here = counts.take(at).astype(np.float64)
    above = np.where(down > 0, counts.take(at - (down > 0)), 0.0)
    total = counts[..., -1].astype(np.float64)
    counts += _AT_OR_BELOW.take(down, axis=0)
    ranks.counts[rows] = counts
    smaller = np.where(down < BINS - 1, place - number, 0.0)
    rank = here - (here - above) * smaller
    level: FloatArray = np.log10((total + 1.0) / (rank + 1.0)).T
    return level


def _raise_top(ranks: Ranks, rows: IntArray, number: npt.NDArray[np.int32]) -> None:
    who, which = np.nonzero(number > ranks.top.take(rows, axis=0))
    series = rows[who]
    by = number[who, which] - ranks.top[series, which]
    source = np.arange(BINS) - by[:, None]
    counts = ranks.counts[series, which]
    moved = np.take_along_axis(counts, np.maximum(source, 0), axis=-1)
    moved = np.where(source >= 0, moved, np.float32(0.0))
    moved[:, -1] = counts[:, -1]
    ranks.counts[series, which] = moved
    ranks.top[series, which] = number[who, which]
