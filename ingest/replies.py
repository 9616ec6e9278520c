"""What devices are told after a commit: confirmations, and requests for births."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from ingest import topics
from parkpulse import bus
from parkpulse.bus import Presence
from parkpulse.errors import BrokerError, DecodeError
from parkpulse.wire.sparkplug import decoder as sparkplug
from parkpulse.wire.sparkplug import encode, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.pipeline import Letter

_log = logging.getLogger(__name__)


HOST = "parkpulse"
"""Id of our Sparkplug host application."""


class Reply(NamedTuple):
    """A message to a device."""

    topic: str
    payload: bytes


def confirmation(letter: Letter) -> Reply | None:
    """Confirm a message to its device, if its format wants that.

    Whether a part of a message completes it is told only by all that are stored.
    """
    telegram = letter.telegram
    if telegram is None or letter.address is None:
        return None
    if telegram.awaits or not telegram.reply:
        return None
    topic = topics.down(letter.address, letter.arrival.topic)
    return None if topic is None else Reply(topic, telegram.reply)


class Replier:
    """Sends replies; what cannot be sent is dropped, for the device asks again.

    Parameters
    ----------
    url
        Of the broker.
    """

    def __init__(self, url: str) -> None:
        self._publisher: bus.Publisher | None = None
        self._url = url
        self._is_host = False

    def send(self, letters: Sequence[Letter]) -> None:
        """Reply to messages that are committed."""
        for letter in letters:
            reply = confirmation(letter)
            if reply is not None:
                self._publish(reply)
            if letter.telegram is not None and letter.telegram.wants_birth:
                self._ask_for_births(letter.arrival.topic)

    def be_host(self) -> None:
        """Say that a Sparkplug host application is here while we are connected."""
        if self._is_host:
            return
        self.close()
        self._publisher, self._is_host = None, True
        try:
            self._connected()
        except BrokerError as error:
            self._is_host = False
            _log.debug("not announced as host: %s", error)

    def _ask_for_births(self, topic: str) -> None:
        try:
            place = names.parse(topic)
        except DecodeError:
            return
        command = f"{names.NAMESPACE}/{place.group}/NCMD/{place.node}"
        self._publish(Reply(command, encode.rebirth(_now_ms())))

    def ask(self, requests: Sequence[Reply]) -> None:
        """Ask devices for what is missing."""
        for request in requests:
            self._publish(request)

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._publisher is not None:
            self._publisher.close()

    def _publish(self, reply: Reply) -> None:
        try:
            self._connected().publish(reply.topic, reply.payload)
        except BrokerError as error:
            _log.warning("no reply topic=%s: %s", reply.topic, error)

    def _connected(self) -> bus.Publisher:
        if self._publisher is None:
            presence = _presence() if self._is_host else None
            publisher = bus.Publisher(self._url, patience_s=1.0, presence=presence)
            publisher.open()
            self._publisher = publisher
        return self._publisher


def _presence() -> Presence:
    now_ms = _now_ms()  # both say the same time
    here = sparkplug.host_state(online=True, timestamp_ms=now_ms)
    gone = sparkplug.host_state(online=False, timestamp_ms=now_ms)
    return Presence(f"{names.NAMESPACE}/STATE/{HOST}", here, gone)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
