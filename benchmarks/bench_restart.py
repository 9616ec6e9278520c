"""What the quality tests cost after a start of the engine: each series is seen once.

Run `python -m benchmarks.bench_restart`: a private TimescaleDB with some hours of
readings of 100,000 series. The consumer starts, with some batches waiting; then each
series reports once, until nothing waits to be tested again. CPU time of the consumer's
process and of the whole database, only while the consumer works.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import bench_ingest, processes
from parkpulse.engine.lease import LeaseKeeper
from parkpulse.engine.loop import Loop
from parkpulse.engine.quality import QualityConsumer
from parkpulse.engine.rules.found import FoundRules
from parkpulse.model import instants
from parkpulse.model.packed import ChangeArrays
from parkpulse.store import batchlog, migrate, readings
from parkpulse.store.pool import Database

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray

STANDS = 10
"""The value of one of so many series stands still."""


class Bench:
    """Readings of all series in step, and one consumer."""

    def __init__(self, database: Database, root: int, interval_s: int) -> None:
        self._database = database
        self._roots = {"database": root}
        self._step = interval_s * instants.SECOND
        self._draw = np.random.default_rng(7)
        with database.transaction() as conn:
            rows = conn.execute("select id from series order by id").fetchall()
            ((park,),) = conn.execute("select id from park").fetchall()
        self._slot = park % 64
        self._series = np.array(rows, np.int32).ravel()
        self._value = 2 + self._draw.normal(0, 0.01, len(self._series))
        self.number = 0
        self._last = instants.to_us(datetime.now(UTC))
        keeper = LeaseKeeper(database, "bench", ttl_s=3600.0)
        keeper.renew()
        consumer = QualityConsumer(FoundRules(database, "https://x.example", "quality"))
        self._loop = Loop(database, keeper, consumer)
        self.cost = np.zeros(2)

    def history(self, moments: int) -> None:
        """Store what was long ago tested."""
        for back in range(moments, 0, -1):
            ts = np.full(len(self._series), self._last - back * self._step)
            with self._database.transaction() as conn:
                readings.insert(conn, self._series, ts, self._values())
        with self._database.transaction() as conn:
            conn.execute("analyze reading")

    def _values(self) -> FloatArray:
        moves = self._draw.normal(0, 0.01, len(self._series))
        moves[::STANDS] = 0
        self._value += moves
        return self._value.copy()

    def arrive(self, parts: int) -> None:
        """One of so many parts of the series reports."""
        part = np.array_split(np.arange(len(self._series)), parts)[self.number % parts]
        series, value = self._series[part], self._value[part]
        ts = np.full(len(part), self._last + self.number * instants.SECOND)
        flag = np.zeros(len(part), np.uint8)
        with self._database.transaction() as conn:
            readings.insert(conn, series, ts, value)
            changes = ChangeArrays(series, ts, value, flag)
            batchlog.append(conn, "ingest-1", {self._slot: changes})
        self.number += 1

    def work(self) -> None:
        """Let the consumer take what waits; add up what that costs."""
        began = np.array(
            [processes.cpu_s(self._roots)["database"], time.process_time()]
        )
        while self._loop.step():
            pass
        ended = np.array(
            [processes.cpu_s(self._roots)["database"], time.process_time()]
        )
        self.cost += ended - began

    def waits(self) -> int:
        """How many series wait to be tested again."""
        with self._database.transaction() as conn:
            ((count,),) = conn.execute(
                "select count(*) from quality_pending"
            ).fetchall()
        return int(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=33_334)
    parser.add_argument("--interval", type=int, default=300)
    parser.add_argument("--moments", type=int, default=72)
    parser.add_argument("--parts", type=int, default=50)
    asked = parser.parse_args()
    with bench_ingest.private_servers() as environment:
        url = environment["PARKPULSE_DATABASE_URL"]
        migrate.apply(url)
        database = Database(url)
        database.open()
        with database.transaction() as conn:
            bench_ingest.register(conn, asked.devices, asked.interval)
        root = bench_ingest.server_processes(environment)["postgresql"]
        bench = Bench(database, root, asked.interval)
        bench.history(asked.moments)
        _measure(bench, asked.parts)
        database.close()


def _measure(bench: Bench, parts: int) -> None:
    bench.work()
    print(f"start: database {bench.cost[0]:.2f} s, engine {bench.cost[1]:.2f} s")
    bench.cost[:] = 0
    while bench.number < parts // 5:
        bench.arrive(parts)
    most, rounds = 0, 0
    while bench.number < parts or bench.waits():
        bench.work()
        most = max(most, bench.waits())
        if bench.number < parts:
            bench.arrive(parts)
        rounds += 1
    print(f"first readings: database {bench.cost[0]:.2f} s, engine {bench.cost[1]:.2f}")
    print(f"at most {most} waited to be tested again, {rounds} rounds")


if __name__ == "__main__":
    main()
