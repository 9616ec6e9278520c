"""Ingest between a real Mosquitto and a real TimescaleDB."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest import process, receiver
from ingest.arrivals import Inbox
from ingest.process import Configuration
from ingest.receiver import MqttReceiver, Role
from parkpulse import bus
from parkpulse.bus import Publisher, State
from parkpulse.store import migrate, workers
from tests.integration import ingesting
from tests.integration.ingesting import RETENTION_S, now_ms, payload, topic
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.ingesting import Bench
    from tests.plugins.fix_proxy import Proxy
    from tests.plugins.fix_services import BrokerServer, DatabaseServer


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    yield from ingesting.bench(database_url)


class Running:
    """An ingest worker in a thread of the test."""

    def __init__(self, configuration: Configuration) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=process.run, args=(configuration, self._stop)
        )
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def run(database_url: str) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def make(
        mqtt_url: str,
        number: int = 1,
        role: Role = Role.ALONE,
        database: str = database_url,
    ) -> Running:
        started.append(
            Running(Configuration(database, mqtt_url, number, role, RETENTION_S))
        )
        return started[-1]

    yield make
    for each in started:
        each.stop()


def through(gate: Proxy, url: str) -> str:
    """The same address by way of a proxy."""
    parts = urlsplit(url)
    return parts._replace(
        netloc=parts.netloc.replace(f":{parts.port}", f":{gate.port}")
    ).geturl()


def connected(bench: Bench, *names: str) -> bool:
    with bench.database.transaction() as connection:
        found = {each.writer: each for each in workers.workers(connection)}
    return all(name in found and found[name].is_connected for name in names)


def wait_connected(bench: Bench, *names: str) -> None:
    wait_until(lambda: connected(bench, *names), 30.0)


def publish(url: str, *payloads: bytes, on: str | None = None) -> None:
    """Publish at QoS 1 and wait until the broker has taken everything over."""
    with Publisher(url) as publisher:
        receipts = [publisher.publish(on or topic(), each) for each in payloads]
        publisher.wait_acknowledged(60)
    assert {receipt.state for receipt in receipts} == {State.TAKEN}


def messages(count: int, start: int = 0) -> list[bytes]:
    """Messages with a reading each, all of different times."""
    base = now_ms() - 10_000_000
    return [
        payload(base + number, water_level=number / 1000)
        for number in range(start, start + count)
    ]


def test_what_is_published_is_stored(
    bench: Bench, broker: BrokerServer, run: Callable[..., Running]
) -> None:
    running = run(broker.url)
    wait_connected(bench, "ingest-1")
    publish(broker.url, *messages(500), b"junk")
    wait_until(lambda: bench.totals().received == 501)
    running.stop()
    totals = bench.totals()
    assert (totals.stored, totals.quarantined, totals.is_balanced) == (500, 1, True)
    assert len(bench.readings()) == 500


def test_every_kind_of_delivery_counts_once(
    bench: Bench, broker: BrokerServer, run: Callable[..., Running]
) -> None:
    run(broker.url)
    wait_connected(bench, "ingest-1")
    address = bus.address(broker.url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(address.user, address.password)
    client.connect(address.host, address.port)
    client.loop_start()
    for qos, message in enumerate(messages(3)):
        client.publish(topic(), message, qos=qos).wait_for_publish(10)
    client.publish("parkpulse/v1/demo/gauge/down", b"ours", qos=1)
    client.publish("parkpulse/v1//x/telemetry", b"{}", qos=1).wait_for_publish(10)
    wait_until(lambda: bench.totals().received == 4)
    client.loop_stop()
    client.disconnect()
    totals = bench.totals()
    assert (totals.stored, totals.quarantined) == (3, 1)


def test_what_arrives_while_nobody_runs_is_stored_later(
    bench: Bench, broker: BrokerServer, run: Callable[..., Running]
) -> None:
    running = run(broker.url)
    wait_connected(bench, "ingest-1")
    running.stop()
    publish(broker.url, *messages(300))
    assert bench.readings() == []
    run(broker.url)
    wait_until(lambda: bench.totals().stored == 300)


def test_nothing_is_acknowledged_before_it_is_committed(
    bench: Bench,
    broker: BrokerServer,
    database_url: str,
    run: Callable[..., Running],
    proxy: Callable[[int], Proxy],
) -> None:
    gate = proxy(urlsplit(database_url).port or 0)
    running = run(broker.url, database=through(gate, database_url))
    wait_connected(bench, "ingest-1")
    gate.cut()
    publish(broker.url, *messages(50))
    time.sleep(0.5)
    running.stop()  # forgets what it has received, as kill -9 would
    assert bench.totals().received == 0
    run(broker.url)
    wait_until(lambda: bench.totals().stored == 50)
    assert bench.totals().duplicate == 0


def test_a_database_outage_costs_neither_messages_nor_the_connection(
    bench: Bench,
    broker: BrokerServer,
    database_url: str,
    run: Callable[..., Running],
    proxy: Callable[[int], Proxy],
) -> None:
    gate = proxy(urlsplit(database_url).port or 0)
    run(broker.url, database=through(gate, database_url))
    wait_connected(bench, "ingest-1")
    publish(broker.url, *messages(20))
    gate.cut()
    publish(broker.url, *messages(200, 20))
    gate.heal()
    wait_until(lambda: bench.totals().received == 220, 30.0)
    totals = bench.totals()
    assert (totals.stored, totals.duplicate, totals.is_balanced) == (220, 0, True)


class Side:
    """The network side of ingest on its own, with a small inbox."""

    def __init__(self, url: str, maximum: int, longest_full_s: float) -> None:
        self.inbox = Inbox(maximum_messages=maximum, linger_s=0.0)
        self.receiver = MqttReceiver(
            bus.address(url), 1, Role.ALONE, self.inbox, longest_full_s
        )
        self.receiver.start()
        wait_until(lambda: self.receiver.is_connected)
        time.sleep(0.2)  # the subscription's answer

    def drain(self, count: int) -> list[bytes]:
        """Take and acknowledge messages; their payloads in order, repeats left out."""
        found: dict[bytes, None] = {}
        until = time.monotonic() + 30.0
        while len(found) < count:
            assert time.monotonic() < until, len(found)
            taken = self.inbox.take(0.1)
            found |= dict.fromkeys(each.payload for each in taken)
            self.receiver.acknowledge(taken)
        return list(found)


def test_a_full_inbox_stops_the_reading_but_not_the_connection(
    broker: BrokerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As with the real figures, reading rests for less than the keep-alive.
    monkeypatch.setattr(receiver, "KEEPALIVE_S", 4)
    monkeypatch.setattr(receiver, "_READ_BYTES", 4096)
    side = Side(broker.url, maximum=10, longest_full_s=30.0)
    sent = messages(5000)
    publish(broker.url, *sent)
    wait_until(lambda: side.inbox.is_full)
    time.sleep(3.5)
    assert len(side.inbox) < 10 + 4096
    assert side.drain(5000) == sent
    assert side.receiver._epoch == 1
    side.receiver.close()


def test_an_inbox_that_stays_full_leaves_the_messages_to_the_broker(
    broker: BrokerServer,
) -> None:
    side = Side(broker.url, maximum=10, longest_full_s=0.5)
    sent = messages(3000)
    publish(broker.url, *sent)
    wait_until(lambda: not side.receiver.is_connected)
    time.sleep(1.0)
    assert not side.receiver.is_connected
    assert sorted(side.drain(3000)) == sorted(sent)
    assert side.receiver._epoch > 1
    side.receiver.close()


def test_what_was_acknowledged_does_not_come_again(broker: BrokerServer) -> None:
    side = Side(broker.url, maximum=1000, longest_full_s=30.0)
    sent = messages(100)
    publish(broker.url, *sent)
    wait_until(lambda: len(side.inbox) == 100)
    taken = side.inbox.take(1.0)
    side.receiver.acknowledge(taken[:60])
    side.receiver.close()
    again = Side(broker.url, maximum=1000, longest_full_s=30.0)
    assert again.drain(40) == sent[60:]
    again.receiver.close()


def test_an_acknowledgement_of_an_earlier_connection_is_dropped(
    broker: BrokerServer, proxy: Callable[[int], Proxy]
) -> None:
    gate = proxy(broker.port)
    side = Side(through(gate, broker.url), maximum=1000, longest_full_s=30.0)
    first, second = messages(2)
    publish(broker.url, first)
    (old,) = side.inbox.take(5.0)
    gate.cut()
    wait_until(lambda: not side.receiver.is_connected)
    gate.heal()
    wait_until(lambda: side.receiver.is_connected)
    (repeated,) = side.inbox.take(5.0)
    assert repeated.payload == first
    assert (old.epoch, repeated.epoch) == (1, 2)
    side.receiver.acknowledge([old])  # too late: says nothing to the new connection
    publish(broker.url, second)
    (new,) = side.inbox.take(5.0)
    side.receiver.acknowledge([new])
    side.receiver.close()
    again = Side(broker.url, maximum=1000, longest_full_s=30.0)
    assert again.drain(1) == [first]
    again.receiver.close()


def test_a_lost_connection_to_the_broker_loses_nothing(
    bench: Bench,
    broker: BrokerServer,
    run: Callable[..., Running],
    proxy: Callable[[int], Proxy],
) -> None:
    gate = proxy(broker.port)
    run(through(gate, broker.url))
    wait_connected(bench, "ingest-1")
    for round_number in range(4):
        publish(broker.url, *messages(300, 300 * round_number))
        gate.cut()
        gate.heal()
    wait_until(lambda: bench.totals().stored == 1200, 30.0)
    totals = bench.totals()
    assert totals.is_balanced
    assert totals.received == 1200 + totals.duplicate


def test_a_broker_that_is_stopped_and_started_loses_nothing(
    bench: Bench, broker: BrokerServer, run: Callable[..., Running]
) -> None:
    run(broker.url)
    wait_connected(bench, "ingest-1")
    for round_number in range(3):
        publish(broker.url, *messages(300, 300 * round_number))
        broker.stop()
        broker.start()
    wait_until(lambda: bench.totals().stored == 900, 30.0)
    assert bench.totals().is_balanced


def test_workers_share_the_messages_and_one_can_retire(
    bench: Bench, broker: BrokerServer, run: Callable[..., Running]
) -> None:
    first = run(broker.url, 1, Role.MEMBER)
    second = run(broker.url, 2, Role.MEMBER)
    wait_connected(bench, "ingest-1", "ingest-2")
    publish(broker.url, *messages(1000))
    wait_until(lambda: bench.totals().received == 1000, 30.0)
    assert bench.totals().stored == 1000
    shares = bench.rows(b"select writer, sum(received) from ledger group by writer")
    assert {name for name, _ in shares} == {"ingest-1", "ingest-2"}
    assert min(share for _, share in shares) > 100
    second.stop()
    publish(broker.url, *messages(500, 1000))  # half of it waits for the second
    run(broker.url, 2, Role.RETIRING).join()
    wait_until(lambda: bench.totals().stored == 1500)
    publish(broker.url, *messages(100, 1500))
    wait_until(lambda: bench.totals().stored == 1600)
    first.stop()
    run(broker.url, 1, Role.ALONE)  # from now on alone: keeps what it had
    wait_connected(bench, "ingest-1")
    publish(broker.url, *messages(100, 1600))
    wait_until(lambda: bench.totals().stored == 1700)
    assert bench.totals().received == 1700


def test_ingest_waits_for_servers_that_are_not_there_yet(
    bench: Bench,
    broker: BrokerServer,
    database_url: str,
    run: Callable[..., Running],
    proxy: Callable[[int], Proxy],
) -> None:
    gate = proxy(urlsplit(database_url).port or 0)
    gate.cut()
    broker.stop()
    run(broker.url, database=through(gate, database_url))
    time.sleep(0.5)
    gate.heal()
    broker.start()
    wait_connected(bench, "ingest-1")
    publish(broker.url, *messages(10))
    wait_until(lambda: bench.totals().stored == 10)


def test_a_killed_database_loses_nothing(
    own_database_server: DatabaseServer,
    broker: BrokerServer,
    run: Callable[..., Running],
) -> None:
    migrate.apply(own_database_server.url)
    bench = ingesting.Bench(own_database_server.url, "nobody")
    bench.register(ingesting.park())
    run(broker.url, database=own_database_server.url)
    wait_connected(bench, "ingest-1")
    for round_number in range(3):
        publish(broker.url, *messages(1000, 1000 * round_number))
        own_database_server.kill()
        own_database_server.start()
    bench.close()
    bench = ingesting.Bench(own_database_server.url, "nobody")
    wait_until(lambda: bench.totals().stored == 3000, 60.0)
    totals = bench.totals()
    assert (totals.received, totals.duplicate) == (3000, 0)
    assert len(bench.readings()) == 3000
    bench.close()


@pytest.mark.soak
def test_an_outage_of_two_minutes_costs_not_even_the_connection(
    bench: Bench,
    broker: BrokerServer,
    database_url: str,
    run: Callable[..., Running],
    proxy: Callable[[int], Proxy],
) -> None:
    gate = proxy(urlsplit(database_url).port or 0)
    run(broker.url, database=through(gate, database_url))
    wait_connected(bench, "ingest-1")
    gate.cut()
    publish(broker.url, *messages(30_000))  # more than the inbox holds
    time.sleep(130.0)
    gate.heal()
    wait_until(lambda: bench.totals().received == 30_000, 60.0)
    time.sleep(2.0)
    totals = bench.totals()
    # A second connection would have brought them all again.
    assert (totals.received, totals.stored, totals.duplicate) == (30_000, 30_000, 0)


def test_the_first_worker_follows_what_the_broker_says_it_has_dropped(
    broker: BrokerServer,
) -> None:
    side = Side(broker.url, maximum=10, longest_full_s=30.0)
    wait_until(lambda: side.receiver.dropped_by_broker == 0, 30.0)  # every 10 s
    assert len(side.inbox) == 0
    side.receiver.close()
