"""The consumer that finds devices which have fallen silent.

Silence runs on the time of receipt, on the park's clock. A row is a (rule, device); a
heap holds the moment at which each row is next to be looked at. What is received only
moves a number, so the cost is that of what falls due. While ingest cannot be trusted
nothing is decided, and afterwards every deadline begins anew, once.
"""

from __future__ import annotations

import heapq
import io
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse.engine import absence_rows, alerts_record, alerts_stray, registered
from parkpulse.engine.absence_rows import Silence
from parkpulse.engine.alerts_record import Finding
from parkpulse.engine.loop import BATCHES
from parkpulse.engine.registered import News
from parkpulse.model import instants
from parkpulse.model.definitions import Absence
from parkpulse.model.registry import SLOTS
from parkpulse.store import conditions, parks, rules, snapshots, surroundings, workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from parkpulse.model.packed import Int64Array, LoggedBatch
    from parkpulse.store.parks import ParkRow
    from parkpulse.store.pool import Connection, Database
    from parkpulse.store.workers import Worker

SNAPSHOT_EVERY = timedelta(seconds=30)
"""Time between two snapshots."""
DOWN_FOR = timedelta(seconds=60)
"""After so long a pause of the engine every deadline begins anew."""
PAUSE_S = 0.4
"""Time between two looks at what is due. [s]"""
BLINK = timedelta(seconds=30)
"""Deafness this short moves no deadline: what was sent meanwhile still comes."""
SETTLE = timedelta(seconds=5)
"""Time for it to come."""
GRACE_US = instants.SECOND // 2
"""What was received before a deadline is committed within this time. [us]"""
_REPORT_WITHIN = timedelta(seconds=3)
"""A worker of ingest says at least so often that it lives and is connected."""
_GONE_AFTER = timedelta(hours=1)
"""A worker that has been silent for so long was taken out of service."""


class _Deaf(NamedTuple):
    """The last time in which we could not be sure to hear everything."""

    since: datetime
    until: datetime


def is_healthy(found: Iterable[Worker], now: datetime) -> bool:
    """Whether all that devices send is known to reach the database."""
    ages = [
        (now - each.seen_at, each.is_connected and each.disk_state != "full")
        for each in found
    ]
    present = [each for each in ages if each[0] <= _GONE_AFTER]
    return bool(present) and all(
        age <= _REPORT_WITHIN and is_connected for age, is_connected in present
    )


class AbsenceConsumer:
    """Raises and clears alerts of silent devices; plugs into the engine's loop.

    Parameters
    ----------
    database
        To hear of changed rules.
    page_url
        Address of the page, for the links in messages.
    """

    name = "absence"

    def __init__(self, database: Database, page_url: str) -> None:
        self._page_url = page_url
        self._registered = registered.of(database)
        self._news = News(self._registered)
        self._slots: list[int] = []
        self._silence = Silence(absence_rows.build([], surroundings.NOTHING))
        self._agenda = Agenda(np.empty(0, np.int64), np.empty(0, np.int64))
        self._paused_from: int | None = None
        self._is_behind = False
        self._deaf: _Deaf | None = None
        self._saved_at: datetime | None = None

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the state of exactly these slots."""
        self._slots = list(slots)
        self._news.have_come()
        self._saved_at = None
        self._paused_from = None
        self._deaf = None
        self._load(conn)
        # After that: a park that was registered meanwhile has devices and no clock.
        clocks = _clocks(conn)
        for each in snapshots.load(conn, self.name, self._slots).values():
            device, received, (saved, *_) = _unpacked(each)
            self._silence.restore(device, received)
            self._paused_from = max(int(saved), self._paused_from or 0)
        for passed in snapshots.consumed(conn, self.name, self._slots):
            self._silence.receive(passed.series, clocks)
        self._begin(clocks)

    def _load(self, conn: Connection) -> None:
        stored = rules.load(conn)
        known = self._registered.series(conn, self._slots)
        self._silence = Silence(absence_rows.build(stored, known))
        lasting = conditions.lasting(conn, self._slots)
        keys = self._silence.take_up(lasting)
        alerts_stray.end(conn, lasting, keys, stored, Absence, self._page_url)

    def _begin(self, clocks: dict[int, int]) -> None:
        """Let devices of which nothing is known begin now."""
        self._silence.begin(clocks)
        row = np.arange(len(self._silence.rows))
        park = self._silence.park_id[self._silence.rows.device]
        self._agenda = Agenda(park, self._silence.all_due(row))

    def _plan(self, row: int) -> None:
        park = self._silence.park_of(row)
        self._agenda.put(park, self._silence.next_due(row), row)

    def _reload(self, conn: Connection) -> None:
        before = self._silence
        self._load(conn)
        self._silence.restore(before.device_id, before.received)
        self._begin(_clocks(conn))

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Take note of which devices have been heard, and end their silence."""
        del now  # parks have clocks of their own
        self._is_behind = len(batches) >= BATCHES
        known = parks.parks(conn)
        clocks = _clocks(conn)
        heard: list[int] = []
        for batch in batches:
            came = _came(batch, known, clocks)
            heard += self._silence.receive(batch.series, came)
        self._record(conn, dict.fromkeys(heard), clocks)

    def tick(self, conn: Connection, now: datetime) -> None:
        """Find who is overdue, unless that cannot be known."""
        if self._news.have_come():
            self._reload(conn)
        clocks = _clocks(conn)
        if self._can_decide(conn, clocks, now) and not self._is_behind:
            self._look(conn, clocks)
        self._is_behind = False
        self._save(conn, now)

    def _can_decide(
        self, conn: Connection, clocks: dict[int, int], now: datetime
    ) -> bool:
        """Whether we have heard all there was, if need be after a new begin."""
        if self._was_down(now):
            self._deaf = _Deaf(now - DOWN_FOR, now)
        if not is_healthy(workers.workers(conn), now):
            since = now if self._deaf is None else self._deaf.since
            self._deaf = _Deaf(since, now)
            return False
        if self._deaf is not None and self._deaf.until - self._deaf.since > BLINK:
            self._silence.restart(clocks)
        elif self._deaf is not None and now - self._deaf.until < SETTLE:
            return False
        self._deaf = None
        return True

    def _was_down(self, now: datetime) -> bool:
        """Tell once whether the engine itself has paused for long."""
        since, self._paused_from = self._paused_from, None
        return since is not None and now - instants.from_us(since) > DOWN_FOR

    def _look(self, conn: Connection, clocks: dict[int, int]) -> None:
        """Take up what is due; what was heard meanwhile is due later."""
        overdue: dict[int, int | None] = {}
        for park, clock in clocks.items():
            rows = self._agenda.due(park, clock - GRACE_US)
            dues = self._silence.all_due(np.array(rows, np.int64)).tolist()
            for row, at in zip(rows, dues, strict=True):
                if at <= clock - GRACE_US:
                    overdue[row] = at
                else:
                    self._agenda.put(park, at, row)
        self._record(conn, overdue, clocks)

    def _record(
        self, conn: Connection, rows: dict[int, int | None], clocks: dict[int, int]
    ) -> None:
        """Write that rows have become (more) silent at a time, or None: are heard."""
        if not rows:
            return
        origins = {row: self._silence.rows[row].origin for row in rows}
        # Only what lasts now is of interest.
        now = {each.key: clocks[each.park_id] for each in origins.values()}
        recorded = conditions.overlapping(conn, now)
        findings = []
        for row, due in rows.items():
            origin = origins[row]
            old = [each for each in recorded[origin.key] if each.cleared is None]
            new = self._silence.advance(row, old, due, now[origin.key])
            self._plan(row)
            if old or new:
                findings.append(
                    Finding(origin, now[origin.key], is_fresh=True, old=old, new=new)
                )
        alerts_record.write(conn, findings, self._page_url)

    def _save(self, conn: Connection, now: datetime) -> None:
        if self._saved_at is not None and now - self._saved_at < SNAPSHOT_EVERY:
            return
        for slot in self._slots:
            mine = self._silence.park_id % SLOTS == slot
            if mine.any():
                state = _packed(
                    self._silence.device_id[mine], self._silence.received[mine], now
                )
                snapshots.save(conn, self.name, slot, state)
        self._saved_at = now


def _clocks(conn: Connection) -> dict[int, int]:
    return {park: instants.to_us(now) for park, now in parks.clocks(conn).items()}


def _came(
    batch: LoggedBatch, known: Iterable[ParkRow], clocks: dict[int, int]
) -> dict[int, int]:
    """When a batch came, on the clock of each park [us]; not when it is read here."""
    came = dict(clocks)
    for park in known:
        if park.clock == "wall":
            came[park.id] = min(clocks[park.id], instants.to_us(batch.at))
    return came


def _packed(device: Int64Array, received: Int64Array, now: datetime) -> bytes:
    buffer = io.BytesIO()
    saved = np.full(len(device), instants.to_us(now))
    np.save(buffer, np.stack([device, received, saved]), allow_pickle=False)
    return buffer.getvalue()


def _unpacked(snapshot: bytes) -> tuple[Int64Array, Int64Array, Int64Array]:
    device, received, saved = np.load(io.BytesIO(snapshot), allow_pickle=False)
    return device, received, saved


class Agenda:
    """When each row is next to be looked at, by park; only its newest entry counts.

    Parameters
    ----------
    park, at : arrays, shape (n,)
        Park and time of each row at first. [us]
    """

    def __init__(self, park: Int64Array, at: Int64Array) -> None:
        self._heaps: dict[int, list[tuple[int, int]]] = {}
        self._planned = dict(enumerate(at.tolist()))
        for key in np.unique(park).tolist():
            mine = np.flatnonzero(park == key)
            heap = list(zip(at[mine].tolist(), mine.tolist(), strict=True))
            heapq.heapify(heap)
            self._heaps[key] = heap

    def put(self, park: int, at: int, row: int) -> None:
        """Plan a row for a time of its park. [us]."""
        if self._planned.get(row) != at:
            self._planned[row] = at
            heapq.heappush(self._heaps.setdefault(park, []), (at, row))

    def due(self, park: int, now: int) -> list[int]:
        """Take out the rows of a park whose time has come."""
        heap = self._heaps.get(park, [])
        found = []
        while heap and heap[0][0] <= now:
            at, row = heapq.heappop(heap)
            if self._planned.get(row) == at:
                del self._planned[row]
                found.append(row)
        return found
