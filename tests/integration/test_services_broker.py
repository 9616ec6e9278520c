"""The private Mosquitto: its door, its limits, its sessions across restarts."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.plugins.fix_services import BrokerServer

TOPIC = "parkpulse/v1/p/d/telemetry"


class Subscriber:
    """A persistent session that acknowledges when it is told to."""

    def __init__(self, broker: BrokerServer) -> None:
        self.messages: list[mqtt.MQTTMessage] = []
        self.is_connected = threading.Event()
        self._client = _client("subscriber", clean=False)
        self._client.manual_ack_set(on=True)
        self._client.on_message = self._take
        self._client.on_subscribe = lambda *_: self.is_connected.set()
        _connect(self._client, broker)
        self._client.subscribe(TOPIC, qos=1)
        assert self.is_connected.wait(5)

    def _take(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.messages.append(message)

    def acknowledge_all(self) -> None:
        for message in self.messages:
            self._client.ack(message.mid, message.qos)

    def leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _client(name: str, *, clean: bool) -> mqtt.Client:
    return mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=name,
        clean_session=clean,
        protocol=MQTTProtocolVersion.MQTTv311,
    )


def _connect(client: mqtt.Client, broker: BrokerServer) -> None:
    parts = urlsplit(broker.url)
    client.username_pw_set(parts.username, parts.password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()


@pytest.fixture
def publisher(broker: BrokerServer) -> Iterator[mqtt.Client]:
    client = _client("publisher", clean=True)
    client.max_inflight_messages_set(1000)
    _connect(client, broker)
    yield client
    client.disconnect()
    client.loop_stop()


def _publish(client: mqtt.Client, count: int, payload: bytes = b"x") -> None:
    sent = [client.publish(TOPIC, payload, qos=1) for _ in range(count)]
    for each in sent:
        each.wait_for_publish(30)


@pytest.mark.parametrize("password", [None, "", "parkpulse", "mosquitto"])
def test_the_door_is_locked(broker: BrokerServer, password: str | None) -> None:
    answers: list[bool] = []
    client = _client("stranger", clean=True)
    if password is not None:
        client.username_pw_set("parkpulse", password)
    client.on_connect = lambda *given: answers.append(given[3].is_failure)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    wait_until(lambda: bool(answers))
    client.loop_stop()
    assert answers[0]


def test_more_than_twenty_are_in_flight(
    broker: BrokerServer, publisher: mqtt.Client
) -> None:
    subscriber = Subscriber(broker)
    _publish(publisher, 3000)
    wait_until(lambda: len(subscriber.messages) == 3000)
    subscriber.leave()


def test_a_burst_without_a_receiver_is_kept(
    broker: BrokerServer, publisher: mqtt.Client
) -> None:
    Subscriber(broker).leave()
    _publish(publisher, 21_000)
    again = Subscriber(broker)
    wait_until(lambda: len(again.messages) == 21_000, 30.0)
    again.leave()


def test_ten_megabytes_pass(broker: BrokerServer, publisher: mqtt.Client) -> None:
    subscriber = Subscriber(broker)
    _publish(publisher, 1, bytes(10_000_000))
    wait_until(lambda: len(subscriber.messages) == 1)
    assert len(subscriber.messages[0].payload) == 10_000_000
    subscriber.leave()


def test_a_stop_loses_nothing(broker: BrokerServer, publisher: mqtt.Client) -> None:
    Subscriber(broker).leave()
    _publish(publisher, 500)
    broker.stop()
    broker.start()
    again = Subscriber(broker)
    wait_until(lambda: len(again.messages) == 500)
    again.leave()


def test_what_was_not_acknowledged_comes_again(
    broker: BrokerServer, publisher: mqtt.Client
) -> None:
    first = Subscriber(broker)
    _publish(publisher, 50)
    wait_until(lambda: len(first.messages) == 50)
    first.leave()
    broker.stop()
    broker.start()
    again = Subscriber(broker)
    wait_until(lambda: len(again.messages) == 50)
    assert all(message.dup for message in again.messages)
    again.acknowledge_all()
    again.leave()


def test_a_kill_loses_only_what_was_not_saved(
    broker: BrokerServer, publisher: mqtt.Client
) -> None:
    Subscriber(broker).leave()
    _publish(publisher, 200)
    saved = broker.folder / "sessions.db"
    saved.unlink(missing_ok=True)
    broker.signal(signal.SIGUSR1)
    wait_until(saved.exists)
    _settle(saved)
    broker.kill()
    broker.start()
    again = Subscriber(broker)
    wait_until(lambda: len(again.messages) == 200)
    again.leave()


def _settle(file: Path) -> None:
    sizes = [-1]
    while len(sizes) < 3 or sizes[-1] != sizes[-3]:
        sizes.append(file.stat().st_size)
        time.sleep(0.05)
