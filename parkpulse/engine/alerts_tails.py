"""Newest readings of derived rows, read a few rows at a time before they are needed.

Without them a reading is scored from the database: after a start once for each series,
which at a thousand messages a second leaves no time for anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.thresholds import NEVER
from parkpulse.store import windows

if TYPE_CHECKING:
    from analytics.thresholds import IntArray
    from parkpulse.engine.alerts_watch import Watch
    from parkpulse.store.pool import Connection

MOST_ROWS = 500
"""So many are read at once, in a few hundredths of a second."""


class Wanted:
    """Rows of a watch whose newest readings may still have to be read."""

    def __init__(self) -> None:
        self._rows: IntArray = np.empty(0, np.int64)

    def begin(self, watch: Watch) -> None:
        """Take up all derived rows; of those without any reading all is known."""
        derived = np.flatnonzero(watch.is_derived & watch.rows["is_known"])
        is_empty = watch.rows["last_ts"][derived] == NEVER
        for row in derived[is_empty].tolist():
            watch.tails[row] = np.empty((2, 0), np.int64)
        self._rows = derived[~is_empty]

    def read(self, conn: Connection, watch: Watch) -> None:
        """Read those of some rows."""
        rows, self._rows = self._rows[:MOST_ROWS], self._rows[MOST_ROWS:]
        is_missing = [row not in watch.tails for row in rows.tolist()]
        rows = rows[np.array(is_missing, np.bool_)]
        if not len(rows):
            return
        # What is stored and was not followed yet is not part of a row's state.
        last = watch.rows["last_ts"][rows]
        reach = windows.Reach(*(each[rows] for each in watch.reach))
        found = windows.read(conn, watch.series[rows], last + 1, reach, last)
        stops = np.searchsorted(found.position, np.arange(len(rows) + 1))
        for row, low, high in zip(
            rows.tolist(), stops[:-1].tolist(), stops[1:].tolist(), strict=True
        ):
            watch.keep_tail(row, found.ts[low:high], found.value[low:high])
