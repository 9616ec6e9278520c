"""Numbers that are missing between those that devices gave their messages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_Int = NDArray[np.int64]

RESTART_BELOW = 16
"""A device that numbers so low again, far below what it had reached, has restarted."""
_FAR = 1000


class Gaps(NamedTuple):
    """Numbers that never came; arrays of shape (k,), by device and first number."""

    device: _Int
    first: _Int
    """First missing number."""
    last: _Int
    """Last missing number."""


def gaps(device: _Int, seq: _Int) -> Gaps:
    """Tell which numbers are missing between the lowest and the highest of each device.

    Parameters
    ----------
    device, seq : arrays, shape (n,)
        Device and number of each message, in order of arrival; repetitions and
        disorder are no gaps. When a device counts from the beginning again, its
        numbers before and after are looked at apart.
    """
    if not len(device):
        return Gaps(*(np.empty(0, np.int64) for _ in range(3)))
    order = np.argsort(device, kind="stable")
    device, seq = device[order].astype(np.int64), seq[order].astype(np.int64)
    run = _runs(device, seq)
    by_number = np.lexsort((seq, run))
    run, seq, device = run[by_number], seq[by_number], device[by_number]
    step = np.diff(seq)
    at = np.flatnonzero((np.diff(run) == 0) & (step > 1))
    return Gaps(device[at], seq[at] + 1, seq[at + 1] - 1)


def _runs(device: _Int, seq: _Int) -> _Int:
    """Give each stretch in which a device has counted on a number of its own."""
    changes = np.flatnonzero(np.diff(device)) + 1
    begins = np.zeros(len(device), np.bool_)
    begins[changes] = True
    for part in np.split(np.arange(len(device)), changes):
        numbers = seq[part]
        if (np.diff(numbers) < -RESTART_BELOW).any():
            begins[part[_restarts(numbers)]] = True
    return np.cumsum(begins)


def _restarts(numbers: _Int) -> _Int:
    highest = np.maximum.accumulate(numbers)
    low = numbers < RESTART_BELOW
    fell = np.zeros(len(numbers), np.bool_)
    fell[1:] = low[1:] & (highest[:-1] - numbers[1:] > _FAR) & ~low[:-1]
    # A single low number among high ones is an old message that comes late.
    goes_on = np.ones(len(numbers), np.bool_)
    goes_on[:-1] = numbers[1:] - numbers[:-1] < _FAR
    return np.flatnonzero(fell & goes_on)
