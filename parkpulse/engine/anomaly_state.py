"""A detector for the series that rules watch, found by id, kept slot by slot."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics import civil
from analytics.anomaly.detector import Detector
from parkpulse.model.registry import SLOTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from analytics.anomaly.detector import Found
    from parkpulse.model.packed import FloatArray, Int64Array

    BoolArray = npt.NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).min


class Scorer:
    """Scores readings of n series.

    Parameters
    ----------
    parks
        Park id by series id.
    zones
        Name of the time zone by series id; the usual day follows civil time.
    """

    def __init__(self, parks: Mapping[int, int], zones: Mapping[int, str]) -> None:
        self.ids = np.array(sorted(parks), np.int64)
        names = sorted(set(zones.values()))
        self._zones = [ZoneInfo(name) for name in names]
        self._zone = np.array([names.index(zones[key]) for key in self.ids.tolist()])
        self._slot = np.array([parks[key] % SLOTS for key in self.ids.tolist()])
        self._detector = Detector(len(self.ids))
        self.newest = np.full(len(self.ids), _NEVER)
        """Newest time that was scored, of each series. [us]"""
        self._changed = np.zeros(len(self.ids), np.bool_)

    def rows(self, series: Int64Array) -> tuple[Int64Array, BoolArray]:
        """Rows of series ids, and which of them are followed."""
        if not len(self.ids):
            return np.zeros(len(series), np.int64), np.zeros(len(series), np.bool_)
        row = np.minimum(np.searchsorted(self.ids, series), len(self.ids) - 1)
        return row, self.ids[row] == series

    def score(self, row: Int64Array, ts: Int64Array, value: FloatArray) -> Found:
        """Judge readings of rows in the order given, and learn from them."""
        np.maximum.at(self.newest, row, ts)
        self._changed[row] = True
        return self._detector.step(row, ts, value, self._ahead(row, ts))

    def _ahead(self, row: Int64Array, ts: Int64Array) -> Int64Array:
        """Return how far civil time is ahead of UTC at each reading. [us]."""
        ahead = np.zeros_like(ts)
        for number, zone in enumerate(self._zones):
            there = self._zone[row] == number
            ahead[there] = civil.offsets(ts[there], zone)
        return ahead

    def take(self, other: Scorer) -> None:
        """Take over what another knows of the same series."""
        self._put(other.ids, other.newest, other._detector.snapshot())

    def _put(
        self, ids: Int64Array, newest: Int64Array, known: dict[str, npt.NDArray[Any]]
    ) -> None:
        row, mine = self.rows(ids)
        whole = self._detector.snapshot()
        for name, table in whole.items():
            if table.shape[1:] != known[name].shape[1:]:
                return
            table[row[mine]] = known[name][mine]
        self._detector = Detector.restore(whole)
        self.newest[row[mine]] = newest[mine]
        self._changed[row[mine]] = True

    def slots(self) -> list[int]:
        """Slots in which something has changed since the last call of `forget`."""
        return sorted(set(self._slot[self._changed].tolist()))

    def news(self, slot: int) -> bytes:
        """Return what has changed in a slot, for `restore`."""
        return self._packed((self._slot == slot) & self._changed)

    def whole(self, slot: int) -> bytes:
        """Return all of a slot, for `restore`."""
        return self._packed(self._slot == slot)

    def forget_changes(self) -> None:
        """Begin to note anew what changes."""
        self._changed[:] = False

    def _packed(self, mine: BoolArray) -> bytes:
        buffer = io.BytesIO()
        tables = {k: v[mine] for k, v in self._detector.snapshot().items()}
        tables |= {"ids": self.ids[mine], "newest": self.newest[mine]}
        np.savez(buffer, allow_pickle=False, **tables)
        return buffer.getvalue()

    def restore(self, snapshot: bytes) -> None:
        """Take a snapshot; one of another version of the detector is left aside."""
        with np.load(io.BytesIO(snapshot), allow_pickle=False) as found:
            tables = {name: found[name] for name in found.files}
        ids, newest = tables.pop("ids"), tables.pop("newest")
        if set(tables) == set(self._detector.snapshot()):
            self._put(ids, newest, tables)
