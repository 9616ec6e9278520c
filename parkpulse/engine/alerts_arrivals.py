"""Sorts the readings of a batch into those in order and those that come late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics.thresholds import OVER
from parkpulse.model.packed import CORRECTION

if TYPE_CHECKING:
    from analytics.thresholds import BoolArray, IntArray
    from parkpulse.engine.alerts_watch import Watch
    from parkpulse.model.packed import ChangeArrays, FloatArray


class InOrder(NamedTuple):
    """Readings newer than all before, of rows without late ones, sorted.

    Attributes
    ----------
    rows : array, shape (n,)
        Rows of the watch, each once.
    row, ts, value : arrays, shape (k,)
        Index in `rows`, observed time [us] and value of each reading.
    """

    rows: IntArray
    row: IntArray
    ts: IntArray
    value: FloatArray


class Late(NamedTuple):
    """Rows with readings that are late, replaced, repeated, or of an unknown row.

    Attributes
    ----------
    rows : array, shape (n,)
        Rows of the watch, each once.
    first, last : arrays, shape (n,)
        Oldest and newest reading of each row in this batch. [us]
    """

    rows: IntArray
    first: IntArray
    last: IntArray


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Readings of rows by row, then time."""

    row: IntArray
    ts: IntArray
    value: FloatArray
    is_replaced: BoolArray

    def where(self, mask: BoolArray | IntArray) -> _Sorted:
        return _Sorted(
            self.row[mask], self.ts[mask], self.value[mask], self.is_replaced[mask]
        )


def split(watch: Watch, changes: ChangeArrays) -> tuple[InOrder, Late]:
    """Sort what was logged for the rows of a watch."""
    found = _sorted(watch, changes)
    is_late = _is_late(watch, found)
    late = np.flatnonzero(is_late)
    is_wanted = np.ones(len(is_late), np.bool_)
    is_wanted[late] = ~_is_harmless(watch, found.where(late))
    found, is_late = found.where(is_wanted), is_late[is_wanted]
    is_late = np.isin(found.row, np.unique(found.row[is_late]))
    return _in_order(found.where(~is_late)), _late(found.where(is_late))


def _sorted(watch: Watch, changes: ChangeArrays) -> _Sorted:
    # Sorted first: what is sought in order is found several times sooner.
    order = np.lexsort((changes.ts, changes.series))
    index, row = watch.rows_of(changes.series[order])
    again = np.argsort(row, kind="stable")
    row, index = row[again], order[index[again]]
    ts = changes.ts[index].astype(np.int64)
    is_replaced = (changes.flag[index] & CORRECTION) > 0
    same = (row[1:] == row[:-1]) & (ts[1:] == ts[:-1])
    is_replaced[1:] |= same
    is_replaced[:-1] |= same
    return _Sorted(row, ts, changes.value[index], is_replaced)


def _is_late(watch: Watch, found: _Sorted) -> BoolArray:
    rows = watch.rows
    seen = np.maximum(rows["last_ts"][found.row], rows["fired"][found.row])
    unknown = ~rows["is_known"][found.row]
    late: BoolArray = found.is_replaced | (found.ts <= seen) | unknown
    return late


def _is_harmless(watch: Watch, found: _Sorted) -> BoolArray:
    """Whether a late reading within the limit cannot have changed anything.

    That is so when there was no condition at or after its time, and none is waiting for
    its delay.
    """
    rows = watch.rows[found.row]
    calm = rows["is_known"] & (rows["level"] == 0) & (rows["ended"] < found.ts)
    calm &= (rows["run"] != OVER) | (rows["run_ts"] > found.ts)
    # What a late reading does to later scores, only a computation tells.
    calm &= ~watch.is_derived[found.row]
    calm &= ~found.is_replaced & (found.ts < rows["last_ts"])
    harmless: BoolArray = calm & (watch.limits.kind(found.row, found.value) != OVER)
    return harmless


def _in_order(found: _Sorted) -> InOrder:
    rows, row = np.unique(found.row, return_inverse=True)
    return InOrder(rows, row.astype(np.int64), found.ts, found.value)


def _late(found: _Sorted) -> Late:
    rows, first = np.unique(found.row, return_index=True)
    last = np.append(first[1:], len(found.row)) - 1
    return Late(rows, found.ts[first], found.ts[last[: len(rows)]])
