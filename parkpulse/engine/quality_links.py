"""Compares sensors with one another now and then, for the consumer of quality.

Each full hour is compared some minutes after it, and again when readings of it, or of
the hours that its sums reach back to, have come late.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import instants
from parkpulse.query import links
from parkpulse.store import parks
from parkpulse.store import quality as store
from parkpulse.store.quality import Findings, Hours, Stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.model.packed import Int64Array
    from parkpulse.query.links import LinkFinding
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries
    from parkpulse.store.surroundings import Surroundings

EVERY = timedelta(seconds=30)
SETTLED = 20 * instants.MINUTE
"""The hours before a full hour are compared so long after it. [us]"""
OLDEST = 31 * instants.DAY
"""What comes later than this, such as imported history, repeats nothing. [us]"""
REPEAT_S = 1.0
"""About so long hours are compared again each time. [s]"""
_SUSPECT = 3


class LinkChecks:
    """Looks at the parks of some slots."""

    def __init__(self) -> None:
        self._watched: dict[int, list[WatchedSeries]] = {}
        self._looked_at: datetime | None = None
        self._checked: dict[int, int] = {}
        self._id = np.zeros(0, np.int64)
        self._park = np.zeros(0, np.int64)
        self._reach = np.zeros(0, np.int64)

    def load(self, conn: Connection, known: Surroundings) -> None:
        """Take up which sensors there are."""
        codes = known.metric.codes(links.METRICS)
        mine = np.flatnonzero(np.isin(known.metric.code, codes))
        self._watched = {}
        for at in mine.tolist():
            each = known.at(at)
            self._watched.setdefault(each.park_id, []).append(each)
        self._checked = store.links_checked(conn)
        self._id = known.id[mine].astype(np.int64)
        self._park = known.park[mine].astype(np.int64)
        summed = known.metric.codes([*links.RAIN, *links.LEVEL])
        is_summed = np.isin(known.metric.code[mine], summed)
        self._reach = np.where(is_summed, links.REACH, 0)

    def postpone(self, conn: Connection, series: Int64Array, ts: Int64Array) -> None:
        """Ask for the hours that readings have come too late for."""
        if not len(self._id):
            return
        at = np.minimum(np.searchsorted(self._id, series), len(self._id) - 1)
        which, where = np.unique(self._park[at], return_inverse=True)
        upto = np.array([self._checked.get(each, 0) for each in which.tolist()])[where]
        is_late = (self._id[at] == series) & (ts <= upto) & (ts > upto - OLDEST)
        park, low = self._park[at[is_late]], _full_hour(ts[is_late])
        high = np.minimum(low + self._reach[at[is_late]], upto[is_late])
        store.repeat_links(
            conn,
            [
                Hours(each, int(low[park == each].min()), int(high[park == each].max()))
                for each in np.unique(park).tolist()
            ],
        )

    def look(self, conn: Connection, now: datetime) -> None:
        """Keep what is found, and ask for its readings to be judged."""
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return
        self._looked_at = now
        if not self._watched:
            return
        clocks = parks.clocks(conn)
        self._checked = store.links_checked(conn)
        for park, watched in sorted(self._watched.items()):
            clock = instants.to_us(clocks[park])
            _keep(conn, links.now(conn, watched, clock))
            hour = (clock - SETTLED) // instants.HOUR * instants.HOUR
            last = self._checked.get(park, 0)
            if hour > last:
                self._check(conn, watched, hour)
                store.check_links(conn, park, hour)
                self._checked[park] = hour
            if 0 < last < hour - instants.HOUR:
                since = max(last + instants.HOUR, hour - OLDEST)
                store.repeat_links(conn, [Hours(park, since, hour - instants.HOUR)])
        self._repeat(conn)

    def _check(
        self, conn: Connection, watched: Sequence[WatchedSeries], hour: int
    ) -> None:
        found = links.hourly(conn, watched, hour) + links.floods(conn, watched, hour)
        _keep(conn, found)

    def _repeat(self, conn: Connection) -> None:
        """Compare some hours again, those of each park in order."""
        last = time.monotonic() + REPEAT_S
        for park, low, high in store.links_to_repeat(conn):
            watched, hour = self._watched.get(park), low
            if watched is None:
                continue
            while hour <= high and time.monotonic() < last:
                _forget(conn, watched, hour)
                self._check(conn, watched, hour)
                hour += instants.HOUR
            store.links_repeated(conn, park, hour)


def _full_hour(ts: Int64Array) -> Int64Array:
    """End of the hour (begin, end] that holds each time. [us]."""
    return -(-ts // instants.HOUR) * instants.HOUR


def _forget(conn: Connection, watched: Sequence[WatchedSeries], hour: int) -> None:
    """Take back what was found at the readings of an hour."""
    series = np.array(sorted(each.id for each in watched), np.int64)
    low = np.full(len(series), hour - instants.HOUR + 1)
    where = Stretches(series, low, np.full(len(series), hour))
    for test in links.TESTS:
        touched = np.isin(series, store.forget(conn, test, where))
        # The rules look at what is tested again.
        store.postpone(conn, Stretches(*(each[touched] for each in where)))


def _keep(conn: Connection, found: Sequence[LinkFinding]) -> None:
    for test in sorted({each.test for each in found}):
        mine = sorted((each.series, each.ts) for each in found if each.test == test)
        series, ts = np.array(mine, np.int64).T
        flags = np.full(len(series), _SUSPECT, np.uint8)
        store.add(conn, test, Findings(series, ts, flags))
        which, first = np.unique(series, return_index=True)
        last = np.append(first[1:], len(series)) - 1
        # The rules look at what is tested again.
        store.postpone(conn, Stretches(which, ts[first], ts[last[: len(which)]]))
