"""What a rule compares with its limits where that is not the reading itself.

A signal makes a *score* of each reading of one series from the readings before it
within `span`, so that it may be computed from any point on. The score is what
`analytics.thresholds` compares; what people are shown may be another number.

* A rate is the change since the oldest reading of the window, over the time between.
* Sums over windows of several lengths are told by a score: k when the sum of level k
  is reached, k - 0.5 when it is short of it by less than the deadband.
* With a schedule, a reading outside its windows counts as far inside the limit.
* With a repeat count, a reading beyond the limit says nothing (NaN) until enough
  breaches have begun within a time. A breach begins with a reading beyond the limit
  whose predecessor is not, or is older than that time.

Many series are computed at once when they are laid one behind the other, farther apart
than any window reaches (`Signal.apply_all`); the scores are the same, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import numpy as np

from analytics import civil, rain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.thresholds import BoolArray, FloatArray, IntArray

SECOND = 1_000_000
"""Microseconds."""
_MICRO = 1e6
_MINUTE = 60 * SECOND
_MINUTES_PER_DAY = 1440
_MONDAY = 3
"""1 January 1970 was a Thursday, three days after a Monday."""
_NEAR_END = 0.9
"""A counter that falls from this share of its range on has rolled over."""
SCORE_OFFSET = 0.25
"""The limit of level k lies so far below its score."""
SCORE_DEADBAND = 0.5
"""Between a level's limit and the score that is back."""


class Scores(NamedTuple):
    """Of n readings: what is compared, and what is shown."""

    score: FloatArray
    shown: FloatArray


class Measure(Protocol):
    """Makes scores of the readings of one series, sorted by time."""

    @property
    def span(self) -> int:
        """How far before a reading its score looks [us]."""

    @property
    def lead(self) -> int:
        """How many readings before that it needs."""

    def apply(self, ts: IntArray, value: FloatArray, first: BoolArray) -> Scores:
        """Return one score for each reading.

        Parameters
        ----------
        ts, value, first : arrays, shape (n,)
            Times [us], rising; readings; whether a reading is its series' first, which
            lies more than `span` behind what is before it.
        """


@dataclass(frozen=True, slots=True)
class Plain:
    """The reading itself."""

    span: int = 0
    lead: int = 0

    def apply(self, ts: IntArray, value: FloatArray, first: BoolArray) -> Scores:
        """Return the values themselves."""
        del ts, first
        return Scores(value, value)


@dataclass(frozen=True, slots=True)
class Rate:
    """Change per `per` [us] since the oldest reading of the last `span` [us]."""

    span: int
    per: int
    lead: int = 0

    def apply(self, ts: IntArray, value: FloatArray, first: BoolArray) -> Scores:
        """Return rates; NaN where the readings cover less than half of the window."""
        del first
        oldest = np.searchsorted(ts, ts - self.span, "left")
        elapsed = ts - ts[oldest]
        is_short = 2 * elapsed < self.span
        change = value - value[oldest]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = change * (self.per / elapsed)
        rate[is_short] = np.nan
        return Scores(rate, rate)


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of increments over windows that reach limits.

    Parameters
    ----------
    windows, limits
        Length [us] and sum to be reached of each level, from the least severe.
    deadband
        How far below its limit a sum is back.
    is_counter
        Whether readings are a counter, so that increments are differences.
    modulus
        At which a counter rolls over; None: a fall is a reset.
    fastest
        What a counter counts beyond this is an error, and nothing is added. [1/us]
    """

    windows: Sequence[int]
    limits: Sequence[float]
    deadband: float
    is_counter: bool
    modulus: float | None = None
    fastest: float = np.inf

    @property
    def span(self) -> int:
        """The longest window [us]."""
        return max(self.windows)

    @property
    def lead(self) -> int:
        """A counter's first increment needs the reading before."""
        return int(self.is_counter)

    def apply(self, ts: IntArray, value: FloatArray, first: BoolArray) -> Scores:
        """Return levels reached, and the sum of the level that comes closest."""
        increments = self._increments(ts, value, first)
        # In whole millionths, a sum does not depend on where the summing began.
        total = np.cumsum(np.rint(increments * _MICRO).astype(np.int64))
        score = np.zeros(len(ts))
        shown = np.zeros(len(ts))
        for number, (window, limit) in enumerate(
            zip(self.windows, self.limits, strict=True), 1
        ):
            oldest = np.searchsorted(ts, ts - window, "right")
            before = np.where(oldest > 0, total[np.maximum(oldest - 1, 0)], 0)
            sums = (total - before) / _MICRO
            level = np.where(sums >= limit, float(number), 0.0)
            is_near = (sums < limit) & (sums > limit - self.deadband)
            level[is_near] = number - SCORE_DEADBAND
            is_higher = (level > score) | (number == 1)
            score, shown = (
                np.where(is_higher, level, score),
                np.where(is_higher, sums, shown),
            )
        return Scores(score, shown)

    def _increments(
        self, ts: IntArray, value: FloatArray, first: BoolArray
    ) -> FloatArray:
        value = np.where(np.isfinite(value), value, 0.0)
        if not self.is_counter or not len(value):
            return value
        step = np.diff(value, prepend=value[:1])
        step[first] = 0.0
        rolled = value if self.modulus is None else step + self.modulus
        end = np.inf if self.modulus is None else _NEAR_END * self.modulus
        has_rolled: BoolArray = (value - step) > np.full(len(value), end)
        found = np.where(step >= 0, step, np.where(has_rolled, rolled, value))
        most = self.fastest * np.maximum(np.diff(ts, prepend=ts[:1]), rain.SUDDEN)
        return np.where(found <= most, found, 0.0)


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes [start, end) of some days of the week, Monday being 0."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Weekly:
    """Windows of the week in a zone; outside them nothing is beyond the limit."""

    windows: Sequence[Window]
    zone: str

    def holds(self, ts: IntArray) -> BoolArray:
        """Tell which times [us] lie within a window."""
        minutes = (ts + civil.offsets(ts, ZoneInfo(self.zone))) // _MINUTE
        day = (minutes // _MINUTES_PER_DAY + _MONDAY) % 7
        minute = minutes % _MINUTES_PER_DAY
        found = np.zeros(len(ts), np.bool_)
        for each in self.windows:
            mine = np.isin(day, sorted(each.days))
            found |= mine & (minute >= each.start) & (minute < each.end)
        return found


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `count` breaches must have begun within `within` [us]."""

    count: int
    within: int

    def enough(self, ts: IntArray, is_over: BoolArray) -> BoolArray:
        """Tell at which readings so many breaches have begun."""
        begins = is_over.copy()
        begins[1:] &= ~is_over[:-1] | (ts[1:] - ts[:-1] > self.within)
        total: IntArray = np.cumsum(begins)
        first = np.searchsorted(ts, ts - self.within, "right")
        before = np.where(first > 0, total[np.maximum(first - 1, 0)], 0)
        found: BoolArray = total - before >= self.count
        return found


@dataclass(frozen=True, slots=True)
class Signal:
    """A measure, seen through a schedule and a repeat count.

    Parameters
    ----------
    measure
        What is compared.
    sign, limit
        Direction and first limit times sign, as in `thresholds.Limits`.
    weekly, repeat
        When it counts.
    """

    measure: Measure
    sign: float
    limit: float
    weekly: Weekly | None = None
    repeat: Repeat | None = None

    @property
    def span(self) -> int:
        """How far before a reading its score looks [us]."""
        # The predecessor of a breach's first reading may lie as far back again.
        again = 0 if self.repeat is None else 2 * self.repeat.within
        return self.measure.span + again

    @property
    def lead(self) -> int:
        """How many readings before that it needs."""
        return self.measure.lead

    @property
    def likeness(self) -> str:
        """Signals that have it in common score all readings alike."""
        when = (self.weekly, self.repeat)
        side = (self.sign, self.limit) if any(when) else ()
        return repr((self.measure, *when, *side))

    def apply(self, ts: IntArray, value: FloatArray) -> Scores:
        """Return one score for each reading of a series, sorted by time [us]."""
        first = np.arange(len(ts)) == 0
        return self.apply_all(ts, value, first)

    def apply_all(self, ts: IntArray, value: FloatArray, first: BoolArray) -> Scores:
        """Return one score for each reading of several series.

        Parameters
        ----------
        ts, value, first : arrays, shape (n,)
            Series by series: times [us], rising within a series; readings; whether a
            reading is its series' first.
        """
        apart = self._laid_apart(ts, first)
        score, shown = self.measure.apply(apart, value, first)
        if self.weekly is not None:
            score = np.where(self.weekly.holds(ts), score, -self.sign * np.inf)
        if self.repeat is not None:
            is_over = self.sign * score > self.limit
            enough = self.repeat.enough(apart, is_over)
            score = np.where(is_over & ~enough, np.nan, score)
        return Scores(score, shown)

    def tails(self, ts: IntArray, first: BoolArray) -> IntArray:
        """Return from which readings on the next one's score may need them.

        Parameters
        ----------
        ts, first : arrays, shape (n,)
            As of `apply_all`.

        Returns
        -------
        array
            Index of a reading for each series.
        """
        apart = self._laid_apart(ts, first)
        starts = np.flatnonzero(first)
        newest = apart[np.append(starts[1:], len(ts)) - 1]
        oldest = np.searchsorted(apart, newest - self.span, "left") - self.lead
        found: IntArray = np.maximum(oldest, starts)
        return found

    def _laid_apart(self, ts: IntArray, first: BoolArray) -> IntArray:
        """Keep differences within windows, with one series behind another.

        What lies farther back than `span` is nowhere told from what lies still farther.
        """
        beyond = self.span + 1
        step = np.minimum(np.diff(ts, prepend=ts[:1]), beyond)
        step[first] = beyond
        apart: IntArray = np.cumsum(step)
        return apart
