"""kill -9 of ingest under load, compared with what the publisher had acknowledged."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from parkpulse.bus import Publisher, State
from tests.integration import ingesting
from tests.integration.ingesting import now_ms, payload, topic
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from parkpulse.bus import Receipt
    from parkpulse.store.quarantine import Entry
    from tests.integration.ingesting import Bench
    from tests.plugins.fix_services import BrokerServer

COMMAND = str(Path(sys.executable).with_name("parkpulse"))


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


@pytest.fixture
def start(
    database_url: str, broker: BrokerServer, tmp_path: Path
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
        "PARKPULSE_MQTT_URL": broker.url,
    }
    started: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        started.append(_start(environment, tmp_path / "ingest.log"))
        return started[-1]

    yield run
    for each in started:
        each.kill()
        each.wait()
    sys.stdout.write((tmp_path / "ingest.log").read_text())


def _start(environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [COMMAND, "ingest", "--worker", "1"], env=environment, stderr=output
        )


class Load(threading.Thread):
    """Publishes until told to stop; knows what the broker has taken over."""

    def __init__(self, url: str, rate: float, junk_every: int) -> None:
        super().__init__()
        self._junk_every = junk_every
        self._url = url
        self._pause_s = 1 / rate
        self._base_ms = now_ms() - 40 * 86_400_000
        self.stop = threading.Event()
        self.receipts: dict[int, Receipt] = {}

    @override
    def run(self) -> None:
        with Publisher(self._url) as publisher:
            due = time.monotonic()
            number = 0
            while not self.stop.is_set():
                message = b"junk %d" % number
                if number % self._junk_every:
                    message = payload(self._base_ms + number, water_level=number % 100)
                self.receipts[number] = publisher.publish(topic(), message)
                number += 1
                due += self._pause_s
                self.stop.wait(max(due - time.monotonic(), 0.0))
            publisher.wait_acknowledged(60)

    def expected(self) -> dict[int, float]:
        """Value by time [us] of what the broker has taken over."""
        return {
            (self._base_ms + number) * 1000: float(number % 100)
            for number, receipt in self.receipts.items()
            if receipt.state is State.TAKEN and number % self._junk_every
        }

    def junk(self) -> int:
        return sum(
            receipt.state is State.TAKEN and not number % self._junk_every
            for number, receipt in self.receipts.items()
        )


def kill_under_load(
    bench: Bench,
    url: str,
    start: Callable[[], subprocess.Popen[bytes]],
    kills: int,
    rate: float,
    junk_every: int,
) -> None:
    draw = random.Random(17)  # noqa: S311 - no secret
    child = start()
    wait_until(lambda: is_connected(bench), 30.0)
    load = Load(url, rate, junk_every)
    load.start()
    began = time.monotonic()
    for _ in range(kills):
        time.sleep(draw.uniform(0.2, 3.0))
        child.kill()
        child.wait()
        child = start()
    time.sleep(2.0)
    load.stop.set()
    lasted_s = time.monotonic() - began
    load.join()
    expected = load.expected()
    wait_until(lambda: bench.totals().stored >= len(expected), 120.0)
    wait_until(lambda: len({each.sha256 for each in entries(bench)}) == load.junk(), 60)
    child.terminate()
    assert child.wait(30) == 0
    assert {ts: value for _, _, ts, value in bench.readings()} == expected
    assert len(expected) > 100 * kills
    totals = bench.totals()
    assert totals.is_balanced
    assert (totals.stored, totals.values_stored) == (len(expected),) * 2
    assert totals.values_corrected == 0
    assert totals.duplicate == totals.values_duplicate
    counted = bench.rows(b"select sum(size)::int, max(n)::int from batch_log")
    assert counted[0][0] == len(expected)
    sys.stdout.write(
        f"{kills} kills in {lasted_s:.0f} s, {len(load.receipts)} messages published,"
        f" all of them stored or quarantined, {totals.duplicate} delivered twice\n"
    )


def is_connected(bench: Bench) -> bool:
    return bool(bench.rows(b"select 1 from ingest_worker where connected"))


def entries(bench: Bench) -> list[Entry]:
    return bench.quarantine()


def test_kills_lose_nothing_and_store_nothing_twice(
    bench: Bench, broker: BrokerServer, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    kill_under_load(bench, broker.url, start, kills=5, rate=400, junk_every=50)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_kills_lose_nothing_and_store_nothing_twice(
    bench: Bench, broker: BrokerServer, start: Callable[[], subprocess.Popen[bytes]]
) -> None:
    """Some three minutes and a half."""
    kill_under_load(bench, broker.url, start, kills=100, rate=4000, junk_every=2000)
