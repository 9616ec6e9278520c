"""Findings of the quality tests for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.model import instants
from parkpulse.model.quality import TESTS, Finding
from parkpulse.query import courses, paging
from parkpulse.query.paging import Page
from parkpulse.store import quality as store

if TYPE_CHECKING:
    from datetime import datetime

    from parkpulse.store.pool import Connection

_ORDER = "ts"


def page(
    conn: Connection,
    series_id: int,
    start: datetime,
    end: datetime,
    *,
    limit: int,
    cursor: str | None,
) -> Page[Finding]:
    """Return one page of the findings in [start, end), oldest first.

    Raises
    ------
    NotFoundError
        There is no such series.
    InvalidRequestError
        The stretch is empty, or the cursor is none of ours.
    """
    courses.ask(conn, series_id, start, end)
    after = None if cursor is None else _after(cursor)
    rows = store.page(conn, series_id, start, end, after, limit + 1)
    found = [Finding(*row) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        last = found[-1]
        following = paging.encode(_ORDER, (instants.to_us(last.ts), last.test))
    return Page(found, following)


def _after(cursor: str) -> tuple[datetime, str]:
    at, test = paging.decode(_ORDER, cursor, [int, str])
    if test not in TESTS:
        raise paging.refusal()
    try:
        return instants.from_us(int(at)), str(test)
    except OverflowError as error:
        raise paging.refusal() from error
