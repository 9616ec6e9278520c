"""A publisher that is also told what is published on some topics."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from parkpulse.bus import Publisher

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paho.mqtt import client as paho
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_MOST_WAITING = 1000


class Heard(NamedTuple):
    """A message of somebody else."""

    topic: str
    payload: bytes


class Hearing(Publisher):
    """As a device: it sends, and hears what it is told while it is there.

    Parameters
    ----------
    url
        Of the broker.
    filters
        Topics to hear of, QoS 1.
    window
        Most messages of its own without an answer.
    """

    def __init__(self, url: str, filters: Sequence[str], *, window: int) -> None:
        self._filters = [(each, 1) for each in filters]
        self._waiting: queue.Queue[Heard] = queue.Queue(_MOST_WAITING)
        super().__init__(url, window=window)

    def heard(self) -> list[Heard]:
        """Return what has come since the last call."""
        found = []
        while not self._waiting.empty():
            found.append(self._waiting.get_nowait())
        return found

    @override
    def _make_client(self) -> paho.Client:
        client = super()._make_client()
        client.on_message = self._on_message
        return client

    def _on_message(
        self,
        client: paho.Client,
        userdata: Any,  # noqa: ANN401 - paho's signature
        message: paho.MQTTMessage,
    ) -> None:
        del client, userdata
        if not self._waiting.full():
            self._waiting.put_nowait(Heard(message.topic, bytes(message.payload)))

    @override
    def _on_connect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        super()._on_connect(client, userdata, flags, reason, properties)
        if not reason.is_failure:
            client.subscribe(self._filters)
