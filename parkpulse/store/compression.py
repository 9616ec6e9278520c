"""Compression of old chunks, where the licence of TimescaleDB has it.

Rows of a series lie together (`segmentby`) in order of time (`orderby`), as ranges are
asked for; the newest come first, as most questions are about the end. A chunk
is compressed when nearly all late readings have come; what comes later still is stored:
TimescaleDB unpacks the rows of that series for it, and its job packs the chunk anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

LICENCE = "timescale"
"""Licence that has compression; Debian's build is `apache`."""


class Policy(NamedTuple):
    """How a hypertable is compressed, and after how many days."""

    table: str
    after_days: int


POLICIES = (Policy("reading", 14), Policy("rollup_1m", 30), Policy("rollup_1h", 180))
"""`rollup_1d` stays as it is: a thousandth of the readings."""


class Saved(NamedTuple):
    """What compression did to a hypertable."""

    table: str
    chunks: int
    """Compressed chunks."""
    before: int
    """Their size before. [bytes]"""
    after: int
    """Their size now. [bytes]"""


def wanted(licence: str) -> tuple[Policy, ...]:
    """Tell what is to be compressed under a licence.

    Parameters
    ----------
    licence
        As `show timescaledb.license` says: `timescale` or `apache`.
    """
    return POLICIES if licence == LICENCE else ()


def switch_on(conn: Connection) -> tuple[Policy, ...]:
    """Switch on what the licence allows; again, it changes nothing.

    Returns
    -------
    tuple
        What is in force.
    """
    row = conn.execute("select current_setting('timescaledb.license', true)").fetchone()
    policies = wanted(str(row[0]) if row else "")
    for policy in policies:
        enable(conn, policy)
    if policies:
        allow_late(conn)
    return policies


def enable(conn: Connection, policy: Policy) -> None:
    """Compress old chunks of a hypertable from now on, unless that is so already."""
    row = conn.execute(
        """
        select compression_enabled from timescaledb_information.hypertables
        where (hypertable_schema, hypertable_name) = ('public', %s)
        """,
        [policy.table],
    ).fetchone()
    if row is not None and not row[0]:
        conn.execute(
            sql.SQL(
                "alter table public.{} set (timescaledb.compress,"
                " timescaledb.compress_segmentby = 'series',"
                " timescaledb.compress_orderby = 'ts desc')"
            ).format(sql.Identifier(policy.table))
        )
    conn.execute(
        """
        select add_compression_policy(%s::regclass,
            compress_after => make_interval(days => %s), if_not_exists => true)
        """,
        [policy.table, policy.after_days],
    )


def allow_late(conn: Connection) -> None:
    """Let a transaction unpack as many rows as its late readings need.

    With the usual limit of 100,000 a batch of late readings would be refused.
    """
    (name,) = conn.execute("select current_database()").fetchall()[0]
    conn.execute(
        sql.SQL(
            "alter database {}"
            " set timescaledb.max_tuples_decompressed_per_dml_transaction = 0"
        ).format(sql.Identifier(name))
    )


def saved(conn: Connection) -> list[Saved]:
    """Tell what compression saves; only where the licence has it."""
    return [
        Saved(policy.table, *row)
        for policy in POLICIES
        for row in conn.execute(
            """
            select coalesce(sum(number_compressed_chunks), 0)::bigint,
                coalesce(sum(before_compression_total_bytes), 0)::bigint,
                coalesce(sum(after_compression_total_bytes), 0)::bigint
            from hypertable_compression_stats(%s::regclass)
            """,
            [policy.table],
        )
    ]
