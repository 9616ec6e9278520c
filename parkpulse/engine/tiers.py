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
    from analytics.arrays import BoolArray
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.columns import Columns

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
    slot : array, shape (n,)
        Slots of their parks.
    finest : array, shape (n,)
        Index in `TIERS` of the finest tier that is kept, or their number.
    """

    id: Int64Array
    report_interval: Int64Array
    hold: Int64Array
    is_interval: BoolArray
    slot: Int64Array
    finest: Int64Array

    def places(self, series: Int64Array) -> tuple[Int64Array, BoolArray]:
        """Return rows of series, and whether each is known at all."""
        place = np.minimum(np.searchsorted(self.id, series), max(len(self.id) - 1, 0))
        known = self.id[place] == series if len(self.id) else np.zeros(len(place), bool)
        return place, known


def catalogue(series: Columns) -> Catalogue:
    """Catalogue of series as `store.rollups.series` gives them."""
    report_interval = series["report_interval_s"] * instants.SECOND
    hold = (report_interval * freshness.INTERVALS).astype(np.int64)
    finest = np.full(len(report_interval), len(TIERS))
    for index in range(len(TIERS) - 1, -1, -1):
        finest[TIERS[index].keeps(report_interval)] = index
    return Catalogue(
        series["id"],
        report_interval,
        np.where(series["is_power"] > 0, hold, buckets.NO_HOLD),
        series["is_interval"] > 0,
        series["slot"],
        finest,
    )


_NONE = np.empty(0, np.int64)
NOTHING = Catalogue(_NONE, _NONE, _NONE, np.empty(0, np.bool_), _NONE, _NONE)
"""No series."""
POWERS = [name for name, metric in metrics.METRICS.items() if metric.unit == "W"]
"""Metrics whose gauges have an integral."""


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
    return between(*span(known, place, ts, tier))


def span(
    known: Catalogue, place: Int64Array, ts: Int64Array, tier: Tier
) -> tuple[Int64Array, Int64Array]:
    """Keys of the first and the last bucket that depends on each reading."""
    series = known.id[place]
    first = buckets.keys(series, ts - known.is_interval[place], tier.width)
    last = buckets.keys(series, ts + known.hold[place], tier.width)
    return first, np.maximum(first, last)


def between(first: Int64Array, last: Int64Array) -> Int64Array:
    """All keys from each first to its last, sorted, each once."""
    count = last - first + 1
    skipped = np.cumsum(count) - count
    each = np.repeat(first - skipped, count) + np.arange(count.sum())
    return buckets.distinct(each)


def parents(key: Int64Array, tier: Tier, wider: Tier) -> Int64Array:
    """Keys of the wider buckets that hold these, sorted."""
    series, start = buckets.of_keys(key, tier.width)
    return buckets.distinct(buckets.keys(series, start, wider.width))


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


def compute_through(
    known: Catalogue,
    series: Int64Array,
    ts: Int64Array,
    value: FloatArray,
    key: Int64Array,
    tier: Tier,
) -> buckets.Rows:
    """Rows of the wanted buckets from readings by way of the finest tier.

    Bit for bit what the rows of the finest tier give, where those are gone.
    """
    place, _ = known.places(series)
    fine = buckets.from_readings(
        series, ts, value, known.is_interval[place], known.hold[place], TIERS[0].width
    )
    return buckets.from_rows(wanted(fine, key, tier), tier.width)


def wanted(rows: buckets.Rows, key: Int64Array, tier: Tier) -> buckets.Rows:
    """Keep the rows of the wanted buckets; `key` is sorted."""
    found = buckets.keys(rows.series, rows.start, tier.width)
    return rows.take(buckets.among(found, key))
