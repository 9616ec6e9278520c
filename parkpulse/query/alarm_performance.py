"""Alarm performance of a park, or of an operator position's area (ISA-18.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct

from analytics import alarm_performance as figures
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.alert import SEVERITIES, Severity
from parkpulse.store import alarm_history, parks
from parkpulse.store.alarm_history import Lasting, Scope

if TYPE_CHECKING:
    from parkpulse.store.alarm_history import Raised
    from parkpulse.store.pool import Connection

Assessment = Literal["acceptable", "manageable", "too many", "no data"]
LONGEST = timedelta(days=366)
STALE_HOURS = 24.0
_TOP = 10
_ACCEPTABLE_PER_10_MIN = 1.0
_MANAGEABLE_PER_10_MIN = 2.0
_DAY_S = 86400.0


class Actor(Struct, frozen=True):
    """An alarm that was raised often; `share` of all is 0 to 1."""

    rule: str
    subject: str
    count: int
    share: float
    chattering: bool


class Flood(Struct, frozen=True):
    """A time of more alarms than somebody can answer, [start, end)."""

    start: datetime
    end: datetime
    count: int


class Priority(Struct, frozen=True):
    """How many alarms had a severity; `share` is 0 to 1."""

    severity: Severity
    count: int
    share: float


class Performance(Struct, frozen=True, kw_only=True):
    """Figures of [start, end); None where there is nothing to divide by."""

    park: str
    place: str | None
    start: datetime
    end: datetime
    alarms: int
    retroactive: int
    alarms_per_day: float | None
    alarms_per_hour: float | None
    alarms_per_10_min: float | None
    peak_per_10_min: int
    assessment: Assessment
    share_of_periods_above_10: float | None
    share_of_time_in_flood: float | None
    floods: Sequence[Flood]
    bad_actors: Sequence[Actor]
    bad_actors_share: float | None
    chattering: int
    standing: int
    stale: Sequence[Lasting]
    priorities: Sequence[Priority]
    acknowledged: int
    mean_time_to_acknowledge_s: float | None


def performance(
    conn: Connection,
    park: str,
    start: datetime,
    end: datetime,
    place: str | None = None,
) -> Performance:
    """Compute the figures of [start, end), cut at the present of the park's clock.

    Raises
    ------
    NotFoundError
        There is no such park.
    InvalidRequestError
        The time is empty or longer than `LONGEST`.
    """
    row = parks.find(conn, park)
    if end <= start:
        code, message = "empty_period", "the end must be after the start"
        raise InvalidRequestError(code, message, "end")
    if end - start > LONGEST:
        code, message = "period_too_long", f"at most {LONGEST.days} days"
        raise InvalidRequestError(code, message, "end")
    end = max(min(end, parks.now(conn, park)), start)
    scope = Scope(row.id, place, start, end)
    return _of(conn, park, scope, alarm_history.raised(conn, scope))


def _of(
    conn: Connection, park: str, scope: Scope, raised: Sequence[Raised]
) -> Performance:
    times = np.array([instants.to_us(each.at) for each in raised], np.int64)
    first, last = instants.to_us(scope.start), instants.to_us(scope.end)
    load = figures.load(times, first, last)
    seconds = (scope.end - scope.start).total_seconds()
    per_day = len(raised) / seconds * _DAY_S if seconds else None
    actors = _actors(raised, times)
    waits = [each.acknowledged_s for each in raised if each.acknowledged_s is not None]
    return Performance(
        park=park,
        place=scope.place,
        start=scope.start,
        end=scope.end,
        alarms=len(raised),
        retroactive=alarm_history.retroactive(conn, scope),
        alarms_per_day=per_day,
        alarms_per_hour=None if per_day is None else per_day / 24,
        alarms_per_10_min=_number(load.mean),
        peak_per_10_min=load.peak,
        assessment=_assess(load.mean),
        share_of_periods_above_10=_number(load.share_above_10),
        share_of_time_in_flood=_number(load.share_in_flood),
        floods=_floods(load, times, scope),
        bad_actors=actors[:_TOP],
        bad_actors_share=sum(each.share for each in actors[:_TOP]) if raised else None,
        chattering=sum(each.chattering for each in actors),
        standing=alarm_history.standing(conn, scope),
        stale=alarm_history.lasting(conn, scope, STALE_HOURS),
        priorities=_priorities(raised),
        acknowledged=len(waits),
        mean_time_to_acknowledge_s=sum(waits) / len(waits) if waits else None,
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _assess(per_10_min: float) -> Assessment:
    if np.isnan(per_10_min):
        return "no data"
    if per_10_min <= _ACCEPTABLE_PER_10_MIN:
        return "acceptable"
    return "manageable" if per_10_min <= _MANAGEABLE_PER_10_MIN else "too many"


def _actors(
    raised: Sequence[Raised], times: np.typing.NDArray[np.int64]
) -> list[Actor]:
    """All alarms, the most frequent first."""
    counts = Counter((each.rule, each.subject) for each in raised)
    keys = sorted(counts, key=lambda key: (-counts[key], key))
    number = {key: n for n, key in enumerate(keys)}
    which = np.array([number[each.rule, each.subject] for each in raised], np.int64)
    chattering = set(figures.chattering(times, which).tolist())
    return [
        Actor(*key, counts[key], counts[key] / len(raised), number[key] in chattering)
        for key in keys
    ]


def _floods(
    load: figures.Load, times: np.typing.NDArray[np.int64], scope: Scope
) -> list[Flood]:
    start = instants.to_us(scope.start)
    found = []
    for first, last in load.floods.tolist():
        edges = (
            start + first * figures.PERIOD_US,
            start + (last + 1) * figures.PERIOD_US,
        )
        low, high = np.searchsorted(times, edges)
        until = min(instants.from_us(edges[1]), scope.end)
        found.append(Flood(instants.from_us(edges[0]), until, int(high - low)))
    return found


def _priorities(raised: Sequence[Raised]) -> list[Priority]:
    counts = Counter(each.severity for each in raised)
    total = max(len(raised), 1)
    return [Priority(each, counts[each], counts[each] / total) for each in SEVERITIES]
