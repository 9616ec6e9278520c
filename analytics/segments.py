"""Amounts spread evenly over disjoint spans of time, and their sums per bucket.

Energy from registers, powers and intervals, and rain from tippers, all become
`Segments`; a span without a segment is not covered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.arrays import BoolArray, FloatArray, IntArray, KindArray

MEASURED = 0
"""The amount in any part of the span is known."""
ESTIMATED = 1
"""Register gap: exact for a period that holds the whole span, inside it an estimate."""
LOWER_BOUND = 2
"""Register reset, or a part cut out of a gap: an estimate for every period."""


@dataclass(frozen=True, slots=True)
class Segments:
    """Disjoint spans in time order, each with an amount spread evenly over it.

    Parameters
    ----------
    start, end : arrays, shape (n,)
        Spans [start, end), end > start. [us since 1970 UTC]
    amount : array, shape (n,)
        What was counted in the span, in the series' unit (energy [kWh], rain [mm]).
    kind : array, shape (n,)
        `MEASURED`, `ESTIMATED` or `LOWER_BOUND`.
    """

    start: IntArray
    end: IntArray
    amount: FloatArray
    kind: KindArray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: BoolArray | IntArray) -> Segments:
        """Return the chosen segments."""
        return Segments(
            self.start[which], self.end[which], self.amount[which], self.kind[which]
        )


@dataclass(frozen=True, slots=True)
class BucketSums:
    """Sums of segments in consecutive buckets.

    Parameters
    ----------
    amount : array, shape (k,)
        Sum of all amounts, in the unit of the segments.
    estimated : array, shape (k,)
        The part of `amount` that is not measured.
    covered : array, shape (k,)
        Measured time. [us]
    estimated_time : array, shape (k,)
        Time whose amount is estimated. [us]
    """

    amount: FloatArray
    estimated: FloatArray
    covered: IntArray
    estimated_time: IntArray


def empty() -> Segments:
    """Nothing covered."""
    return Segments(
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.float64),
        np.empty(0, np.int8),
    )


def concatenate(parts: list[Segments]) -> Segments:
    """Join segments that follow each other in time."""
    return Segments(
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.amount for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )


def clip(segments: Segments, start: int, end: int) -> Segments:
    """Cut to [start, end) [us]; a cut estimate becomes a `LOWER_BOUND`."""
    first = np.searchsorted(segments.end, start, side="right")
    last = np.searchsorted(segments.start, end, side="left")
    inner = segments.take(np.arange(first, last))
    cut_start = np.maximum(inner.start, start)
    cut_end = np.minimum(inner.end, end)
    cut = (cut_start != inner.start) | (cut_end != inner.end)
    share = np.where(cut, (cut_end - cut_start) / (inner.end - inner.start), 1.0)
    kind = np.where(cut & (inner.kind != MEASURED), LOWER_BOUND, inner.kind)
    return Segments(cut_start, cut_end, inner.amount * share, kind.astype(np.int8))


def without(segments: Segments, start: IntArray, end: IntArray) -> Segments:
    """Cut out sorted disjoint stretches; a cut estimate becomes a `LOWER_BOUND`.

    Parameters
    ----------
    segments : Segments
        Of one series.
    start, end : arrays, shape (k,)
        Stretches [start, end). [us since 1970 UTC]
    """
    if not len(start):
        return segments
    edges = np.stack([start, end], axis=1).ravel()
    low = np.searchsorted(edges, segments.start, side="right")
    count = np.searchsorted(edges, segments.end, side="left") - low + 1
    source = np.repeat(np.arange(len(segments)), count)
    part = np.arange(len(source)) - np.repeat(np.cumsum(count) - count - low, count)
    padded = np.concatenate([[np.iinfo(np.int64).min], edges, [np.iinfo(np.int64).max]])
    cut_start = np.maximum(segments.start[source], padded[part])
    cut_end = np.minimum(segments.end[source], padded[part + 1])
    whole = (segments.end - segments.start)[source]
    is_cut = cut_end - cut_start != whole
    share = np.where(is_cut, (cut_end - cut_start) / whole, 1.0)
    rough = is_cut & (segments.kind[source] != MEASURED)
    kind = np.where(rough, np.int8(LOWER_BOUND), segments.kind[source])
    left = Segments(cut_start, cut_end, segments.amount[source] * share, kind)
    # Odd parts lie in the stretches; an edge may leave an empty part beside it.
    return left.take((part % 2 == 0) & (cut_end > cut_start))


def amounts(segments: Segments, edges: IntArray) -> FloatArray:
    """Sum amounts per bucket, as `sums` does."""
    return _cut(segments, edges).total(len(edges) - 1)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Segments as they lie in buckets: whole ones, and pieces of those that cross."""

    first: IntArray
    """First segment of each bucket, shape (k + 1,)."""
    crossing: IntArray
    pieces: _Pieces
    amount: FloatArray
    """Of each segment, 0 where it crosses an edge."""

    def total(self, count: int) -> FloatArray:
        whole = _slice_sums(self.amount, self.first)
        return whole + _bincount(self.pieces.bucket, self.pieces.amount, count)


def _cut(segments: Segments, edges: IntArray) -> _Cut:
    first = np.searchsorted(segments.start, edges, side="left")
    crossing = _crossing(segments, edges, first)
    amount = segments.amount
    if len(crossing):
        amount = amount.copy()
        amount[crossing] = 0.0
    return _Cut(first, crossing, _pieces(segments.take(crossing), edges), amount)


def sums(segments: Segments, edges: IntArray) -> BucketSums:
    """Sum segments per bucket; one that crosses an edge is split by time.

    A bucket's sums depend on nothing but the segments that touch it, so that they are
    the same bit for bit whatever else is computed with them.

    Parameters
    ----------
    segments : Segments
        Of one series.
    edges : array, shape (k + 1,)
        Ascending; bucket i is [edges[i], edges[i + 1]). [us since 1970 UTC]
    """
    count = len(edges) - 1
    cut = _cut(segments, edges)
    first, pieces, amount = cut.first, cut.pieces, cut.amount
    total = cut.total(count)
    known = np.diff(edges) - _time(_holes(segments, edges), edges)
    if not segments.kind[max(first[0] - 1, 0) : first[-1]].any():
        return BucketSums(total, np.zeros(count), known, np.zeros(count, np.int64))
    rough = np.flatnonzero(segments.kind[first[0] : first[-1]] != MEASURED) + first[0]
    bucket = np.searchsorted(first, rough, side="right") - 1
    rough_pieces = pieces.take(pieces.kind != MEASURED)
    estimated = _bincount(bucket, amount[rough], count)
    estimated += _bincount(rough_pieces.bucket, rough_pieces.amount, count)
    estimated_time = _time(segments.take(rough), edges)
    late = np.setdiff1d(cut.crossing, rough)
    estimated_time += _time(segments.take(late[segments.kind[late] != MEASURED]), edges)
    return BucketSums(
        total,
        estimated,
        known - estimated_time,
        estimated_time,
    )


def _time(spans: Segments, edges: IntArray) -> IntArray:
    """Time of disjoint spans in each bucket. [us]."""
    pieces = _pieces(spans, edges)
    # A float64 holds any sum of microseconds of a bucket exactly.
    found = np.bincount(pieces.bucket, pieces.length, len(edges) - 1)
    return found.astype(np.int64)


def _holes(segments: Segments, edges: IntArray) -> Segments:
    """Find the spans between the edges that no segment covers."""
    if not len(segments):
        start, end = edges[:1], edges[-1:]
    else:
        after = np.flatnonzero(segments.end[:-1] != segments.start[1:])
        start = np.concatenate([edges[:1], segments.end[after], segments.end[-1:]])
        end = np.concatenate(
            [segments.start[:1], segments.start[after + 1], edges[-1:]]
        )
    real = end > start
    nothing = np.zeros(np.count_nonzero(real))
    return Segments(start[real], end[real], nothing, nothing.astype(np.int8))


@dataclass(frozen=True, slots=True)
class _Pieces:
    bucket: IntArray
    length: FloatArray
    amount: FloatArray
    kind: KindArray

    def take(self, which: BoolArray) -> _Pieces:
        return _Pieces(
            self.bucket[which], self.length[which], self.amount[which], self.kind[which]
        )


def _crossing(segments: Segments, edges: IntArray, first: IntArray) -> IntArray:
    """Indexes of the segments that begin before an edge and end after it."""
    before = first - 1
    known = before >= 0
    before = before[known]
    return np.unique(before[segments.end[before] > edges[known]])


def _pieces(crossing: Segments, edges: IntArray) -> _Pieces:
    """Cut segments at the edges; parts outside of all buckets are dropped."""
    low = np.searchsorted(edges, crossing.start, side="right") - 1
    high = np.searchsorted(edges, crossing.end, side="left")
    low = np.maximum(low, 0)
    high = np.minimum(high, len(edges) - 1)
    repeats = np.maximum(high - low, 0)
    source = np.repeat(np.arange(len(crossing)), repeats)
    skipped = np.cumsum(repeats) - repeats
    bucket = np.arange(len(source)) - np.repeat(skipped - low, repeats)
    start = np.maximum(crossing.start[source], edges[bucket])
    end = np.minimum(crossing.end[source], edges[bucket + 1])
    whole = crossing.end[source] - crossing.start[source]
    amount = crossing.amount[source] * ((end - start) / whole)
    return _Pieces(
        bucket, (end - start).astype(np.float64), amount, crossing.kind[source]
    )


def _bincount(bucket: IntArray, weights: FloatArray, count: int) -> FloatArray:
    return np.bincount(bucket, weights, count).astype(np.float64, copy=False)


def _slice_sums(values: FloatArray, first: IntArray) -> FloatArray:
    """Sum values[first[i]:first[i + 1]] for each i."""
    filled = first[1:] > first[:-1]
    found = np.zeros(len(filled))
    if filled.any():
        found[filled] = np.add.reduceat(values[: first[-1]], first[:-1][filled])
    return found
