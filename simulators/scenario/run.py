"""A scenario live: registered, then sent to the broker as its clock goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.errors import ConfigError
from parkpulse.store import parks, registry, rules
from simulators.scenario import expected

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from parkpulse.bus.bulk import BulkPublisher
    from parkpulse.store.pool import Database
    from simulators.scenario.park import Block, Park

_TICK_S = 0.05
_PART = 2000
_RETRY_S = 0.5


def register(database: Database, park: Park) -> None:
    """Write the park and its own limits into the registry.

    Raises
    ------
    ConfigError
        A park of this code exists and is no simulation by scenario.
    """
    with database.transaction() as connection:
        there = next(
            (each for each in parks.parks(connection) if each.code == park.code), None
        )
        if there is not None and not (there.simulated and there.clock == "data"):
            message = f"there is another park {park.code}: choose a code with --park"
            raise ConfigError(message)
        park_id = registry.apply(connection, park.spec())
        rules.apply(connection, expected.rules(park), park_id)


def paced(
    blocks: Iterator[Block], start_s: int, speed: float, stopping: threading.Event
) -> Iterator[tuple[list[str], list[bytes]]]:
    """Yield messages when their time has come, a few thousand at most at once.

    Parameters
    ----------
    blocks
        All messages, in order.
    start_s
        Begin of the scenario. [s]
    speed
        How many times as fast as the wall clock; infinite: at once.
    stopping
        Ends it.
    """
    began = time.monotonic()
    for block in blocks:
        sent, count = 0, len(block.topics)
        while sent < count:
            if stopping.is_set():
                return
            due_ms = (start_s + (time.monotonic() - began) * speed) * 1000.0
            ready = int(np.searchsorted(block.at_ms, due_ms, side="right"))
            end = min(ready, sent + _PART)
            if end > sent:
                yield block.topics[sent:end], block.payloads[sent:end]
                sent = end
            elif stopping.wait(_TICK_S):
                return


def send(
    parts: Iterator[tuple[list[str], list[bytes]]],
    publisher: BulkPublisher,
    tell: Callable[[str], None],
    show: Callable[[int], None],
    stopping: threading.Event,
) -> int:
    """Send messages; before the first ones, wait until somebody is subscribed.

    Returns
    -------
    int
        How many were sent.

    Raises
    ------
    BrokerError
        The broker is away for long.
    """
    count = 0
    for topics, payloads in parts:
        if not count:
            _await_subscriber(publisher, topics[0], payloads[0], tell, stopping)
            topics, payloads = topics[1:], payloads[1:]  # noqa: PLW2901 - the first is out
            count = 1
        publisher.publish(topics, payloads)
        count += len(topics)
        show(count)
    return count


def _await_subscriber(
    publisher: BulkPublisher,
    topic: str,
    payload: bytes,
    tell: Callable[[str], None],
    stopping: threading.Event,
) -> None:
    told = False
    while not stopping.is_set():
        before = publisher.unmatched
        publisher.publish([topic], [payload])
        publisher.finish()
        if publisher.unmatched == before:
            return
        if not told:
            tell("Waiting for ingest to subscribe · 等待接入服务")
        told = True
        stopping.wait(_RETRY_S)
