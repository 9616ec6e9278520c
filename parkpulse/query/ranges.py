"""A series over a stretch of time, from the coarsest tier that suffices."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from tsdownsample import M4Downsampler

from analytics import buckets
from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import freshness, instants
from parkpulse.store import quality, rollups
from parkpulse.store.rollups import SeriesInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.catalogue import Series
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

MAX_READINGS = 2_000_000
"""More than this is not read at once."""
MAX_POINTS = 10_000
_WIDTHS = {"1d": instants.DAY, "1h": instants.HOUR, "1m": instants.MINUTE}
"""Tiers, coarsest first. [us]"""
_READINGS_PER_BUCKET = 4
_READINGS_PER_PART = 4
"""That downsampling chooses: first, last, least and greatest."""
_DOWNSAMPLER = M4Downsampler()  # type: ignore[no-untyped-call]  # has no types


class Statistics(msgspec.Struct, frozen=True):
    """What all readings of a stretch come to, however few points are shown."""

    readings: int
    sum: float | None
    """Of intervals; null for all else."""
    mean: float | None
    """Of all readings alike; null for registers."""
    min: float | None
    max: float | None
    last: float | None


class Range(msgspec.Struct, frozen=True, rename={"series_id": "series"}):
    """Points of a series.

    A gauge has means, with minima and maxima beside them; an interval series has sums;
    registers and states have last values. Two points further apart than `gap_s` have
    nothing between them.
    """

    series_id: int
    start: datetime
    end: datetime
    tier: str
    downsampled: bool
    from_points: int
    ts: list[int]
    """[ms since 1970 UTC]"""
    value: list[float]
    min: list[float] | None
    max: list[float] | None
    gap_s: float
    flags: list[tuple[int, int]] | None
    """Time [ms since 1970 UTC] and worst flag of doubtful readings; only of raw."""
    statistics: Statistics


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


class _Points(NamedTuple):
    ts: Int64Array
    value: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    gap: int
    """[us]"""


class _Sums(NamedTuple):
    """What statistics are made of."""

    number: int = 0
    sum: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    last: float | None = None

    @classmethod
    def of_readings(cls, value: FloatArray) -> _Sums:
        if not len(value):
            return cls()
        low, high = float(value.min()), float(value.max())
        return cls(len(value), float(value.sum()), low, high, float(value[-1]))

    @classmethod
    def of_rows(cls, rows: buckets.Rows) -> _Sums:
        if not len(rows):
            return cls()
        low, high = float(rows.min.min()), float(rows.max.max())
        count, total = int(rows.count.sum()), float(rows.sum.sum())
        return cls(count, total, low, high, float(rows.last[-1]))

    def then(self, later: _Sums) -> _Sums:
        """Return those of both stretches together."""
        return _Sums(
            self.number + later.number,
            self.sum + later.sum,
            min(self.low, later.low),
            max(self.high, later.high),
            self.last if later.last is None else later.last,
        )

    def statistics(self, asked: Asked) -> Statistics:
        if not self.number:
            return Statistics(0, None, None, None, None, None)
        is_register = asked.series.kind == "counter"
        return Statistics(
            readings=self.number,
            sum=self.sum if asked.is_interval else None,
            mean=None if is_register else self.sum / self.number,
            min=self.low,
            max=self.high,
            last=self.last,
        )


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


def read(
    conn: Connection, asked: Asked, *, points: int = 600, tier: str = "auto"
) -> Range:
    """Answer with about `points` points that keep every extreme.

    Parameters
    ----------
    conn
        Open connection.
    asked
        Which stretch [start, end) of which series; of an interval series those whose
        interval ends in it.
    points
        About how many points are wanted, 4 to `MAX_POINTS`.
    tier
        `raw`, `1m`, `1h`, `1d`, or `auto`: the coarsest with enough points.

    Raises
    ------
    InvalidRequestError
        A value is not acceptable, or there would be too many readings.
    """
    points = min(max(points, _READINGS_PER_BUCKET), MAX_POINTS)
    chosen = _choose(asked, points) if tier == "auto" else tier
    if chosen == "raw":
        count, found, sums = _from_readings(conn, asked, points)
    else:
        count, found, sums = _from_tier(conn, asked, chosen, points)
    return Range(
        series_id=asked.series.id,
        start=instants.from_us(asked.start),
        end=instants.from_us(asked.end),
        tier=chosen,
        downsampled=len(found.ts) < count,
        from_points=count,
        ts=(found.ts // 1000).tolist(),
        value=found.value.tolist(),
        min=None if found.low is None else found.low.tolist(),
        max=None if found.high is None else found.high.tolist(),
        gap_s=found.gap / instants.SECOND,
        flags=_flags(conn, asked) if chosen == "raw" else None,
        statistics=sums.statistics(asked),
    )


def _flags(conn: Connection, asked: Asked) -> list[tuple[int, int]]:
    shift = int(asked.is_interval)
    start, end = asked.start + shift, asked.end + shift
    found = quality.worst(conn, asked.series.id, start, end, MAX_POINTS)
    return [(ts // 1000, flag) for ts, flag in found.items()]


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
    width = width_of(tier)
    found, newer = rollups.following(
        conn,
        tier,
        asked.series.id,
        (start, end),
        int(asked.is_interval),
        MAX_READINGS + 1,
    )
    kept = _buckets(asked, found)
    newest = int(kept.start[-1]) if len(kept) else start
    tail = _rows(asked, *_not_too_many(newer), width)
    if len(kept) and len(tail) and tail.start[0] == newest:
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
    if tier not in _WIDTHS:
        raise InvalidRequestError(
            code="unknown_tier", message=f"there is no tier {tier!r}", pointer="tier"
        )
    return _WIDTHS[tier]


def _choose(asked: Asked, points: int) -> str:
    """Choose the coarsest tier with enough points; readings where there is none.

    A bucket of a gauge has mean, minimum and maximum: where a tier suffices at all, a
    coarser one with a quarter of the buckets shows no less than the same number of
    points chosen from the finer, of which every part has four.
    """
    span = asked.end - asked.start
    kept = [
        (tier, width)
        for tier, width in _WIDTHS.items()
        if asked.interval * _READINGS_PER_BUCKET <= width
    ]
    if not any(span >= points * width for _, width in kept):
        return "raw"
    has_extremes = asked.series.kind == "gauge" and not asked.is_interval
    least = points / _READINGS_PER_PART if has_extremes else points
    return next(tier for tier, width in kept if span >= least * width)


def _from_tier(
    conn: Connection, asked: Asked, tier: str, points: int
) -> tuple[int, _Points, _Sums]:
    width = width_of(tier)
    start = asked.start // width * width
    every = bucket_rows(conn, asked, tier, start, asked.end)
    count, sums = len(every), _Sums.of_rows(every)
    if count > points:
        width *= -(-(asked.end - start) // (width * points))
        every = buckets.from_rows(every, width)
    return count, _points(asked, every, width), sums


def _rows(asked: Asked, ts: Int64Array, value: FloatArray, width: int) -> buckets.Rows:
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


def _points(asked: Asked, rows: buckets.Rows, width: int) -> _Points:
    gap = max(3 * width // 2, int(freshness.INTERVALS * asked.interval))
    found = values(asked, rows)
    if asked.series.kind == "gauge" and not asked.is_interval:
        return _Points(rows.start, found, rows.min, rows.max, gap)
    return _Points(rows.start, found, None, None, gap)


def _from_readings(
    conn: Connection, asked: Asked, points: int
) -> tuple[int, _Points, _Sums]:
    shift = int(asked.is_interval)
    ts, value = readings(conn, asked, asked.start + shift, asked.end + shift)
    sums = _Sums.of_readings(value)
    older, before = _before_readings(conn, asked, int(ts[0]) if len(ts) else asked.end)
    sums = before.then(sums)
    ts = np.concatenate([older.ts, ts])
    value = np.concatenate([older.value, value])
    gap = max(older.gap, int(freshness.INTERVALS * asked.interval))
    if len(ts) <= points:
        return len(ts), _Points(ts, value, None, None, gap), sums
    if asked.is_interval:
        width = asked.interval * -(-len(ts) // points)
        return len(ts), _points(asked, _rows(asked, ts, value, width), width), sums
    chosen = _extremes(ts, value, points, gap)
    apart = np.diff(ts[chosen])
    apart = apart[np.diff(chosen) > 1]
    gap = max(gap, int(apart.max(initial=0)))
    return len(ts), _Points(ts[chosen], value[chosen], None, None, gap), sums


def _before_readings(
    conn: Connection, asked: Asked, until: int
) -> tuple[_Points, _Sums]:
    """Take what is older than the readings that are kept from the finest tier."""
    kept = {
        tier: width
        for tier, width in _WIDTHS.items()
        if asked.interval * _READINGS_PER_BUCKET <= width
    }
    nothing = _Points(np.empty(0, np.int64), np.empty(0), None, None, 0), _Sums()
    if not kept:
        return nothing
    tier, width = kept.popitem()
    series = np.array([asked.series.id])
    last = np.array([max(until // width * width, asked.start)])
    found = rollups.rows(conn, tier, series, np.array([asked.start]), last)
    if not len(found["series"]):
        return nothing
    rows = buckets.Rows(**found)
    return _points(asked, rows, width), _Sums.of_rows(rows)


def _extremes(ts: Int64Array, value: FloatArray, points: int, gap: int) -> Int64Array:
    """Choose first, last, least and greatest of equal parts, and the edges of gaps."""
    parts = max(points // _READINGS_PER_PART, 1) * _READINGS_PER_PART
    # Parts of equal time: a dense stretch must not take the points of a sparse one.
    chosen = _DOWNSAMPLER.downsample(ts, value, n_out=parts).astype(np.int64)
    before = np.flatnonzero(np.diff(ts) > gap)[:points]
    found: Int64Array = np.unique(np.concatenate([chosen, before, before + 1]))
    return found
