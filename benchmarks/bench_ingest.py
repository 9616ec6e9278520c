"""Sustained rate of the real chain, MQTT QoS 1 to committed rows, and what it costs.

Broker, database, ingest, engine and publisher share the machine; the shipped rules are
in force. First a closed loop: the publisher stays at most `--window` messages ahead of
what is committed, so no backlog can grow, and the rate is the sustained one. Then a
fixed rate, for the time from publishing to commit. Then the same messages go to a bare
paho client, to mosquitto_sub, and through a pipe that promises nothing.

    python -m benchmarks.bench_ingest --seconds 45 --paced-seconds 20
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from benchmarks import processes, receivers
from benchmarks.publisher import PAYLOAD_BYTES, PROGRESS
from parkpulse import bus, settings
from parkpulse.model.registry import Name, ParkSpec
from parkpulse.services import ports, servers
from parkpulse.store import migrate, pool, registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parkpulse.store.pool import Connection

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
METRICS = ("water_level", "flow_rate", "battery_voltage")
WARM_S = 8.0
SAMPLE_S = 0.02
_LINE_BYTES = PAYLOAD_BYTES + len("bare/v1/bench/device-0000000/telemetry \n")
_SENDER = "BENCH_PUBLISHER_URL"
Environment = dict[str, str]
Result = dict[str, Any]


@contextlib.contextmanager
def private_servers(address: str = "") -> Iterator[Environment]:
    """Environment with private servers; removed afterwards.

    Parameters
    ----------
    address
        Where the broker is to be reached with TLS too; empty: nowhere.
    """
    home = Path(tempfile.mkdtemp(prefix="parkpulse-bench-"))
    home.chmod(0o711)
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(home),
        "PARKPULSE_DATABASE_PORT": str(ports.free()),
        "PARKPULSE_MQTT_PORT": str(ports.free()),
        # At these rates a small disk holds hours: the least that can be set.
        "PARKPULSE_RAW_RETENTION_DAYS": "2",
    }
    if address:
        environment["PARKPULSE_MQTT_LISTEN"] = address
        environment["PARKPULSE_MQTT_LISTEN_PORT"] = str(ports.free())
        made = [COMMAND, "services", "tls", "localhost"]
        subprocess.run(made, env=environment, check=True)
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
        " select d.id, metric, 'gauge', d.report_interval_s from device d"
        " cross join unnest(%s::text[]) as metric order by d.id, metric",
        [list(METRICS)],
    )
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum analyze device, series")
    connection.autocommit = False


def sealed(environment: Environment) -> Environment:
    """Let ingest and publisher come to the broker with TLS."""
    home = Path(environment["PARKPULSE_HOME"])
    known = json.loads((home / "running.json").read_text())["service_urls"]
    port = environment["PARKPULSE_MQTT_LISTEN_PORT"]
    query = urlencode({"ca": str(home / "tls" / "ca.crt")})
    # At that door the user name is the client id: each needs its own.
    users = {name: urlsplit(known[name]) for name in ("ingest", "api")}
    urls = {
        name: f"mqtts://{each.username}:{each.password}@localhost:{port}?{query}"
        for name, each in users.items()
    }
    return environment | {"PARKPULSE_MQTT_URL": urls["ingest"], _SENDER: urls["api"]}


@dataclass
class Progress:
    """What was sent and what is committed, shared with the publisher.

    Parameters
    ----------
    path
        File that both map.
    """

    path: Path
    committed: int = 0
    latency_s: list[float] = field(default_factory=list)
    backlogs: list[int] = field(default_factory=list)
    _sent: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.write_bytes(PROGRESS.pack(0, 0, 0.0))
        with self.path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), PROGRESS.size)

    def read(self) -> tuple[int, int, float]:
        sent, committed, at = PROGRESS.unpack(self._memory[:])
        return sent, committed, at

    def write(self, committed: int) -> None:
        self._memory[8:16] = struct.pack("=q", committed)

    def note(self, committed: int) -> None:
        """Take a sample of what is sent, and since when what is committed was."""
        sent, _, at = self.read()
        self.write(committed)
        if not self._sent or sent > self._sent[-1][0]:
            self._sent.append((sent, at))
        while self._sent and self._sent[0][0] <= committed:
            self.latency_s.append(time.monotonic() - self._sent.pop(0)[1])
        self.backlogs.append(sent - committed)
        self.committed = committed


@contextlib.contextmanager
def running(
    environment: Environment, *commands: Sequence[str], stdout: int | None = None
) -> Iterator[list[int]]:
    """Run processes, whose ids it gives; stop them and their children afterwards."""
    children = [
        subprocess.Popen(each, env=environment, stdout=stdout, start_new_session=True)
        for each in commands
    ]
    try:
        yield [child.pid for child in children]
    finally:
        for child in children:
            os.killpg(child.pid, signal.SIGTERM)
        for child in children:
            child.wait()


def publisher(
    environment: Environment,
    progress: Progress,
    options: argparse.Namespace,
    *more: str,
) -> list[str]:
    return [
        *(sys.executable, "-m", "benchmarks.publisher"),
        environment.get(_SENDER, environment["PARKPULSE_MQTT_URL"]),
        *(
            str(progress.path),
            "--devices",
            str(options.devices),
            "--window",
            str(options.window),
        ),
        *more,
    ]


def server_processes(environment: Environment) -> dict[str, int]:
    """Ids of the broker and of the database's parent process."""
    home = environment["PARKPULSE_HOME"].encode()
    return {
        "broker": processes.find(b"mosquitto", home),
        "postgresql": processes.find(b"postgres", home, b"-D"),
    }


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> Result:
    return {name: value - before.get(name, 0.0) for name, value in after.items()}


def per_message(cpu_s: Mapping[str, float], count: int) -> Result:
    return {name: round(1e6 * used / count, 1) for name, used in cpu_s.items()}


def measured(
    progress: Progress,
    which: Mapping[str, int],
    count: Callable[[], int],
    seconds: float,
    is_warm: Callable[[], bool] = lambda: True,
) -> Result:
    """Rate, latency and CPU time of some seconds, after some to warm up."""
    begin = time.monotonic()
    while not progress.committed or not is_warm():
        _follow(progress, count, SAMPLE_S)
    first_s = time.monotonic() - begin
    _follow(progress, count, min(WARM_S, seconds))
    before = processes.cpu_s(which)
    progress.latency_s.clear()
    progress.backlogs.clear()
    first, begin = progress.committed, time.monotonic()
    _follow(progress, count, seconds)
    elapsed, done = time.monotonic() - begin, progress.committed - first
    cpu = difference(processes.cpu_s(which), before)
    third = len(progress.backlogs) // 3
    thirds = [progress.backlogs[:third], progress.backlogs[-third:]]
    return {
        "begun_after_s": round(first_s, 1),
        "messages_per_s": round(done / elapsed),
        "backlog_first_and_last_third": [round(float(np.mean(x))) for x in thirds],
        "publish_to_commit_ms": {
            f"p{p}": round(1e3 * float(np.percentile(progress.latency_s, p)))
            for p in ((50, 99) if progress.latency_s else ())
        },
        "cpu_us_per_message": per_message(cpu, done),
        "cpu_us_in_all": round(1e6 * sum(cpu.values()) / done, 1),
    }


def _follow(progress: Progress, count: Callable[[], int], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        progress.note(count())
        time.sleep(SAMPLE_S)


def committed(connection: Connection) -> int:
    """Messages of all workers that are committed."""
    row = connection.execute("select sum(arrivals) from ingest_worker").fetchone()
    return int(row[0] or 0) if row else 0


def chain(options: argparse.Namespace, environment: Environment) -> Result:
    """Measure the whole chain."""
    url = environment["PARKPULSE_DATABASE_URL"]
    ingest = [COMMAND, "ingest", "--worker", "1"]
    begin = time.monotonic()
    with (
        pool.connect(url, name="bench") as connection,
        running(environment, ingest, [COMMAND, "engine"]) as children,
    ):
        connection.autocommit = True
        while not _is_ready(connection):
            time.sleep(0.1)
        result: Result = {"start_s": round(time.monotonic() - begin, 1)}
        which = dict(zip(("ingest", "engine"), children, strict=True))
        which |= server_processes(environment)
        progress = Progress(Path(environment["PARKPULSE_HOME"]) / "progress")
        sent = _loaded(options, environment, connection, progress, which, result)
        result["memory_mb"] = {
            name: round(processes.memory_mb(pid))
            for name, pid in which.items()
            if name != "publisher"
        }
        result |= _stored(connection, sent, result["closed_loop"]["messages_per_s"])
    return result


def _is_ready(connection: Connection) -> bool:
    row = connection.execute(
        "select bool_or(connected), exists (select from engine_snapshot)"
        " from ingest_worker"
    ).fetchone()
    return row == (True, True)


def _all_follow(connection: Connection) -> bool:
    """Whether alerts and roll-ups have begun to follow what is committed."""
    row = connection.execute(
        "select count(distinct consumer) from consumer_position"
        " where consumer in ('alerts', 'rollups')"
    ).fetchone()
    return row == (2,)


def _loaded(
    options: argparse.Namespace,
    environment: Environment,
    connection: Connection,
    progress: Progress,
    which: dict[str, int],
    result: Result,
) -> int:
    """Run both loads; return how many messages were published."""
    loads = {
        "closed_loop": (options.seconds, "--rate=0"),
        "paced": (options.paced_seconds, f"--rate={options.rate}"),
    }
    total = 0
    for name, (seconds, rate) in loads.items():
        if not seconds:
            continue
        progress.__init__(progress.path)  # type: ignore[misc]
        command = publisher(environment, progress, options, rate)
        before = total
        with running(environment, command) as (which["publisher"],):
            result[name] = measured(
                progress,
                which,
                lambda before=before: committed(connection) - before,  # type: ignore[misc]
                seconds,
                lambda: _all_follow(connection),
            )
            result[name]["rollups"] = _rolled_up(connection)
        total += progress.read()[0]
        while committed(connection) < total:
            time.sleep(0.05)
    return total


def _rolled_up(connection: Connection) -> Result:
    """Tell whether all rows are there of the newest minute that was over 5 s ago."""
    now = int(time.time())
    minute = datetime.fromtimestamp((now - 5) // 60 * 60 - 60, UTC)
    span = [minute, minute + timedelta(minutes=1)]
    rows = connection.execute(
        "select count(*), sum(n)::bigint from rollup_1m where ts = %s", [minute]
    ).fetchone()
    stored = connection.execute(
        "select count(distinct series), count(*) from reading"
        " where ts >= %s and ts < %s",
        span,
    ).fetchone()
    return {"minute": f"{minute:%H:%M}", "rows_and_readings": rows, "expected": stored}


def _stored(connection: Connection, sent: int, rate: float) -> Result:
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
    a_day = size / sent * rate * 86_400
    return {
        "readings": count,
        "bytes_per_reading": round(size / count, 1),
        "days_per_100_gb_at_this_rate": round(100e9 / a_day, 2),
    }


def compare(options: argparse.Namespace, environment: Environment) -> Result:
    """Measure the other receivers with the same messages."""
    tools = servers.find(settings.load().cache, None, print)
    program = receivers.mosquitto_sub(settings.load().cache)
    address = bus.address(environment["PARKPULSE_MQTT_URL"])
    url = environment["PARKPULSE_DATABASE_URL"]
    with pool.connect(url) as connection:
        connection.execute(receivers.PIPE_TABLE)
        connection.commit()
    progress = Progress(Path(environment["PARKPULSE_HOME"]) / "progress")
    paho = [sys.executable, "-m", "benchmarks.receivers"]
    paho += [environment["PARKPULSE_MQTT_URL"], str(progress.path)]
    null = receivers.subscribing(program, address, "bench-null")
    pipe = shlex.join(receivers.subscribing(program, address, "bench-pipe"))
    pipe = f"{pipe} | {receivers.storing(tools.postgres / 'psql', url)}"
    result: Result = {}
    for name, command in (("paho", paho), ("null", null), ("pipe", ["sh", "-c", pipe])):
        progress.__init__(progress.path)  # type: ignore[misc]
        with running(environment, command, stdout=subprocess.DEVNULL) as (pid,):
            time.sleep(2.0)
            result[name] = _compared(options, environment, progress, name, pid)
    return result


def _compared(
    options: argparse.Namespace,
    environment: Environment,
    progress: Progress,
    name: str,
    pid: int,
) -> Result:
    def received() -> int:
        if name == "paho":
            return progress.read()[1]
        return processes.written(processes.below(pid, b"mosquitto_sub")) // _LINE_BYTES

    which = {name: pid} | server_processes(environment)
    command = publisher(environment, progress, options, "--root", receivers.ROOT)
    with running(environment, command) as (which["publisher"],):
        found = measured(progress, which, received, options.compared_seconds)
    del found["publish_to_commit_ms"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--paced-seconds", type=float, default=120.0)
    parser.add_argument("--compared-seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=15_000.0)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--report-interval", type=int, default=6)
    parser.add_argument("--window", type=int, default=20_000)
    parser.add_argument("--tls", action="store_true", help="for all clients")
    options = parser.parse_args()
    with private_servers("127.0.0.1" if options.tls else "") as plain:
        environment = sealed(plain) if options.tls else plain
        migrate.apply(environment["PARKPULSE_DATABASE_URL"])
        with pool.connect(environment["PARKPULSE_DATABASE_URL"]) as connection:
            register(connection, options.devices, options.report_interval)
        print(json.dumps(chain(options, environment), indent=1), flush=True)
        if options.compared_seconds:
            print(json.dumps(compare(options, environment), indent=1), flush=True)


if __name__ == "__main__":
    main()
