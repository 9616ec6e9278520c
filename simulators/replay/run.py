"""Sends the messages of a file at the speed of choice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec import structs

from parkpulse.errors import ConfigError
from parkpulse.model import instants
from parkpulse.store import parks, registry
from parkpulse.wire import native
from simulators import messages

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from parkpulse.model.registry import ParkSpec
    from parkpulse.store.pool import Connection, Database
    from simulators.replay.rows import Sending
    from simulators.sending import Sender


def register(database: Database, spec: ParkSpec) -> None:
    """Write the park that the messages go to; what it accepted before it still does.

    Raises
    ------
    ConfigError
        A park of this code lives on the wall clock: its readings would be mixed up.
    """
    with database.transaction() as connection:
        registry.apply(connection, _joined(connection, spec))


def _joined(connection: Connection, spec: ParkSpec) -> ParkSpec:
    there = next((p for p in parks.parks(connection) if p.code == spec.code), None)
    if there is None:
        return spec
    if there.clock != "data":
        message = (
            f"the park {spec.code} lives on the wall clock: replay into another one"
            " with --park"
        )
        raise ConfigError(message)
    earlier = min(there.accept_from, spec.accept_from)
    return structs.replace(spec, accept_from=earlier)


def paced(
    found: Iterable[Sending], speed: float, stopping: threading.Event
) -> Iterator[Sending]:
    """Yield messages when they are due; `speed` 2 is twice as fast as they were sent.

    Ends when `stopping` is set. With an infinite speed all are due at once.
    """
    began = time.monotonic()
    first: int | None = None
    for sending in found:
        first = sending.sent_us if first is None else first
        due = began + (sending.sent_us - first) / instants.SECOND / speed
        if stopping.wait(max(0.0, due - time.monotonic())):
            return
        yield sending


def send(
    found: Iterable[Sending],
    park: str,
    sender: Sender,
    show: Callable[[int], None],
) -> None:
    """Publish messages, each device counting its own.

    Raises
    ------
    BrokerError
        The broker or ingest is away for long.
    """
    numbering = messages.Numbering()
    for done, sending in enumerate(found, start=1):
        message = sending.message(numbering.next(sending.device))
        topic = messages.topic(park, sending.device)
        sender.send(topic, native.encode(message))
        show(done)
