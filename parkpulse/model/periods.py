"""Civil periods of a park's zone, folded from UTC hours; all are [start, end).

A civil day begins with the first UTC hour that begins at or after its midnight, so
that it consists of whole hours in every zone.
"""

from __future__ import annotations

import functools
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants

if TYPE_CHECKING:
    from parkpulse.model.packed import Int64Array

Period = Literal["hour", "day", "month", "year", "rolling_12_months"]
_ONE_DAY = timedelta(days=1)
_DAYS_KEPT = 1_000
_HOURS_KEPT = 10_000


class Span(NamedTuple):
    """A period [start, end). [us since 1970 UTC]."""

    start: int
    end: int


class Calendar:
    """The civil days of a zone.

    Parameters
    ----------
    zone
        Name in the time zone database: `Asia/Shanghai`.

    Raises
    ------
    InvalidRequestError
        There is no such zone.
    """

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
            # A year's rows ask for each of its days a hundred times.
            self._midnight = functools.lru_cache(_DAYS_KEPT)(self._find_midnight)
            self._day_of = functools.lru_cache(_HOURS_KEPT)(self._find_day)
        except (KeyError, OSError, ValueError) as error:
            message = f"there is no time zone {zone!r}"
            raise InvalidRequestError(
                code="unknown_zone", message=message, pointer="zone"
            ) from error

    def midnight(self, day: date) -> int:
        """Begin of a civil day [us]."""
        return self._midnight(day)

    def _find_midnight(self, day: date) -> int:
        begin = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return -(-instants.to_us(begin) // instants.HOUR) * instants.HOUR

    def day_of(self, moment: int) -> date:
        """Civil day that an instant [us] belongs to."""
        # Days consist of whole hours.
        return self._day_of(moment // instants.HOUR)

    def _find_day(self, hour: int) -> date:
        moment = hour * instants.HOUR
        day = instants.from_us(moment).astimezone(self._zone).date()
        return day - _ONE_DAY if moment < self.midnight(day) else day

    def edges(self, start: int, end: int) -> Int64Array:
        """Edges of the civil days that hold [start, end), end > start. [us]."""
        first, last = self.day_of(start), self.day_of(end - 1)
        days = range((last - first).days + 2)
        edges = [self.midnight(first + timedelta(days=each)) for each in days]
        return np.array(edges, np.int64)

    def span(self, period: Period, moment: int) -> Span:
        """Period that an instant [us] belongs to.

        The rolling 12 months are those that end with the instant's civil day.
        """
        if period == "hour":
            start = moment // instants.HOUR * instants.HOUR
            return Span(start, start + instants.HOUR)
        first, last = _DAYS[period](self.day_of(moment))
        return Span(self.midnight(first), self.midnight(last))


def _day(day: date) -> tuple[date, date]:
    return day, day + _ONE_DAY


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def _year(day: date) -> tuple[date, date]:
    first = day.replace(month=1, day=1)
    return first, first.replace(year=first.year + 1)


def _rolling(day: date) -> tuple[date, date]:
    end = day + _ONE_DAY
    try:
        return end.replace(year=end.year - 1), end
    except ValueError:
        # 29 February: the 12 months begin on 1 March.
        return date(end.year - 1, 3, 1), end


_DAYS = {"day": _day, "month": _month, "year": _year, "rolling_12_months": _rolling}
