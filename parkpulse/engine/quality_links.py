"""Compares sensors with one another now and then, for the consumer of quality."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import instants
from parkpulse.query import links
from parkpulse.store import parks
from parkpulse.store import quality as store
from parkpulse.store.quality import Findings, Stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.query.links import LinkFinding
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries
    from parkpulse.store.surroundings import Surroundings

EVERY = timedelta(seconds=30)
SETTLED = 20 * instants.MINUTE
"""The hours before a full hour are compared so long after it. [us]"""
_SUSPECT = 3


class LinkChecks:
    """Looks at the parks of some slots."""

    def __init__(self) -> None:
        self._watched: dict[int, list[WatchedSeries]] = {}
        self._looked_at: datetime | None = None

    def load(self, known: Surroundings) -> None:
        """Take up which sensors there are."""
        self._watched = {}
        codes = known.metric.codes(links.METRICS)
        for at in np.flatnonzero(np.isin(known.metric.code, codes)).tolist():
            each = known.at(at)
            self._watched.setdefault(each.park_id, []).append(each)

    def look(self, conn: Connection, now: datetime) -> None:
        """Keep what is found, and ask for its readings to be judged."""
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return
        self._looked_at = now
        if not self._watched:
            return
        clocks = parks.clocks(conn)
        checked = store.links_checked(conn)
        found: list[LinkFinding] = []
        for park, watched in sorted(self._watched.items()):
            clock = instants.to_us(clocks[park])
            found += links.now(conn, watched, clock)
            hour = (clock - SETTLED) // instants.HOUR * instants.HOUR
            if hour > checked.get(park, 0):
                found += links.hourly(conn, watched, hour)
                store.check_links(conn, park, hour)
        _keep(conn, found)


def _keep(conn: Connection, found: Sequence[LinkFinding]) -> None:
    for test in sorted({each.test for each in found}):
        mine = sorted((each.series, each.ts) for each in found if each.test == test)
        series, ts = np.array(mine, np.int64).T
        flags = np.full(len(series), _SUSPECT, np.uint8)
        store.add(conn, test, Findings(series, ts, flags))
        # The rules look at what is tested again.
        store.postpone(conn, Stretches(series, ts, ts))
