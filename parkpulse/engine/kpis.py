"""The consumer that keeps the KPIs of all data centres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parkpulse.engine import kpi_hours, kpi_rows
from parkpulse.engine.figures import Books
from parkpulse.engine.kpi_hours import Site
from parkpulse.engine.kpi_rows import Judge
from parkpulse.model import instants, packed
from parkpulse.model.periods import Calendar
from parkpulse.store import (
    certificates,
    factors,
    meter_hours,
    meters,
    parks,
    retention,
)
from parkpulse.store import kpis as store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from parkpulse.model.packed import ChangeArrays, Int64Array, LoggedBatch
    from parkpulse.model.periods import Period, Span
    from parkpulse.store.kpis import Record
    from parkpulse.store.pool import Connection

PACE_S = 60.0
"""The KPIs of a data centre are computed at most so often. [s]"""
REFRESH_S = 10.0
"""Meter trees are read again this often. [s]"""
_MOST_DAYS = 31
_CORRECTION = "correction"
_REGISTRY = "registry change"
_LATE = "late readings"
_RECOMPUTATION = "recomputation"
_LONG: tuple[Period, ...] = ("month", "year", "rolling_12_months")


class KpiConsumer:
    """Queues the hours that readings touch and computes them at a moderate pace."""

    name = "kpis"

    def __init__(self) -> None:
        self._slots: Sequence[int] = ()
        self._sites: dict[int, Site] = {}
        self._read_at: datetime | None = None
        self._ran: dict[int, tuple[datetime, int]] = {}

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Forget the meter trees; the first batch or tick reads them."""
        del conn
        self._slots = slots
        self._ran = {}
        self._read_at = None

    def _refresh(self, conn: Connection, now: datetime) -> None:
        """Read the meter trees now and then; a changed one makes all hours dirty."""
        if self._read_at is not None:
            age_s = (now - self._read_at).total_seconds()
            if age_s < REFRESH_S:
                return
        self._read_at = now
        trees = meters.trees(conn, self._slots)
        self._sites = {tree.id: Site(tree) for tree in trees}
        for data_centre_id, site in self._sites.items():
            if store.know_tree(conn, data_centre_id, site.fingerprint):
                store.mark_history(conn, data_centre_id, site.series, _REGISTRY)
                meter_hours.forget(conn)

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Queue the hours that these readings touch."""
        self._refresh(conn, now)
        changes = packed.concatenate(batches)
        for data_centre_id, site in self._sites.items():
            hours = _touched(changes, site)
            if hours:
                store.mark(conn, data_centre_id, hours)

    def tick(self, conn: Connection, now: datetime) -> None:
        """Compute the data centres whose time has come."""
        self._refresh(conn, now)
        due = [key for key in self._sites if self._is_rested(key, now)]
        if not due:
            return
        clocks = parks.clocks(conn)
        waiting = store.waiting(conn)
        for key in one_history(due, store.stale(conn)):
            site = self._sites[key]
            clock = instants.to_us(clocks[site.tree.park_id])
            if key in waiting or self._has_moved_on(conn, key, clock):
                self._ran[key] = (now, clock)
                Run(conn, site, clock).go()

    def _is_rested(self, key: int, now: datetime) -> bool:
        ran = self._ran.get(key)
        return ran is None or (now - ran[0]).total_seconds() >= PACE_S

    def _has_moved_on(self, conn: Connection, key: int, clock: int) -> bool:
        """Whether rows wait for the clock; without any, the first data come at once."""
        ran = self._ran.get(key)
        return (ran is None or ran[1] != clock) and store.exists(conn, key)


def one_history(due: Sequence[int], stale: set[int]) -> list[int]:
    """Leave out all but one whose history is folded again: others wait their turn.

    A changed emission factor would else fold all of them in one transaction.
    """
    first = next((key for key in due if key in stale), None)
    return [key for key in due if key not in stale or key == first]


def _touched(changes: ChangeArrays, site: Site) -> dict[int, str]:
    """Hours [us] that readings of the site's meters belong to, each with its cause."""
    chosen = np.isin(changes.series, site.series)
    ts = changes.ts[chosen]
    corrected = (changes.flag[chosen] & packed.CORRECTION) > 0
    return {
        **dict.fromkeys(_hours(ts), _LATE),
        **dict.fromkeys(_hours(ts[corrected]), _CORRECTION),
    }


def _hours(ts: Int64Array) -> list[int]:
    """Hours that end or begin at a reading, or hold it."""
    hours = np.concatenate([ts, ts - 1]) // instants.HOUR
    found: list[int] = (np.unique(hours) * instants.HOUR).tolist()
    return found


class Run:
    """One computation of a data centre.

    Parameters
    ----------
    conn
        In a transaction.
    site
        The data centre.
    clock
        Its park's time. [us since 1970 UTC]
    """

    def __init__(self, conn: Connection, site: Site, clock: int) -> None:
        self._conn = conn
        self._site = site
        self._clock = clock
        self._id = site.tree.id
        self._calendar = Calendar(site.tree.zone)
        targets = meters.targets(conn)
        books = _books(conn, site)
        self._judge = Judge(site.tree, self._calendar, targets, clock, books)
        self._cause = _LATE
        self._changed = False

    def go(self) -> None:
        """Compute hours, then days from hours, then longer periods from days."""
        store.lock(self._conn, self._id)
        marked = store.take_marked(self._conn, self._id)
        causes = set(marked.values())
        self._cause = next((c for c in (_CORRECTION, _REGISTRY) if c in causes), _LATE)
        unfinished = store.open_periods(self._conn, self._id)
        moments = self._hours({*marked, *_open_hours(unfinished)})
        moments += self._stale_days()
        passed = self._clock - 1
        moments += [min(last, passed) for _, last in unfinished]
        if store.exists(self._conn, self._id):
            moments.append(passed)
        self._fold_days(moments)

    def compute(self, hours: Int64Array) -> None:
        """Compute exactly these hours [us], sorted, beside others that do so too."""
        store.lock_shared(self._conn, self._id)
        self._cause = _RECOMPUTATION
        self._compute(hours)

    def fold(self, moments: Iterable[int]) -> None:
        """Compute the days that hold these instants [us], and all above them."""
        store.lock(self._conn, self._id)
        self._cause = _RECOMPUTATION
        self._fold_days(moment for moment in moments if moment < self._clock)

    def _fold_days(self, moments: Iterable[int]) -> None:
        days = self._spans("day", moments)
        if days:
            self._days(days)
            self._long(days)
        if self._changed:
            tree = self._site.tree
            store.announce(self._conn, tree.park, tree.code)

    def _spans(self, period: Period, moments: Iterable[int]) -> list[Span]:
        return kpi_rows.spans(self._calendar, period, moments)

    def _stale_days(self) -> list[int]:
        """Days [us] whose figures rest on changed certificates or factors."""
        stale = store.take_stale(self._conn, self._id)
        if stale is None:
            return []
        if self._cause == _LATE:
            self._cause = stale.cause
        start = self._calendar.midnight(stale.since)
        return store.days_since(self._conn, self._id, start)

    def _hours(self, wanted: Iterable[int]) -> list[int]:
        """Compute hours and those that hang on them; return all that have begun."""
        hours = np.array(sorted(wanted), np.int64)
        if not len(hours) or not self._site.formulas:
            return []
        hours = kpi_hours.affected(self._conn, self._site, hours)
        hours = self._compute(hours)
        return list(map(int, hours[hours < self._clock]))

    def _compute(self, hours: Int64Array) -> Int64Array:
        """Compute those of the hours whose readings cannot have gone."""
        hours = hours[hours >= retention.raw_horizon(self._conn)]
        if len(hours) and self._site.formulas:
            for found in kpi_hours.compute(self._conn, self._site, hours):
                self._write_hours(found)
        return hours

    def _write_hours(self, found: kpi_hours.HourSums) -> None:
        start, end = found.start, found.start + instants.HOUR
        computed = [
            record
            for formula, sums in zip(self._site.hourly, found.sums, strict=True)
            for record in self._judge.records(
                formula,
                "hour",
                kpi_rows.Table(start, end, sums, self._site.meter_ids(formula)),
            )
        ]
        self._put("hour", computed)
        meter_hours.write(self._conn, kpi_hours.amounts(self._site, found))

    def _put(self, period: Period, computed: Sequence[Record]) -> None:
        if not computed:
            return
        starts = [record.key.start_us for record in computed]
        stored = self._load(period, min(starts), max(starts) + 1)
        changes = kpi_rows.reconcile(
            {record.key: record for record in stored}, computed, self._cause
        )
        if changes.records:
            store.write(self._conn, self._id, changes.records)
            store.add_revisions(self._conn, self._id, changes.revisions)
            self._changed = True

    def _load(self, period: Period, start: int, end: int) -> list[Record]:
        return store.load(self._conn, self._id, period, start, end)

    def _days(self, days: Sequence[Span]) -> None:
        for some in _following(days):
            hours = self._load("hour", some[0].start, some[-1].end)
            self._put("day", self._fold(hours, "day", some))

    def _long(self, days: Sequence[Span]) -> None:
        """Compute the months, years and rolling months that hold these days."""
        first = min(self._spans(period, [days[0].start])[0].start for period in _LONG)
        rows = self._load("day", first, self._clock + instants.DAY)
        touched = [day.start for day in days]
        later = [row.key.start_us for row in rows if row.key.start_us >= touched[0]]
        moments = {"month": touched, "year": touched, "rolling_12_months": later}
        for period in _LONG:
            spans = self._spans(period, moments[period])
            self._put(period, self._fold(rows, period, spans))

    def _fold(
        self, rows: Sequence[Record], period: Period, spans: Sequence[Span]
    ) -> list[Record]:
        found = []
        for formula in self._site.formulas:
            of = (formula.kpi, formula.category)
            if period == "day":
                of = formula.source or of
            own = [row for row in rows if (row.key.kpi, row.key.category) == of]
            table = kpi_rows.fold(kpi_rows.table(own), spans)
            if period == "day":
                ids = self._site.meter_ids(formula)
                table = kpi_rows.derived(formula, table, ids)
            found += self._judge.records(formula, period, table)
        return found


def _books(conn: Connection, site: Site) -> Books:
    return Books(
        site.tree.grid_region,
        {meter.id: meter.role for meter in site.tree.meters},
        certificates.load(conn, site.tree.id),
        factors.load(conn),
    )


def _open_hours(unfinished: Iterable[tuple[Period, int]]) -> list[int]:
    """Pick the hours, by start [us], of periods given by their last microsecond."""
    return [last - instants.HOUR + 1 for period, last in unfinished if period == "hour"]


def _following(days: Sequence[Span]) -> list[list[Span]]:
    """Group days that follow each other, a month of them at most to bound memory."""
    groups: list[list[Span]] = []
    for day in days:
        last = groups[-1] if groups else []
        if not last or last[-1].end != day.start or len(last) >= _MOST_DAYS:
            groups.append([])
        groups[-1].append(day)
    return groups
