"""A device at the broker: what it may do there, and what it is told."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

REFUSED = "Not authorized"


class Device:
    """A connection of MQTT 5, which tells why something is refused."""

    def __init__(
        self,
        user: str,
        password: str,
        context: ssl.SSLContext | None,
        client_id: str,
        will: str | None = None,
    ) -> None:
        self.answers: list[str] = []
        self.ends: list[str] = []
        self.topics: list[str] = []
        self.published: dict[int, str] = {}
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self.client.username_pw_set(user, password)
        self.client.reconnect_delay_set(min_delay=30)
        if will is not None:
            self.client.will_set(will, b"{}", qos=1)
        if context is not None:
            self.client.tls_set_context(context)
        self.client.on_connect = lambda *given: self.answers.append(str(given[3]))
        self.client.on_disconnect = lambda *given: self.ends.append(str(given[3]))
        self.client.on_message = lambda *given: self.topics.append(given[2].topic)
        self.client.on_publish = self._published

    def _published(
        self,
        _client: object,
        _data: object,
        mid: int,
        reason: Any,  # noqa: ANN401 - paho's
        _: object,
    ) -> None:
        self.published[mid] = str(reason)

    def publish(self, topic: str) -> str:
        """Publish and return the broker's word."""
        mid = self.client.publish(topic, b"{}", qos=1).mid
        wait_until(lambda: mid in self.published)
        return self.published[mid]

    def subscribe(self, topic: str) -> None:
        done: list[int] = []
        self.client.on_subscribe = lambda *given: done.append(given[2])
        self.client.subscribe(topic, qos=1)
        wait_until(lambda: bool(done))

    def cut(self) -> None:
        """Lose the connection without a word."""
        found = self.client.socket()
        assert isinstance(found, socket.socket)
        found.shutdown(socket.SHUT_RDWR)

    @property
    def is_in(self) -> bool:
        return self.answers[-1:] == ["Success"] and not self.ends


@contextlib.contextmanager
def device(
    user: str,
    password: str,
    port: int,
    context: ssl.SSLContext | None = None,
    client_id: str = "",
    will: str | None = None,
) -> Iterator[Device]:
    """Connect; the broker's answer is the first of `answers`."""
    made = Device(user, password, context, client_id or f"client-{user}", will)
    made.client.connect("localhost" if context else "127.0.0.1", port)
    made.client.loop_start()
    wait_until(lambda: bool(made.answers))
    try:
        yield made
    finally:
        made.client.disconnect()
        made.client.loop_stop()
