"""Alarm performance of ISA-18.2 / IEC 62682: rates, floods, bad actors, chattering."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
PERIOD_US = 600_000_000
"""Ten minutes. [us]"""
FLOOD_FROM = 10
"""A flood begins with a period of more alarms than this."""
FLOOD_UNTIL = 5
"""It ends with the first period of fewer."""
CHATTER_US = 60_000_000
CHATTER = 3
"""So many times within a minute is chattering."""


class Load(NamedTuple):
    """Alarms by periods of ten minutes; shares are 0 to 1, NaN without any time."""

    periods: int
    mean: float
    peak: int
    share_above_10: float
    share_in_flood: float
    floods: IntArray
    """First and last period of each flood, shape (n, 2)."""


def load(raised: IntArray, start: int, end: int) -> Load:
    """Count alarms by whole periods of ten minutes from `start` on.

    Parameters
    ----------
    raised : array, shape (n,)
        When alarms were raised, in [start, end). [us]
    start, end
        The time looked at. [us] The last period may be cut: it counts as one.

    References
    ----------
    .. [1] ANSI/ISA-18.2-2016, clause 16, alarm system performance.
    """
    periods = max(-(-(end - start) // PERIOD_US), 0)
    counts = np.bincount((raised - start) // PERIOD_US, minlength=periods)
    is_flood = _in_flood(counts)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_flood.view(np.int8), [0]])))
    return Load(
        periods=periods,
        mean=_mean(counts),
        peak=int(counts.max(initial=0)),
        share_above_10=_mean(counts > FLOOD_FROM),
        share_in_flood=_mean(is_flood),
        floods=edges.reshape(-1, 2) - np.array([0, 1]),
    )


def _mean(values: IntArray | NDArray[np.bool_]) -> float:
    return float(np.mean(values, dtype=np.float64)) if len(values) else float("nan")


def _in_flood(counts: IntArray) -> NDArray[np.bool_]:
    """Whether each period belongs to a flood."""
    says = np.where(counts > FLOOD_FROM, 1, np.where(counts < FLOOD_UNTIL, 0, -1))
    # A period in between goes on with what the last clear one said.
    last = np.maximum.accumulate(np.where(says >= 0, np.arange(len(says)), -1))
    return np.where(last >= 0, says[last], 0).astype(np.bool_)


def chattering(raised: IntArray, key: IntArray) -> IntArray:
    """Keys that were raised at least three times within a minute.

    Parameters
    ----------
    raised : array, shape (n,)
        When alarms were raised. [us]
    key : array, shape (n,)
        Which alarm each is.

    Returns
    -------
    array, shape (k,)
        The keys, ascending.
    """
    order = np.lexsort((raised, key))
    times, keys = raised[order], key[order]
    back = CHATTER - 1
    if len(times) <= back:
        return np.zeros(0, np.int64)
    close = times[back:] - times[:-back] < CHATTER_US
    same = keys[back:] == keys[:-back]
    return np.unique(keys[back:][close & same]).astype(np.int64)
