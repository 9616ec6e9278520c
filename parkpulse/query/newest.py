"""The newest reading of every series, held in arrays that batches are merged into."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse.model.packed import ReadingArrays

if TYPE_CHECKING:
    from parkpulse.model.packed import ByteArray, FloatArray, Int32Array, Int64Array

NEVER = np.iinfo(np.int64).min
"""Time of a series that has no reading. [us]"""
_ASKED = 1000


class Newest(NamedTuple):
    """The newest readings of the series that were asked for, shape (n,)."""

    series: Int32Array
    ts: Int64Array
    """Observed; NEVER without a reading. [us]"""
    value: FloatArray
    quality: ByteArray
    received: Int64Array
    """When the batch was stored; NEVER if not seen by this process. [us]"""


class _Asked(NamedTuple):
    series: Int32Array
    """Held, so that no other array gets its id."""
    at: int
    """Version of the table."""
    change: int


class NewestTable:
    """Newest reading by series id; one thread merges, any thread reads.

    `version` grows with every merge, so that a reader can ask for what has changed
    since the version it knows.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = 0
        self._asked: dict[int, _Asked] = {}
        self._make(1024)

    @property
    def version(self) -> int:
        """Grows with every merge."""
        return self._version

    def merge(self, readings: ReadingArrays, received: int = NEVER) -> None:
        """Take over what is newer than the known, and corrections of it.

        Parameters
        ----------
        readings
            Any number for any series.
        received
            When they were stored. [us]
        """
        if not len(readings):
            return
        last = _last_of_each(readings)
        with self._lock:
            self._grow(int(last.series[-1]) + 1)
            known = self._ts[last.series]
            corrected = (last.ts == known) & (last.value != self._value[last.series])
            newer = (last.ts > known) | corrected
            which = last.series[newer]
            self._version += 1
            self._ts[which] = last.ts[newer]
            self._value[which] = last.value[newer]
            self._quality[which] = last.quality[newer]
            self._changed[which] = self._version
            self._received[last.series] = np.maximum(
                self._received[last.series], received
            )

    def read(self, series: Int32Array) -> Newest:
        """Return the newest reading of each of these series."""
        with self._lock:
            self._grow(int(series.max(initial=0)) + 1)
            return self._rows(series)

    def changed(self, series: Int32Array, since: int) -> Newest:
        """Return the newest reading of those that changed after a version."""
        with self._lock:
            self._grow(int(series.max(initial=0)) + 1)
            return self._rows(series[self._changed[series] > since])

    def last_change(self, series: Int32Array) -> int:
        """Return the version at which one of these series changed last.

        Asked for with each request for a park, always with the same array.
        """
        with self._lock:
            known = self._asked.get(id(series))
            if known is not None and known.at == self._version:
                return known.change
            self._grow(int(series.max(initial=0)) + 1)
            change = int(self._changed[series].max(initial=0))
            if len(self._asked) >= _ASKED:
                self._asked.clear()
            self._asked[id(series)] = _Asked(series, self._version, change)
            return change

    def _rows(self, series: Int32Array) -> Newest:
        return Newest(
            series,
            self._ts[series],
            self._value[series],
            self._quality[series],
            self._received[series],
        )

    def _make(self, size: int) -> None:
        self._ts = np.full(size, NEVER, np.int64)
        self._value = np.full(size, np.nan)
        self._quality = np.zeros(size, np.uint8)
        self._received = np.full(size, NEVER, np.int64)
        self._changed = np.zeros(size, np.int64)

    def _grow(self, needed: int) -> None:
        size = len(self._ts)
        if needed <= size:
            return
        old = self._rows(np.arange(size, dtype=np.int32))
        changed = self._changed
        self._make(max(needed, 2 * size))
        self._ts[:size], self._value[:size] = old.ts, old.value
        self._quality[:size], self._received[:size] = old.quality, old.received
        self._changed[:size] = changed


def _last_of_each(readings: ReadingArrays) -> ReadingArrays:
    """Only the newest reading of each series, by series; of equals the later one."""
    order = np.lexsort((readings.ts, readings.series))
    series = readings.series[order]
    last = order[np.append(series[1:] != series[:-1], [True])]
    return ReadingArrays(
        readings.series[last],
        readings.ts[last],
        readings.value[last],
        readings.quality[last],
    )
