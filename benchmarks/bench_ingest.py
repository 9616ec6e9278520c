"""Sustained rate of the real chain, MQTT QoS 1 to committed rows, and what it costs.

Broker, database, ingest, engine and publisher share the machine. The publisher stays at
most `--window` messages ahead of what is committed, so no backlog can grow: the rate is
the sustained one. Afterwards the same messages go to a receiver that does nothing, and
through a pipe that promises nothing.

    python -m benchmarks.bench_ingest --seconds 600
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import processes
from benchmarks.publisher import BLOCK, DEVICE, PROGRESS
from parkpulse.model.registry import Name, ParkSpec
from parkpulse.services import ports
from parkpulse.store import migrate, pool, registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parkpulse.store.pool import Connection

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
METRICS = {"water_level": "gauge", "flow_rate": "gauge", "battery_voltage": "gauge"}
WARM_S = 8.0
SAMPLE_S = 0.02


@contextlib.contextmanager
def servers() -> Iterator[dict[str, str]]:
    """Environment with private servers; removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="parkpulse-bench-"))
    home.chmod(0o711)
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(home),
        "PARKPULSE_DATABASE_PORT": str(ports.free()),
        "PARKPULSE_MQTT_PORT": str(ports.free()),
    }
    try:
        subprocess.run([COMMAND, "services", "start"], env=environment, check=True)
        found = json.loads((home / "running.json").read_text())
        yield environment | {
            "PARKPULSE_DATABASE_URL": found["database_url"],
            "PARKPULSE_MQTT_URL": found["mqtt_url"],
        }
    finally:
        subprocess.run([COMMAND, "services", "stop"], env=environment, check=False)
        shutil.rmtree(home, ignore_errors=True)


def register(connection: Connection, devices: int, report_interval_s: int) -> None:
    """Register the park; its devices in bulk, for a document of them would be large."""
    name = Name(zh="bench", en="bench")
    accept_from = datetime.now(UTC) - timedelta(days=60)
    park = registry.apply(
        connection, ParkSpec(code="bench", name=name, accept_from=accept_from)
    )
    connection.execute(
        "insert into device (park_id, code, kind, name_zh, name_en, report_interval_s)"
        " select %s, 'device-' || lpad(n::text, 7, '0'), 'sensor', 'n', 'n', %s"
        " from generate_series(0, %s - 1) as n",
        [park, report_interval_s, devices],
    )
    connection.execute(
        "insert into series (device_id, metric, kind, report_interval_s)"
        " select d.id, m.metric, m.kind, d.report_interval_s from device d"
        " cross join unnest(%s::text[], %s::text[]) as m (metric, kind)"
        " order by d.id, m.metric",
        [list(METRICS), list(METRICS.values())],
    )
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum analyze device, series")
    connection.autocommit = False
    assert len(DEVICE % 0) == len("device-0000000")


@dataclass
class Progress:
    """What was sent and what is committed, shared with the publisher."""

    path: Path
    memory: mmap.mmap = field(init=False)
    committed: int = 0
    sent_at: list[tuple[int, float]] = field(default_factory=list)
    latency_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.write_bytes(PROGRESS.pack(0, 0, 0.0))
        with self.path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), PROGRESS.size)

    @property
    def sent(self) -> int:
        return int(PROGRESS.unpack(self.memory[:])[0])

    def note(self, committed: int, now: float) -> None:
        """Take a sample: what is sent now, and what is committed now."""
        sent, _, at = PROGRESS.unpack(self.memory[:])
        self.memory[8:16] = struct.pack("=q", committed)
        if not self.sent_at or sent > self.sent_at[-1][0]:
            self.sent_at.append((sent, at))
        while self.sent_at and self.sent_at[0][0] <= committed:
            upto, then = self.sent_at.pop(0)
            self.latency_s.append(now - then)
        self.committed = committed


def committed(connection: Connection) -> int:
    """Messages of all workers that are committed."""
    row = connection.execute("select sum(arrivals) from ingest_worker").fetchone()
    return int(row[0] or 0) if row else 0


@contextlib.contextmanager
def started(environment: Mapping[str, str], *commands: list[str]) -> Iterator[None]:
    """Run processes; stop them afterwards."""
    children = [subprocess.Popen(each, env=dict(environment)) for each in commands]
    try:
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait()


def roots(home: str, publisher: int) -> dict[str, int]:
    """Ids of the processes whose time is counted."""
    return {
        "broker": processes.find(b"mosquitto", home.encode()),
        "postgresql": processes.find(b"postgres", home.encode(), b"-D"),
        "ingest": processes.find(b"parkpulse\0ingest\0"),
        "engine": processes.find(b"parkpulse\0engine\0"),
        "publisher": publisher,
    }


def backends(connection: Connection) -> dict[str, float]:
    """CPU time of the database's processes by what they serve. [s]."""
    rows = connection.execute(
        "select pid, coalesce(nullif(application_name, ''), backend_type, 'own')"
        " from pg_stat_activity"
    )
    every = processes.running()
    total: dict[str, float] = {}
    for pid, name in rows:
        if pid in every:
            total[name] = total.get(name, 0.0) + every[pid].cpu_s
    return total


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0.0) for name, value in after.items()}


def chain(options: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, object]:
    """Measure the whole chain."""
    home = environment["PARKPULSE_HOME"]
    url = environment["PARKPULSE_DATABASE_URL"]
    with pool.connect(url, name="bench") as connection:
        connection.autocommit = True
        begin = time.monotonic()
        ingest = [COMMAND, "ingest", "--worker", "1"]
        with started(environment, ingest, [COMMAND, "engine"]):
            while not _is_connected(connection):
                time.sleep(0.1)
            start_s = time.monotonic() - begin
            result = _publish(options, environment, connection, home)
            result["start_s"] = round(start_s, 1)
        return result


def _is_connected(connection: Connection) -> bool:
    row = connection.execute("select bool_or(connected) from ingest_worker").fetchone()
    return bool(row and row[0])


def _publish(
    options: argparse.Namespace,
    environment: Mapping[str, str],
    connection: Connection,
    home: str,
) -> dict[str, object]:
    progress = Progress(Path(home) / "progress")
    command = [sys.executable, "-m", "benchmarks.publisher"]
    command += [environment["PARKPULSE_MQTT_URL"], str(progress.path)]
    for name in ("devices", "window", "rate"):
        command += [f"--{name}", str(getattr(options, name))]
    publisher = subprocess.Popen(command, env=dict(environment))
    try:
        _follow(connection, progress, WARM_S)
        which = roots(home, publisher.pid)
        before = processes.cpu_s(which), backends(connection)
        progress.latency_s.clear()
        first, backlog, begin = progress.committed, _backlog(progress), time.monotonic()
        _follow(connection, progress, options.seconds)
        elapsed, count = time.monotonic() - begin, progress.committed - first
        cpu = difference(processes.cpu_s(which), before[0])
        served = difference(backends(connection), before[1])
        memory = {name: round(processes.memory_mb(pid)) for name, pid in which.items()}
        result = {
            "messages_per_s": round(count / elapsed),
            "backlog": [backlog, _backlog(progress)],
            "latency_ms": {
                f"p{p}": round(1e3 * float(np.percentile(progress.latency_s, p)))
                for p in (50, 99)
            },
            "cpu_us_per_message": {
                name: round(1e6 * used / count, 1) for name, used in cpu.items()
            },
            "database_us_per_message": {
                name: round(1e6 * used / count, 1)
                for name, used in sorted(served.items())
                if 1e6 * used / count > 0.05
            },
            "cpu_us_in_all": round(1e6 * sum(cpu.values()) / count, 1),
            "memory_mb": memory,
            "engine": _behind(connection),
        }
    finally:
        publisher.terminate()
        publisher.wait()
    while committed(connection) < progress.sent:
        time.sleep(0.05)
    return result | _stored(connection, progress.sent)


def _backlog(progress: Progress) -> int:
    return progress.sent - progress.committed


def _follow(connection: Connection, progress: Progress, seconds: float) -> None:
    until = time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        progress.note(committed(connection), now)
        time.sleep(SAMPLE_S)


def _behind(connection: Connection) -> dict[str, float]:
    """How far each consumer of the batch log is behind. [s]."""
    rows = connection.execute(
        "select p.consumer, coalesce(extract(epoch from now() - min(b.at)), 0)::float8"
        " from consumer_position p left join batch_log b on b.slot = p.slot"
        "  and b.writer = p.writer and b.n > p.n group by 1 order by 1"
    )
    return {f"{name}_behind_s": round(float(age), 2) for name, age in rows}


def _stored(connection: Connection, sent: int) -> dict[str, object]:
    """Check that every value is stored once, and weigh them."""
    found = connection.execute(
        "select count(*), hypertable_size('reading') from reading"
    ).fetchone()
    assert found is not None
    count, size = found
    assert count == len(METRICS) * sent, (count, sent)
    ledger = connection.execute(
        "select sum(received), sum(stored), sum(values_stored) from ledger"
    ).fetchone()
    assert ledger == (sent, sent, count), ledger
    tiers = connection.execute(
        "select count(*), hypertable_size('rollup_1m') from rollup_1m"
    ).fetchone()
    return {
        "readings": count,
        "bytes_per_reading": round(size / count, 1),
        "rollup_1m": tiers,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--report-interval", type=int, default=6)
    parser.add_argument("--window", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=0.0)
    options = parser.parse_args()
    with servers() as environment:
        migrate.apply(environment["PARKPULSE_DATABASE_URL"])
        with pool.connect(environment["PARKPULSE_DATABASE_URL"]) as connection:
            register(connection, options.devices, options.report_interval)
        print(json.dumps(chain(options, environment), indent=1), flush=True)


if __name__ == "__main__":
    main()
