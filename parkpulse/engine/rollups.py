"""The consumer that keeps the roll-ups of exactly the touched buckets.

A bucket is written when it is over, and again when a reading comes late. It is always
computed anew from all of its readings, so any order of arrival gives the same bits. The
readings of the newest minutes are kept in memory; all else is read from the database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics import buckets
from parkpulse.engine import open_buckets, tiers
from parkpulse.engine.open_buckets import FINEST, Readings, Recent, Waiting
from parkpulse.engine.tiers import TIERS
from parkpulse.model import instants, packed
from parkpulse.store import retention, snapshots
from parkpulse.store import rollups as store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from parkpulse.engine.registered import News
    from parkpulse.engine.tiers import Tier
    from parkpulse.model.packed import ChangeArrays, Int64Array, LoggedBatch
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection
    from parkpulse.store.retention import Horizons

PAUSE_S = 1.0
"""So often it is looked whether buckets are over. [s]"""
READ_EVERY = timedelta(seconds=3)
"""Buckets that must be read back are written so often at most: more at a time."""
SNAPSHOT_EVERY = timedelta(seconds=30)
MOST_FROM_DATABASE = 50_000
"""So many buckets of a tier are read back at once, so that none holds up the others."""


class RollupConsumer:
    """Writes the tiers of 1 minute, 1 hour and 1 day.

    Parameters
    ----------
    news
        Of the registry; None while nobody changes what is registered.
    """

    name = "rollups"

    def __init__(self, news: News | None = None) -> None:
        self._news = news
        self._slots: Sequence[int] = ()
        self._known = tiers.NOTHING
        self._waiting = Waiting()
        self._recent: Recent | None = None
        self._unsaved: set[int] = set()
        self._saved_at: datetime | None = None
        self._read_at: datetime | None = None

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the list of series, and what waited to be written."""
        self._slots = slots
        self._has_news()
        self._load(conn)
        self._waiting = Waiting()
        self._recent = None
        self._unsaved = set(slots)
        self._saved_at = self._read_at = None
        for state in snapshots.load(conn, self.name, slots).values():
            self._waiting.restore(state)
        for each in snapshots.consumed(conn, self.name, slots):
            self._touch(each.series.astype(np.int64), each.ts)

    def _load(self, conn: Connection) -> None:
        found = store.series(conn, self._slots, tiers.POWERS)
        self._known = tiers.catalogue(found)

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Take note of the buckets that these readings belong to."""
        recent = self._begun(now)
        changes = packed.counting(packed.concatenate(batches))
        series = changes.series.astype(np.int64)
        if not self._known.places(series)[1].all():
            self._load(conn)
        self._unsaved.update(batch.slot for batch in batches)
        self._touch(series, changes.ts)
        self._remember(recent, changes)

    def _begun(self, now: datetime) -> Recent:
        """Memory of what comes from now on; what waits is incomplete in it."""
        if self._recent is None:
            self._recent = Recent(instants.to_us(now), self._waiting.of(FINEST))
        return self._recent

    def _remember(self, recent: Recent, changes: ChangeArrays) -> None:
        """Keep the readings of the series that have the finest tier."""
        series = changes.series.astype(np.int64)
        place, known = self._known.places(series)
        mine = np.flatnonzero(known)
        mine = mine[self._known.finest[place[mine]] == 0]
        ts = changes.ts[mine]
        first, last = tiers.span(self._known, place[mine], ts, FINEST)
        readings = Readings(series[mine], ts, changes.value[mine], first, last)
        is_replaced = (changes.flag[mine] & packed.CORRECTION) > 0
        recent.add(readings, readings.where(is_replaced).keys())

    def _touch(self, series: Int64Array, ts: Int64Array) -> None:
        place, known = self._known.places(series)
        place, ts = place[known], ts[known]
        for index, tier in enumerate(TIERS):
            mine = self._known.finest[place] == index
            key = tiers.touched(self._known, place[mine], ts[mine], tier)
            self._waiting.add(tier, key)

    def _has_news(self) -> bool:
        return self._news is not None and self._news.have_come()

    def tick(self, conn: Connection, now: datetime) -> None:
        """Write the buckets that are over, and a snapshot now and then."""
        if self._has_news():
            self._load(conn)
        recent = self._begun(now)
        now_us = instants.to_us(now)
        # A bucket of which what it is made of may be gone is never computed again.
        kept = retention.horizons(conn)
        most = self._most_from_database(now)
        for index, tier in enumerate(TIERS):
            due = self._waiting.due(tier, now_us)
            written = self._write(conn, index, due, kept, most)
            self._waiting.remove(tier, written)
            for wider in TIERS[index + 1 : index + 2]:
                self._waiting.add(wider, tiers.parents(written, tier, wider))
            if len(written) < len(due):
                break  # the wider ones need all of these
        recent.forget(now_us - open_buckets.KEPT)
        self._save(conn, now)

    def _most_from_database(self, now: datetime) -> int:
        if self._read_at is not None and now - self._read_at < READ_EVERY:
            return 0
        self._read_at = now
        return MOST_FROM_DATABASE

    def _save(self, conn: Connection, now: datetime) -> None:
        if self._saved_at is None or now - self._saved_at >= SNAPSHOT_EVERY:
            slots = sorted(self._unsaved)
            states = self._waiting.packed(self._known, slots)
            for slot, state in zip(slots, states, strict=True):
                snapshots.save(conn, self.name, slot, state)
            self._unsaved.clear()
            self._saved_at = now

    def _write(
        self, conn: Connection, index: int, due: Int64Array, kept: Horizons, most: int
    ) -> Int64Array:
        """Write buckets, at most some from the database; return the keys of those."""
        tier = TIERS[index]
        in_memory = np.zeros(len(due), np.bool_)
        if tier is FINEST and self._recent is not None:
            in_memory = self._recent.has(due)
            self._from_memory(conn, due[in_memory], _oldest(FINEST, kept))
        key = due[~in_memory][:most]
        place, known = self._known.places(key >> 32)
        if len(self._known.id):
            from_readings = known & (self._known.finest[place] == index)
            oldest = _oldest(tier, kept)
            mine = _not_before(key[from_readings], tier, oldest)
            self._from_readings(conn, tier, mine, tiers.compute)
            if index:
                mine = _not_before(key[known & ~from_readings], tier, oldest)
                self._from_below(conn, index, mine, kept)
        return buckets.union(due[in_memory], key)

    def _from_memory(self, conn: Connection, key: Int64Array, horizon: int) -> None:
        if self._recent is None or not len(key):
            return
        key = _not_before(key, FINEST, horizon)
        found = self._recent.of(key)
        is_new = self._recent.write(key)
        rows = tiers.compute(
            self._known, found.series, found.ts, found.value, key, FINEST
        )
        again = tiers.wanted(rows, key[~is_new], FINEST)
        _replace(conn, FINEST, key[~is_new], again)
        store.insert(
            conn, FINEST.name, _columns(tiers.wanted(rows, key[is_new], FINEST))
        )

    def _from_readings(
        self,
        conn: Connection,
        tier: Tier,
        key: Int64Array,
        compute: Callable[..., buckets.Rows],
    ) -> None:
        """Write the buckets of series for which no finer tier is kept."""
        if not len(key):
            return
        known = self._known
        span = tiers.sources(known, tiers.stretches(key, tier))
        found = store.readings(conn, span.series, span.start, span.end)
        rows = compute(known, found["series"], found["ts"], found["value"], key, tier)
        _replace(conn, tier, key, rows)

    def _from_below(
        self, conn: Connection, index: int, key: Int64Array, kept: Horizons
    ) -> None:
        """Write the buckets of series that keep the tier below, by it if it is whole.

        Minutes are dropped sooner than readings may be: then hours are computed from
        readings, by minutes that are not kept.
        """
        tier, below = TIERS[index], TIERS[index - 1]
        whole = kept.minutes if below is FINEST else kept.hours
        is_whole = buckets.of_keys(key, tier.width)[1] >= whole
        self._from_tier(conn, tier, below, key[is_whole])
        if below is FINEST:
            self._from_readings(conn, tier, key[~is_whole], tiers.compute_through)

    def _from_tier(
        self, conn: Connection, tier: Tier, below: Tier, key: Int64Array
    ) -> None:
        """Write the buckets of the series that keep the tier below."""
        if not len(key):
            return
        span = tiers.stretches(key, tier)
        found = store.rows(conn, below.name, span.series, span.start, span.end)
        _replace(conn, tier, key, _rows(found, tier))


def _oldest(tier: Tier, kept: Horizons) -> int:
    """Tell before which instant no bucket of a tier is written. [us since 1970 UTC]."""
    return max(kept.readings, kept.minutes) if tier is FINEST else kept.readings


def _not_before(key: Int64Array, tier: Tier, horizon: int) -> Int64Array:
    return key[buckets.of_keys(key, tier.width)[1] >= horizon]


def _replace(conn: Connection, tier: Tier, key: Int64Array, rows: buckets.Rows) -> None:
    """Put the rows of buckets in place; what has none any more goes."""
    store.write(conn, tier.name, _columns(rows))
    found = buckets.keys(rows.series, rows.start, tier.width)
    series, start = buckets.of_keys(key[~buckets.among(key, found)], tier.width)
    store.remove(conn, tier.name, series, start)


def _rows(found: Columns, tier: Tier) -> buckets.Rows:
    return buckets.from_rows(buckets.Rows(**found), tier.width)


def _columns(rows: buckets.Rows) -> Columns:
    return {name: getattr(rows, name) for name in rows.__slots__}
