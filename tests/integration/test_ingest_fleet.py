"""Several ingest workers under load while everything around them fails."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from typing_extensions import override

from parkpulse.bus.bulk import BulkPublisher
from parkpulse.query import sequences
from parkpulse.store import migrate
from tests.integration import ingesting
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ingesting import Bench
    from tests.plugins.fix_services import BrokerServer, DatabaseServer

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
DEVICES = 50
CHUNK = 500
START_MS = ingesting.now_ms() - 20 * 86_400_000


def message(seq: int) -> bytes:
    at = START_MS + seq * 10
    values = {"water_level": seq % 100 / 10, "battery_voltage": 3.6}
    sample = {"ts": at, "values": values}
    return msgspec.json.encode({"seq": seq, "sent": at, "samples": [sample]})


class Load(threading.Thread):
    """Publishes numbered messages of many devices; all of them are acknowledged."""

    def __init__(self, url: str, rate: float) -> None:
        super().__init__()
        self._url = url
        self._rate = rate
        self.stop = threading.Event()
        self.rounds = 0

    @override
    def run(self) -> None:
        topics = [ingesting.topic(f"d{device}") for device in range(DEVICES)]
        due = time.monotonic()
        with BulkPublisher(self._url, window=5000, patience_s=120.0) as publisher:
            while not self.stop.is_set():
                rounds = range(self.rounds, self.rounds + CHUNK // DEVICES)
                for seq in rounds:
                    payloads = [message(seq)] * DEVICES
                    publisher.publish(topics, payloads)
                self.rounds = rounds.stop
                due += CHUNK / self._rate
                self.stop.wait(max(due - time.monotonic(), 0.0))
            publisher.finish()


@dataclass
class Fleet:
    """Ingest workers as processes."""

    database: DatabaseServer
    broker: BrokerServer
    home: Path
    workers: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, number: int) -> None:
        environment = {
            **os.environ,
            "PARKPULSE_HOME": str(self.home),
            "PARKPULSE_DATABASE_URL": self.database.url,
            "PARKPULSE_MQTT_URL": self.broker.url,
            "PARKPULSE_INGEST_WORKERS": "2",
        }
        with (self.home / f"ingest-{number}.log").open("ab") as output:
            self.workers[number] = subprocess.Popen(
                [COMMAND, "ingest", "--worker", str(number)],
                env=environment,
                stderr=output,
            )

    def kill(self, number: int) -> None:
        self.workers[number].kill()
        self.workers[number].wait()

    def close(self) -> None:
        for number in self.workers:
            self.kill(number)
            sys.stdout.write((self.home / f"ingest-{number}.log").read_text()[-3000:])


@pytest.fixture
def fleet(
    own_database_server: DatabaseServer, broker: BrokerServer, tmp_path: Path
) -> Iterator[Fleet]:
    migrate.apply(own_database_server.url)
    bench = ingesting.Bench(own_database_server.url, "nobody")
    devices = [
        ingesting.device(f"d{number}", "water_level", "battery_voltage")
        for number in range(DEVICES)
    ]
    bench.register(ingesting.park(devices=devices))
    bench.close()
    made = Fleet(own_database_server, broker, tmp_path)
    for number in (1, 2):
        made.start(number)
    yield made
    made.close()


def _connected(fleet: Fleet) -> None:
    def both() -> bool:
        bench = ingesting.Bench(fleet.database.url, "nobody")
        rows = bench.rows(b"select count(*) from ingest_worker where connected")
        bench.close()
        return rows == [(2,)]

    wait_until(both, 60.0)


def _loaded(fleet: Fleet, rate: float) -> Load:
    _connected(fleet)
    load = Load(fleet.broker.url, rate)
    load.start()
    time.sleep(0.5)
    return load


def _settled(fleet: Fleet, load: Load) -> Bench:
    """Wait until everything that was acknowledged has been counted."""
    load.stop.set()
    load.join()
    bench = ingesting.Bench(fleet.database.url, "nobody")
    expected = load.rounds * DEVICES
    wait_until(lambda: bench.totals().stored >= expected, 180.0)
    return bench


def _assert_exactly_once(bench: Bench, load: Load) -> None:
    expected = load.rounds * DEVICES
    ((rows, keys),) = bench.rows(
        b"select count(*), count(distinct (series, ts)) from reading"
    )
    assert rows == keys == 2 * expected
    totals = bench.totals()
    assert totals.is_balanced
    assert (totals.stored, totals.quarantined) == (expected, 0)
    assert totals.values_stored == rows
    ((logged,),) = bench.rows(b"select sum(size)::bigint from batch_log")
    assert logged == rows
    sys.stdout.write(f"{expected} messages, {totals.duplicate} delivered twice\n")


def test_a_member_that_was_away_takes_its_share_when_it_is_back(fleet: Fleet) -> None:
    load = _loaded(fleet, 2000)
    fleet.kill(2)
    time.sleep(1.5)
    load.stop.set()
    load.join()
    fleet.start(2)
    bench = _settled(fleet, load)
    _assert_exactly_once(bench, load)
    bench.close()


def _restart(server: DatabaseServer, largest_file: int) -> None:
    """Start the database anew, under a limit of its files' sizes [bytes]."""
    server.stop()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.soak
def test_a_database_without_room_loses_nothing(fleet: Fleet) -> None:
    """Files may not grow, as on a full disk; tried without a disk of its own."""
    load = _loaded(fleet, 3000)
    # A file of the log has 16 MiB: without room for that the whole server stops.
    _restart(fleet.database, 17 << 20)

    def is_full() -> bool:
        logs = [(fleet.home / f"ingest-{n}.log").read_text() for n in (1, 2)]
        return any("could not extend file" in log for log in logs)

    wait_until(is_full, 120.0)
    load.stop.set()
    load.join()
    _restart(fleet.database, resource.RLIM_INFINITY)
    bench = _settled(fleet, load)
    _assert_exactly_once(bench, load)
    bench.close()


def test_what_a_killed_broker_forgot_is_named(fleet: Fleet) -> None:
    """Mosquitto confirms from memory: its loss is found by the devices' numbers."""
    load = _loaded(fleet, 2000)
    fleet.kill(1)  # so that the broker holds messages for it
    time.sleep(1.0)
    fleet.broker.kill()
    fleet.broker.start()
    fleet.start(1)
    _connected(fleet)
    time.sleep(1.0)
    load.stop.set()
    load.join()
    bench = ingesting.Bench(fleet.database.url, "nobody")
    before = -1
    while bench.totals().received != before:
        before = bench.totals().received
        time.sleep(2.0)
    stored = {
        (device, seq)
        for device, seq in bench.rows(
            b"select substr(d.code, 2)::int, (extract(epoch from r.ts) * 1000)::bigint"
            b" from reading r join series s on s.id = r.series"
            b" join device d on d.id = s.device_id where s.metric = 'water_level'"
        )
    }
    numbers = {(device, (at - START_MS) // 10) for device, at in stored}
    missing = {
        (device, seq)
        for device in range(DEVICES)
        for seq in range(
            min(n for each, n in numbers if each == device),
            max(n for each, n in numbers if each == device),
        )
    } - numbers
    with bench.database.transaction() as conn:
        found = sequences.gaps(conn, None, None, "demo")
    named = {
        (int(gap.device.removeprefix("d")), seq)
        for gap in found.items
        for seq in range(gap.first, gap.last + 1)
    }
    assert named == missing
    assert bench.totals().is_balanced
    sys.stdout.write(f"{len(missing)} of {load.rounds * DEVICES} forgotten\n")
    bench.close()


def _kill_at_random(fleet: Fleet, kills: int, rate: float) -> None:
    draw = random.Random(11)  # noqa: S311 - no secret
    load = _loaded(fleet, rate)
    began = time.monotonic()
    for kill in range(kills):
        time.sleep(draw.uniform(0.1, 1.5))
        if kill % 5 == 0:
            fleet.database.kill()
            fleet.database.start()
        else:
            number = draw.choice([1, 2])
            fleet.kill(number)
            fleet.start(number)
    load.stop.set()
    lasted_s = time.monotonic() - began
    bench = _settled(fleet, load)
    _assert_exactly_once(bench, load)
    bench.close()
    sys.stdout.write(f"{kills} kills in {lasted_s:.0f} s\n")


def test_kills_of_workers_and_database(fleet: Fleet) -> None:
    _kill_at_random(fleet, kills=4, rate=2000)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_hundred_kills_of_workers_and_database(fleet: Fleet) -> None:
    """A hundred of workers and 25 of the database, in some five minutes."""
    _kill_at_random(fleet, kills=125, rate=4000)
