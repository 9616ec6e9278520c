"""Retention: what is old is dropped, once everyone has done with it."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import StoreError
from parkpulse.store import batchlog, chunks, parks, receipts, retention, sequences

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from parkpulse.store.batchlog import Positions
    from parkpulse.store.pool import Connection, Database

CONTEXT = timedelta(days=2)
"""Readings are kept this much longer, for hours at the horizon look around."""
MINUTES = timedelta(days=400)
"""How long 1-minute roll-ups are kept."""
DELIVERIES = timedelta(days=400)
"""How long messages to people and attempts to deliver them are kept."""
QUARANTINE = timedelta(days=90)
"""How long the quarantine keeps a message at least; else as long as readings."""
YEARS = timedelta(days=3653)
"""How long coarse roll-ups, KPIs, ledger and audit rows are kept."""
_DAY = timedelta(days=1)
_PRUNE_S = 10.0
_RETAIN_S = 600.0
_SETTLE_S = 60.0
_log = logging.getLogger(__name__)


class _Plan(NamedTuple):
    """Readings before `horizon` may go when all consumers have passed `heads`."""

    horizon: datetime
    heads: Positions


class Housekeeper:
    """Prunes the batch log and drops old rows.

    Parameters
    ----------
    database
        Where they are.
    consumers
        Names of all that read the batch log with a stored position.
    raw_retention_days
        How long single readings are kept, by the oldest park clock. [d]
    """

    def __init__(
        self, database: Database, consumers: Sequence[str], raw_retention_days: int
    ) -> None:
        self._database = database
        self._consumers = consumers
        self._raw = timedelta(days=raw_retention_days)
        self._plan: _Plan | None = None
        self._swept: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Work at leisure until told to stop."""
        _safely(self.fit_chunks)
        # After a start the consumers first replay what they need of the log.
        stop.wait(_SETTLE_S)
        retained = 0.0
        while not stop.is_set():
            _safely(self.prune)
            if time.monotonic() - retained > _RETAIN_S:
                _safely(lambda: self.retain(datetime.now(UTC)))
                retained = time.monotonic()
            stop.wait(_PRUNE_S)

    def prune(self) -> None:
        """Delete what all consumers have passed."""
        with self._database.transaction() as conn:
            batchlog.prune(conn, self._consumers)
            receipts.prune(conn)
            sequences.prune(conn)

    def retain(self, now: datetime) -> None:
        """Drop what is old; readings not before a second call has found them done with.

        Parameters
        ----------
        now
            Wall time, for what people did; data age by the oldest park clock.
        """
        with self._database.transaction() as conn:
            if not retention.is_alone(conn):
                return
            clock = min(parks.clocks(conn).values(), default=now)
            if self._plan is not None and self._is_done(conn, self._plan):
                # A park with an older clock may have come since.
                horizon = min(self._plan.horizon, clock - self._raw)
                retention.drop_readings(conn, horizon, horizon - CONTEXT)
            self._plan = _Plan(clock - self._raw, batchlog.heads(conn))
            retention.drop_minutes(conn, clock - MINUTES)
            # Whole tables are looked through.
            if self._swept is None or now - self._swept >= _DAY:
                self._sweep(conn, clock, now)
                self._swept = now
            self._fit_chunks(conn)

    def _sweep(self, conn: Connection, clock: datetime, now: datetime) -> None:
        retention.drop_years(conn, clock - YEARS)
        retention.drop_records(conn, now - YEARS)
        retention.drop_deliveries(conn, now - DELIVERIES)
        # Beyond the readings' retention no message could be stored any more.
        retention.drop_quarantine(conn, now - max(self._raw, QUARANTINE))

    def fit_chunks(self) -> None:
        """Fit the chunks to come to what is registered and how long it is kept."""
        with self._database.transaction() as conn:
            self._fit_chunks(conn)

    def _fit_chunks(self, conn: Connection) -> None:
        chunks.fit(conn, self._raw.total_seconds(), MINUTES.total_seconds())

    def _is_done(self, conn: Connection, plan: _Plan) -> bool:
        """Whether nobody needs readings before the horizon any more."""
        queued = retention.oldest_queued(conn)
        if queued is not None and queued < plan.horizon:
            return False
        passed = [batchlog.positions(conn, name) for name in self._consumers]
        return all(
            position.get(key, 0) >= n
            for key, n in plan.heads.items()
            for position in passed
        )


def _safely(work: Callable[[], None]) -> None:
    try:
        work()
    except StoreError as error:
        _log.warning("housekeeping failed: %s", error)
