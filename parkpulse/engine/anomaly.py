"""The consumer that scores readings by how unusual they are, and keeps the anomalies.

Which series are followed, the rules of anomalies say. A detector's state is a function
of the readings in the order in which they came; it is saved with the positions, and
after a restart what came since is scored again, so that scores are the same.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from analytics.anomaly import explain
from analytics.anomaly.detector import ALARM
from parkpulse.engine.anomaly_state import Scorer
from parkpulse.engine.journal import Journal
from parkpulse.model import instants, packed
from parkpulse.store import anomalies, parks
from parkpulse.store.anomalies import Anomaly
from parkpulse.store.findings import Spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from analytics.anomaly.detector import Found
    from parkpulse.engine.rules.found import FoundRules
    from parkpulse.model.packed import ChangeArrays, Int64Array, LoggedBatch
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries

SNAPSHOT_EVERY = timedelta(seconds=30)
PAUSE_S = 2.0
"""Readings are gathered for so long: a step has a price of its own. [s]"""
MOST_SERIES = 10_000
"""So many series are followed by one process, 4 kB each."""
HISTORY = timedelta(days=28)
"""What is older on the park's clock, such as imported history, is not scored."""
REMEMBERED = timedelta(days=61)
"""So far back an explanation looks for the like."""
_log = logging.getLogger(__name__)


class AnomalyConsumer:
    """Finds anomalies; plugs into the engine's loop.

    Parameters
    ----------
    rules
        Of anomalies.
    """

    name = "anomaly"

    def __init__(self, rules: FoundRules) -> None:
        self._rules = rules
        self._watched: dict[int, WatchedSeries] = {}
        self._scorer = Scorer({}, {})
        self._journal = Journal(self.name)
        self._saved_at: datetime | None = None

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the state of exactly these slots and bring it up to the position."""
        self._rules.start(conn, slots)
        self._scorer = self._new_scorer()
        self._journal.begin_anew()
        for snapshot in self._journal.load(conn, list(slots)):
            self._scorer.restore(snapshot)
        missed = anomalies.missed(conn, self.name, slots)
        if missed:
            # What follows from these has been recorded.
            self._score(conn, missed)

    def _new_scorer(self) -> Scorer:
        watched = self._rules.watched()
        if len(watched) > MOST_SERIES:
            _log.warning(
                "anomalies: %d series are watched, the first %d are followed",
                len(watched),
                MOST_SERIES,
            )
        found = [self._rules.known.at(at) for at in watched[:MOST_SERIES].tolist()]
        self._watched = {each.id: each for each in found}
        return Scorer(
            {each.id: each.park_id for each in found},
            {each.id: each.zone for each in found},
        )

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Score what came, keep what is unusual, and follow the rules."""
        del now  # parks have clocks of their own
        if not len(self._scorer.ids):
            return
        row, ts, value, found = self._score(conn, batches)
        unusual = np.flatnonzero(found.score >= ALARM)
        ids = self._scorer.ids
        anomalies.add(
            conn,
            [
                self._anomaly(conn, int(ids[row[n]]), int(ts[n]), value[n], found, n)
                for n in unusual.tolist()
            ],
        )
        self._follow(conn, row, ts, unusual)

    def _score(
        self, conn: Connection, batches: Sequence[LoggedBatch]
    ) -> tuple[Int64Array, Int64Array, packed.FloatArray, Found]:
        """Score the readings of batches; return their rows, times, values, results."""
        every = _in_order(batches)
        row, is_known = self._scorer.rows(every.series.astype(np.int64))
        # A corrected reading has been learnt already.
        wanted = is_known & ((every.flag & packed.CORRECTION) == 0)
        wanted[wanted] &= every.ts[wanted] >= self._oldest(conn, row[wanted])
        row, ts = row[wanted], every.ts[wanted].astype(np.int64)
        value = every.value[wanted].astype(np.float64)
        return row, ts, value, self._scorer.score(row, ts, value)

    def _oldest(self, conn: Connection, row: Int64Array) -> Int64Array:
        """Return from when on readings of each row's park are scored. [us]."""
        clocks = {
            park: instants.to_us(now - HISTORY)
            for park, now in parks.clocks(conn).items()
        }
        watched = self._watched
        which, at = np.unique(row, return_inverse=True)
        ids = self._scorer.ids[which].tolist()
        oldest = [clocks[watched[key].park_id] for key in ids]
        return np.array(oldest, np.int64)[at]

    def _anomaly(
        self,
        conn: Connection,
        series: int,
        ts: int,
        value: float,
        found: Found,
        index: int,
    ) -> Anomaly:
        """Explain one reading by those of its series before it."""
        since = ts - round(REMEMBERED.total_seconds()) * instants.SECOND
        past_ts, past = anomalies.before(conn, series, since, ts)
        case = explain.case(
            np.append(past_ts, ts),
            np.append(past, value),
            int(found.kind[index]),
            float(found.expected[index]),
        )
        zone = ZoneInfo(self._watched[series].zone)
        expected = float(found.expected[index])
        return Anomaly(
            series,
            ts,
            float(found.score[index]),
            case.kind,
            float(value),
            None if np.isnan(expected) else expected,
            explain.text(case, zone, "zh"),
            explain.text(case, zone, "en"),
        )

    def _follow(
        self, conn: Connection, row: Int64Array, ts: Int64Array, unusual: Int64Array
    ) -> None:
        ids = self._scorer.ids
        touched = self._rules.is_active(ids[row])
        touched[unusual] = True
        which, at = np.unique(row[touched], return_inverse=True)
        since = np.full(len(which), np.iinfo(np.int64).max)
        np.minimum.at(since, at, ts[touched])
        self._rules.follow(conn, Spans(ids[which], since, self._scorer.newest[which]))

    def tick(self, conn: Connection, now: datetime) -> None:
        """Hear of changed rules, and keep a snapshot now and then."""
        if self._rules.reload_if_changed(conn):
            before, self._scorer = self._scorer, self._new_scorer()
            self._scorer.take(before)
            self._journal.begin_anew()
        if self._saved_at is None or now - self._saved_at >= SNAPSHOT_EVERY:
            for slot in self._scorer.slots():
                whole = partial(self._scorer.whole, slot)
                self._journal.save(conn, slot, self._scorer.news(slot), whole)
            self._scorer.forget_changes()
            self._saved_at = now


def _in_order(batches: Sequence[LoggedBatch]) -> ChangeArrays:
    """Put batches together, the readings of each series by time within a batch."""
    every = packed.concatenate(batches)
    batch = np.repeat(np.arange(len(batches)), [len(each) for each in batches])
    order = np.lexsort((every.ts, every.series, batch))
    ordered = packed.ChangeArrays(
        every.series[order], every.ts[order], every.value[order], every.flag[order]
    )
    return packed.counting(ordered)
