"""A detector for the series that rules watch, found by id, kept part by part."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from analytics import civil
from analytics.anomaly import layout
from analytics.anomaly.detector import Detector
from parkpulse.model.registry import SLOTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from analytics.anomaly.detector import Found
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.detector_states import Part

    BoolArray = npt.NDArray[np.bool_]

PART = 512
"""So many ids of series at most are kept together, some 3 MB."""
_NEVER = np.iinfo(np.int64).min
_BLOCK = 4096


class Subjects(NamedTuple):
    """Series to be followed, the most important first; each of shape (n,)."""

    id: Int64Array
    park: Int64Array
    """Id of its park."""
    zone: list[str]
    """Its time zone; the usual day follows civil time."""


class Scorer:
    """Scores readings of n series."""

    def __init__(self, subjects: Subjects) -> None:
        order = np.argsort(subjects.id)
        self.ids = subjects.id[order]
        self.park = subjects.park[order]
        self.rank = order
        """Place of each series in the order of importance, shape (n,)."""
        names = sorted(set(subjects.zone))
        zone = np.array([names.index(each) for each in subjects.zone], np.int64)
        self._zones = [ZoneInfo(name) for name in names]
        self._zone = zone[order]
        self._slot = self.park % SLOTS
        key = self._slot * 2**32 + self.ids // PART
        every, self.part = np.unique(key, return_inverse=True)
        self.parts: list[Part] = [
            (each >> 32, each & 0xFFFFFFFF) for each in every.tolist()
        ]
        self._detector = Detector(len(self.ids))
        self.newest = np.full(len(self.ids), _NEVER)
        """Newest time that was scored, of each series. [us]"""
        self._changed = np.zeros(len(self.parts), np.bool_)

    def rows(self, series: Int64Array) -> tuple[Int64Array, BoolArray]:
        """Rows of series ids, and which of them there are."""
        if not len(self.ids):
            return np.zeros(len(series), np.int64), np.zeros(len(series), np.bool_)
        row = np.minimum(np.searchsorted(self.ids, series), len(self.ids) - 1)
        return row, self.ids[row] == series

    def zone(self, row: int) -> ZoneInfo:
        """Time zone of a row."""
        zone: int = int(self._zone[row])
        return self._zones[zone]

    def score(self, row: Int64Array, ts: Int64Array, value: FloatArray) -> Found:
        """Judge readings of rows in the order given, and learn from them."""
        np.maximum.at(self.newest, row, ts)
        self._changed[self.part[row]] = True
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
        for start in range(0, len(other.ids), _BLOCK):
            theirs = np.arange(start, min(start + _BLOCK, len(other.ids)))
            known = other._detector.snapshot(theirs)
            self._put(other.ids[theirs], other.newest[theirs], known)

    def _put(
        self, ids: Int64Array, newest: Int64Array, known: dict[str, npt.NDArray[Any]]
    ) -> None:
        row, mine = self.rows(ids)
        self._detector.put(row[mine], {k: v[mine] for k, v in known.items()})
        self.newest[row[mine]] = newest[mine]
        self._changed[self.part[row[mine]]] = True

    def news(self, part: int) -> bytes | None:
        """Return the state of a part, for `restore`, if it has changed since."""
        if not self._changed[part]:
            return None
        self._changed[part] = False
        rows = np.flatnonzero(self.part == part)
        known = self._detector.snapshot(rows)
        known |= {"ids": self.ids[rows], "newest": self.newest[rows]}
        records = np.empty(len(rows), _record(known))
        for name, table in known.items():
            records[name] = table
        return records.tobytes()

    def restore(self, state: bytes) -> None:
        """Take the state of a part."""
        records = np.frombuffer(state, RECORD)
        known = {name: records[name] for name in RECORD.names or ()}
        ids, newest = known.pop("ids"), known.pop("newest")
        self._put(ids, newest, known)
        row, mine = self.rows(ids)
        self._changed[self.part[row[mine]]] = False


def _record(tables: dict[str, npt.NDArray[Any]]) -> np.dtype[np.void]:
    """Return one series' share of some tables."""
    return np.dtype(
        [(name, table.dtype, table.shape[1:]) for name, table in tables.items()]
    )


RECORD = _record(
    Detector(0).snapshot() | dict.fromkeys(("ids", "newest"), np.empty(0, np.int64))
)
"""What is kept of a series."""
LAYOUT = hashlib.sha256(repr((RECORD.descr, layout.FIELDS)).encode()).hexdigest()[:16]
"""Changes with what the numbers of a state mean."""
