"""A full disk: ingest stops before the database fails, the broker keeps all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ingest import process
from ingest.process import Configuration
from ingest.receiver import Role
from parkpulse.bus import Publisher, State
from parkpulse.engine import absence
from parkpulse.query import health
from parkpulse.store import disk, workers
from parkpulse.store.disk import Disk, Guard
from tests.integration import ingesting
from tests.integration.ingesting import RETENTION_S, now_ms, payload, topic
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from parkpulse.store.workers import Worker
    from tests.integration.ingesting import Bench
    from tests.plugins.fix_services import BrokerServer

GB = 1_000_000_000


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


def _publish(url: str, count: int, start: int) -> None:
    base = now_ms() - 10_000_000 + start
    with Publisher(url) as publisher:
        receipts = [
            publisher.publish(topic(), payload(base + number, water_level=1.0))
            for number in range(count)
        ]
        publisher.wait_acknowledged(60)
    assert {receipt.state for receipt in receipts} == {State.TAKEN}


class Site:
    """A worker on a disk that the test fills; it may end and come again."""

    def __init__(self, bench: Bench, url: str, mqtt_url: str, folder: Path) -> None:
        self.bench = bench
        self.free_bytes = 100 * GB
        guard = Guard(folder, None, None, self._look)
        self._configuration = Configuration(
            url, mqtt_url, 7, Role.ALONE, RETENTION_S, guard
        )
        self.start()

    def _look(self, folder: Path) -> Disk:
        return Disk(str(folder), 1000 * GB, self.free_bytes)

    def start(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=process.run, args=(self._configuration, self._stop)
        )
        self._thread.start()
        wait_until(self._is_connected, 30.0)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5.0)
        assert not self._thread.is_alive()

    def workers(self) -> list[Worker]:
        with self.bench.database.transaction() as connection:
            found = workers.workers(connection)
        return [each for each in found if each.writer == "ingest-7"]

    def _is_connected(self) -> bool:
        return any(each.is_connected for each in self.workers())

    def fill(self, free_bytes: int, wanted: str) -> None:
        self.free_bytes = free_bytes
        wait_until(lambda: self.workers()[0].disk_state == wanted, 30.0)

    def has(self, count: int) -> None:
        wait_until(lambda: len(self.bench.readings()) == count, 30.0)

    def waits(self, count: int) -> None:
        wait_until(lambda: self.workers()[0].waiting == count, 30.0)


@pytest.fixture
def site(
    bench: Bench,
    broker: BrokerServer,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    monkeypatch.setattr(disk, "_PERIOD_S", 0.05)
    made = Site(bench, database_url, broker.url, tmp_path)
    yield made
    made.stop()


def test_messages_wait_until_there_is_room(
    site: Site, bench: Bench, broker: BrokerServer
) -> None:
    _publish(broker.url, 10, 0)
    site.has(10)
    site.fill(10 * GB, "low")
    assert health.of_disk(site.workers(), datetime.now(UTC))[0].code == "disk_low"
    assert absence.is_healthy(site.workers(), datetime.now(UTC))
    site.fill(4 * GB, "full")
    _publish(broker.url, 20, 100)
    site.waits(20)
    assert len(bench.readings()) == 10
    assert health.of_disk(site.workers(), datetime.now(UTC))[0].code == "disk_full"
    assert not absence.is_healthy(site.workers(), datetime.now(UTC))
    site.fill(50 * GB, "ok")
    site.has(30)


def test_a_stop_leaves_them_to_the_next_process(
    site: Site, bench: Bench, broker: BrokerServer
) -> None:
    site.fill(4 * GB, "full")
    _publish(broker.url, 20, 100)
    site.waits(20)
    site.stop()
    site.start()
    site.waits(20)
    assert bench.readings() == []
    site.fill(50 * GB, "ok")
    site.has(20)
    totals = bench.totals("demo")
    assert (totals.received, totals.stored, totals.is_balanced) == (20, 20, True)
