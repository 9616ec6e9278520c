"""The consumer that keeps the roll-ups of exactly the touched buckets.

It holds nothing in memory but the list of series: a bucket is computed from what the
database has, so any order of arrival gives the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics import buckets
from parkpulse.engine import tiers
from parkpulse.engine.tiers import TIERS
from parkpulse.model import packed
from parkpulse.store import retention
from parkpulse.store import rollups as store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.engine.tiers import Catalogue, Tier
    from parkpulse.model.packed import Int64Array, LoggedBatch
    from parkpulse.store.columns import Columns
    from parkpulse.store.pool import Connection

PAUSE_S = 5.0
"""Roll-ups are written at most so often; ranges read readings for the rest. [s]"""
_REFRESH_S = 60.0


class RollupConsumer:
    """Writes the tiers of 1 minute, 1 hour and 1 day."""

    name = "rollups"

    def __init__(self) -> None:
        self._slots: Sequence[int] = ()
        self._known: Catalogue = tiers.catalogue(())
        self._known_at: datetime | None = None

    def start(self, conn: Connection, slots: Sequence[int]) -> None:
        """Load the list of series."""
        self._slots = slots
        self._known = tiers.catalogue(store.series(conn, slots))
        self._known_at = None

    def consume(
        self, conn: Connection, batches: Sequence[LoggedBatch], now: datetime
    ) -> None:
        """Write the buckets that these readings belong to."""
        changes = packed.concatenate(batches)
        series, ts = changes.series.astype(np.int64), changes.ts
        self._refresh(conn, series, now)
        place, known = self._known.places(series)
        self._roll(conn, place[known], ts[known])

    def tick(self, conn: Connection, now: datetime) -> None:
        """Nothing is due by time alone."""

    def _refresh(self, conn: Connection, series: Int64Array, now: datetime) -> None:
        """Read the list of series again if one is new, and now and then."""
        if self._known_at is None:
            self._known_at = now
        age_s = (now - self._known_at).total_seconds()
        if age_s > _REFRESH_S or not self._known.places(series)[1].all():
            self._known = tiers.catalogue(store.series(conn, self._slots))
            self._known_at = now

    def _roll(self, conn: Connection, place: Int64Array, ts: Int64Array) -> None:
        below: tuple[Tier, Int64Array] | None = None
        # A bucket whose readings may be gone is never computed again.
        horizon = retention.raw_horizon(conn)
        for tier in TIERS:
            key = self._from_readings(conn, tier, place, ts, horizon)
            if below is not None:
                key = np.union1d(key, self._from_tier(conn, tier, *below))
            below = (tier, key)

    def _from_readings(
        self,
        conn: Connection,
        tier: Tier,
        place: Int64Array,
        ts: Int64Array,
        horizon: int,
    ) -> Int64Array:
        """Write the buckets of series for which no finer tier is kept."""
        known = self._known
        kept = tier.keeps(known.report_interval[place])
        for finer in TIERS[: TIERS.index(tier)]:
            kept &= ~finer.keeps(known.report_interval[place])
        key = tiers.touched(known, place[kept], ts[kept], tier)
        _, start = buckets.of_keys(key, tier.width)
        key = key[start >= horizon]
        span = tiers.sources(known, tiers.stretches(key, tier))
        found = store.readings(conn, span.series, span.start, span.end)
        rows = tiers.compute(
            known, found["series"], found["ts"], found["value"], key, tier
        )
        store.write(conn, tier.name, _columns(rows))
        return key

    def _from_tier(
        self, conn: Connection, tier: Tier, below: Tier, key: Int64Array
    ) -> Int64Array:
        """Write the buckets of the series that keep the tier below."""
        parents = tiers.parents(key, below, tier)
        span = tiers.stretches(parents, tier)
        found = store.rows(conn, below.name, span.series, span.start, span.end)
        store.write(conn, tier.name, _columns(_rows(found, tier)))
        return parents


def _rows(found: Columns, tier: Tier) -> buckets.Rows:
    return buckets.from_rows(buckets.Rows(**found), tier.width)


def _columns(rows: buckets.Rows) -> Columns:
    return {name: getattr(rows, name) for name in rows.__slots__}
