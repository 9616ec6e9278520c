"""Ingest workers: which process is one, how far it has committed, that it lives."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from parkpulse.store.pool import Connection


class Worker(NamedTuple):
    """State of an ingest worker."""

    writer: str
    started_at: datetime
    seen_at: datetime
    """Last sign of life."""
    is_connected: bool
    """Whether it was connected to the broker then."""
    waiting: int
    """Messages received and not yet committed then."""
    arrivals: int
    """Messages of this run that are committed."""
    disk_state: str = "ok"
    """`ok`, `low`, or `full`: then it takes no messages."""
    disk_free_bytes: int | None = None
    workers: int | None = None
    """How many there are in all, as it was told."""


def start(
    connection: Connection, writer: str, run: UUID, workers: int | None = None
) -> None:
    """Make this process the worker; what another of the same name does, fails.

    Parameters
    ----------
    connection
        In a transaction.
    writer, run
        Name of the worker, and which of its processes this one is.
    workers
        How many workers there are in all, as it was told.
    """
    connection.execute(
        "insert into ingest_worker (writer, run, workers) values (%s, %s, %s)"
        " on conflict (writer) do update set run = excluded.run, arrivals = 0,"
        "  workers = excluded.workers,"
        "  started_at = now(), seen_at = now(), connected = false, waiting = 0",
        [writer, run, workers],
    )


def forget(connection: Connection, writer: str) -> None:
    """Forget a worker that has retired: nothing waits for it any more."""
    connection.execute("delete from ingest_worker where writer = %s", [writer])


class Advance(enum.Enum):
    """Where a worker stands after it wanted to go on."""

    MOVED = "moved"
    ALREADY = "already"
    """It stood there before: the commit whose answer was lost took place."""
    SUPERSEDED = "superseded"
    """Another process has become the worker."""


def advance(
    connection: Connection, writer: str, run: UUID, before: int, after: int
) -> Advance:
    """Go from one number of committed arrivals to another.

    Raises
    ------
    StoreError
        The worker stands elsewhere: a batch was left out.
    """
    moved = connection.execute(
        "update ingest_worker set arrivals = %s, seen_at = now()"
        " where writer = %s and run = %s and arrivals = %s",
        [after, writer, run, before],
    ).rowcount
    if moved:
        return Advance.MOVED
    row = connection.execute(
        "select arrivals from ingest_worker where writer = %s and run = %s",
        [writer, run],
    ).fetchone()
    if row is None:
        return Advance.SUPERSEDED
    if row[0] != after:
        message = f"{writer} stands at {row[0]}, not at {before}"
        raise StoreError(message)
    return Advance.ALREADY


def report(
    connection: Connection, writer: str, run: UUID, waiting: int, *, is_connected: bool
) -> bool:
    """Give a sign of life; False if another process has become the worker."""
    cursor = connection.execute(
        "update ingest_worker set seen_at = now(), connected = %s, waiting = %s"
        " where writer = %s and run = %s",
        [is_connected, waiting, writer, run],
    )
    return cursor.rowcount == 1


def note_disk(connection: Connection, writer: str, state: str, free_bytes: int) -> None:
    """Note how full the database's disk is."""
    connection.execute(
        "update ingest_worker set disk_state = %s, disk_free_bytes = %s"
        " where writer = %s",
        [state, free_bytes, writer],
    )


def note_dropped(connection: Connection, writer: str, total: int) -> int:
    """Note the broker's count of dropped messages; return how many are new.

    The first count ever only sets the mark; a smaller one than before means that the
    broker has begun anew.
    """
    row = connection.execute(
        "select broker_dropped from ingest_worker where writer = %s for update",
        [writer],
    ).fetchone()
    before = None if row is None else row[0]
    connection.execute(
        "update ingest_worker set broker_dropped = %s where writer = %s",
        [total, writer],
    )
    if before is None:
        return 0
    return total - int(before) if total >= before else total


def workers(connection: Connection) -> list[Worker]:
    """All ingest workers that ever ran, by name."""
    rows = connection.execute(
        "select writer, started_at, seen_at, connected, waiting, arrivals, disk_state,"
        " disk_free_bytes, workers"
        " from ingest_worker order by writer"
    )
    return [Worker(*row) for row in rows]
