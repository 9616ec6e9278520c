"""Totals, extremes, greatest windows and civil days of a series."""

from __future__ import annotations

import itertools
import math
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from analytics import energy, segments, windows
from parkpulse.model import freshness, instants
from parkpulse.model.periods import Calendar
from parkpulse.query import courses
from parkpulse.store import kpis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.segments import Segments
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.courses import Asked
    from parkpulse.store.pool import Connection

_MISSING_FROM = 1.5


class Window(msgspec.Struct, frozen=True):
    """The window of this length that counted most."""

    window_s: int
    max_sum: float | None
    end: datetime | None


class Day(msgspec.Struct, frozen=True):
    """A civil day; `sum` is null for a gauge or state, `min` and `max` without data."""

    day: str
    sum: float | None
    min: float | None
    max: float | None
    n: int


class Summary(msgspec.Struct, frozen=True):
    """What a stretch of a series amounts to.

    Sums are of the intervals, or of what a register counted; they are null for a gauge.
    """

    series_id: int
    n: int
    sum: float | None
    min: float | None
    max: float | None
    min_at: datetime | None
    max_at: datetime | None
    first: float | None
    last: float | None
    first_at: datetime | None
    last_at: datetime | None
    windows: list[Window]
    days: list[Day]
    missing: int
    """Report intervals without a reading between the first and the last."""


def summary(
    conn: Connection,
    series_id: int,
    start: datetime,
    end: datetime,
    *,
    windows_s: Sequence[int] = (900, 3600),
    day_zone: str = "UTC",
) -> Summary:
    """Summarise the readings in [start, end).

    Parameters
    ----------
    conn
        Open connection.
    series_id
        Which series.
    start, end
        Of an interval series, those whose interval ends in (start, end].
    windows_s
        Lengths of the windows whose greatest sum is wanted. [s]
    day_zone
        Zone of the civil days.

    Raises
    ------
    NotFoundError
        There is no such series.
    InvalidRequestError
        A value is not acceptable, or there would be too many readings.
    """
    asked = courses.ask(conn, series_id, start, end)
    calendar = Calendar(day_zone)
    shift = int(asked.is_interval)
    ts, value = courses.readings(conn, asked, asked.start + shift, asked.end + shift)
    counted = _counted(conn, asked, ts, value)
    low = int(np.argmin(value)) if len(ts) else None
    high = int(np.argmax(value)) if len(ts) else None
    return Summary(
        series_id=series_id,
        n=len(ts),
        sum=None if counted is None else math.fsum(counted.amount.tolist()),
        min=_at(value, low),
        max=_at(value, high),
        min_at=_time(ts, low),
        max_at=_time(ts, high),
        first=_at(value, 0),
        last=_at(value, -1),
        first_at=_time(ts, 0),
        last_at=_time(ts, -1),
        windows=[_window(counted, width) for width in windows_s],
        days=_days(asked, calendar, ts, value, counted),
        missing=_missing(asked, ts),
    )


def _at(value: FloatArray, index: int | None) -> float | None:
    return float(value[index]) if index is not None and len(value) else None


def _time(ts: Int64Array, index: int | None) -> datetime | None:
    return instants.from_us(int(ts[index])) if index is not None and len(ts) else None


def _counted(
    conn: Connection, asked: Asked, ts: Int64Array, value: FloatArray
) -> Segments | None:
    """Find what intervals or a register counted; None for other kinds."""
    if asked.is_interval:
        return energy.from_intervals(ts, value, asked.interval)
    if asked.series.kind != "counter":
        return None
    edges = (np.array([asked.start]), np.array([asked.end]))
    series = np.array([asked.series.id])
    around = kpis.neighbours(conn, series, *edges, energy.CONTEXT)
    low, high = int(around["low"][0]), int(around["high"][0])
    register = energy.Register(
        gap=int(freshness.INTERVALS * asked.interval), modulus=asked.modulus
    )
    every = courses.readings(conn, asked, low, high + 1)
    found = energy.from_register(*every, register)
    return segments.clip(found, asked.start, asked.end)


def _window(counted: Segments | None, width_s: int) -> Window:
    best = None
    if counted is not None:
        best = windows.greatest(counted, width_s * instants.SECOND)
    if best is None:
        return Window(width_s, None, None)
    return Window(width_s, best.amount, instants.from_us(best.end))


def _days(
    asked: Asked,
    calendar: Calendar,
    ts: Int64Array,
    value: FloatArray,
    counted: Segments | None,
) -> list[Day]:
    if not len(ts):
        return []
    moments = ts - int(asked.is_interval)
    edges = calendar.edges(int(moments[0]), int(moments[-1]) + 1)
    first = np.searchsorted(moments, edges)
    sums = None if counted is None else segments.sums(counted, edges).amount.tolist()
    found = []
    for row, (low, high) in enumerate(itertools.pairwise(first)):
        some = value[low:high]
        found.append(
            Day(
                day=calendar.day_of(int(edges[row])).isoformat(),
                sum=None if sums is None else sums[row],
                min=float(some.min()) if len(some) else None,
                max=float(some.max()) if len(some) else None,
                n=len(some),
            )
        )
    return found


def _missing(asked: Asked, ts: Int64Array) -> int:
    steps = np.diff(ts) / asked.interval
    return int((np.rint(steps[steps > _MISSING_FROM]) - 1).sum())
