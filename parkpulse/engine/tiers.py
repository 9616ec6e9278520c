"""Which buckets of which tiers a batch touches, and what to read for them.

Pure: the roll-up consumer does the reading and writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import buckets
from parkpulse.model import freshness, instants, metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics.arrays import BoolArray
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.rollups import SeriesInfo

READINGS_PER_BUCKET = 4
"""A tier is kept for series that report at least so often in its bucket."""


class Tier(NamedTuple):
    """A width of buckets that is kept."""

    name: str
    width: int
    """[us]"""

    def keeps(self, report_interval: Int64Array) -> BoolArray:
        """Whether it is kept for series with these report intervals [us]."""
        kept: BoolArray = report_interval * READINGS_PER_BUCKET <= self.width
        return kept


TIERS = (
    Tier("1m", instants.MINUTE),
    Tier("1h", instants.HOUR),
    Tier("1d", instants.DAY),
)
"""Finest first; a tier is computed from the one before it where that is kept."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What must be known of the series, as columns sorted by id.

    Parameters
    ----------
    id : array, shape (n,)
        Ids of the series.
    report_interval : array, shape (n,)
        How often they report. [us]
    hold : array, shape (n,)
        How long a power holds; `buckets.NO_HOLD` for all that is not a power. [us]
    is_interval : array, shape (n,)
        Whether a value is of the time before its stamp.
    """

    id: Int64Array
    report_interval: Int64Array
    hold: Int64Array
    is_interval: BoolArray

    def places(self, series: Int64Array) -> tuple[Int64Array, BoolArray]:
        """Return rows of series, and whether each is known at all."""
        place = np.minimum(np.searchsorted(self.id, series), max(len(self.id) - 1, 0))
        known = self.id[place] == series if len(self.id) else np.zeros(len(place), bool)
        return place, known


def catalogue(series: Iterable[SeriesInfo]) -> Catalogue:
    """Columns of these series."""
    ordered = sorted(series)
    interval_s = np.array([each.report_interval_s for each in ordered], np.int64)
    power = np.array([_is_power(each) for each in ordered], np.bool_)
    hold = (interval_s * (freshness.INTERVALS * instants.SECOND)).astype(np.int64)
    return Catalogue(
        np.array([each.id for each in ordered], np.int64),
        interval_s * instants.SECOND,
        np.where(power, hold, buckets.NO_HOLD),
        np.array([each.kind == "interval" for each in ordered], np.bool_),
    )


def _is_power(series: SeriesInfo) -> bool:
    metric = metrics.METRICS.get(series.metric)
    return series.kind == "gauge" and metric is not None and metric.unit == "W"


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches [start, end) of series, sorted, none touching another. [us]."""

    series: Int64Array
    start: Int64Array
    end: Int64Array


def touched(
    known: Catalogue, place: Int64Array, ts: Int64Array, tier: Tier
) -> Int64Array:
    """Keys of the buckets of `tier` that depend on the readings, sorted.

    A power reaches on into the buckets that it holds for.

    Parameters
    ----------
    known : Catalogue
        The series.
    place : array, shape (n,)
        Rows of the readings' series in it.
    ts : array, shape (n,)
        Observed times. [us since 1970 UTC]
    tier : Tier
        Whose buckets.
    """
    series = known.id[place]
    first = buckets.keys(series, ts - known.is_interval[place], tier.width)
    last = buckets.keys(series, ts + known.hold[place], tier.width)
    count = np.maximum(last - first, 0) + 1
    skipped = np.cumsum(count) - count
    each = np.repeat(first - skipped, count) + np.arange(count.sum())
    return np.unique(each)


def parents(key: Int64Array, tier: Tier, wider: Tier) -> Int64Array:
    """Keys of the wider buckets that hold these, sorted."""
    series, start = buckets.of_keys(key, tier.width)
    return np.unique(buckets.keys(series, start, wider.width))


def stretches(key: Int64Array, tier: Tier) -> Stretches:
    """Join buckets that follow each other."""
    first = np.flatnonzero(np.diff(key, prepend=-2) != 1)
    last = np.append(first, len(key))[1:] - 1
    series, start = buckets.of_keys(key[first], tier.width)
    _, end = buckets.of_keys(key[last], tier.width)
    return Stretches(series, start, end + tier.width)


def sources(known: Catalogue, found: Stretches) -> Stretches:
    """Stretches of the readings that the buckets depend on.

    A power may hold from before; an interval is stamped with its end.
    """
    place, _ = known.places(found.series)
    shift = known.is_interval[place].astype(np.int64)
    start = found.start - known.hold[place] + shift
    return _joined(found.series, start, found.end + shift)


def _joined(series: Int64Array, start: Int64Array, end: Int64Array) -> Stretches:
    """Join stretches that overlap, so that no reading is read twice."""
    apart = np.ones(len(series), np.bool_)
    apart[1:] = (series[1:] != series[:-1]) | (start[1:] > end[:-1])
    first = np.flatnonzero(apart)
    last = np.append(first, len(series))[1:] - 1
    return Stretches(series[first], start[first], end[last])


def compute(
    known: Catalogue,
    series: Int64Array,
    ts: Int64Array,
    value: FloatArray,
    key: Int64Array,
    tier: Tier,
) -> buckets.Rows:
    """Rows of the wanted buckets from the readings of `sources`."""
    place, _ = known.places(series)
    rows = buckets.from_readings(
        series, ts, value, known.is_interval[place], known.hold[place], tier.width
    )
    return wanted(rows, key, tier)


def wanted(rows: buckets.Rows, key: Int64Array, tier: Tier) -> buckets.Rows:
    """Keep the rows of the wanted buckets."""
    found = buckets.keys(rows.series, rows.start, tier.width)
    return rows.take(np.isin(found, key))
