"""A database with parks, and the engine's consumers driven step by step.

lab    Lab: `database`; `register(spec)`; `put(series, points)` stores readings and logs
       them as ingest does; `step(consumer)` lets a consumer take all that is logged.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from parkpulse import loading
from parkpulse.engine.lease import LeaseKeeper
from parkpulse.engine.loop import Loop
from parkpulse.model import packed
from parkpulse.model.packed import ChangeArrays
from parkpulse.store import batchlog, readings, registry
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parkpulse.engine.loop import Consumer
    from parkpulse.model.registry import ParkSpec

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
Point = tuple[int, int, float]
"""Series, observed time [us], value."""


def call_bad(
    database: Database, slot: int, series: int, moments: Sequence[int]
) -> None:
    """Let a sender say readings of some moments [us] again, now as bad ones."""
    ids = np.full(len(moments), series, np.int32)
    ts = np.array(moments, np.int64)
    flag = np.full(len(moments), packed.CORRECTION | packed.DENIED, np.uint8)
    with database.transaction() as conn:
        value = readings.stored(conn, ids, ts).value
        bad = np.full(len(moments), packed.FAIL, np.uint8)
        readings.replace(conn, ids, ts, value, bad)
        changes = ChangeArrays(ids, ts, value, flag)
        batchlog.append(conn, "ingest-1", {slot: changes})


@dataclass
class Lab:
    """One database, one park clock that the test sets."""

    database: Database
    now: datetime = NOW
    writer: str = "ingest-1"
    parks: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keeper = LeaseKeeper(self.database, "lab", ttl_s=600.0)
        self.keeper.renew()

    def register(self, spec: ParkSpec) -> dict[tuple[str, str], int]:
        """Write a park; return its series by (device, metric)."""
        with self.database.transaction() as conn:
            self.parks[spec.code] = registry.apply(conn, spec)
            rows = conn.execute(
                "select d.code, s.metric, s.id from series s"
                " join device d on d.id = s.device_id where d.park_id = %s",
                [self.parks[spec.code]],
            )
            found = {(device, metric): series for device, metric, series in rows}
        self.set_clock(spec.code, self.now)
        return found

    def set_clock(self, park: str, now: datetime) -> None:
        self.now = now
        with self.database.transaction() as conn:
            conn.execute("update park set data_now = %s where code = %s", [now, park])

    def put(self, points: Iterable[Point], park: str | None = None) -> None:
        """Store or correct readings in one transaction and log them."""
        newest = {(series, ts): value for series, ts, value in points}
        keys = sorted(newest)
        series = np.array([key[0] for key in keys], np.int32)
        ts = np.array([key[1] for key in keys], np.int64)
        value = np.array([newest[key] for key in keys], np.float64)
        slot = self.parks[park or next(iter(self.parks))] % 64
        with self.database.transaction() as conn:
            exists, old, _ = readings.stored(conn, series, ts)
            changed = ~exists | (old != value)
            new, other = ~exists, exists & changed
            readings.insert(conn, series[new], ts[new], value[new])
            readings.replace(conn, series[other], ts[other], value[other])
            logged = ChangeArrays(
                series[changed],
                ts[changed],
                value[changed],
                exists[changed].astype(np.uint8),
            )
            batchlog.append(conn, self.writer, {slot: logged})

    def loop(self, consumer: Consumer) -> Loop:
        return Loop(self.database, self.keeper, consumer, clock=lambda: self.now)

    def step(self, consumer: Consumer) -> None:
        """Let the consumer take everything that is logged."""
        loop = self.loop(consumer)
        while loop.step():
            pass

    def wall(self) -> datetime:
        """Tell the database's wall time."""
        with self.database.transaction() as conn:
            (row,) = conn.execute("select now()").fetchall()
        moment: datetime = row[0]
        return moment

    def later(self, **delta: float) -> datetime:
        return self.now + timedelta(**delta)


@pytest.fixture
def lab(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    # Each step of a lab starts anew; a full collection was most of its time.
    monkeypatch.setattr(loading, "uncollected", contextlib.nullcontext)
    database = Database(database_url)
    database.open()
    yield Lab(database)
    database.close()
