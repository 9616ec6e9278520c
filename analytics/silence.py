"""When a silence is too long, if it counts only in windows of the week.

The definition. What touches is one window. In each window that is longer than the
limit, silence begins anew with the window: a device that was switched off at night has
its whole limit in the morning. In shorter windows the time of one is added to that of
those before, back to the last receipt or the begin of the last longer window. A silence
is told when it has reached its limit within a window, and ends with the window at the
latest; a window that begins with a silence that has reached its limit tells it then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from analytics.arrays import HOUR, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import IntArray
    from analytics.signals import Weekly

NEVER = int(np.iinfo(np.int64).max) // 2
"""A time that does not come. [us]"""
_DAY = 24 * HOUR
_WEEK = 7 * _DAY
_MINUTE = 60 * SECOND
_MONDAY = datetime(1970, 1, 5)  # noqa: DTZ001 - civil time of any zone
_MONDAY_US = 4 * _DAY
_FARTHEST = 104
"""Weeks of windows in which a silence may grow."""


class Spell(NamedTuple):
    """A silence that was told. [us]."""

    told: tuple[int, ...]
    """When each level was, as far as it came to that."""
    end: int
    """Of its window, or when the device was heard."""


class _Spans(NamedTuple):
    """Windows, one after the other and apart; arrays of shape (n,) [us]."""

    start: IntArray
    end: IntArray

    @property
    def length(self) -> IntArray:
        return self.end - self.start


@dataclass(frozen=True)
class Calendar:
    """Windows of the week, as silence sees them.

    Parameters
    ----------
    weekly
        The windows, and their zone.
    """

    weekly: Weekly

    @cached_property
    def per_week(self) -> int:
        """How long the windows of a week are together. [us]."""
        week = np.zeros(7 * 1440, np.bool_)
        for each in self.weekly.windows:
            for day in each.days:
                week[day * 1440 + each.start : day * 1440 + each.end] = True
        return int(week.sum()) * _MINUTE

    @property
    def is_always(self) -> bool:
        """Whether the windows leave nothing out."""
        return self.per_week == _WEEK

    def due(self, heard: IntArray, since: IntArray, wait: int) -> IntArray:
        """Return when silences reach a limit.

        Parameters
        ----------
        heard : array, shape (n,)
            Last receipts. [us]
        since : array, shape (n,)
            The first time that counts is in the window that holds this, or else in the
            next one. [us]
        wait
            The limit. [us]

        Returns
        -------
        array, shape (n,)
            Times in windows, NEVER for what lies years ahead. [us]
        """
        if not len(heard):
            return np.empty(0, np.int64)
        since = np.maximum(heard, since)
        weeks = min(wait // self.per_week + 2, _FARTHEST)
        spans = self._spans(int(since.min()), int(since.max()), int(weeks))
        at = np.searchsorted(spans.end, since, "right")
        begins = spans.start[at]
        long = np.append(spans.start[spans.length > wait], NEVER)
        following = np.searchsorted(long, begins, "right")
        base = np.where(following > 0, long[following - 1], heard)
        base = np.maximum(base, heard)
        total = np.append(0, np.cumsum(spans.length))
        reached = np.maximum(_counted(spans, total, base) + wait, total[at])
        due = _moment(spans, total, reached)
        anew = long[following]
        return np.where(due < anew, due, np.where(anew == NEVER, NEVER, anew + wait))

    def ends(self, at: int) -> int:
        """Return when the window ends that holds a time, or the time itself. [us]."""
        spans = self._spans(at, at, 2)
        number = int(np.searchsorted(spans.end, at, "right"))
        return int(spans.end[number]) if spans.start[number] <= at else at

    def spells(self, heard: int, until: int, waits: Sequence[int]) -> list[Spell]:
        """Tell what becomes of a silence in all windows.

        Parameters
        ----------
        heard, until
            The silence. [us]
        waits
            Limits, rising. [us]
        """
        spans = self._spans(heard, max(until, heard), 2)
        inside = (spans.end > heard) & (spans.start < until)
        start = spans.start[inside]
        stop = np.minimum(spans.end[inside], until)
        every = [
            self.due(np.full_like(start, heard), start, wait).tolist() for wait in waits
        ]
        found = []
        for end, *due in zip(stop.tolist(), *every, strict=True):
            told = np.maximum.accumulate(due).tolist()
            if told[0] < end:
                found.append(Spell(tuple(ts for ts in told if ts < end), end))
        return found

    def _spans(self, first: int, last: int, weeks: int) -> _Spans:
        """Windows from `weeks` before one time to so many after another. [us]."""
        # Whole quarters of a year are remembered while times move on.
        around = (first - _MONDAY_US) // _WEEK, (last - _MONDAY_US) // _WEEK
        low, high = (around[0] - weeks) // 13, (around[1] + weeks + 1) // 13 + 1
        return _windows(self.weekly, 13 * low, 13 * high)


@lru_cache(maxsize=256)
def _windows(weekly: Weekly, first: int, last: int) -> _Spans:
    """Windows of the weeks [first, last) since 5 January 1970, joined and apart."""
    zone = ZoneInfo(weekly.zone)
    edges = sorted(
        (_instant(week, day, each.start, zone), _instant(week, day, each.end, zone))
        for week in range(first, last)
        for each in weekly.windows
        for day in each.days
    )
    start, end = np.array(edges, np.int64).T
    furthest = np.maximum.accumulate(end)
    is_apart = np.append(True, start[1:] > furthest[:-1])
    return _Spans(start[is_apart], furthest[np.append(is_apart[1:], True)])


def _instant(week: int, day: int, minute: int, zone: ZoneInfo) -> int:
    civil = _MONDAY + timedelta(weeks=week, days=day, minutes=minute)
    return round(civil.replace(tzinfo=zone).timestamp()) * SECOND


def _counted(spans: _Spans, total: IntArray, at: IntArray) -> IntArray:
    """How much time in windows lies before `at`. [us]."""
    number = np.maximum(np.searchsorted(spans.start, at, "right") - 1, 0)
    inside = np.clip(at - spans.start[number], 0, spans.length[number])
    found: IntArray = total[number] + inside
    return found


def _moment(spans: _Spans, total: IntArray, amount: IntArray) -> IntArray:
    """Return the first time in a window before which so much lies. [us]."""
    number = np.searchsorted(total, amount, "right") - 1
    inside = np.minimum(number, len(spans.start) - 1)
    found: IntArray = spans.start[inside] + amount - total[inside]
    return np.where(number < len(spans.start), found, NEVER)
