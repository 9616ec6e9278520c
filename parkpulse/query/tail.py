"""Keeps what a process knows of the present as new as the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.errors import StoreError
from parkpulse.model import instants, packed
from parkpulse.model.packed import ReadingArrays
from parkpulse.store import batchlog, ledger, readings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.packed import LoggedBatch
    from parkpulse.query.flow import FlowMeter
    from parkpulse.query.live import Live
    from parkpulse.store.batchlog import Positions
    from parkpulse.store.pool import Connection

FLOW_EVERY_S = 2.0
"""How often the ledger is read. [s]"""
REGISTRY_EVERY_S = 300.0
"""How often the registry is read without being told to. [s]"""
_LEDGER_SPAN = timedelta(hours=24)
_BATCHES = 500


class GapError(StoreError):
    """Batches were pruned before they were seen: seed again."""


class Tail:
    """Follows the batch log, the registry, the clocks and the ledger.

    Parameters
    ----------
    live, flow
        What is kept up to date.
    """

    def __init__(self, live: Live, flow: FlowMeter) -> None:
        self._live = live
        self._flow = flow
        self._seen: Positions = {}
        self._registry_due_s = 0.0
        self._flow_due_s = 0.0

    def seed(self, conn: Connection) -> None:
        """Read everything, the log's positions first, so that nothing is missed."""
        self._seen = batchlog.heads(conn)
        self._live.reload(conn)
        for park in self._live.catalogue.parks.values():
            self._live.newest.merge(readings.latest(conn, park.row.id))

    def expect_registry(self) -> None:
        """Read the registry at the next step, for it has changed."""
        self._registry_due_s = 0.0

    def step(self, conn: Connection, now_s: float) -> bool:
        """Take over what is new.

        Parameters
        ----------
        conn
            Open connection.
        now_s
            A monotonic clock [s].

        Returns
        -------
        bool
            Whether there were new readings.

        Raises
        ------
        GapError
            Some are gone already.
        """
        if now_s >= self._registry_due_s:
            self._registry_due_s = now_s + REGISTRY_EVERY_S
            self._live.reload(conn)
        self._live.refresh_clocks(conn)
        if now_s >= self._flow_due_s:
            self._flow_due_s = now_s + FLOW_EVERY_S
            end = datetime.now(UTC) + timedelta(hours=1)
            self._flow.observe(now_s, ledger.hours(conn, end - _LEDGER_SPAN, end))
        return self._merge(conn)

    def _merge(self, conn: Connection) -> bool:
        merged = False
        while batches := batchlog.tail(conn, self._seen, _BATCHES):
            self._pass(batches)
            for batch in batches:
                self._live.newest.merge(_readings(batch), instants.to_us(batch.at))
            merged = True
        return merged

    def _pass(self, batches: Sequence[LoggedBatch]) -> None:
        for batch in batches:
            key = (batch.slot, batch.writer)
            if batch.n != self._seen.get(key, 0) + 1:
                raise GapError
            self._seen[key] = batch.n


def _readings(batch: LoggedBatch) -> ReadingArrays:
    quality = packed.quality(batch.flag)
    return ReadingArrays(batch.series, batch.ts, batch.value, quality)
