"""A subscriber that keeps what the broker delivers.

listener    Listener: subscribed to everything below `parkpulse/` on `broker`;
            `messages` (list of (topic, payload) in order of arrival), `payloads()`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from parkpulse import bus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugins.fix_services import BrokerServer


class Listener:
    """A subscriber of its own connection."""

    def __init__(self, url: str) -> None:
        where = bus.address(url)
        self.messages: list[tuple[str, bytes]] = []
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(where.user, where.password)
        self._client.on_message = self._keep
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect(where.host, where.port)
        self._client.subscribe("parkpulse/#", qos=1)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def _keep(
        self, client: paho.Client, userdata: object, message: paho.MQTTMessage
    ) -> None:
        del client, userdata
        self.messages.append((message.topic, bytes(message.payload)))

    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.messages]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listener(broker: BrokerServer) -> Iterator[Listener]:
    listening = Listener(broker.url)
    yield listening
    listening.close()
