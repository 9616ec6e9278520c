"""The loop that carries batches of the log to a consumer, one transaction at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from parkpulse import loading
from parkpulse.errors import StoreError, StoreUnavailableError
from parkpulse.store import batchlog, pool
from parkpulse.store import engine as store

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from parkpulse.engine.lease import LeaseKeeper
    from parkpulse.model.packed import LoggedBatch
    from parkpulse.store.pool import Connection, Database

BATCHES = 100
"""Most batches that one transaction consumes."""
POLL_S = 1.0
"""A notification only shortens this wait. [s]"""
_RETRY_S = 1.0
_log = logging.getLogger(__name__)


class Consumer(Protocol):
    """What follows from the batches, written in the loop's transaction.

    Everything that a consumer writes and its position in the log are committed
    together, so it may be stopped at any point. A consumer never commits.
    """

    @property
    def name(self) -> str:
        """Under this name the position in the log is kept."""

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Forget everything and load the state of exactly these slots.

        Called before the first batch, whenever the slots change, and after a
        transaction failed, for what is in memory may then be ahead of the database. A
        consumer with a snapshot replays here what lies between the snapshot and its
        position (`batchlog.tail`).
        """

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Write what follows from batches, each (slot, writer) in order of n."""

    def tick(self, conn: Connection, now: datetime) -> None:
        """Do what time asks for; called after each `consume` and every pause."""


def positions(batches: Sequence[LoggedBatch]) -> dict[tuple[int, str], int]:
    """Last n of each (slot, writer)."""
    found: dict[tuple[int, str], int] = {}
    for batch in batches:
        key = (batch.slot, batch.writer)
        found[key] = max(batch.n, found.get(key, -1))
    return found


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Loop:
    """Feeds one consumer over the slots that the lease keeper holds.

    Parameters
    ----------
    pause_s
        Least time between two rounds that found all batches consumed. A consumer that
        gathers (roll-ups) has a longer one; the log keeps its batches meanwhile. [s]
    wake
        Set by the listener when batches have arrived; None lets the pause run out.
    clock
        Tells wall time.
    """

    database: Database
    keeper: LeaseKeeper
    consumer: Consumer
    pause_s: float = POLL_S
    wake: threading.Event | None = None
    clock: Callable[[], datetime] = _utc_now
    _started: Mapping[int, int] | None = field(default=None, init=False)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; an error of the database is waited out."""
        while not stop.is_set():
            if not self._safe_step():
                self._pause(stop)

    def _safe_step(self) -> bool:
        try:
            return self.step()
        except StoreUnavailableError as error:
            _log.warning("%s: database away: %s", self.consumer.name, error)
        except StoreError:
            _log.exception("%s: rolled back, starting again", self.consumer.name)
        self._started = None
        return False

    def step(self) -> bool:
        """One transaction; True when more batches may be waiting.

        Raises
        ------
        StoreError
            Nothing was written; the next step starts the consumer again.
        """
        held = self.keeper.held
        slots = sorted(held)
        with self.database.transaction() as conn:
            with pool.pipelined(conn):
                ours = store.confirm_soon(conn, self.keeper.owner, held)
                waiting = batchlog.read_soon(conn, self.consumer.name, slots, BATCHES)
            if not held or not ours():
                self._started = None
                return False
            if held != self._started:
                with loading.uncollected():
                    self.consumer.start(conn, slots)
            batches = waiting()
            now = self.clock()
            if batches:
                self.consumer.consume(conn, batches, now)
                batchlog.advance(conn, self.consumer.name, positions(batches))
            self.consumer.tick(conn, now)
        self._started = held
        return len(batches) >= BATCHES

    def _pause(self, stop: threading.Event) -> None:
        if self._started is None:
            stop.wait(_RETRY_S)
        elif self.wake is None:
            stop.wait(self.pause_s)
        else:
            self.wake.wait(self.pause_s)
            self.wake.clear()
