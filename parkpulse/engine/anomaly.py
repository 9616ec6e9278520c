"""The consumer that scores readings by how unusual they are, and keeps the anomalies.

Which series are followed, the rules of anomalies say, as far as memory and processor
time allow. A detector's state is a function of the readings in the order in which they
came; each part of it is saved now and then with the positions, and after a restart what
came since is scored again, so that scores are the same.
"""

from __future__ import annotations

import logging
import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics.anomaly import explain
from analytics.anomaly.detector import ALARM
from parkpulse.engine import anomaly_choice, anomaly_state
from parkpulse.engine.anomaly_choice import Budget
from parkpulse.engine.anomaly_state import Scorer, Subjects
from parkpulse.model import instants, packed
from parkpulse.model.registry import SLOTS
from parkpulse.store import anomalies, detector_states, parks
from parkpulse.store.anomalies import Anomaly
from parkpulse.store.findings import Spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import numpy.typing as npt

    from analytics.anomaly.detector import Found
    from parkpulse.engine.rules.found import FoundRules
    from parkpulse.model.packed import ChangeArrays, Int64Array, LoggedBatch
    from parkpulse.store.detector_states import Part
    from parkpulse.store.pool import Connection

    BoolArray = npt.NDArray[np.bool_]

SAVE_EVERY = timedelta(minutes=5)
"""Each part of the state is saved so often, one after the other."""
PAUSE_S = 2.0
"""Readings are gathered for so long: a step has a price of its own. [s]"""
MOST_SERIES = anomaly_choice.MOST_BYTES // anomaly_state.RECORD.itemsize
"""So many series are followed by one process at most."""
MEASURED_S = 60.0
"""Over so long the processor time is measured. [s]"""
HISTORY = timedelta(days=28)
"""What is older on the park's clock, such as imported history, is not scored."""
REMEMBERED = timedelta(days=61)
"""So far back an explanation looks for the like."""
MANY = 50
REMEMBERED_OF_MANY = timedelta(days=1)
"""So far, where more than so many readings are unusual at once: in a storm, say."""
_log = logging.getLogger(__name__)


class AnomalyConsumer:
    """Finds anomalies; plugs into the engine's loop.

    Parameters
    ----------
    rules
        Of anomalies.
    most
        So many series are followed at most.
    """

    name = "anomaly"

    def __init__(self, rules: FoundRules, most: int = MOST_SERIES) -> None:
        self._rules = rules
        self._most = most
        self._slots: Sequence[int] = ()
        self._scorer = Scorer(_NO_SUBJECTS)
        self._budget = Budget(0, 0)
        self._watched_of = np.zeros(SLOTS, np.int64)
        self._saved: dict[Part, datetime] = {}
        self._age: dict[Part, timedelta] = {}
        self._spent_s = 0.0
        self._measured_at = time.monotonic()

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the state of exactly these slots and bring it up to the position."""
        self._slots = slots
        self._rules.start(conn, slots)
        self._saved, self._age = {}, {}
        self._scorer = self._new_scorer(conn)
        passed: dict[Part, dict[str, int]] = {}
        for each in detector_states.load(conn, self.name, slots):
            passed[each.part] = each.positions
            self._scorer.restore(each.state)
            if each.state:
                self._age[each.part] = timedelta(seconds=each.age_s)
        for batches in detector_states.missed(conn, self.name, slots):
            # What follows from these has been recorded.
            self._score(conn, batches, passed)

    def _new_scorer(self, conn: Connection) -> Scorer:
        """Choose what is followed, and begin to keep it."""
        known = self._rules.known
        watched = anomaly_choice.ranked(self._rules.watching(), known)
        self._watched_of = np.bincount(known.park[watched] % SLOTS, minlength=SLOTS)
        found = watched[: self._most]
        self._budget = Budget(
            len(found), anomaly_choice.at_first(known.report_interval_s[found])
        )
        park = known.park[found].astype(np.int64)
        zones = [known.parks[each][1] for each in park.tolist()]
        scorer = Scorer(Subjects(known.id[found].astype(np.int64), park, zones))
        parts = set(scorer.parts)
        detector_states.begin(conn, self.name, anomaly_state.LAYOUT, self._slots, parts)
        return scorer

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Score what came, keep what is unusual, and follow the rules."""
        del now  # parks have clocks of their own
        if not len(self._scorer.ids):
            return
        began = time.thread_time()
        row, ts, value, found = self._score(conn, batches, {})
        unusual = np.flatnonzero(found.score >= ALARM)
        reach = REMEMBERED if len(unusual) <= MANY else REMEMBERED_OF_MANY
        told = [
            self._anomaly(
                conn,
                int(row[n]),
                (int(ts[n]), value[n]),
                found.take(np.array([n])),
                reach,
            )
            for n in unusual.tolist()
        ]
        anomalies.add(conn, told)
        self._follow(conn, row, ts, unusual)
        self._spent_s += time.thread_time() - began

    def _score(
        self,
        conn: Connection,
        batches: Sequence[LoggedBatch],
        passed: dict[Part, dict[str, int]],
    ) -> tuple[Int64Array, Int64Array, packed.FloatArray, Found]:
        """Score the readings of batches; return their rows, times, values, results.

        What a part has `passed` is left out.
        """
        every, batch = _in_order(batches)
        row, is_wanted = self._scorer.rows(every.series.astype(np.int64))
        is_wanted &= self._scorer.rank[row] < self._budget.followed
        # A corrected reading has been learnt already, a denied one counts nowhere.
        is_wanted &= (every.flag & (packed.CORRECTION | packed.DENIED)) == 0
        if passed:
            is_wanted &= self._is_new(batches, passed)[self._scorer.part[row], batch]
        is_wanted[is_wanted] &= every.ts[is_wanted] >= self._oldest(
            conn, row[is_wanted]
        )
        row, ts = row[is_wanted], every.ts[is_wanted].astype(np.int64)
        value = every.value[is_wanted].astype(np.float64)
        return row, ts, value, self._scorer.score(row, ts, value)

    def _is_new(
        self, batches: Sequence[LoggedBatch], passed: dict[Part, dict[str, int]]
    ) -> BoolArray:
        """Which batches each part has not passed, shape (parts, batches)."""
        positions = [passed.get(part, {}) for part in self._scorer.parts]
        return np.array(
            [[each.n > at.get(each.writer, 0) for each in batches] for at in positions]
        )

    def _oldest(self, conn: Connection, row: Int64Array) -> Int64Array:
        """Return from when on readings of each row's park are scored. [us]."""
        clocks = parks.clocks(conn)
        which, at = np.unique(self._scorer.park[row], return_inverse=True)
        oldest = [instants.to_us(clocks[park] - HISTORY) for park in which.tolist()]
        return np.array(oldest, np.int64)[at]

    def _anomaly(
        self,
        conn: Connection,
        row: int,
        reading: tuple[int, float],
        found: Found,
        reach: timedelta,
    ) -> Anomaly:
        """Explain one reading by those of its series before it."""
        series, zone = int(self._scorer.ids[row]), self._scorer.zone(row)
        ts, value = reading
        since = ts - round(reach.total_seconds()) * instants.SECOND
        past_ts, past = anomalies.before(conn, series, since, ts)
        expected = float(found.expected[0])
        case = explain.case(
            np.append(past_ts, ts), np.append(past, value), int(found.kind[0]), expected
        )
        return Anomaly(
            series,
            ts,
            float(found.score[0]),
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
        """Hear of changed rules, save some of the state, keep to the budget."""
        if self._rules.reload_if_changed(conn):
            before = self._scorer
            self._scorer = self._new_scorer(conn)
            self._scorer.take(before)
        self._save(conn, now)
        elapsed = time.monotonic() - self._measured_at
        if elapsed >= MEASURED_S:
            self._keep_to_budget(conn, self._spent_s / elapsed)
            self._spent_s, self._measured_at = 0.0, time.monotonic()

    def _save(self, conn: Connection, now: datetime) -> None:
        """Save the parts whose turn it is, few at a time."""
        parts = self._scorer.parts
        for number, part in enumerate(parts):
            # New ones are spread over the time, to stay so.
            age = self._age.get(part, SAVE_EVERY * (number / len(parts)))
            self._saved.setdefault(part, now - age)
        due = [
            number
            for number, part in enumerate(parts)
            if now - self._saved[part] >= SAVE_EVERY
        ]
        most = math.ceil(len(parts) * 2 * PAUSE_S / SAVE_EVERY.total_seconds())
        for number in sorted(due, key=lambda each: self._saved[parts[each]])[:most]:
            state = self._scorer.news(number)
            detector_states.save(conn, self.name, parts[number], state)
            self._saved[parts[number]] = now

    def _keep_to_budget(self, conn: Connection, share: float) -> None:
        before = self._budget.followed
        self._budget.fit(share)
        if self._budget.followed < before:
            _log.warning(
                "anomalies: %.0f %% of a core; %d of %d watched series are followed",
                100 * share,
                self._budget.followed,
                self._watched_of.sum(),
            )
        is_followed = self._scorer.rank < self._budget.followed
        slots = self._scorer.park[is_followed] % SLOTS
        followed = np.bincount(slots, minlength=SLOTS)
        rows = [
            (slot, int(self._watched_of[slot]), int(followed[slot]))
            for slot in self._slots
        ]
        detector_states.tell(conn, rows, share)


_NO_SUBJECTS = Subjects(np.zeros(0, np.int64), np.zeros(0, np.int64), [])


def _in_order(batches: Sequence[LoggedBatch]) -> tuple[ChangeArrays, Int64Array]:
    """Put batches together, the readings of each series by time within a batch.

    Returns
    -------
    changes, batch
        And the index of the batch of each.
    """
    every = packed.concatenate(batches)
    batch = np.repeat(np.arange(len(batches)), [len(each) for each in batches])
    order = np.lexsort((every.ts, every.series, batch))
    ordered = packed.ChangeArrays(
        every.series[order], every.ts[order], every.value[order], every.flag[order]
    )
    return ordered, batch[order]
