"""The consumer that flags doubtful readings, and only those, beside the readings.

Readings that arrive in order are tested with what is known of their series in memory.
For late or corrected ones the stretch around them is put down and tested again from the
database, so that findings do not depend on the order of arrival.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.engine import quality_past, quality_tests
from parkpulse.engine.quality_links import LinkChecks
from parkpulse.engine.quality_tests import Catalogue
from parkpulse.model import instants, packed
from parkpulse.store import batchlog, windows
from parkpulse.store import quality as store
from parkpulse.store.findings import Spans
from parkpulse.store.quality import Findings, Stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy.typing as npt

    from analytics.qartod import Flags
    from parkpulse.engine.quality_tests import Rows
    from parkpulse.engine.rules.found import FoundRules
    from parkpulse.model.packed import FloatArray, Int64Array, LoggedBatch
    from parkpulse.model.quality import TestName
    from parkpulse.store.pool import Connection

    BoolArray = npt.NDArray[np.bool_]

MOST_STRETCHES = 500
"""So many stretches are tested again in one transaction, even if that takes long."""
MOST_AT_BEST = 16_000
"""So many at most, while these are done within `QUICK_S`."""
QUICK_S = 0.5
"""Nothing else of the consumer's is held up for longer, about. [s]"""
LONGEST = 7 * instants.DAY
"""So much of a stretch is tested again in one transaction. [us]"""
_DOUBTFUL = (3, 4)


class QualityConsumer:
    """Tests what arrives, compares sensors, and follows the rules of quality.

    Parameters
    ----------
    rules
        Of quality.
    """

    name = "quality"

    def __init__(self, rules: FoundRules) -> None:
        self._rules = rules
        self._links = LinkChecks()
        self._slots: Sequence[int] = ()
        self._known = Catalogue(quality_tests.NO_SERIES)
        self._most = MOST_STRETCHES

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the list of series; what waits is in the database."""
        self._slots = slots
        self._rules.start(conn, slots)
        self._known = self._catalogue(conn)
        self._links.load(conn, self._rules.known)

    def _catalogue(self, conn: Connection) -> Catalogue:
        return Catalogue(store.series(conn, self._slots, quality_tests.METRICS))

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Test what came in order; put down what did not."""
        del now  # parks have clocks of their own
        changes = packed.concatenate(batches)
        series = changes.series.astype(np.int64)
        if not self._known.places(series)[1].all():
            self._refresh(conn)
        place, known = self._known.places(series)
        order = np.lexsort((changes.ts, place))
        order = order[known[order]]
        place, ts = place[order], changes.ts[order]
        replaced = (changes.flag[order] & packed.CORRECTION) > 0
        lead = ts - _receipts(batches)[order]
        is_fast = self._test_clock(conn, place, ts, lead)
        self._recall(conn, place)
        late = self._late(place, ts, replaced)
        self._postpone(conn, place[late], ts[late])
        # What is in order in its own series may come late for the others.
        self._links.postpone(conn, self._known.id[place], ts)
        self._step(
            conn,
            (place[~late], ts[~late], changes.value[order][~late]),
            is_fast[~late],
        )

    def _test_clock(
        self, conn: Connection, place: Int64Array, ts: Int64Array, lead: Int64Array
    ) -> BoolArray:
        """Keep findings of clocks; they are never tested again, receipts are gone."""
        flag = quality_tests.clock(lead)
        mine = np.isin(flag, _DOUBTFUL) & self._known.is_wall[place]
        found = Findings(self._known.id[place[mine]], ts[mine], flag[mine])
        store.add(conn, "clock", found)
        return mine

    def _refresh(self, conn: Connection) -> None:
        """Read the list of series again."""
        fresh = self._catalogue(conn)
        fresh.take(self._known)
        self._known = fresh

    def _recall(self, conn: Connection, place: Int64Array) -> None:
        """Read the past of those of which nothing is known."""
        which = np.unique(place)
        which = which[self._known.ts[which, 1] == quality_tests.UNKNOWN]
        if len(which):
            most = quality_past.MOST_BATCHES
            waiting = batchlog.read(conn, self.name, self._slots, most)
            quality_past.recall(conn, self._known, which, packed.concatenate(waiting))

    def _late(
        self, place: Int64Array, ts: Int64Array, replaced: BoolArray
    ) -> BoolArray:
        """Which rows belong to a series that has one out of order."""
        seen = self._known.ts[place, 1]
        odd = replaced | (seen == quality_tests.UNKNOWN) | (ts <= seen)
        odd[1:] |= (place[1:] == place[:-1]) & (ts[1:] == ts[:-1])
        late: BoolArray = np.isin(place, place[odd])
        return late

    def _postpone(self, conn: Connection, place: Int64Array, ts: Int64Array) -> None:
        which, start = np.unique(place, return_index=True)
        # Until they are tested again, nothing is known of them.
        self._known.ts[which] = quality_tests.UNKNOWN
        end = np.append(start[1:], len(place)) - 1
        store.postpone(
            conn,
            Stretches(self._known.id[which], ts[start], ts[end[: len(which)]]),
        )

    def _step(
        self,
        conn: Connection,
        new: tuple[Int64Array, Int64Array, FloatArray],
        is_doubtful: BoolArray,
    ) -> None:
        place, ts, value = new
        if not len(place):
            return
        rows = self._known.continued(place, ts, value)
        # The newest that was known may now prove to be a spike.
        newest = self._known.ts[rows.place, 1]
        since = quality_tests.standing(rows)
        doubted = [(place[is_doubtful], ts[is_doubtful])]
        for test, flag in quality_tests.run(self._known, rows, since).items():
            new_rows = rows.ts >= newest if test == "spike" else rows.ts > newest
            mine = self._add(conn, test, rows, flag, new_rows)
            doubted.append((rows.place[mine], rows.ts[mine]))
        self._known.remember(rows, since)
        self._follow_step(conn, (place, ts), doubted)

    def _follow_step(
        self,
        conn: Connection,
        tested: tuple[Int64Array, Int64Array],
        doubted: list[tuple[Int64Array, Int64Array]],
    ) -> None:
        """Let the rules look at what is doubtful, and at all of where they hold."""
        place, ts = tested
        np.maximum.at(self._known.tested, place, ts)
        lasts = self._rules.is_active(self._known.id[place])
        doubted.append((place[lasts], ts[lasts]))
        every = np.concatenate([each[0] for each in doubted])
        which, at = np.unique(every, return_inverse=True)
        since = np.full(len(which), np.iinfo(np.int64).max)
        np.minimum.at(since, at, np.concatenate([each[1] for each in doubted]))
        self._rules.follow(
            conn, Spans(self._known.id[which], since, self._known.tested[which])
        )

    def _add(
        self,
        conn: Connection,
        test: TestName,
        rows: Rows,
        flag: Flags,
        wanted: BoolArray,
    ) -> BoolArray:
        mine = wanted & np.isin(flag, _DOUBTFUL)
        found = Findings(self._known.id[rows.place[mine]], rows.ts[mine], flag[mine])
        store.add(conn, test, found)
        return mine

    def _follow_again(
        self, conn: Connection, asked: Stretches, touched: Int64Array
    ) -> None:
        """Let the rules look at stretches whose findings are, or were, any."""
        place = self._known.places(asked.series)[0]
        np.maximum.at(self._known.tested, place, asked.high)
        mine = np.isin(asked.series, touched) | self._rules.is_active(asked.series)
        mine |= np.isin(asked.series, store.flagged(conn, asked))
        spans = Spans(asked.series, asked.low, self._known.tested[place])
        self._rules.follow(conn, Spans(*(each[mine] for each in spans)))

    def tick(self, conn: Connection, now: datetime) -> None:
        """Test again some of what was put down."""
        if self._rules.reload_if_changed(conn):
            self._refresh(conn)
            self._links.load(conn, self._rules.known)
        self._links.look(conn, now)
        began = time.monotonic()
        waiting = store.pending(conn, self._slots, self._most)
        if not len(waiting.series):
            return
        self._test_again(conn, waiting)
        is_quick = time.monotonic() - began < QUICK_S
        wanted = self._most * 2 if is_quick else self._most // 2
        self._most = min(max(wanted, MOST_STRETCHES), MOST_AT_BEST)

    def _test_again(self, conn: Connection, waiting: Stretches) -> None:
        known = self._known.places(waiting.series)[1]
        waiting = Stretches(*(each[known] for each in waiting))
        if not len(waiting.series):
            return
        high = np.minimum(waiting.high, waiting.low + LONGEST)
        self._again(conn, waiting._replace(high=high), high == waiting.high)
        store.done(conn, waiting._replace(high=high))

    def _again(self, conn: Connection, asked: Stretches, is_whole: BoolArray) -> None:
        place = self._known.places(asked.series)[0]
        span = self._known.span(place)
        window = store.windows(conn, asked, span)
        rows = quality_tests.rows(place[window.position], window.ts, window.value)
        if not len(rows.ts):
            return
        since = quality_tests.standing(rows)
        flags = quality_tests.run(self._known, rows, since)
        touched: list[Int64Array] = []
        earliest = asked.low.copy()
        for test, flag in flags.items():
            where = _touched(test, asked, span, window.position, window.ts)
            earliest = np.minimum(earliest, where.low)
            touched.append(np.array(store.forget(conn, test, where), np.int64))
            low, high = where.low[window.position], where.high[window.position]
            mine = (rows.ts >= low) & (rows.ts <= high)
            mine = self._add(conn, test, rows, flag, mine)
            touched.append(self._known.id[rows.place[mine]])
        self._follow_again(conn, asked._replace(low=earliest), np.concatenate(touched))
        newest = _newest(conn, asked.series)
        last = np.full(len(newest), quality_tests.UNKNOWN)
        np.maximum.at(last, window.position, window.ts)
        # Behind a stretch that ends before the newest reading nothing is known.
        whole = (is_whole & (last == newest))[window.position]
        if whole.any():
            kept = quality_tests.rows(
                rows.place[whole], rows.ts[whole], rows.value[whole]
            )
            self._known.remember(kept, since[whole])


def _receipts(batches: Sequence[LoggedBatch]) -> Int64Array:
    """When each reading of the batches was committed. [us]."""
    at = np.array([instants.to_us(each.at) for each in batches], np.int64)
    return np.repeat(at, [len(each) for each in batches])


def _newest(conn: Connection, series: Int64Array) -> Int64Array:
    """Newest observed time of each series. [us]."""
    known, ts = windows.newest(conn, series.astype(np.int32))
    found = np.full(len(series), quality_tests.UNKNOWN)
    found[np.searchsorted(series, known)] = ts
    return found


def _touched(
    test: TestName,
    asked: Stretches,
    span: Int64Array,
    position: Int64Array,
    ts: Int64Array,
) -> Stretches:
    """Where the findings of a test can have changed."""
    if test == "flat_line":
        return asked._replace(high=asked.high + span)
    before = ts < asked.low[position]
    after = ts > asked.high[position]
    low, high = asked.low.copy(), asked.high.copy()
    following = np.full(len(low), np.iinfo(np.int64).max)
    np.minimum.at(following, position[after], ts[after])
    is_followed = following < np.iinfo(np.int64).max
    high[is_followed] = following[is_followed]
    if test == "spike":
        previous = np.full(len(low), np.iinfo(np.int64).min)
        np.maximum.at(previous, position[before], ts[before])
        is_preceded = previous > np.iinfo(np.int64).min
        low[is_preceded] = previous[is_preceded]
    return Stretches(asked.series, low, high)
