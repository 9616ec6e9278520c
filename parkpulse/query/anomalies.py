"""Anomalies for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.registry import Name
from parkpulse.query import paging
from parkpulse.query.paging import Page
from parkpulse.store import anomalies as store

if TYPE_CHECKING:
    from parkpulse.store.anomalies import AnomalyRow, Search
    from parkpulse.store.pool import Connection

NEWEST_FIRST = "-ts"
_NO_SERIES = 2**31


class Anomaly(Struct, frozen=True):
    """An unusual reading, and why it is one."""

    series: int
    device: str
    device_name: Name
    place: str | None
    metric: str
    ts: datetime
    found_at: datetime
    """Wall time at which it was scored."""
    score: float
    kind: str
    """Stream of the detector that was most surprised, `_high` or `_low`."""
    value: float
    expected: float | None
    reason: Name


def page(
    conn: Connection,
    search: Search,
    *,
    limit: int,
    cursor: str | None,
    order: str = NEWEST_FIRST,
) -> Page[Anomaly]:
    """Return one page of the anomalies of a park, in order of time.

    Raises
    ------
    InvalidRequestError
        The stretch of time is empty, or the cursor is none of ours.
    """
    if search.start and search.end and search.start >= search.end:
        message = "the end must lie after the start"
        raise InvalidRequestError(code="range_empty", message=message, pointer="end")
    after = None if cursor is None else _after(cursor, order)
    rows = store.page(conn, search, after, limit + 1, order)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = paging.encode(order, (instants.to_us(last.ts), last.series))
    return Page([_view(row) for row in rows[:limit]], following)


def _after(cursor: str, order: str) -> tuple[datetime, int]:
    at, series = paging.decode(order, cursor, [int, int])
    if not 0 <= int(series) < _NO_SERIES:
        raise paging.refusal()
    try:
        return instants.from_us(int(at)), int(series)
    except OverflowError as error:
        raise paging.refusal() from error


def _view(row: AnomalyRow) -> Anomaly:
    return Anomaly(
        series=row.series,
        device=row.device,
        device_name=Name(row.device_zh, row.device_en),
        place=row.place,
        metric=row.metric,
        ts=row.ts,
        found_at=row.found_at,
        score=round(row.score, 6),
        kind=row.kind,
        value=row.value,
        expected=row.expected,
        reason=Name(row.reason_zh, row.reason_en),
    )
