"""A series over a stretch of time, from the coarsest tier that suffices."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from tsdownsample import M4Downsampler

from analytics import buckets
from parkpulse.errors import InvalidRequestError
from parkpulse.model import freshness, instants
from parkpulse.query import courses
from parkpulse.store import quality, rollups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.query.courses import Asked
    from parkpulse.store.pool import Connection
    from parkpulse.store.rollups import Course

MAX_POINTS = 10_000
RAW = "raw"
"""The tier of the readings themselves."""
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


class Chart(NamedTuple):
    """A checked question, and how its answer is to be shown."""

    asked: Asked
    points: int
    """About how many are wanted, 4 to `MAX_POINTS`."""
    tier: str
    """`raw`, `1m`, `1h` or `1d`."""

    @property
    def is_small(self) -> bool:
        """Whether it may be read together with others, without holding them up."""
        span = self.asked.end - self.asked.start
        return self.tier != RAW and span <= MAX_POINTS * courses.WIDTHS[self.tier]


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


def chart(asked: Asked, points: int = 600, tier: str = "auto") -> Chart:
    """Decide how a stretch is shown.

    Parameters
    ----------
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
        There is no such tier.
    """
    points = min(max(points, _READINGS_PER_PART), MAX_POINTS)
    if tier == "auto":
        return Chart(asked, points, _choose(asked, points))
    if tier != RAW:
        courses.width_of(tier)
    return Chart(asked, points, tier)


def read(conn: Connection, wanted: Chart) -> Range:
    """Answer with about as many points as wanted, every extreme among them.

    Raises
    ------
    InvalidRequestError
        There would be too many readings.
    """
    if wanted.tier != RAW:
        (found,) = read_together(conn, wanted.tier, [wanted])
        return _given(found)
    count, shown, sums = _from_readings(conn, wanted.asked, wanted.points)
    return _range(wanted, count, shown, sums, _flags(conn, wanted.asked))


def read_together(
    conn: Connection, tier: str, charts: Sequence[Chart]
) -> list[Range | InvalidRequestError]:
    """Answer charts of a tier in one round trip; an error stands in its chart's place.

    Parameters
    ----------
    conn
        Open connection.
    tier
        That of all charts: `1m`, `1h` or `1d`.
    charts
        Of any series.
    """
    width = courses.width_of(tier)
    asked = [each.asked for each in charts]
    stretches = [(each, each.start // width * width, each.end) for each in asked]
    found = courses.read(conn, tier, stretches)
    return [
        _shown(wanted, course, width)
        for wanted, course in zip(charts, found, strict=True)
    ]


def _shown(wanted: Chart, course: Course, width: int) -> Range | InvalidRequestError:
    try:
        every = courses.joined(wanted.asked, course, width)
    except InvalidRequestError as error:
        return error
    count, sums = len(every), _Sums.of_rows(every)
    if count > wanted.points:
        start = wanted.asked.start // width * width
        width *= -(-(wanted.asked.end - start) // (width * wanted.points))
        every = buckets.from_rows(every, width)
    return _range(wanted, count, _points(wanted.asked, every, width), sums, None)


def _given(found: Range | InvalidRequestError) -> Range:
    if isinstance(found, InvalidRequestError):
        raise found
    return found


def _range(
    wanted: Chart,
    count: int,
    found: _Points,
    sums: _Sums,
    flags: list[tuple[int, int]] | None,
) -> Range:
    asked = wanted.asked
    return Range(
        series_id=asked.series.id,
        start=instants.from_us(asked.start),
        end=instants.from_us(asked.end),
        tier=wanted.tier,
        downsampled=len(found.ts) < count,
        from_points=count,
        ts=(found.ts // 1000).tolist(),
        value=found.value.tolist(),
        min=None if found.low is None else found.low.tolist(),
        max=None if found.high is None else found.high.tolist(),
        gap_s=found.gap / instants.SECOND,
        flags=flags,
        statistics=sums.statistics(asked),
    )


def _flags(conn: Connection, asked: Asked) -> list[tuple[int, int]]:
    shift = int(asked.is_interval)
    start, end = asked.start + shift, asked.end + shift
    found = quality.worst(conn, asked.series.id, start, end, MAX_POINTS)
    return [(ts // 1000, flag) for ts, flag in found.items()]


def _choose(asked: Asked, points: int) -> str:
    """Choose the coarsest tier with enough points; readings where there is none.

    A bucket of a gauge has mean, minimum and maximum: where a tier suffices at all, a
    coarser one with a quarter of the buckets shows no less than the same number of
    points chosen from the finer, of which every part has four.
    """
    span = asked.end - asked.start
    kept = asked.tiers
    if not any(span >= points * width for width in kept.values()):
        return RAW
    has_extremes = asked.series.kind == "gauge" and not asked.is_interval
    least = points / _READINGS_PER_PART if has_extremes else points
    return next(tier for tier, width in kept.items() if span >= least * width)


def _points(asked: Asked, rows: buckets.Rows, width: int) -> _Points:
    gap = max(3 * width // 2, int(freshness.INTERVALS * asked.interval))
    found = courses.values(asked, rows)
    if asked.series.kind == "gauge" and not asked.is_interval:
        return _Points(rows.start, found, rows.min, rows.max, gap)
    return _Points(rows.start, found, None, None, gap)


def _from_readings(
    conn: Connection, asked: Asked, points: int
) -> tuple[int, _Points, _Sums]:
    shift = int(asked.is_interval)
    ts, value = courses.readings(conn, asked, asked.start + shift, asked.end + shift)
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
        return (
            len(ts),
            _points(asked, courses.of_readings(asked, ts, value, width), width),
            sums,
        )
    chosen = _extremes(ts, value, points, gap)
    apart = np.diff(ts[chosen])
    apart = apart[np.diff(chosen) > 1]
    gap = max(gap, int(apart.max(initial=0)))
    return len(ts), _Points(ts[chosen], value[chosen], None, None, gap), sums


def _before_readings(
    conn: Connection, asked: Asked, until: int
) -> tuple[_Points, _Sums]:
    """Take what is older than the readings that are kept from the finest tier."""
    kept = asked.tiers
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
