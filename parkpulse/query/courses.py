"""A series over a stretch of time, as it is kept: buckets of a tier, and readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import buckets
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import instants
from parkpulse.store import rollups
from parkpulse.store.rollups import SeriesInfo, Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.catalogue import Series
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection
    from parkpulse.store.rollups import Course

MAX_READINGS = 2_000_000
"""More than this is not read at once."""
WIDTHS = {"1d": instants.DAY, "1h": instants.HOUR, "1m": instants.MINUTE}
"""Tiers, coarsest first. [us]"""
_READINGS_PER_BUCKET = 4


class Asked(NamedTuple):
    """A checked question."""

    series: SeriesInfo
    modulus: float | None
    start: int
    end: int

    @property
    def interval(self) -> int:
        """How often the series reports. [us]."""
        return self.series.report_interval_s * instants.SECOND

    @property
    def is_interval(self) -> bool:
        """Whether values are of the time before their stamp."""
        return self.series.kind == "interval"

    @property
    def tiers(self) -> dict[str, int]:
        """Tiers with enough readings in a bucket, and their widths [us]."""
        return {
            tier: width
            for tier, width in WIDTHS.items()
            if self.interval * _READINGS_PER_BUCKET <= width
        }


def ask(conn: Connection, series_id: int, start: datetime, end: datetime) -> Asked:
    """Check a question for a series.

    Raises
    ------
    NotFoundError
        There is no such series.
    InvalidRequestError
        The stretch is empty.
    """
    found = rollups.one(conn, series_id)
    if found is None:
        kind = "series"
        raise NotFoundError(kind, str(series_id))
    return _checked(*found, start, end)


def of_known(series: Series, start: datetime, end: datetime) -> Asked:
    """Check a question for a series that is known.

    Raises
    ------
    InvalidRequestError
        The stretch is empty.
    """
    info = SeriesInfo(
        series.id, series.metric.name, series.kind, series.report_interval_s
    )
    return _checked(info, series.modulus, start, end)


def _checked(
    series: SeriesInfo, modulus: float | None, start: datetime, end: datetime
) -> Asked:
    asked = Asked(series, modulus, instants.to_us(start), instants.to_us(end))
    if asked.end <= asked.start:
        raise InvalidRequestError(
            code="range_empty", message="the end is not after the start", pointer="end"
        )
    return asked


def rows(
    conn: Connection, series_id: int, start: datetime, end: datetime
) -> Iterator[tuple[datetime, float, int]]:
    """Yield the readings in [start, end) as (time, value, quality), by time."""
    ask(conn, series_id, start, end)
    return rollups.stream(conn, series_id, start, end)


def readings(
    conn: Connection, asked: Asked, start: int, end: int
) -> tuple[Int64Array, FloatArray]:
    """Read times [us] and values in [start, end).

    Raises
    ------
    InvalidRequestError
        There would be too many.
    """
    series = np.array([asked.series.id])
    found = rollups.readings(
        conn, series, np.array([start]), np.array([end]), MAX_READINGS + 1
    )
    return _not_too_many(found)


def _not_too_many(found: Columns) -> tuple[Int64Array, FloatArray]:
    if len(found["ts"]) > MAX_READINGS:
        raise InvalidRequestError(
            code="range_too_long",
            message=f"more than {MAX_READINGS} readings: ask for a shorter stretch",
            pointer="start",
        )
    return found["ts"], found["value"]


def bucket_rows(
    conn: Connection, asked: Asked, tier: str, start: int, end: int
) -> buckets.Rows:
    """Read buckets of a tier that begin in [start, end) [us], the newest too.

    Roll-ups lag by seconds: what follows the newest that is stored is computed here,
    unless its readings are gone.
    """
    (course,) = read(conn, tier, [(asked, start, end)])
    return joined(asked, course, width_of(tier))


def read(
    conn: Connection, tier: str, wanted: Sequence[tuple[Asked, int, int]]
) -> list[Course]:
    """Read what is kept of several stretches in one round trip.

    Parameters
    ----------
    conn
        Open connection.
    tier
        `1m`, `1h` or `1d`.
    wanted
        Which series, and start and end: its buckets that begin in [start, end). [us]
    """
    stretches = [
        Stretch(asked.series.id, start, end, int(asked.is_interval))
        for asked, start, end in wanted
    ]
    return rollups.courses(conn, tier, stretches, MAX_READINGS + 1)


def joined(asked: Asked, course: Course, width: int) -> buckets.Rows:
    """Put buckets, and those of the readings after them, together.

    Raises
    ------
    InvalidRequestError
        There are too many readings.
    """
    kept = _buckets(asked, course.buckets)
    tail = of_readings(asked, *_not_too_many(course.newer), width)
    if len(kept) and len(tail) and tail.start[0] == kept.start[-1]:
        newest = kept.start[-1]
        whole = tail.count[0] >= kept.count[-1]
        kept, tail = (
            (kept.take(kept.start < newest), tail)
            if whole
            else (kept, tail.take(tail.start > newest))
        )
    return _joined(kept, tail)


def _buckets(asked: Asked, found: Columns) -> buckets.Rows:
    length = len(found["start"])
    series = np.full(length, asked.series.id)
    return buckets.Rows(series=series, integral=np.full(length, np.nan), **found)


def values(asked: Asked, rows: buckets.Rows) -> FloatArray:
    """Return what a bucket says of its series: its sum, mean or last value."""
    if asked.is_interval:
        return rows.sum
    if asked.series.kind == "gauge":
        return rows.sum / rows.count
    return rows.last


def width_of(tier: str) -> int:
    """Return the width of a tier [us]; raises InvalidRequestError."""
    if tier not in WIDTHS:
        raise InvalidRequestError(
            code="unknown_tier", message=f"there is no tier {tier!r}", pointer="tier"
        )
    return WIDTHS[tier]


def of_readings(
    asked: Asked, ts: Int64Array, value: FloatArray, width: int
) -> buckets.Rows:
    """Return the buckets of readings at `ts` [us], both of shape (n,)."""
    series = np.full(len(ts), asked.series.id)
    interval = np.full(len(ts), asked.is_interval)
    return buckets.from_readings(
        series, ts, value, interval, np.zeros(len(ts), np.int64), width
    )


def _joined(one: buckets.Rows, other: buckets.Rows) -> buckets.Rows:
    return buckets.Rows(
        *(
            np.concatenate([getattr(one, name), getattr(other, name)])
            for name in one.__slots__
        )
    )
