"""What the tiers cost on a real TimescaleDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from parkpulse.model import instants

if TYPE_CHECKING:
    from parkpulse.store.pool import Database

FIRST, DAYS, SERIES = datetime(2025, 1, 1, tzinfo=UTC), 365, 300
COURSE = b"""
    select bucket_n from series_courses_1d(array[150], %s, %s, array[0::bigint], 10)
"""


def test_a_year_of_days_is_read_from_few_pages(
    database: Database, database_url: str
) -> None:
    with database.transaction() as conn:
        for day in range(DAYS):
            conn.execute(
                "insert into rollup_1d (series, ts, n, sum, min, max, first, last)"
                " select series, %s, 4, 8.0, 1.0, 3.0, 2.0, 2.0"
                " from generate_series(1, %s) as series",
                [FIRST + timedelta(days=day), SERIES],
            )
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("vacuum rollup_1d")
        _pages(conn)  # the first time the plan is made, too
        rows, pages = _pages(conn)
    assert rows == DAYS
    assert pages < DAYS / 5


def _pages(conn: psycopg.Connection) -> tuple[int, int]:
    """Return for how many days there are values, and how many pages were looked at."""
    first = instants.to_us(FIRST)
    span = [[first], [first + DAYS * instants.DAY]]
    row = conn.execute(COURSE, span).fetchone()
    found = conn.execute(b"explain (analyze, buffers, format json)" + COURSE, span)
    (plans,) = found.fetchone() or ([],)
    assert row
    (plan,) = plans
    blocks = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return len(row[0]) // 4, blocks
