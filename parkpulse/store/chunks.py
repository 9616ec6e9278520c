"""How much time a chunk of readings holds: as much as memory can index.

Readings of many series arrive in no order of their index, so every page of the newest
chunk's index is written to again and again. While it fits into the database's memory, a
reading costs the same whatever the number of series and however long the history;
beyond that each costs a page read, written and logged (measured: five times as much).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

INDEX_BYTES = 36
"""Of an index entry of a series and a time, with the room that pages keep. [B]"""
SHARE = 2
"""The newest chunk's index gets this part of the database's memory."""
MOST = 2_000
"""Most chunks of a table: planning a question takes longer with each."""
_WIDTHS_S = (604_800, 86_400, 43_200, 21_600, 10_800, 3_600, 1_800, 900, 600)


class Load(NamedTuple):
    """Rows that the registry lets expect. [1/s]."""

    readings: float
    minutes: float


def width_s(rows_per_s: float, memory_bytes: int, kept_s: float) -> int:
    """Return how much time a chunk shall hold. [s].

    Parameters
    ----------
    rows_per_s
        What will be added. [1/s]
    memory_bytes
        Memory of the database.
    kept_s
        How long rows are kept. [s]
    """
    rows = memory_bytes / SHARE / INDEX_BYTES
    for width in _WIDTHS_S:
        if width * rows_per_s <= rows or width < 2 * kept_s / MOST:
            return width
    return _WIDTHS_S[-1]


def fit(conn: Connection, readings_kept_s: float, minutes_kept_s: float) -> None:
    """Have chunks to come hold what memory can index; those there stay as they are.

    Parameters
    ----------
    conn
        In a transaction.
    readings_kept_s, minutes_kept_s
        How long readings and their 1-minute roll-ups are kept. [s]
    """
    load, memory = _load(conn), _memory(conn)
    for table, rows_per_s, kept_s in (
        ("reading", load.readings, readings_kept_s),
        ("rollup_1m", load.minutes, minutes_kept_s),
    ):
        conn.execute(
            """
            select set_chunk_time_interval(%(table)s::regclass, wanted.width)
            from (select make_interval(secs => %(width_s)s) as width) wanted
            join timescaledb_information.dimensions d
                on d.hypertable_name = %(table)s and d.hypertable_schema = 'public'
            where extract(epoch from d.time_interval) <> %(width_s)s
            """,
            {"table": table, "width_s": width_s(rows_per_s, memory, kept_s)},
        )


def _load(conn: Connection) -> Load:
    row = conn.execute(
        """
        select coalesce(sum(1.0 / s.report_interval_s), 0)::float8,
            count(*) filter (where s.report_interval_s <= 15) / 60.0::float8
        from series s join device d on d.id = s.device_id where d.state <> 'retired'
        """
    ).fetchone()
    return Load(*row) if row else Load(0.0, 0.0)


def _memory(conn: Connection) -> int:
    row = conn.execute(
        "select pg_size_bytes(current_setting('shared_buffers'))"
    ).fetchone()
    return int(row[0]) if row else 0
