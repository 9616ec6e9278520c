"""Messages as they arrive, and the bounded inbox in which they wait for the writer."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

MAXIMUM_MESSAGES = 20_000
"""A full inbox stops the reading from the network."""
MAXIMUM_BYTES = 64 * 1024 * 1024
BATCH_MESSAGES = 4_000
BATCH_BYTES = 4 * 1024 * 1024
LINGER_S = 0.01
"""How long a batch that is not full waits for more. [s]"""


class Arrival(NamedTuple):
    """A message at the network callback."""

    number: int
    """Counts the arrivals of this process from 1, without gaps."""
    received_us: int
    """[us since 1970 UTC]"""
    topic: str
    payload: bytes
    epoch: int = 0
    """Which connection it came on."""
    mid: int = 0
    """The broker's id of the message on that connection."""
    qos: int = 0


class Inbox:
    """Arrivals in order; the network thread fills it, the writer empties it.

    Parameters
    ----------
    maximum_messages, maximum_bytes
        From either on the inbox is full. It still takes what was already read from the
        network.
    linger_s
        How long `take` waits for a batch to fill up. [s]
    """

    def __init__(
        self,
        maximum_messages: int = MAXIMUM_MESSAGES,
        maximum_bytes: int = MAXIMUM_BYTES,
        linger_s: float = LINGER_S,
    ) -> None:
        self._maximum_messages = maximum_messages
        self._maximum_bytes = maximum_bytes
        self._linger_s = linger_s
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be read from the network now."""
        return (
            len(self._waiting) >= self._maximum_messages
            or self._bytes >= self._maximum_bytes
        )

    @property
    def is_roomy(self) -> bool:
        """Whether less than half is used."""
        return (
            2 * len(self._waiting) < self._maximum_messages
            and 2 * self._bytes < self._maximum_bytes
        )

    def put(self, arrivals: Sequence[Arrival]) -> None:
        """Add messages behind all others."""
        size = sum([len(arrival.payload) for arrival in arrivals])
        with self._changed:
            if not self._waiting:
                self._changed.notify()
            self._waiting.extend(arrivals)
            self._bytes += size

    def take(self, timeout_s: float) -> list[Arrival]:
        """Take the oldest messages, in order; an empty list after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout_s)
        if 0 < len(self._waiting) < BATCH_MESSAGES and self._bytes < BATCH_BYTES:
            time.sleep(self._linger_s)
        with self._changed:
            return self._oldest()

    def _oldest(self) -> list[Arrival]:
        batch: list[Arrival] = []
        size = 0
        while self._waiting and len(batch) < BATCH_MESSAGES and size < BATCH_BYTES:
            arrival = self._waiting.popleft()
            batch.append(arrival)
            size += len(arrival.payload)
        self._bytes -= size
        return batch
