"""What a rule would have done over stored history, before it is switched on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct

from analytics import thresholds
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.alert import Severity, rank
from parkpulse.model.definitions import SeriesDefinition
from parkpulse.model.registry import SLOTS
from parkpulse.query import terms
from parkpulse.store import parks, rules, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.thresholds import Structured
    from parkpulse.model.condition import Interval
    from parkpulse.model.rule import RuleSpec
    from parkpulse.query.terms import Terms
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries

MAXIMUM_DAYS = 400
"""Longest history of one back-test. [d]"""
MAXIMUM_SERIES = 5_000
"""Most series of one back-test."""
MAXIMUM_READINGS = 20_000_000
"""Most readings of one back-test; then it stops and says so."""
MOST_SHOWN = 100
"""Most devices and conditions that are listed."""
_SLICE = 31 * instants.DAY


class Occurrence(Struct, frozen=True):
    """A condition that would have held."""

    park: str
    device: str
    metric: str
    onset: datetime
    raised_at: datetime
    cleared_at: datetime | None
    severity: Severity
    """The highest."""
    value: float
    """That led to it."""


class DeviceCount(Struct, frozen=True):
    """How often and how long a rule would have spoken of a device."""

    park: str
    device: str
    metric: str
    alerts: int
    active_s: float


class DayCount(Struct, frozen=True):
    """Alerts that would have been raised on a civil day of the park."""

    day: str
    alerts: int


class Backtest(Struct, frozen=True):
    """What a rule would have done in [start, end)."""

    start: datetime
    end: datetime
    series: int
    readings: int
    is_complete: bool
    """False when there were more readings than one back-test takes."""
    alerts: int
    still_active: int
    by_severity: dict[str, int]
    active_s: float
    median_s: float | None
    longest_s: float | None
    days: list[DayCount]
    devices: list[DeviceCount]
    """Those with the most alerts first."""
    occurrences: list[Occurrence]
    """The first ones of each device listed."""


@dataclass
class _Tally:
    """What is counted while series after series is followed."""

    end: int
    readings: int = 0
    durations: list[float] = field(default_factory=list)
    active: int = 0
    severities: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    devices: list[DeviceCount] = field(default_factory=list)
    occurrences: list[Occurrence] = field(default_factory=list)

    def add(self, series: WatchedSeries, found: Sequence[Interval]) -> None:
        """Count the conditions of one series."""
        if not found:
            return
        zone = ZoneInfo(series.zone)
        lengths = [self._length(each) for each in found]
        self.durations += lengths
        for each in found:
            self.active += each.cleared is None
            self.severities[_occurrence(series, each).severity] += 1
            day = instants.from_us(each.raised).astimezone(zone).date()
            self.days[day.isoformat()] += 1
        count = DeviceCount(
            series.park, series.device, series.metric, len(found), sum(lengths)
        )
        self.devices.append(count)
        room = MOST_SHOWN - len(self.occurrences)
        self.occurrences += [_occurrence(series, each) for each in found[:room]]

    def _length(self, interval: Interval) -> float:
        until = self.end if interval.cleared is None else interval.cleared
        return (until - interval.raised) / instants.SECOND


def run(
    conn: Connection,
    spec: RuleSpec,
    start: datetime,
    end: datetime,
    park: str | None = None,
) -> Backtest:
    """Follow stored readings with a rule, one series and one month at a time.

    Parameters
    ----------
    conn
        Open connection; nothing is written.
    spec
        The rule, stored or not.
    start, end
        History [start, end).
    park
        Only this park; None means all.

    Raises
    ------
    InvalidRequestError
        The time is empty or too long, the rule's kind does not watch readings, or it
        watches too many series.
    """
    definition = _checked(spec, start, end)
    watched = [
        each
        for each in rules.watched(conn, range(SLOTS))
        if (park is None or each.park == park) and _holds(definition, each)
    ]
    if len(watched) > MAXIMUM_SERIES:
        message = f"a back-test follows at most {MAXIMUM_SERIES} series"
        raise InvalidRequestError(
            code="too_many_series", message=message, pointer="/park"
        )
    clocks = {key: instants.to_us(now) for key, now in parks.clocks(conn).items()}
    tally = _Tally(instants.to_us(end))
    is_complete = True
    for series in watched:
        if tally.readings > MAXIMUM_READINGS:
            is_complete = False
            break
        now = min(instants.to_us(end), clocks[series.park_id])
        follower = _Follower(conn, series, terms.terms(definition, series))
        found = follower.follow(instants.to_us(start), instants.to_us(end), now)
        tally.readings += follower.readings
        tally.add(series, found)
    return _result(tally, start, end, len(watched), is_complete=is_complete)


def _checked(spec: RuleSpec, start: datetime, end: datetime) -> SeriesDefinition:
    if start >= end:
        message = "the end must lie after the start"
        raise InvalidRequestError(code="range_empty", message=message, pointer="/end")
    if (end - start).days > MAXIMUM_DAYS:
        message = f"a back-test covers at most {MAXIMUM_DAYS} days"
        raise InvalidRequestError(
            code="range_too_long", message=message, pointer="/end"
        )
    if not isinstance(spec.definition, SeriesDefinition):
        message = "only rules that watch readings can be tested on history"
        raise InvalidRequestError(
            code="not_of_readings", message=message, pointer="/definition/kind"
        )
    return spec.definition


def _holds(definition: SeriesDefinition, series: WatchedSeries) -> bool:
    return definition.metric == series.metric and definition.scope.holds(
        series.device, series.device_kind, series.places, series.tags
    )


class _Follower:
    """Carries one series through its history."""

    def __init__(self, conn: Connection, series: WatchedSeries, mine: Terms) -> None:
        self._conn = conn
        self._series = np.array([series.id], np.int32)
        self._terms = mine
        self._limits = terms.limits([mine])
        self.readings = 0

    def follow(self, start: int, end: int, now: int) -> list[Interval]:
        """Return the conditions in [start, end) as known at `now`. [us]."""
        state = thresholds.initial(1)
        transitions = []
        for first, last in _slices(start, end):
            state, found = self._advance(state, first, last)
            transitions += [found]
        _, late = thresholds.expire(self._limits, state, np.array([now]))
        every = np.concatenate([*transitions, late])
        return terms.computed(None, every, self._terms.definition)

    def _advance(
        self, state: Structured, first: int, last: int
    ) -> tuple[Structured, Structured]:
        signal = self._terms.signal
        reach = windows.Reach(
            back=np.zeros(1, np.int64),
            samples=np.ones(1, np.int64),
            span=np.array([signal.span if signal else 0]),
            lead=np.array([signal.lead if signal else 0]),
        )
        _, ts, value = windows.read(
            self._conn, self._series, np.array([first]), reach, np.array([last - 1])
        )
        shown = value
        if signal is not None:
            value, shown = signal.apply(ts, value)
        mine = ts >= first
        self.readings += int(mine.sum())
        rows = np.zeros(int(mine.sum()), np.int64)
        state, found = thresholds.advance(
            self._limits, state, rows, ts[mine], value[mine]
        )
        if len(found):
            at = np.maximum(np.searchsorted(ts, found["ts"], "right") - 1, 0)
            found["value"] = shown[at]
        return state, found


def _slices(start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        yield start, min(start + _SLICE, end)
        start += _SLICE


def _occurrence(series: WatchedSeries, interval: Interval) -> Occurrence:
    cleared = interval.cleared
    worst = max(interval.steps, key=lambda step: rank(step.severity))
    return Occurrence(
        park=series.park,
        device=series.device,
        metric=series.metric,
        onset=instants.from_us(interval.onset),
        raised_at=instants.from_us(interval.raised),
        cleared_at=None if cleared is None else instants.from_us(cleared),
        severity=worst.severity,
        value=worst.value,
    )


def _result(
    tally: _Tally, start: datetime, end: datetime, series: int, *, is_complete: bool
) -> Backtest:
    lengths = tally.durations
    devices = sorted(tally.devices, key=lambda each: (-each.alerts, each.device))
    return Backtest(
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        series=series,
        readings=tally.readings,
        is_complete=is_complete,
        alerts=len(lengths),
        still_active=tally.active,
        by_severity=dict(tally.severities),
        active_s=sum(lengths),
        median_s=median(lengths) if lengths else None,
        longest_s=max(lengths, default=None),
        days=[DayCount(day, count) for day, count in sorted(tally.days.items())],
        devices=devices[:MOST_SHOWN],
        occurrences=tally.occurrences,
    )
