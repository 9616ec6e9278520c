"""Civil periods of a zone, exact where clocks are changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from parkpulse.model import instants

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from analytics.samples import Intervals
    from parkpulse.model.packed import Int64Array

Period = Literal["day", "month", "year", "all"]
_DAY = (23 * instants.HOUR, 25 * instants.HOUR)
_MONTH = (28 * instants.DAY - instants.HOUR, 31 * instants.DAY + instants.HOUR)
_YEAR = (365 * instants.DAY - instants.HOUR, 366 * instants.DAY + instants.HOUR)


def local(moment: int, zone: ZoneInfo) -> datetime:
    """Local time of an instant [us]."""
    return instants.from_us(moment).astimezone(zone)


def edges(period: Period, start: int, end: int, zone: ZoneInfo) -> Int64Array:
    """Edges of the periods that hold [start, end); of `all`, just these. [us]."""
    if period == "all":
        return np.array([start, end], np.int64)
    begin = _floor(period, local(start, zone))
    found = [instants.to_us(begin)]
    while found[-1] < end:
        begin = _step(begin, period, 1)
        found.append(instants.to_us(begin))
    return np.array(found, np.int64)


def _floor(period: Period, moment: datetime) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "day":
        return day
    return day.replace(day=1) if period == "month" else day.replace(month=1, day=1)


def _step(moment: datetime, period: Period, sign: int) -> datetime:
    """Return the same local time a period later or earlier."""
    if period == "day":
        return moment + sign * timedelta(days=1)
    months = sign * (1 if period == "month" else 12)
    count = moment.year * 12 + moment.month - 1 + months
    first = moment.replace(day=1, year=count // 12, month=count % 12 + 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))


def mend(found: Intervals, ts: Int64Array, zone: ZoneInfo, sign: int) -> Int64Array:
    """Lengths of intervals in which a last day, month or year has its own length.

    Parameters
    ----------
    found
        The intervals of the samples.
    ts : array, shape (n,)
        Their stamps. [us since 1970 UTC]
    zone
        Whose days, months and years are meant.
    sign
        1 where stamps are the starts of the intervals, -1 where they are the ends.
    """
    length = found.length.copy()
    for index in np.flatnonzero(found.is_open):
        period = _civil(int(found.usual[index]))
        if period is not None:
            moment = local(int(ts[index]), zone)
            other = instants.to_us(_step(moment, period, sign))
            length[index] = abs(other - int(ts[index]))
    return length


def _civil(usual: int) -> Period | None:
    periods: tuple[tuple[Period, tuple[int, int]], ...] = (
        ("day", _DAY),
        ("month", _MONTH),
        ("year", _YEAR),
    )
    for period, (low, high) in periods:
        if low <= usual <= high:
            return period
    return None


def is_midnight(moment: int, zone: ZoneInfo) -> bool:
    """Whether a civil day begins at an instant [us]."""
    then = local(moment, zone)
    return instants.to_us(_floor("day", then)) == moment


def text(moment: int, zone: ZoneInfo) -> str:
    """Instant [us] as RFC 3339 in local time, of a year that has four digits."""
    return local(moment, zone).isoformat()
