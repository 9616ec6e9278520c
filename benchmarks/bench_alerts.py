"""From a reading published to its alert committed, and to its webhook received.

The real processes with 100,000 series and 1,000 rules in force; beside the load some
probes cross their limit, each at its own moment. Then devices fall silent.

    python -m benchmarks.bench_alerts --rates 1000 5000 --seconds 20
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psycopg
from typing_extensions import override

from benchmarks import bench_ingest, processes
from benchmarks.bench_ingest import COMMAND, METRICS, Progress, running
from parkpulse import bus
from parkpulse.model.definitions import Absence, Level, Scope, Threshold
from parkpulse.model.registry import Name
from parkpulse.model.rule import RuleSpec
from parkpulse.store import migrate, pool, rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.bench_ingest import Environment, Result
    from parkpulse.store.pool import Connection

RULES = 1000
PROBES = "probe"
SILENT = "silent"
SILENT_COUNT = 20
SILENT_INTERVAL_S = 4
INTERVALS = 2.5
WARM_S = 8.0
_WITHIN_S = 30.0
_TESTED_WITHIN_S = 90.0


@dataclass
class Seen:
    """When alerts were committed and webhooks received, by the wall clock."""

    alerts: list[tuple[str, float]] = field(default_factory=list)
    """Id of the alert and the moment at which others could see the change. [s]"""
    webhooks: list[tuple[str, str, float]] = field(default_factory=list)
    """Device, type and moment of receipt. [s]"""


@contextlib.contextmanager
def observed(url: str) -> Iterator[tuple[Seen, str]]:
    """Listen to the database and for webhooks; gives also where to send them."""
    seen = Seen()
    server = _receiver(seen)
    stop = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.05,)),
        threading.Thread(target=_listen, args=(url, seen, stop)),
    ]
    for each in threads:
        each.start()
    try:
        yield seen, f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        stop.set()
        server.shutdown()
        for each in threads:
            each.join()
        server.server_close()


def _listen(url: str, seen: Seen, stop: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("listen alert")
        while not stop.is_set():
            for each in connection.notifies(timeout=0.5):
                seen.alerts.append((each.payload, time.time()))


def _receiver(seen: Seen) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            at = time.time()
            self.send_response(204)
            self.end_headers()
            message = json.loads(body)
            device = message["data"].get("device") or ""
            seen.webhooks.append((device, message["type"], at))

        @override
        def log_message(self, format: str, *args: object) -> None:
            del format, args

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def register(connection: Connection, options: argparse.Namespace) -> None:
    """Register the loaded devices, the probes, those that fall silent, and rules."""
    devices = -(-options.series // len(METRICS))
    bench_ingest.register(connection, devices, 60)
    probes = round(options.probes_per_s * options.seconds) * len(options.rates)
    for name, count, interval_s in (
        (PROBES, probes, 60),
        (SILENT, SILENT_COUNT, SILENT_INTERVAL_S),
    ):
        connection.execute(
            "with made as (insert into device"
            "  (park_id, code, kind, name_zh, name_en, report_interval_s)"
            "  select park.id, %s || '-' || n, %s, 'n', 'n', %s"
            "  from park, generate_series(0, %s - 1) as n where park.code = 'bench'"
            "  returning id)"
            " insert into series (device_id, metric, kind, report_interval_s)"
            " select id, 'water_level', 'gauge', %s from made",
            [name, name, interval_s, count, interval_s],
        )
    (park,) = connection.execute("select id from park where code = 'bench'")
    rules.apply(connection, _rules(devices), park[0])
    connection.commit()


def _rules(devices: int) -> list[RuleSpec]:
    share = -(-devices // (RULES - 2))
    watched = [
        _threshold(
            f"rule-{n}",
            Scope(
                devices=[f"device-{d:07d}" for d in range(n * share, (n + 1) * share)]
            ),
        )
        for n in range(RULES - 2)
    ]
    silence = Absence([Level("high", INTERVALS)], Scope(device_kinds=[SILENT]))
    return [
        *watched,
        _threshold("probes", Scope(device_kinds=[PROBES])),
        RuleSpec("silence", Name("失联", "silence"), silence, "bench"),
    ]


def _threshold(code: str, scope: Scope) -> RuleSpec:
    definition = Threshold(
        "water_level", "above", [Level("high", 5.0)], 0.1, scope=scope
    )
    return RuleSpec(code, Name("规则", "rule"), definition, "bench")


def publish(publisher: bus.Publisher, device: str, value: float) -> float:
    """Publish a reading of now; return when. [s]."""
    now = time.time()
    ms = round(now * 1000)
    values = {"water_level": value}
    message = {"seq": 1, "sent": ms, "samples": [{"ts": ms, "values": values}]}
    topic = f"parkpulse/v1/bench/{device}/telemetry"
    publisher.publish(topic, json.dumps(message).encode())
    return now


def hear_all(
    environment: Environment, options: argparse.Namespace, connection: Connection
) -> None:
    """Let every device report once, as in a park that has run for a while.

    The first reading of a series is tested from the database, for nothing is known of
    what came before.
    """
    progress = Progress(Path(environment["PARKPULSE_HOME"]) / "progress-first")
    command = bench_ingest.publisher(environment, progress, options, "--rate=5000")
    with running(environment, command):
        progress.write(2**60)
        while bench_ingest.committed(connection) < options.devices:
            time.sleep(0.1)
    deadline = time.monotonic() + _TESTED_WITHIN_S
    waiting = "select count(*) from quality_pending"
    while connection.execute(waiting).fetchone() != (0,):
        assert time.monotonic() < deadline, "the tests of quality do not end"
        time.sleep(0.5)


def loaded(
    environment: Environment,
    options: argparse.Namespace,
    rate: float,
    number: int,
    which: dict[str, int],
    seen: Seen,
) -> Result:
    """Measure probes under a load of so many messages a second."""
    url = environment["PARKPULSE_DATABASE_URL"]
    progress = Progress(Path(environment["PARKPULSE_HOME"]) / f"progress-{number}")
    command = bench_ingest.publisher(environment, progress, options, f"--rate={rate}")
    count = round(options.probes_per_s * options.seconds)
    names = [f"{PROBES}-{number * count + n}" for n in range(count)]
    with (
        pool.connect(url, name="bench") as connection,
        running(environment, command) as (which["publisher"],),
        bus.Publisher(environment["PARKPULSE_MQTT_URL"]) as publisher,
    ):
        connection.autocommit = True
        progress.write(2**60)  # the rate alone bounds the publisher
        while not bench_ingest._all_follow(connection):  # noqa: SLF001
            time.sleep(0.5)
        _catch_up(connection)
        time.sleep(WARM_S)
        before = processes.cpu_s(which), bench_ingest.committed(connection)
        begun = time.monotonic()
        sent = _send(publisher, names, options.probes_per_s)
        elapsed = time.monotonic() - begun
        done = bench_ingest.committed(connection) - before[1]
        cpu = bench_ingest.difference(processes.cpu_s(which), before[0])
        _wait_for(seen, names)
        time.sleep(2.0)  # on a busy machine what is seen here comes later
        committed = _first_seen(connection, seen, sent)
        begun_at = _begun(connection)
    received = {
        device: at for device, kind, at in seen.webhooks if kind == "alert.raised"
    }
    return {
        "wanted_per_s": rate,
        "messages_per_s": round(done / elapsed),
        "probes": len(sent),
        "published_to_engine_ms": spread([begun_at[n] - sent[n] for n in names]),
        "published_to_committed_ms": spread([committed[n] - sent[n] for n in names]),
        "published_to_received_ms": spread([received[n] - sent[n] for n in names]),
        "cpu_us_per_message": bench_ingest.per_message(cpu, done),
    }


def _catch_up(connection: Connection) -> None:
    """Wait until the alerts are those of what has just been committed."""
    behind = (
        "select max(c.n - p.n) from batch_counter c join consumer_position p"
        " using (slot, writer) where p.consumer = 'alerts'"
    )
    while True:
        (row,) = connection.execute(behind)
        if row[0] <= 3:
            return
        time.sleep(0.5)


def _begun(connection: Connection) -> dict[str, float]:
    """When the transaction began that raised the alert of each device. [s]."""
    rows = connection.execute(
        "select d.code, extract(epoch from e.recorded_at)::float8 from alert_event e"
        " join alert a on a.id = e.alert_id join device d on d.id = a.device_id"
        " where e.kind = 'raised'"
    )
    return dict(rows.fetchall())


def _send(
    publisher: bus.Publisher, names: Sequence[str], per_s: float
) -> dict[str, float]:
    rng = np.random.default_rng(7)
    sent = {}
    for name in names:
        # Not in step with anything that polls.
        time.sleep(float(rng.uniform(0.5, 1.5)) / per_s)
        sent[name] = publish(publisher, name, 9.0)
    return sent


def _wait_for(seen: Seen, names: Sequence[str]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    wanted = set(names)
    while not wanted <= {device for device, _, _ in seen.webhooks}:
        assert time.monotonic() < deadline, (
            f"{len(wanted)} webhooks wanted, {len(seen.webhooks)} came,"
            f" {len(seen.alerts)} changes of alerts"
        )
        time.sleep(0.1)


def _first_seen(
    connection: Connection, seen: Seen, since: dict[str, float]
) -> dict[str, float]:
    """When the alert of each device was first seen after a time. [s]."""
    rows = connection.execute(
        "select a.id::text, d.code from alert a join device d on d.id = a.device_id"
    )
    devices: dict[str, str] = dict(rows.fetchall())
    found: dict[str, float] = {}
    for alert, at in seen.alerts:
        device = devices.get(alert, "")
        if at >= since.get(device, np.inf):
            found.setdefault(device, at)
    return found


def silenced(environment: Environment, seen: Seen) -> Result:
    """Measure how long after its deadline a device's silence is found."""
    names = [f"{SILENT}-{n}" for n in range(SILENT_COUNT)]
    with bus.Publisher(environment["PARKPULSE_MQTT_URL"]) as publisher:
        sent = {}
        for name in names:
            sent[name] = publish(publisher, name, 1.0)
            time.sleep(0.23)
    deadline = {name: at + INTERVALS * SILENT_INTERVAL_S for name, at in sent.items()}
    time.sleep(max(deadline.values()) - time.time() + 5.0)
    with pool.connect(environment["PARKPULSE_DATABASE_URL"]) as connection:
        committed = _first_seen(connection, seen, deadline)
    received = {
        device: at
        for device, kind, at in seen.webhooks
        if kind == "alert.raised" and at >= deadline.get(device, np.inf)
    }
    return {
        "devices": len(names),
        "deadline_to_committed_ms": spread([committed[n] - deadline[n] for n in names]),
        "deadline_to_received_ms": spread([received[n] - deadline[n] for n in names]),
    }


def spread(seconds: Sequence[float]) -> Result:
    """Percentiles in milliseconds."""
    found = {f"p{p}": float(np.percentile(seconds, p)) for p in (50, 99)}
    found["most"] = max(seconds)
    return {name: round(1e3 * value) for name, value in found.items()}


def measured(environment: Environment, options: argparse.Namespace) -> Result:
    """Start the processes and measure every load, then silence under the first."""
    url = environment["PARKPULSE_DATABASE_URL"]
    commands = [
        [COMMAND, *words]
        for words in (("ingest", "--worker", "1"), ("engine",), ("notify",))
    ]
    with (
        observed(url) as (seen, hook),
        pool.connect(url, name="bench") as connection,
    ):
        add = (COMMAND, "notify", "channels", "add", "bench", "--url", hook)
        subprocess.run(add, env=environment, check=True, stdout=subprocess.DEVNULL)
        with running(environment, *commands) as children:
            connection.autocommit = True
            while not bench_ingest._is_ready(connection):  # noqa: SLF001
                time.sleep(0.1)
            which = dict(zip(("ingest", "engine", "notify"), children, strict=True))
            which |= bench_ingest.server_processes(environment)
            hear_all(environment, options, connection)
            result: Result = {
                f"at_{rate:.0f}": loaded(
                    environment, options, rate, number, which, seen
                )
                for number, rate in enumerate(options.rates)
            }
            result["silence"] = silenced(environment, seen)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[1000.0, 5000.0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--probes-per-s", type=float, default=10.0)
    parser.add_argument("--series", type=int, default=100_000)
    options = parser.parse_args()
    options.devices, options.window = options.series // len(METRICS), 2**60
    with bench_ingest.private_servers() as environment:
        environment["PARKPULSE_WEBHOOK_ALLOW_PRIVATE"] = "true"
        migrate.apply(environment["PARKPULSE_DATABASE_URL"])
        with pool.connect(environment["PARKPULSE_DATABASE_URL"]) as connection:
            register(connection, options)
        print(json.dumps(measured(environment, options), indent=1), flush=True)


if __name__ == "__main__":
    main()
