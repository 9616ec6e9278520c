"""Most that was counted in any window of a given length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import segments

if TYPE_CHECKING:
    from analytics.arrays import FloatArray, IntArray
    from analytics.segments import Segments


class Window(NamedTuple):
    """A window [end - width, end) and what was counted in it."""

    end: int
    """[us since 1970 UTC]"""
    amount: float
    """In the unit of the segments."""


def greatest(found: Segments, width: int) -> Window | None:
    """Find the window that holds most; the earliest of several, None without data.

    Parameters
    ----------
    found : Segments
        What was counted, spread evenly over each span.
    width : int
        Length of the window. [us]
    """
    if not len(found):
        return None
    edges = np.stack([found.start, found.end], axis=1).ravel()
    after = np.cumsum(found.amount)
    level = np.stack([after - found.amount, after], axis=1).ravel()
    # The sum is linear between these ends, so the greatest is at one of them.
    ends = np.unique(np.concatenate([found.end, found.start + width]))
    sums = _at(ends, edges, level) - _at(ends - width, edges, level)
    end = int(ends[np.argmax(sums > sums.max() * (1.0 - 1e-12))])
    inside = segments.clip(found, end - width, end)
    return Window(end, math.fsum(inside.amount.tolist()))


def _at(moment: IntArray, edges: IntArray, level: FloatArray) -> FloatArray:
    found: FloatArray = np.interp(moment, edges, level)
    return found
