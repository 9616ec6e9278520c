"""What a rule would have done over stored history, before it is switched on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.model.alert import Severity, rank
from parkpulse.query import backtest_courses
from parkpulse.query.backtest_courses import History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.condition import Interval
    from parkpulse.model.rule import RuleSpec
    from parkpulse.query.backtest_courses import Subject
    from parkpulse.store.pool import Connection

MAXIMUM_DAYS = 400
"""Longest history of one back-test. [d]"""
MAXIMUM_READINGS = 20_000_000
"""Most readings of one back-test; then it stops and says so."""
MOST_SHOWN = 100
"""Most devices and conditions that are listed."""


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

    def add(self, series: Subject, found: Sequence[Interval]) -> None:
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
    """Follow stored history with a rule, one subject after the other.

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
        The time is empty or too long, or the rule watches too many series.
    """
    _check(start, end)
    history = History(instants.to_us(start), instants.to_us(end), park)
    plan = backtest_courses.plan(conn, spec.definition, history)
    tally = _Tally(history.end)
    is_complete = True
    for course in plan.courses:
        if tally.readings > MAXIMUM_READINGS:
            is_complete = False
            break
        tally.readings += course.readings
        tally.add(course.subject, course.intervals)
    return _result(tally, start, end, plan.subjects, is_complete=is_complete)


def _check(start: datetime, end: datetime) -> None:
    if start >= end:
        message = "the end must lie after the start"
        raise InvalidRequestError(code="range_empty", message=message, pointer="/end")
    if (end - start).days > MAXIMUM_DAYS:
        message = f"a back-test covers at most {MAXIMUM_DAYS} days"
        raise InvalidRequestError(
            code="range_too_long", message=message, pointer="/end"
        )


def _occurrence(series: Subject, interval: Interval) -> Occurrence:
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
