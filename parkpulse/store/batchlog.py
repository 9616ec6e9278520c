"""The log of committed batches that the engine and the API follow.

A row is (slot, writer, n), n without gaps per (slot, writer). A position is kept per
(consumer, slot, writer).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.model import packed
from parkpulse.model.packed import ChangeArrays, LoggedBatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from parkpulse.store.pool import Connection
    from parkpulse.store.soon import Soon

CHANNEL = "batch"
"""Notified whenever something was appended."""
Positions = dict[tuple[int, str], int]
"""Last n of each (slot, writer)."""


def append(
    connection: Connection, writer: str, by_slot: Mapping[int, ChangeArrays]
) -> None:
    """Log what this transaction changed, one row a slot.

    Parameters
    ----------
    connection
        In the transaction that wrote the readings.
    writer
        Stable name; only one process may use it at a time.
    by_slot
        Changes of each slot; empty ones are left out.
    """
    filled = sorted((slot, each) for slot, each in by_slot.items() if len(each))
    if not filled:
        return
    slots = [slot for slot, _ in filled]
    numbers = _next_numbers(connection, writer, slots)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into batch_log (slot, writer, n, size, series, ts, value, flag)"
            " values (%s, %s, %s, %s, %b, %b, %b, %b)",
            [
                (slot, writer, numbers[slot], len(each), *packed.pack(each))
                for slot, each in filled
            ],
        )
    connection.execute("select pg_notify(%s, '')", [CHANNEL])


def _next_numbers(
    connection: Connection, writer: str, slots: Sequence[int]
) -> dict[int, int]:
    rows = connection.execute(
        "insert into batch_counter (slot, writer, n)"
        " select slot, %s, 1 from unnest(%s::smallint[]) as slot order by slot"
        " on conflict (slot, writer) do update set n = batch_counter.n + 1"
        " returning slot, n",
        [writer, list(slots)],
    )
    return dict(rows.fetchall())


def read(
    connection: Connection, consumer: str, slots: Sequence[int], limit: int
) -> list[LoggedBatch]:
    """Batches past the consumer's stored positions, in (slot, writer, n) order."""
    return read_soon(connection, consumer, slots, limit)()


def read_soon(
    connection: Connection, consumer: str, slots: Sequence[int], limit: int
) -> Soon[list[LoggedBatch]]:
    """Ask as `read` does; in a pipeline the answer comes with others."""
    rows = connection.execute(
        "select b.slot, b.writer, b.n, b.at, b.series, b.ts, b.value, b.flag"
        " from batch_counter c"
        " left join consumer_position p"
        "  on p.consumer = %s and p.slot = c.slot and p.writer = c.writer"
        " cross join lateral ("
        "  select * from batch_log b"
        "  where b.slot = c.slot and b.writer = c.writer and b.n > coalesce(p.n, 0)"
        "  order by b.n limit %s) b"
        " where c.slot = any(%s) and c.n > coalesce(p.n, 0)"
        " order by b.slot, b.writer, b.n limit %s",
        [consumer, limit, list(slots), limit],
    )
    return lambda: [logged(*row) for row in rows]


def tail(
    connection: Connection, seen: Mapping[tuple[int, str], int], limit: int
) -> list[LoggedBatch]:
    """Batches past `seen`, for followers without stored position.

    A writer that `seen` does not name is followed from its first batch; begin with
    `heads` to follow from now on.
    """
    rows = connection.execute(
        "select b.slot, b.writer, b.n, b.at, b.series, b.ts, b.value, b.flag"
        " from batch_counter c"
        " left join unnest(%s::smallint[], %s::text[], %s::bigint[])"
        "  as s (slot, writer, n) on s.slot = c.slot and s.writer = c.writer"
        " cross join lateral ("
        "  select * from batch_log b"
        "  where b.slot = c.slot and b.writer = c.writer and b.n > coalesce(s.n, 0)"
        "  order by b.n limit %s) b"
        " where c.n > coalesce(s.n, 0)"
        " order by b.slot, b.writer, b.n limit %s",
        [
            [slot for slot, _ in seen],
            [writer for _, writer in seen],
            list(seen.values()),
            limit,
            limit,
        ],
    )
    return [logged(*row) for row in rows]


def logged(
    slot: int,
    writer: str,
    n: int,
    at: datetime,
    series: bytes,
    ts: bytes,
    value: bytes,
    flag: bytes,
) -> LoggedBatch:
    """Make a batch of a row of the log."""
    arrays = packed.unpack(series, ts, value, flag)
    return LoggedBatch(
        slot, writer, n, at, arrays.series, arrays.ts, arrays.value, arrays.flag
    )


def heads(connection: Connection) -> Positions:
    """Last n that each (slot, writer) has appended."""
    rows = connection.execute("select slot, writer, n from batch_counter")
    return {(slot, writer): n for slot, writer, n in rows}


def positions(connection: Connection, consumer: str) -> Positions:
    """Return the stored positions of the consumer."""
    rows = connection.execute(
        "select slot, writer, n from consumer_position where consumer = %s", [consumer]
    )
    return {(slot, writer): n for slot, writer, n in rows}


def advance(
    connection: Connection, consumer: str, to: Mapping[tuple[int, str], int]
) -> None:
    """Store the consumer's positions; one never goes back."""
    ordered = sorted((slot, writer, n) for (slot, writer), n in to.items())
    if not ordered:
        return
    connection.execute(
        "insert into consumer_position as p (consumer, slot, writer, n)"
        " select %s, slot, writer, n"
        " from unnest(%s::smallint[], %s::text[], %s::bigint[]) as t (slot, writer, n)"
        " on conflict (consumer, slot, writer)"
        " do update set n = greatest(p.n, excluded.n)",
        [consumer, *(list(column) for column in zip(*ordered, strict=True))],
    )


def prune(
    connection: Connection, consumers: Iterable[str], keep_s: float = 60.0
) -> int:
    """Delete what all consumers have passed and is older than `keep_s`.

    What the detector would score again after a restart stays. Returns how many rows
    went.

    Parameters
    ----------
    connection
        Open connection.
    consumers
        All that must have passed a row; one without a stored position holds everything.
    keep_s
        Least age of a deleted row, for followers without stored position. [s]
    """
    names = sorted(set(consumers))
    cursor = connection.execute(
        "delete from batch_log b using ("
        "  select c.slot, c.writer, least(min(c.n), ("
        "   select min(coalesce((d.positions ->> c.writer)::bigint, 0))"
        "   from detector_state d"
        "   where d.slot = c.slot and d.at > now() - interval '1 hour')) as n"
        "  from consumer_position c"
        "  where c.consumer = any(%s) group by c.slot, c.writer"
        "  having count(*) = %s) p"
        " where b.slot = p.slot and b.writer = p.writer and b.n <= p.n"
        " and b.at < now() - make_interval(secs => %s)",
        [names, len(names), keep_s],
    )
    return cursor.rowcount
