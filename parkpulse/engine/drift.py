"""The daily search for a drift of each data centre's overhead."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.model import instants
from parkpulse.model.periods import Calendar
from parkpulse.query import drift
from parkpulse.store import drift as store
from parkpulse.store import engine, meters, parks
from parkpulse.store.drift import DriftRow

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from datetime import datetime

    from parkpulse.engine.lease import LeaseKeeper
    from parkpulse.model.outlook import Drift
    from parkpulse.store.meters import Tree
    from parkpulse.store.pool import Database

_SETTLED = timedelta(hours=2)
"""A day is searched when it is closed."""
_PAUSE_S = 60.0
_log = logging.getLogger(__name__)


class DriftKeeper:
    """Searches each data centre once for each civil day, one in a transaction.

    Parameters
    ----------
    database
        Where the hours of the meters are.
    keeper
        Tells which parks are this process's.
    """

    def __init__(self, database: Database, keeper: LeaseKeeper) -> None:
        self._database = database
        self._keeper = keeper

    def run(self, stop: threading.Event) -> None:
        """Work at leisure until told to stop."""
        while not stop.wait(_PAUSE_S):
            try:
                self.search(stop)
            except StoreError as error:
                _log.warning("no search for drift: %s", error)

    def search(self, stop: threading.Event) -> None:
        """Search what has not been searched for the newest closed day."""
        held = self._keeper.held
        with self._database.transaction() as conn:
            trees = meters.trees(conn, sorted(held))
            clocks = parks.clocks(conn)
            known = store.load(conn)
        for tree in trees:
            now = clocks[tree.park_id]
            end = _end(tree, now)
            if stop.is_set():
                return
            if tree.id not in known or known[tree.id].period_end < end:
                self._search(tree, end, now, held)

    def _search(
        self, tree: Tree, end: datetime, now: datetime, held: Mapping[int, int]
    ) -> None:
        start = end - drift.WINDOW
        with self._database.transaction() as conn:
            if not engine.confirm(conn, self._keeper.owner, held):
                return
            found = drift.read(conn, tree.id, tree.zone, (start, end), now)
            store.put(conn, _row(tree.id, found))


def _end(tree: Tree, now: datetime) -> datetime:
    """Return the end of the newest closed day."""
    calendar = Calendar(tree.zone)
    today = calendar.day_of(instants.to_us(now - _SETTLED))
    return instants.from_us(calendar.midnight(today))


def _row(data_centre_id: int, found: Drift) -> DriftRow:
    change = found.change
    best = change.parts[0] if change and change.parts else None
    return DriftRow(
        data_centre_id,
        found.start,
        found.end,
        found.thermometer,
        found.finding,
        change.onset if change else None,
        change.shift_kw if change else None,
        change.yearly_kwh if change else None,
        change.statistic if change else None,
        best.part if best else None,
        best.devices if best else (),
    )
