"""Messages on their way to the broker, counted, none of them for nobody."""

from __future__ import annotations

import collections
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.bus import State
from parkpulse.errors import BrokerError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from parkpulse.bus import Publisher, Receipt

_RETRY_S = 0.5
_NOBODY = "nobody receives the readings: start 'parkpulse up' or 'parkpulse ingest'"


@dataclass(slots=True)
class Counts:
    """How many messages were handed over, and what the broker said."""

    published: int = 0
    acknowledged: int = 0
    refused: int = 0
    unmatched: int = 0
    """Acknowledged while nobody was subscribed, so that nobody gets them."""


class Sender:
    """Publishes, waits for somebody to subscribe, and keeps count.

    Parameters
    ----------
    publisher
        Open connection.
    tell
        Gets a sentence when there is something to wait for.
    stopping
        Ends waiting when it is set.
    patience_s
        How long to wait for the first subscriber. [s]
    """

    def __init__(
        self,
        publisher: Publisher,
        tell: Callable[[str], None],
        stopping: threading.Event,
        patience_s: float = 120.0,
    ) -> None:
        self._publisher = publisher
        self._tell = tell
        self._stopping = stopping
        self._patience_s = patience_s
        self._out: collections.deque[tuple[Receipt, bytes]] = collections.deque()
        self._has_subscriber = False
        self.counts = Counts()

    def send(self, topic: str, payload: bytes) -> None:
        """Publish a message; the first one waits until somebody is subscribed.

        Raises
        ------
        BrokerError
            The broker is away for long, or nobody subscribes.
        """
        self.counts.published += 1
        self._publish(topic, payload)
        self._settle()

    def finish(self, timeout_s: float) -> None:
        """Wait for the broker's answers to everything.

        Raises
        ------
        BrokerError
            Some did not come.
        """
        while self._out:
            self._publisher.wait_acknowledged(timeout_s)
            self._settle()

    def _publish(self, topic: str, payload: bytes) -> None:
        receipt = self._publisher.publish(topic, payload)
        if not self._has_subscriber:
            receipt = self._matched(receipt, payload)
        self._out.append((receipt, payload))

    def _matched(self, receipt: Receipt, payload: bytes) -> Receipt:
        """Send a message again and again until somebody gets it."""
        deadline = time.monotonic() + self._patience_s
        told = False
        while self._publisher.wait(receipt, self._patience_s) is State.UNMATCHED:
            if not told:
                self._tell("Waiting for ingest to subscribe")
            told = True
            if time.monotonic() > deadline:
                raise BrokerError(_NOBODY)
            if self._stopping.wait(_RETRY_S):
                return receipt
            receipt = self._publisher.publish(receipt.topic, payload)
        self._has_subscriber = receipt.state is State.TAKEN
        return receipt

    def _settle(self) -> None:
        while self._out and self._out[0][0].state is not State.PENDING:
            receipt, payload = self._out.popleft()
            if receipt.state is State.TAKEN:
                self.counts.acknowledged += 1
            elif receipt.state is State.REFUSED:
                self.counts.refused += 1
            elif self._stopping.is_set():
                self.counts.unmatched += 1
            else:
                # Acknowledged, but for nobody: it would be lost.
                self._has_subscriber = False
                self._publish(receipt.topic, payload)
