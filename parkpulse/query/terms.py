"""Rules in numbers: what readings are compared with, and what follows from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from analytics import rain, signals
from analytics.signals import Signal
from analytics.silence import Calendar
from analytics.thresholds import CLEAR, RAISE, Limits
from parkpulse.model import freshness, instants
from parkpulse.model.condition import Interval, Step
from parkpulse.model.definitions import Rate, RollingSum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analytics.signals import Measure, Weekly
    from parkpulse.model.definitions import Definition, Schedule, SeriesDefinition
    from parkpulse.store.rules import WatchedSeries

_FASTEST = {"rainfall_total": rain.IMPOSSIBLE_RATE / rain.MINUTE}
"""What a register of this metric can count at most. [1/us]"""
_MINUTES = 60


class Terms(NamedTuple):
    """A definition in numbers, for one series."""

    definition: SeriesDefinition
    sign: float
    limits: list[float]
    """Times sign, rising."""
    deadband: float
    signal: Signal | None
    """None where readings are compared as they are."""
    hold_s: float


def terms(definition: SeriesDefinition, series: WatchedSeries) -> Terms:
    """Return the numbers of a definition for a series."""
    sign = 1.0 if definition.direction == "above" else -1.0
    limits = [sign * level.limit for level in definition.levels]
    deadband = definition.deadband
    if isinstance(definition, RollingSum):
        count = len(definition.levels)
        limits = [number - signals.SCORE_OFFSET for number in range(1, count + 1)]
        deadband = signals.SCORE_DEADBAND
    measure = _measure(definition, series)
    weekly = weekly_of(definition.schedule, series.zone)
    repeat = _repeat(definition)
    is_plain = isinstance(measure, signals.Plain) and weekly is None and repeat is None
    signal = Signal(measure, sign, limits[0], weekly, repeat)
    hold_s = freshness.INTERVALS * series.report_interval_s
    return Terms(
        definition, sign, limits, deadband, None if is_plain else signal, hold_s
    )


def _measure(definition: SeriesDefinition, series: WatchedSeries) -> Measure:
    if isinstance(definition, Rate):
        return signals.Rate(_us(definition.window_s), _us(definition.per_s))
    if isinstance(definition, RollingSum):
        return signals.Sums(
            windows=tuple(_us(each.window_s) for each in definition.levels),
            limits=tuple(each.limit for each in definition.levels),
            deadband=definition.deadband,
            is_counter=series.kind == "counter",
            modulus=series.modulus,
            fastest=_FASTEST.get(series.metric, math.inf),
        )
    return signals.Plain()


def weekly_of(schedule: Schedule | None, zone: str) -> Weekly | None:
    """Return the windows of a schedule in a zone; None without one."""
    if schedule is None:
        return None
    windows = [
        signals.Window(
            frozenset(day - 1 for day in each.days),
            _minute(each.start),
            _minute(each.end),
        )
        for each in schedule
    ]
    return signals.Weekly(tuple(windows), zone)


def calendar_of(schedule: Schedule | None, zone: str) -> Calendar | None:
    """Return when silence counts; None for always."""
    weekly = weekly_of(schedule, zone)
    if weekly is None:
        return None
    calendar = Calendar(weekly)
    return None if calendar.is_always else calendar


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * _MINUTES + int(minute)


def _repeat(definition: SeriesDefinition) -> signals.Repeat | None:
    if definition.repeat is None:
        return None
    return signals.Repeat(definition.repeat.count, _us(definition.repeat.within_s))


def limits(rows: Sequence[Terms]) -> Limits:
    """Return the limits of n rows as arrays."""
    width = max((len(each.limits) for each in rows), default=1)
    limit = np.full((len(rows), width), np.inf)
    for row, each in enumerate(rows):
        limit[row, : len(each.limits)] = each.limits
    rules = [each.definition for each in rows]
    return Limits(
        sign=np.array([each.sign for each in rows], np.float64),
        limit=limit,
        deadband=np.array([each.deadband for each in rows], np.float64),
        on_delay=np.array([_us(each.on_delay_s) for each in rules], np.int64),
        off_delay=np.array([_us(each.off_delay_s) for each in rules], np.int64),
        hold=np.array([_us(each.hold_s) for each in rows], np.int64),
        on_samples=np.array([each.on_samples for each in rules], np.int64),
        off_samples=np.array([each.off_samples for each in rules], np.int64),
    )


def computed(
    active: Interval | None, transitions: Iterable[np.void], definition: Definition
) -> list[Interval]:
    """Make intervals of what was active at first and what happened then."""
    found = [] if active is None else [active]
    for each in transitions:
        ts, kind = int(each["ts"]), int(each["kind"])
        if kind == CLEAR:
            found[-1] = replace(found[-1], cleared=ts)
            continue
        severity = definition.levels[int(each["level"]) - 1].severity
        step = Step(ts, severity, float(each["value"]))
        if kind == RAISE:
            onset = int(each["onset"])
            found.append(Interval(onset=onset, raised=ts, cleared=None, steps=(step,)))
        else:
            found[-1] = replace(found[-1], steps=(*found[-1].steps, step))
    return found


def _us(seconds: float) -> int:
    return round(seconds * instants.SECOND)
