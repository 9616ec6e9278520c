"""What the database holds and how much of the disk that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.store.pool import Connection

TIERS = ("reading", "rollup_1m", "rollup_1h", "rollup_1d")
"""Hypertables of readings and their tiers, finest first."""


class Table(NamedTuple):
    """A table and its size."""

    name: str
    bytes: int
    rows: int
    """Estimated by the server where there are many."""
    chunks: int
    """0 for a plain table."""
    oldest: datetime | None = None
    newest: datetime | None = None

    @property
    def bytes_per_row(self) -> float | None:
        """With its indexes. [bytes]."""
        return self.bytes / self.rows if self.rows else None


class Server(NamedTuple):
    """What the server is and how it is set."""

    version: str
    timescaledb: str
    license: str
    """`timescale` or `apache`."""
    bytes: int
    fsync: str
    synchronous_commit: str
    full_page_writes: str
    max_connections: int
    connections: int
    folder: str | None
    """Where it keeps its data, if we may know."""


class Horizons(NamedTuple):
    """Before which moments rows have been dropped; None: nothing yet."""

    readings: datetime | None
    minutes: datetime | None
    hours: datetime | None


def server(conn: Connection) -> Server:
    """Tell what the server is."""
    (row,) = conn.execute(
        """
        select current_setting('server_version'),
            coalesce((select extversion from pg_extension
                where extname = 'timescaledb'), ''),
            coalesce(current_setting('timescaledb.license', true), ''),
            pg_database_size(current_database()),
            current_setting('fsync'), current_setting('synchronous_commit'),
            current_setting('full_page_writes'),
            current_setting('max_connections')::int,
            (select count(*) from pg_stat_activity
                where backend_type = 'client backend'),
            case when pg_has_role(current_user, 'pg_read_all_settings', 'usage')
                then current_setting('data_directory') end
        """
    ).fetchall()
    return Server(*row)


def tables(conn: Connection) -> list[Table]:
    """List all our tables, hypertables with what their chunks hold."""
    rows = conn.execute(
        """
        select t.tablename,
            case when h.hypertable_name is null
                then pg_total_relation_size(format('public.%I', t.tablename)::regclass)
                else hypertable_size(format('public.%I', t.tablename)::regclass) end,
            approximate_row_count(format('public.%I', t.tablename)::regclass),
            coalesce(h.num_chunks, 0)
        from pg_tables t
        left join timescaledb_information.hypertables h
            on (h.hypertable_schema, h.hypertable_name) = ('public', t.tablename)
        where t.schemaname = 'public'
        order by 2 desc, 1
        """
    ).fetchall()
    return [_with_ends(conn, Table(*row)) for row in rows]


def _with_ends(conn: Connection, table: Table) -> Table:
    ends = conn.execute(
        """
        select min(range_start), max(range_end) from timescaledb_information.chunks
        where (hypertable_schema, hypertable_name) = ('public', %s)
        """,
        [table.name],
    ).fetchone()
    return table._replace(oldest=ends[0], newest=ends[1]) if ends else table


def compressed(conn: Connection) -> list[str]:
    """List the hypertables that are compressed."""
    rows = conn.execute(
        """
        select hypertable_name from timescaledb_information.hypertables
        where compression_enabled order by 1
        """
    )
    return [str(name) for (name,) in rows]


def horizons(conn: Connection) -> Horizons:
    """Tell what has been dropped."""
    row = conn.execute(
        """
        select nullif(horizon, '-infinity'), nullif(minutes, '-infinity'),
            nullif(hours, '-infinity') from raw_horizon
        """
    ).fetchone()
    return Horizons(*row) if row else Horizons(None, None, None)


def readings_per_s(conn: Connection) -> float:
    """Tell how many readings the last day brought, on average. [1/s]."""
    row = conn.execute(
        """
        select coalesce(sum(values_stored), 0) / 86400.0::float8 from ledger
        where hour >= date_trunc('hour', now()) - interval '24 hours'
            and hour < date_trunc('hour', now())
        """
    ).fetchone()
    return float(row[0]) if row else 0.0


def names(found: Sequence[Table]) -> dict[str, Table]:
    """Look tables up by name."""
    return {each.name: each for each in found}


def clock_s(conn: Connection) -> float:
    """Tell the time of the server's clock. [s since 1970 UTC]."""
    (row,) = conn.execute(
        "select extract(epoch from clock_timestamp())::float8"
    ).fetchall()
    return float(row[0])
