"""Ingest from a real Mosquitto into a real TimescaleDB, whole."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from ingest import process
from parkpulse.bus import Publisher, State
from tests.integration import ingesting
from tests.integration.ingesting import RETENTION_S, payload, topic
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ingesting import Bench
    from tests.plugins.fix_services import BrokerServer


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


class Running:
    """An ingest worker in a thread."""

    def __init__(self, database_url: str, mqtt_url: str, number: int = 1) -> None:
        self.stop_event = threading.Event()
        self.thread = threading.Thread(
            target=process.run,
            args=(database_url, mqtt_url, number, RETENTION_S, self.stop_event),
        )
        self.thread.start()

    def stop(self) -> None:
        self.stop_event.set()
        self.thread.join(30)
        assert not self.thread.is_alive()


def test_what_is_published_is_stored(
    bench: Bench, broker: BrokerServer, database_url: str
) -> None:
    running = Running(database_url, broker.url)
    with Publisher(broker.url) as publisher:

        def taken() -> bool:
            receipt = publisher.publish(topic(), payload(water_level=1.0))
            return publisher.wait(receipt, 5.0) is State.TAKEN

        wait_until(taken)
        for number in range(100):
            publisher.publish(topic(), payload(water_level=number))
        publisher.wait_acknowledged(10)
    wait_until(lambda: bench.totals().received >= 101)
    running.stop()
    totals = bench.totals()
    assert totals.is_balanced
