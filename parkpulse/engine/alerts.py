"""The consumer that turns readings into alerts.

Readings in order carry the state of each (rule, series) along in memory. Where that
says that something happens, and wherever a reading is late, replaced or was read before
a restart, the condition is computed from the stored readings and compared with what is
recorded; only the difference is written. So a batch that is read twice changes nothing,
and nobody is woken by half of what is known.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from analytics import thresholds
from analytics.thresholds import FOREVER
from parkpulse.engine import (
    alerts_arrivals,
    alerts_evaluate,
    alerts_follow,
    alerts_record,
    alerts_stray,
    alerts_tails,
    alerts_watch,
    registered,
)
from parkpulse.engine.alerts_evaluate import Touched
from parkpulse.engine.alerts_record import Finding
from parkpulse.engine.journal import Journal
from parkpulse.engine.registered import News
from parkpulse.model import instants, packed
from parkpulse.model.definitions import SeriesDefinition
from parkpulse.model.registry import SLOTS
from parkpulse.store import (
    conditions,
    parks,
    pool,
    retention,
    rules,
    snapshots,
    surroundings,
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.thresholds import BoolArray, IntArray
    from parkpulse.engine.alerts_arrivals import InOrder
    from parkpulse.engine.alerts_evaluate import Answer
    from parkpulse.engine.alerts_watch import Watch
    from parkpulse.model.condition import Interval
    from parkpulse.model.packed import LoggedBatch
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.snapshots import Consumed
    from parkpulse.store.surroundings import Surroundings

SNAPSHOT_EVERY = timedelta(seconds=30)
"""Time between two snapshots of a slot in which readings came."""


class AlertConsumer:
    """Raises, changes and clears alerts; plugs into the engine's loop.

    Parameters
    ----------
    database
        To hear of changed rules.
    page_url
        Address of the page, for the links in messages.
    """

    name = "alerts"

    def __init__(self, database: Database, page_url: str) -> None:
        self._page_url = page_url
        self._registered = registered.of(database)
        self._news = News(self._registered)
        self._slots: list[int] = []
        self._watch = alerts_watch.build([], surroundings.NOTHING)
        self._journal = Journal(self.name)
        self._tails = alerts_tails.Wanted()
        self._unsaved: set[int] = set()
        self._saved_at: datetime | None = None

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the state of exactly these slots and bring it up to the position."""
        self._slots = list(slots)
        self._unsaved = set()
        self._news.have_come()
        self._load(conn, self._registered.series(conn, self._slots))
        for snapshot in self._journal.load(conn, self._slots):
            self._watch.restore(snapshot)
        self._examine(conn, *self._missed(conn))
        self._begin_new_rows(conn)

    def _load(self, conn: Connection, known: Surroundings) -> None:
        """Read rules, and end conditions that nobody watches any more."""
        stored = rules.load(conn)
        self._journal.begin_anew()
        self._watch = alerts_watch.build(stored, known)
        self._end_unwatched(conn, stored)

    def _reload(self, conn: Connection, known: Surroundings) -> None:
        before = self._watch.rows
        self._load(conn, known)
        self._watch.carry_over(before)
        self._begin_new_rows(conn)

    def _missed(self, conn: Connection) -> tuple[IntArray, IntArray]:
        """Rows that were touched after their snapshot, and since when."""
        first = np.full(len(self._watch), FOREVER, np.int64)
        for each in snapshots.consumed(conn, self.name, self._slots):
            self._unsaved.add(each.slot)
            index, row = self._watch.rows_of(each.series)
            np.minimum.at(first, row, each.ts[index])
            if not each.is_whole:
                self._miss_all(each, first)
        first[~self._watch.rows["is_known"]] = FOREVER
        rows = np.flatnonzero(first < FOREVER)
        return rows, first[rows]

    def _miss_all(self, consumed: Consumed, first: IntArray) -> None:
        """Batches are gone: anything may have come after what the snapshot knows."""
        mine = np.flatnonzero(self._watch.park % SLOTS == consumed.slot)
        known = np.maximum(self._watch.rows["last_ts"][mine], 0)
        first[mine] = np.minimum(first[mine], known + 1)

    def _begin_new_rows(self, conn: Connection) -> None:
        """Take up rows of which nothing is known at their newest reading."""
        rows = np.flatnonzero(~self._watch.rows["is_known"])
        if len(rows):
            self._begin_rows(conn, rows)
        self._tails.begin(self._watch)

    def _begin_rows(self, conn: Connection, rows: IntArray) -> None:
        mine = self._watch.series[rows]
        series, newest = windows.newest(conn, np.unique(mine))
        found = np.isin(mine, series)
        self._examine(conn, rows[found], newest[np.searchsorted(series, mine[found])])
        empty = rows[~found]
        self._watch.keep(empty, thresholds.initial(len(empty)))

    def _end_unwatched(self, conn: Connection, stored: Sequence[StoredRule]) -> None:
        lasting = conditions.lasting(conn, self._slots)
        watched = {key for key in lasting if self._watch.watches(key)}
        alerts_stray.end(
            conn, lasting, watched, stored, SeriesDefinition, self._page_url
        )

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Follow the readings of batches and record what happens."""
        del now  # parks have clocks of their own
        changes = packed.counting(packed.concatenate(batches))
        self._unsaved.update(batch.slot for batch in batches)
        if self._watch.has_unknown(changes.series):
            series = changes.series
            self._reload(conn, self._registered.holding(conn, self._slots, series))
            self._watch.ignore(changes.series)
        in_order, late = alerts_arrivals.split(self._watch, changes)
        rows, first = self._follow(in_order)
        last = late.last + self._watch.reach.span[late.rows]
        is_past = last < self._watch.rows["last_ts"][late.rows]
        is_past &= self._watch.rows["is_known"][late.rows]
        self._examine(
            conn,
            np.concatenate([rows, late.rows]),
            np.concatenate([first, late.first]),
            np.concatenate([first, late.last]),
            np.concatenate([np.ones(len(rows), np.bool_), ~is_past]),
        )

    def _follow(self, found: InOrder) -> tuple[IntArray, IntArray]:
        """Carry rows along; return those to which something happens, and since when."""
        value, is_unsure = alerts_follow.scores(self._watch, found)
        state, transitions = thresholds.advance(
            self._watch.limits.take(found.rows),
            self._watch.state(found.rows),
            found.row,
            found.ts,
            value,
        )
        is_calm = ~self._watch.rows["is_silent"][found.rows] & ~is_unsure
        is_calm[transitions["row"]] = False
        self._watch.keep(found.rows[is_calm], state[is_calm])
        eventful = np.flatnonzero(~is_calm)
        return found.rows[eventful], found.ts[np.searchsorted(found.row, eventful)]

    def tick(self, conn: Connection, now: datetime) -> None:
        """Let delays end, hear of changed rules, and keep a snapshot now and then."""
        if self._news.have_come():
            self._reload(conn, self._registered.series(conn, self._slots))
        self._tails.read(conn, self._watch)
        self._let_expire(conn)
        if self._saved_at is None or now - self._saved_at >= SNAPSHOT_EVERY:
            for slot in sorted(self._unsaved):
                news, whole = (
                    self._watch.news(slot),
                    partial(self._watch.snapshot, slot),
                )
                self._journal.save(conn, slot, news, whole)
            self._unsaved.clear()
            self._saved_at = now

    def _let_expire(self, conn: Connection) -> None:
        rows = np.flatnonzero(self._watch.is_pending)
        if not len(rows):
            return
        due = thresholds.deadline(
            self._watch.limits.take(rows), self._watch.state(rows)
        )
        rows = rows[due <= self._watch.clock(_clocks(conn), rows)]
        self._unsaved.update((self._watch.park[rows] % SLOTS).tolist())
        self._examine(conn, rows, self._watch.rows["last_ts"][rows] + 1)

    def _examine(
        self,
        conn: Connection,
        rows: IntArray,
        first: IntArray,
        last: IntArray | None = None,
        to_end: BoolArray | None = None,
    ) -> None:
        """Compute rows from the stored readings and record the difference.

        Parameters
        ----------
        conn
            Open connection.
        rows : array, shape (k,)
            Rows of the watch, each once.
        first : array, shape (k,)
            Time from which on readings have come. [us]
        last, to_end : arrays, shape (k,)
            Time up to which they have come [us], and whether the series' newest is
            among them; without these all from `first` on are meant.
        """
        if not len(rows):
            return
        watch = self._watch
        with pool.pipelined(conn):
            horizon = retention.raw_horizon_soon(conn)
            clocks = _clocks(conn)
        touched = Touched(
            row=rows,
            # What was dropped for its age is not there to be compared with.
            first=np.maximum(first, horizon() + 1),
            last=first if last is None else last,
            to_end=np.ones(len(rows), np.bool_) if to_end is None else to_end,
            clock=watch.clock(clocks, rows),
        )
        touched = touched.where(touched.to_end | (touched.last >= touched.first))
        answers = alerts_evaluate.evaluate(conn, watch, touched)
        findings = [
            finding
            for answer in answers
            if (finding := _finding(watch, answer)) is not None
        ]
        final = alerts_record.write(conn, findings, self._page_url)
        for answer in answers:
            key = watch.entries[answer.row].origin.key
            _mark(watch, answer.row, final.get(key, answer.old))


def _clocks(conn: Connection) -> dict[int, int]:
    return {park: instants.to_us(now) for park, now in parks.clocks(conn).items()}


def _finding(watch: Watch, answer: Answer) -> Finding | None:
    """Return what is to be recorded, None if the record is right."""
    row = watch.rows[answer.row]
    age = answer.clock - int(row["last_ts"])
    is_fresh = age <= int(watch.fresh_for[answer.row])
    is_same = len(answer.old) == len(answer.new) and all(
        old.same_course(new) for old, new in zip(answer.old, answer.new, strict=True)
    )
    if is_same and not (is_fresh and any(_is_silent(each) for each in answer.old)):
        return None
    origin = watch.entries[answer.row].origin
    return Finding(origin, answer.clock, is_fresh, answer.old, answer.new)


def _is_silent(interval: Interval) -> bool:
    return interval.cleared is None and interval.retroactive


def _mark(watch: Watch, row: int, intervals: Sequence[Interval]) -> None:
    """Keep what the arrivals of late readings are judged by."""
    ends = [each.cleared for each in intervals if each.cleared is not None]
    watch.rows["ended"][row] = max([int(watch.rows["ended"][row]), *ends])
    watch.rows["is_silent"][row] = any(_is_silent(each) for each in intervals)
    watch.is_changed[row] = True
