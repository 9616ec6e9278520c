"""Rules over findings: quality and anomalies become conditions of their series.

A consumer that writes findings says for which series and since when something may have
changed; the condition is computed there from what is stored and compared with what is
recorded. So the order of arrival and restarts change nothing, and the cost grows with
findings, not with readings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from parkpulse.engine import alerts_record, alerts_stray, registered
from parkpulse.engine.alerts_evaluate import at
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.alerts_record import Finding
from parkpulse.engine.matching import Groups, Index
from parkpulse.engine.registered import News
from parkpulse.model import freshness, instants
from parkpulse.model.definitions import AnomalyRule, FoundDefinition, QualityRule
from parkpulse.query import found, terms
from parkpulse.store import conditions, parks, rules, surroundings, windows
from parkpulse.store.findings import Spans

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

    from parkpulse.model.condition import Interval, Key
    from parkpulse.model.packed import Int64Array
    from parkpulse.model.rule import StoredRule
    from parkpulse.query.found import Course, Kind
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.rules import WatchedSeries
    from parkpulse.store.surroundings import Surroundings

    BoolArray = npt.NDArray[np.bool_]
    _Defined = tuple[int, FoundDefinition]
    # A rule's id and what it says.

_KINDS: dict[Kind, type[FoundDefinition]] = {
    "quality": QualityRule,
    "anomaly": AnomalyRule,
}


class Entry(NamedTuple):
    """A rule in force for a series."""

    rule_id: int
    definition: FoundDefinition
    series: WatchedSeries

    @property
    def origin(self) -> Origin:
        """What its alerts are about."""
        of = self.series
        return Origin(
            rule_id=self.rule_id,
            subject=_subject(of),
            park_id=of.park_id,
            place_id=of.place_id,
            device_id=of.device_id,
            series_id=of.id,
            definition=self.definition,
        )


class FoundRules:
    """Follows the rules of one kind of finding beside the consumer that writes these.

    Parameters
    ----------
    database
        To hear of changed rules.
    page_url
        Address of the page, for the links in messages.
    kind
        Which findings.
    """

    def __init__(self, database: Database, page_url: str, kind: Kind) -> None:
        self._page_url = page_url
        self._kind = kind
        self._registered = registered.of(database)
        self._news = News(self._registered)
        self._slots: Sequence[int] = ()
        self._in_group: dict[int, list[_Defined]] = {}
        self._take(surroundings.NOTHING, [])
        self._active: set[int] = set()

    def _take(self, known: Surroundings, stored: Sequence[StoredRule]) -> None:
        groups = Groups(stored, known.parks)
        kind = _KINDS[self._kind]
        self.known = known
        self._group_of = groups.of
        self._in_group = {
            group: [
                (each.id, each.spec.definition)
                for each in in_force
                if isinstance(each.spec.definition, kind)
            ]
            for group, in_force in groups.rules.items()
        }
        self._index = Index(known, groups.of)

    def watched(self) -> npt.NDArray[np.integer]:
        """Positions of all series that any rule watches, sorted."""
        found = [rows for _, rows in self.watching()]
        return np.unique(np.concatenate([np.empty(0, np.int64), *found]))

    def watching(self) -> list[tuple[FoundDefinition, Int64Array]]:
        """Each rule in force in a group of parks, and the series it watches there."""
        kind = self.known.kind
        found: list[tuple[FoundDefinition, Int64Array]] = []
        for group, in_force in self._in_group.items():
            for _, definition in in_force:
                metrics = definition.metrics
                rows = self._index.rows(group, metrics, definition.scope)
                if metrics is None and not isinstance(definition, QualityRule):
                    # Registers only rise: see `parkpulse.query.found.holds`.
                    rows = rows[np.isin(kind.code[rows], kind.codes(["gauge"]))]
                found.append((definition, rows.astype(np.int64)))
        return found

    def _of(self, position: int | None) -> list[Entry]:
        """Rules in force for a series; most are never asked for."""
        if position is None:
            return []
        one = self.known.at(position)
        return [
            Entry(rule_id, definition, one)
            for rule_id, definition in self._in_group[self._group_of[one.park_id]]
            if found.holds(definition, one)
        ]

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the rules, and what lasts, of exactly these slots."""
        self._slots = slots
        self._news.have_come()
        self._load(conn)

    def reload_if_changed(self, conn: Connection) -> bool:
        """Load anew when a rule or the registry has changed; tell whether it has."""
        has_come = self._news.have_come()
        if has_come:
            self._load(conn)
        return has_come

    def _load(self, conn: Connection) -> None:
        stored = rules.load(conn)
        kind = _KINDS[self._kind]
        self._take(self._registered.series(conn, self._slots), stored)
        lasting = conditions.lasting(conn, self._slots)
        by_key = self._entries({subject for _, subject in lasting})
        self._active = {by_key[key].series.id for key in lasting if key in by_key}
        alerts_stray.end(conn, lasting, by_key, stored, kind, self._page_url)

    def _entries(self, subjects: Collection[str]) -> dict[Key, Entry]:
        """Rules in force for series that are subjects of conditions, by key."""
        mine = [self._index.subject(each) for each in sorted(subjects)]
        return {entry.origin.key: entry for at in mine for entry in self._of(at)}

    def is_active(self, series: Int64Array) -> BoolArray:
        """Tell of which series a condition lasts, shape (n,)."""
        if not self._active:
            return np.zeros(len(series), np.bool_)
        return np.isin(series, np.fromiter(self._active, np.int64, len(self._active)))

    def follow(self, conn: Connection, spans: Spans) -> None:
        """Bring conditions up to what is found.

        Parameters
        ----------
        conn
            The consumer's transaction.
        spans
            Series, each once; since when findings or readings may have changed, and up
            to when readings were tested. [us]
        """
        every = [self._of(self.known.find(key)) for key in spans.series.tolist()]
        is_watched = np.array([bool(each) for each in every], np.bool_)
        mine = [each for each in every if each]
        if not mine:
            return
        spans = Spans(*(each[is_watched] for each in spans))
        reach = [found.reach([one.definition for one in each]) for each in mine]
        early = spans._replace(since=spans.since - np.array(reach, np.int64))
        courses = found.read(conn, self._kind, early)
        recorded = _recorded(conn, mine, spans.since)
        clocks = {key: instants.to_us(now) for key, now in parks.clocks(conn).items()}
        findings = [
            finding
            for entries, course, since, until in zip(
                mine,
                courses,
                spans.since.tolist(),
                spans.until.tolist(),
                strict=True,
            )
            for entry in entries
            if (
                finding := _finding(
                    entry,
                    course,
                    recorded[entry.origin.key],
                    (since, until, clocks[entry.series.park_id]),
                )
            )
        ]
        alerts_record.write(conn, findings, self._page_url)
        self._mark(conn, mine)

    def _mark(self, conn: Connection, touched: Sequence[Sequence[Entry]]) -> None:
        """Note which of these series have a condition that lasts."""
        keys = {entry.origin.key: entry.series.id for each in touched for entry in each}
        self._active -= set(keys.values())
        last = dict.fromkeys(keys, windows.FOREVER_US)
        for key, intervals in conditions.overlapping(conn, last).items():
            if intervals:
                self._active.add(keys[key])


def _subject(series: WatchedSeries) -> str:
    return f"{series.park}/{series.device}/{series.metric}"


def _recorded(
    conn: Connection, mine: Sequence[Sequence[Entry]], since: Int64Array
) -> dict[Key, list[Interval]]:
    """Intervals that last to the last moment before `since`."""
    return conditions.overlapping(
        conn,
        {
            entry.origin.key: first - 1
            for entries, first in zip(mine, since.tolist(), strict=True)
            for entry in entries
        },
    )


def _finding(
    entry: Entry, course: Course, old: list[Interval], when: tuple[int, int, int]
) -> Finding | None:
    """Compare the condition of one rule and series from `since` to `until`."""
    since, until, now = when
    old = [each for each in old if each.raised <= until]
    active = at(old, since - 1)
    level = 0
    if active is not None:
        limits = [each.severity for each in entry.definition.levels]
        level = limits.index(entry.definition.level(active.severity).severity) + 1
    start = found.From(level, since, entry.series.zone)
    found_here = found.transitions(entry.definition, course, start)
    new = _joined(old, terms.computed(active, found_here, entry.definition), until)
    age_limit = freshness.freshness_s(entry.series.report_interval_s) * instants.SECOND
    is_fresh = now - until <= age_limit
    if _is_same(old, new, is_fresh=is_fresh):
        return None
    return Finding(entry.origin, now, is_fresh, old, new)


def _joined(old: Sequence[Interval], new: list[Interval], until: int) -> list[Interval]:
    """Let a condition that lasts at `until` go on as is recorded."""
    rest = old[-1] if old else None
    if rest is None or rest.cleared is None or rest.cleared <= until:
        return new
    if not new or new[-1].cleared is not None:
        return new
    steps = tuple(step for step in rest.steps if step.ts > until)
    last = replace(new[-1], steps=(*new[-1].steps, *steps), cleared=rest.cleared)
    return [*new[:-1], last]


def _is_same(
    old: Sequence[Interval], new: Sequence[Interval], *, is_fresh: bool
) -> bool:
    is_silent = any(each.cleared is None and each.retroactive for each in old)
    return (
        len(old) == len(new)
        and all(one.same_course(other) for one, other in zip(old, new, strict=True))
        and not (is_fresh and is_silent)
    )
