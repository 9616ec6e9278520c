"""When a rule's condition would have held for each of its subjects over history."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import compositions, thresholds
from analytics.compositions import FOREVER, Span
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants, rule
from parkpulse.model.condition import Interval, Step
from parkpulse.model.definitions import (
    Absence,
    BalanceRule,
    CentreDefinition,
    Composition,
    DriftRule,
    FoundDefinition,
    KpiRule,
    QualityRule,
    SeriesDefinition,
)
from parkpulse.model.registry import SLOTS
from parkpulse.query import backtest_days, found, rule_figures, silences, terms
from parkpulse.store import findings, kpi_views, parks, rules, windows
from parkpulse.store.findings import Spans
from parkpulse.store.kpi_views import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analytics.thresholds import Structured
    from parkpulse.model.definitions import Definition, ProjectionRule
    from parkpulse.model.rule import Place
    from parkpulse.query.terms import Terms
    from parkpulse.store.parks import DataCentreRow, ParkRow
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedDevice, WatchedSeries

MAXIMUM_SUBJECTS = 5_000
"""Most series or devices of one back-test."""
_SLICE = 31 * instants.DAY
_CATEGORIES = (0, 1, 2, 3)
_PERIODS = 20_000
_BEFORE = {"period": timedelta(days=62), "year_to_date": timedelta(days=400)}
"""So much before the history is read of key figures."""


class Subject(NamedTuple):
    """What a condition is of, as people name it, and where it lies."""

    park: str
    device: str
    """Or the data centre, or the place."""
    metric: str
    zone: str
    places: Sequence[Place] = ()


class Course(NamedTuple):
    """When the condition of a subject would have held."""

    subject: Subject
    intervals: Sequence[Interval]
    readings: int
    """Readings or figures that were followed."""


class Plan(NamedTuple):
    """How many subjects there are, and what follows one by one."""

    subjects: int
    courses: Iterator[Course]


class History(NamedTuple):
    """Which history, [start, end) [us], and of which park; None means all."""

    start: int
    end: int
    park: str | None


def plan(conn: Connection, definition: Definition, history: History) -> Plan:
    """Follow a rule over history.

    Raises
    ------
    InvalidRequestError
        There is too much to follow.
    """
    if isinstance(definition, SeriesDefinition):
        return _of_series(conn, definition, history)
    if isinstance(definition, FoundDefinition):
        return _of_findings(conn, definition, history)
    if isinstance(definition, Absence):
        return _of_devices(conn, definition, history)
    if isinstance(definition, Composition):
        return _of_places(conn, definition, history)
    return _of_centres(conn, definition, history)


def _subject(series: WatchedSeries) -> Subject:
    at = series
    return Subject(at.park, at.device, at.metric, at.zone, at.places)


def _limited(subjects: int) -> int:
    if subjects > MAXIMUM_SUBJECTS:
        message = f"a back-test follows at most {MAXIMUM_SUBJECTS} series or devices"
        raise InvalidRequestError(
            code="too_many_series", message=message, pointer="/park"
        )
    return subjects


def _clocks(conn: Connection) -> dict[int, int]:
    return {key: instants.to_us(now) for key, now in parks.clocks(conn).items()}


def _watched(
    conn: Connection, history: History, holds: Callable[[WatchedSeries], bool]
) -> list[WatchedSeries]:
    return [
        each
        for each in rules.watched(conn, range(SLOTS))
        if history.park in {None, each.park} and holds(each)
    ]


def _of_series(
    conn: Connection, definition: SeriesDefinition, history: History
) -> Plan:
    watched = _watched(conn, history, lambda each: _holds(definition, each))
    clocks = _clocks(conn)

    def courses() -> Iterator[Course]:
        for series in watched:
            now = min(history.end, clocks[series.park_id])
            follower = _Follower(conn, series, terms.terms(definition, series))
            intervals = follower.follow(history.start, history.end, now)
            yield Course(_subject(series), intervals, follower.readings)

    return Plan(_limited(len(watched)), courses())


def _holds(definition: SeriesDefinition, series: WatchedSeries) -> bool:
    return definition.metric == series.metric and definition.scope.holds(
        series.device, series.device_kind, series.places, series.tags
    )


class _Follower:
    """Carries one series through its history, one month at a time."""

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
            state, happened = self._advance(state, first, last)
            transitions += [happened]
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
        state, happened = thresholds.advance(
            self._limits, state, rows, ts[mine], value[mine]
        )
        if len(happened):
            at = np.maximum(np.searchsorted(ts, happened["ts"], "right") - 1, 0)
            happened["value"] = shown[at]
        return state, happened


def _slices(start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        yield start, min(start + _SLICE, end)
        start += _SLICE


def _of_findings(
    conn: Connection, definition: FoundDefinition, history: History
) -> Plan:
    """Follow what was found at stored readings when they came or were tested again."""
    watched = _watched(conn, history, lambda each: found.holds(definition, each))
    kind: found.Kind = "quality" if isinstance(definition, QualityRule) else "anomaly"
    early = history.start - found.reach([definition])

    def courses() -> Iterator[Course]:
        for series in watched:
            one = np.array([series.id], np.int64)
            spans = Spans(one, np.array([early]), np.array([history.end - 1]))
            (course,) = found.read(conn, kind, spans)
            begin = found.From(0, history.start, series.zone)
            happened = found.transitions(definition, course, begin)
            intervals = terms.computed(None, happened, definition)
            yield Course(_subject(series), intervals, len(course.ts))

    return Plan(_limited(len(watched)), courses())


def _of_devices(conn: Connection, definition: Absence, history: History) -> Plan:
    """Follow gaps of observed times; when a reading was received is not kept."""
    zones = {each.code: each.zone for each in parks.parks(conn)}
    watched = [
        each
        for each in rules.watched_devices(conn, range(SLOTS))
        if history.park in {None, each.park}
        and definition.scope.holds(each.code, each.kind, each.places, each.tags)
    ]
    clocks = _clocks(conn)

    def courses() -> Iterator[Course]:
        for device in watched:
            now = min(history.end, clocks[device.park_id])
            heard = _heard(conn, device, history)
            zone = zones[device.park]
            subject = Subject(device.park, device.code, "", zone, device.places)
            silent = silences.Device(device.report_interval_s, zone)
            absences = silences.intervals(definition, silent, heard, now)
            yield Course(subject, absences, len(heard) - 1)

    return Plan(_limited(len(watched)), courses())


def _heard(conn: Connection, device: WatchedDevice, history: History) -> list[int]:
    """Begin of the history, and all times of readings in it. [us]."""
    series = np.array(device.series, np.int64)
    start, last = np.full_like(series, history.start), history.end - 1
    spans = Spans(series, start, np.full_like(series, last))
    ts = findings.readings(conn, spans).ts
    return [history.start, *np.unique(ts).tolist()]


def _of_centres(
    conn: Connection, definition: CentreDefinition, history: History
) -> Plan:
    by_id = {each.id: each for each in parks.parks(conn)}
    clocks = _clocks(conn)
    centres = [
        each
        for each in parks.data_centres(conn)
        if history.park in {None, by_id[each.park_id].code}
        and (definition.data_centres is None or each.code in definition.data_centres)
    ]

    def courses() -> Iterator[Course]:
        for centre in centres:
            park, now = by_id[centre.park_id], clocks[centre.park_id]
            if isinstance(definition, KpiRule):
                yield from _of_figures(conn, definition, (park, centre), history)
            elif isinstance(definition, BalanceRule):
                yield from _of_balance(conn, definition, (park, centre), history, now)
            else:
                yield from _of_days(conn, definition, (park, centre), history, now)

    return Plan(len(centres), courses())


def _of_days(
    conn: Connection,
    definition: ProjectionRule | DriftRule,
    of: tuple[ParkRow, DataCentreRow],
    history: History,
    now: int,
) -> Iterator[Course]:
    park, centre = of
    days = backtest_days.closed(park.zone, history.start, history.end, now)
    if isinstance(definition, DriftRule):
        found = [backtest_days.drifts(conn, definition, of, days)]
    else:
        found = list(backtest_days.projections(conn, definition, of, days))
    for each in found:
        subject = Subject(park.code, centre.code, each.metric, park.zone)
        yield Course(subject, each.intervals, each.figures)


def _of_figures(
    conn: Connection,
    definition: KpiRule,
    of: tuple[ParkRow, DataCentreRow],
    history: History,
) -> Iterator[Course]:
    park, centre = of
    one = definition.category
    for category in _CATEGORIES if one is None else (one,):
        wanted = Wanted(
            definition.kpi,
            category,
            definition.period,
            # The year to date begins with its first period.
            instants.from_us(history.start) - _BEFORE[definition.span],
            instants.from_us(history.end),
        )
        rows = kpi_views.rows(conn, centre.id, wanted, None, _PERIODS)
        figures = [
            each
            for each in rule_figures.figures(definition, rows, park.zone)
            if each.ts < history.end
        ]
        if not figures:
            continue
        intervals = rule_figures.intervals(definition, figures, history.start)
        metric = f"{definition.kpi}/{category}/{definition.period}"
        subject = Subject(park.code, centre.code, metric, park.zone)
        yield Course(subject, intervals, sum(f.ts >= history.start for f in figures))


def _of_balance(
    conn: Connection,
    definition: BalanceRule,
    of: tuple[ParkRow, DataCentreRow],
    history: History,
    now: int,
) -> Iterator[Course]:
    park, centre = of
    span = history.start, min(history.end, now)
    if span[0] >= span[1]:
        return
    shares = rule_figures.shares(conn, definition, (centre.id, park.zone), span, now)
    for parent, figures in sorted(shares.items()):
        known = [each for each in figures if history.start < each.ts <= span[1]]
        subject = Subject(park.code, centre.code, f"balance/{parent}", park.zone)
        yield Course(subject, rule_figures.intervals(definition, known), len(known))


def _of_places(conn: Connection, definition: Composition, history: History) -> Plan:
    """Follow each rule by itself, then tell when they held together."""
    stored = rules.load(conn)
    wanted = [each for each in parks.parks(conn) if history.park in {None, each.code}]
    return Plan(
        len(wanted),
        (
            course
            for park in wanted
            for course in _composed(conn, definition, park, history, stored)
        ),
    )


def _composed(
    conn: Connection,
    definition: Composition,
    park: ParkRow,
    history: History,
    stored: Sequence[rule.StoredRule],
) -> Iterator[Course]:
    mine = {each.spec.code: each.spec for each in rule.in_force(stored, park.id)}
    if not all(code in mine for code in definition.rules):
        return
    groups: dict[str, list[list[Span]]] = defaultdict(
        lambda: [[] for _ in definition.rules]
    )
    readings = 0
    for number, code in enumerate(definition.rules):
        member = mine[code].definition
        if isinstance(member, Composition):
            return
        here = history._replace(park=park.code)
        for course in plan(conn, member, here).courses:
            readings += course.readings
            place = _place(definition, course.subject)
            if place is not None:
                groups[place][number] += [
                    Span(each.raised, FOREVER if each.cleared is None else each.cleared)
                    for each in course.intervals
                ]
    for place, spans in sorted(groups.items()):
        intervals = _together(definition, spans, history.end)
        yield Course(Subject(park.code, place, "", park.zone), intervals, readings)
        readings = 0


def _place(definition: Composition, subject: Subject) -> str | None:
    """Find the place in which a condition counts; with no kinds the park, ''."""
    if definition.place_kinds is None:
        return ""
    kinds = definition.place_kinds
    return next((at.code for at in subject.places if at.kind in kinds), None)


def _together(
    definition: Composition, spans: Sequence[Sequence[Span]], end: int
) -> list[Interval]:
    level = definition.levels[0]
    within = round(definition.within_s * instants.SECOND)
    return [
        Interval(
            onset=each.start,
            raised=each.start,
            cleared=None if each.end > end else each.end,
            steps=(Step(each.start, level.severity, level.limit),),
        )
        for each in compositions.compose(spans, within)
        if each.start < end
    ]
