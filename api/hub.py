"""Hands frames of live streams from one thread to all clients of a view.

Every client has a bounded queue; one that does not keep up is dropped, comes back by
itself and is given a snapshot.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import ParkpulseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

QUEUE = 64
"""Most frames that wait for one client."""
CLIENTS = 1000
"""Most clients of one process."""
OF_ONE = 100
"""Most clients of one account, or of one address as long as there are no accounts."""


class TooManyStreamsError(ParkpulseError):
    """The process serves as many live streams as it may."""


class TooManyOfOneError(ParkpulseError):
    """Somebody has as many live streams open as one may."""


class Frame(NamedTuple):
    """One event of a stream, as it is sent."""

    id: int
    payload: bytes


class View(NamedTuple):
    """What a stream shows: a park, with the values of all its series or of these."""

    park_id: int
    series: tuple[int, ...] | None = None


@dataclass(eq=False, slots=True)
class Client:
    """One open stream; touched only on the event loop."""

    view: View
    holder: str
    """Who has opened it."""
    frames: deque[Frame] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: bool = True

    def put(self, frames: Iterable[Frame]) -> None:
        """Queue frames; the client is dropped when too many wait."""
        self.frames.extend(frames)
        if len(self.frames) > QUEUE:
            self.close()
        self.wake.set()

    def close(self) -> None:
        """End the stream as soon as its handler looks."""
        self.is_open = False
        self.frames.clear()
        self.wake.set()

    async def take(self, timeout_s: float) -> list[Frame]:
        """Wait for frames; none after the timeout, or when the client is closed."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.wake.wait()
        except TimeoutError:
            return []
        self.wake.clear()
        found = list(self.frames)
        self.frames.clear()
        return found


class Hub:
    """All open streams of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_id = 0
        self._clients: dict[View, set[Client]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def next_id(self) -> int:
        """Return a number greater than all before."""
        return self.reserve(1)[0]

    def reserve(self, count: int) -> range:
        """Return as many numbers, greater than all before, also across restarts.

        They are wall time in microseconds, so that a client that comes back with one
        can be told what it has missed.
        """
        with self._lock:
            first = max(self._last_id + 1, time.time_ns() // 1000)
            self._last_id = first + count - 1
        return range(first, first + count)

    def watched(self) -> frozenset[View]:
        """All that somebody looks at."""
        with self._lock:
            return frozenset(self._clients)

    def subscribe(self, view: View, holder: str) -> Client:
        """Open a stream for somebody; on the event loop.

        Raises
        ------
        TooManyOfOneError
            They have as many open as one may.
        TooManyStreamsError
            There are as many as this process serves.
        """
        client = Client(view, holder)
        with self._lock:
            self._loop = asyncio.get_running_loop()
            there = [each for group in self._clients.values() for each in group]
            if sum(each.holder == holder for each in there) >= OF_ONE:
                raise TooManyOfOneError
            if len(there) >= CLIENTS:
                raise TooManyStreamsError
            self._clients.setdefault(view, set()).add(client)
        if self._is_closed:
            client.close()
        return client

    def unsubscribe(self, client: Client) -> None:
        """Forget a stream; on the event loop."""
        client.close()
        with self._lock:
            rest = self._clients.get(client.view, set())
            rest.discard(client)
            if not rest:
                self._clients.pop(client.view, None)

    def publish(self, view: View, frames: Sequence[Frame]) -> None:
        """Send frames to everybody who looks at this; from any thread."""
        with self._lock:
            loop, clients = self._loop, list(self._clients.get(view, ()))
        if loop is not None and clients and frames and not loop.is_closed():
            loop.call_soon_threadsafe(_put, clients, frames)

    def close(self) -> None:
        """End all streams, so that the server can stop; on the event loop."""
        self._is_closed = True
        with self._lock:
            clients = [each for group in self._clients.values() for each in group]
        for client in clients:
            client.close()


def _put(clients: Sequence[Client], frames: Sequence[Frame]) -> None:
    for client in clients:
        client.put(frames)
