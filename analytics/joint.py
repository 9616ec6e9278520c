"""Energies of several meters over the time that all of them cover, per bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from analytics import segments
from analytics.arrays import HOUR
from analytics.segments import ESTIMATED, MEASURED, BucketSums, Segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import BoolArray, FloatArray, IntArray

FAR = 2**62
"""Stands for infinity among instants. [us]"""


@dataclass(frozen=True, slots=True)
class JointSums:
    """What k buckets hold of m meters, in the time that every one of them covers.

    Parameters
    ----------
    amount : array, shape (k, m)
        Energy of each meter. [kWh]
    estimated : array, shape (k, m)
        The part of it that is estimated. [kWh]
    covered : array, shape (k,)
        Time that all meters measured. [us]
    estimated_time : array, shape (k,)
        Time that all cover, at least one by an estimate. [us]
    gap_start, gap_end : arrays, shape (k,)
        Hull of the register gaps that the estimates stem from: a period that holds it
        holds exact energies. -FAR to FAR where no period makes the estimate exact,
        FAR to -FAR where nothing is estimated. [us since 1970 UTC]
    """

    amount: FloatArray
    estimated: FloatArray
    covered: IntArray
    estimated_time: IntArray
    gap_start: IntArray
    gap_end: IntArray


class Hours(Protocol):
    """What meters measured in consecutive hours, each alone and together."""

    @property
    def edges(self) -> IntArray:
        """Of the k hours, shape (k + 1,). [us since 1970 UTC]."""

    @property
    def own(self) -> Sequence[BucketSums]:
        """Of each meter alone."""

    def together(self, meters: Sequence[int]) -> JointSums:
        """Sum the meters with these indexes over the time that all of them cover."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Hours of meters that are known as segments (`Hours`).

    Parameters
    ----------
    edges : array, shape (k + 1,)
        Of the hours. [us since 1970 UTC]
    own : sequence of BucketSums
        Of each meter.
    segments : sequence of Segments
        Of each meter.
    """

    edges: IntArray
    own: Sequence[BucketSums]
    segments: Sequence[Segments]

    def together(self, meters: Sequence[int]) -> JointSums:
        """Sum the meters with these indexes over the time that all of them cover."""
        parts = [self.segments[index] for index in meters]
        return together(parts, [self.own[index] for index in meters], self.edges)


def measured(amounts: Sequence[FloatArray]) -> JointSums:
    """Make sums of hours that all meters measured wholly, to be reduced where not.

    Parameters
    ----------
    amounts : sequence of m arrays, shape (k,)
        Energy of each meter. [kWh]
    """
    amount = np.stack(amounts).T
    count = len(amount)
    return JointSums(
        amount,
        np.broadcast_to(0.0, amount.shape),
        np.full(count, HOUR, np.int64),
        np.zeros(count, np.int64),
        np.full(count, FAR),
        np.full(count, -FAR),
    )


def together(
    meters: Sequence[Segments], own: Sequence[BucketSums], edges: IntArray
) -> JointSums:
    """Sum each meter over the time that all meters cover.

    The result is exact: where a bucket is not wholly measured by all, it is cut at
    the edges of every meter's coverage. It depends on nothing but the segments that
    touch a bucket and, for the gaps, those that touch a gap in it.

    Parameters
    ----------
    meters : sequence of m Segments
        At least one.
    own : sequence of m BucketSums
        The same segments summed over `edges`, each alone.
    edges : array, shape (k + 1,)
        Ascending; bucket i is [edges[i], edges[i + 1]). [us since 1970 UTC]
    """
    length = np.diff(edges)
    covered = np.stack([each.covered for each in own])
    known = covered + np.stack([each.estimated_time for each in own])
    full = (covered == length).all(axis=0)
    amount = np.stack([each.amount for each in own], axis=1)
    amount[~full] = 0.0
    found = JointSums(
        amount,
        np.zeros_like(amount),
        np.where(full, length, 0),
        np.zeros(len(length), np.int64),
        np.full(len(length), FAR),
        np.full(len(length), -FAR),
    )
    partial = np.flatnonzero(~full & (known > 0).all(axis=0))
    if len(partial):
        _fill(found, partial, _Cells(meters, edges[partial], edges[partial + 1]))
    if found.estimated_time.any():
        _mark_gaps(found, meters, edges)
    return found


class _Cells:
    """The chosen buckets, cut wherever the coverage of a meter changes."""

    def __init__(
        self, meters: Sequence[Segments], starts: IntArray, ends: IntArray
    ) -> None:
        touching = [_touching(each, starts, ends) for each in meters]
        runs = [_runs(each) for each in touching]
        points = np.unique(
            np.concatenate(
                [starts, ends, *(r.start for r in runs), *(r.end for r in runs)]
            )
        )
        points = points[(points >= starts[0]) & (points <= ends[-1])]
        bucket = np.searchsorted(starts, points[:-1], side="right") - 1
        inside = points[1:] <= ends[bucket]
        self.bucket = bucket[inside]
        self.count = len(starts)
        self.time = np.diff(points)[inside]
        start = points[:-1][inside]
        index = [np.searchsorted(r.start, start, side="right") - 1 for r in runs]
        covered = [
            (i >= 0) & (r.end[i] > start) for i, r in zip(index, runs, strict=True)
        ]
        self.rough = [r.rough[i] for i, r in zip(index, runs, strict=True)]
        self.amount = [segments.amounts(each, points)[inside] for each in touching]
        self.covered = np.logical_and.reduce(covered)

    def sum(self, values: FloatArray | IntArray, where: BoolArray) -> FloatArray:
        """Sum per bucket, in order of time."""
        found = np.bincount(self.bucket[where], values[where], self.count)
        return found.astype(np.float64, copy=False)


def _touching(meter: Segments, starts: IntArray, ends: IntArray) -> Segments:
    """Return the segments that share time with any of the buckets."""
    low = np.searchsorted(meter.end, starts, side="right")
    count = np.searchsorted(meter.start, ends, side="left") - low
    index = np.arange(count.sum()) + np.repeat(low - (np.cumsum(count) - count), count)
    # One that touches several buckets is there several times in a row.
    return meter.take(index[np.diff(index, prepend=-1) > 0])


@dataclass(frozen=True, slots=True)
class _Runs:
    """Stretches of time that segments cover without a break, all or none estimated."""

    start: IntArray
    end: IntArray
    rough: BoolArray


def _runs(meter: Segments) -> _Runs:
    rough = meter.kind != MEASURED
    breaks = (meter.end[:-1] != meter.start[1:]) | (rough[:-1] != rough[1:])
    first = np.append(True, breaks)
    last = np.append(breaks, True)
    return _Runs(meter.start[first], meter.end[last], rough[first])


def _fill(found: JointSums, partial: IntArray, cells: _Cells) -> None:
    rough = cells.covered & np.logical_or.reduce(cells.rough)
    estimated_time = cells.sum(cells.time, rough).astype(np.int64)
    found.estimated_time[partial] = estimated_time
    found.covered[partial] = cells.sum(cells.time, cells.covered) - estimated_time
    for column, amount in enumerate(cells.amount):
        own = cells.covered & cells.rough[column]
        found.amount[partial, column] = cells.sum(amount, cells.covered)
        found.estimated[partial, column] = cells.sum(amount, own)


def _mark_gaps(found: JointSums, meters: Sequence[Segments], edges: IntArray) -> None:
    holes = [_holes(each) for each in meters]
    for each in meters:
        rough = each.take((each.kind != MEASURED) & (each.end > edges[0]))
        rough = rough.take(rough.start < edges[-1])
        exact = rough.kind == ESTIMATED
        for hole_start, hole_end in holes:
            exact &= ~_overlaps(rough, hole_start, hole_end)
        start = np.where(exact, rough.start, -FAR)
        end = np.where(exact, rough.end, FAR)
        first = np.maximum(np.searchsorted(edges, rough.start, side="right") - 1, 0)
        count = np.searchsorted(edges[:-1], rough.end, side="left") - first
        source = np.repeat(np.arange(len(rough)), count)
        skipped = np.cumsum(count) - count
        bucket = np.arange(len(source)) - np.repeat(skipped - first, count)
        np.minimum.at(found.gap_start, bucket, start[source])
        np.maximum.at(found.gap_end, bucket, end[source])
    measured = found.estimated_time == 0
    found.gap_start[measured] = FAR
    found.gap_end[measured] = -FAR


def _holes(meter: Segments) -> tuple[IntArray, IntArray]:
    start = np.concatenate([[-FAR], meter.end])
    end = np.concatenate([meter.start, [FAR]])
    real = end > start
    return start[real], end[real]


def _overlaps(spans: Segments, start: IntArray, end: IntArray) -> BoolArray:
    """Whether each span shares time with any of the sorted stretches."""
    index = np.searchsorted(end, spans.start, side="right")
    padded = np.append(start, FAR)
    overlaps: BoolArray = padded[index] < spans.end
    return overlaps
