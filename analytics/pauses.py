"""Times in which reports of many devices are missing together.

A carrier's platform that was not answered well stops pushing for a while (CTWing: one
minute) and drops what its devices report meanwhile. Each device lacks one report; that
many lack it within the same minute tells the platform's pause from bad radio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from analytics.arrays import IntArray

PAUSE_US = 60_000_000
"""How long a platform pauses. [us]"""
LEAST_DEVICES = 3
"""Fewer devices that lack a report together are chance."""
MOST_MISSED = 60
"""A device that lacks more reports in a row was silent for a reason of its own."""
_REGULAR = 0.25
_SHARE = 0.5


class Missed(NamedTuple):
    """Reports that never came; arrays of shape (k,), by device and time."""

    device: IntArray
    due: IntArray
    """When the report was due. [us since 1970 UTC]"""


class Pause(NamedTuple):
    """A time in which at least half of the reports that were due are missing."""

    start: int
    """When the first missing report was due. [us since 1970 UTC]"""
    end: int
    """When the last one was due. [us since 1970 UTC]"""
    devices: int
    reports: int
    """Reports that are missing."""


def missed(device: IntArray, ts: IntArray, interval: IntArray) -> Missed:
    """Tell which reports are missing between those of each device.

    Parameters
    ----------
    device, ts : arrays, shape (n,)
        Device and time [us] of each report, by device and time.
    interval : array, shape (n,)
        Report interval of the report's device. [us]

    Returns
    -------
    Missed
        Only where the time between two reports is close to a multiple of the interval:
        others tell nothing of a rhythm.
    """
    same = device[1:] == device[:-1]
    gap, step = np.diff(ts), interval[1:]
    parts = np.rint(gap / np.maximum(step, 1)).astype(np.int64)
    is_regular = np.abs(gap - parts * step) <= _REGULAR * step
    found = np.flatnonzero(
        same & is_regular & (parts > 1) & (parts - 1 <= MOST_MISSED) & (step > 0)
    )
    counts = parts[found] - 1
    which = np.repeat(found, counts)
    # 1, 2, ... of each gap.
    number = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    due = ts[which] + number * gap[which] // parts[which]
    return Missed(device[which].astype(np.int64), due.astype(np.int64))


def pauses(
    lacking: Missed,
    ts: IntArray,
    *,
    width: int = PAUSE_US,
    least_devices: int = LEAST_DEVICES,
) -> list[Pause]:
    """Find the times in which many devices lack a report together.

    Parameters
    ----------
    lacking
        From `missed`.
    ts : array, shape (n,)
        Times of all reports of these devices that came. [us]
    width
        How long a platform pauses [us]; pauses that follow each other are one.
    least_devices
        Fewer are chance.
    """
    order = np.argsort(lacking.due, kind="stable")
    due, device = lacking.due[order], lacking.device[order]
    came = np.sort(ts)
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(due):
        stop = int(np.searchsorted(due, due[at] + width, "right"))
        goes_on = bool(found) and due[at] - due[found[-1][1] - 1] <= width
        least = 1 if goes_on else least_devices
        if len(np.unique(device[at:stop])) < least or not (
            _is_quiet(due, came, due[at], due[at] + width)
            or _is_quiet(due, came, due[stop - 1] - width, due[stop - 1])
        ):
            at += 1
            continue
        if goes_on:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((at, stop))
        at = stop
    return [
        Pause(
            int(due[first]),
            int(due[stop - 1]),
            len(np.unique(device[first:stop])),
            stop - first,
        )
        for first, stop in found
    ]


def _is_quiet(due: IntArray, came: IntArray, start: int, end: int) -> bool:
    """Whether at least half of what was due from start to end did not come."""
    lacking = np.searchsorted(due, end, "right") - np.searchsorted(due, start)
    heard = np.searchsorted(came, end, "right") - np.searchsorted(came, start)
    return bool(lacking >= _SHARE * (lacking + heard))
