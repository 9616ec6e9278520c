"""What devices are told after a commit: confirmations."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from ingest import topics
from parkpulse import bus
from parkpulse.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.pipeline import Letter

_log = logging.getLogger(__name__)


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

    def send(self, letters: Sequence[Letter]) -> None:
        """Reply to messages that are committed."""
        for letter in letters:
            reply = confirmation(letter)
            if reply is not None:
                self._publish(reply)

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
            publisher = bus.Publisher(self._url, patience_s=1.0)
            publisher.open()
            self._publisher = publisher
        return self._publisher
