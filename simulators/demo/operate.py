"""Has the demonstration park registered, its past sent, and its present running."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.errors import ConfigError
from parkpulse.store import devices, parks, readings, registry, rules
from parkpulse.wire import commands
from simulators import history, messages
from simulators.demo import books, controller, park, plan, response
from simulators.faults import Faults
from simulators.live import Live
from simulators.messages import Numbering
from simulators.site.model import Model
from simulators.station import Station

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from parkpulse.bus.hearing import Heard
    from parkpulse.store.pool import Connection, Database
    from simulators.demo.controller import Controller
    from simulators.sending import Sender
    from simulators.streams import Stream

_US = 1_000_000
_TICK_S = 0.5
_BAD_CLOCK, _WEAK_BATTERY = "soil-slope", "level-river"


@dataclass(frozen=True, slots=True)
class Demo:
    """The registered park.

    Parameters
    ----------
    code
        Of the park.
    station
        Its devices at work.
    streams
        What they send.
    stored
        Newest stored time by device and metric. [s]
    """

    code: str
    station: Station
    streams: list[Stream]
    stored: dict[tuple[str, str], int]


def register(database: Database, code: str, seed: int, now_s: int) -> Demo:
    """Write park and rules, and find out what has been stored before.

    Raises
    ------
    ConfigError
        The park exists and is no simulation.
    """
    with database.transaction() as connection:
        began_s = _began_s(connection, code, now_s)
        spec = park.park(code, began_s)
        park_id = registry.apply(connection, spec)
        rules.apply(connection, park.rules(), park_id)
        books.put(connection, park_id, began_s)
        plan.put(connection, park_id)
        response.put(connection, park_id)
        stored = _stored(connection, park_id)
    faults = Faults(seed, _BAD_CLOCK, _WEAK_BATTERY)
    station = Station(Model(seed, began_s), faults, Numbering())
    return Demo(code, station, park.streams(spec), stored)


def _began_s(connection: Connection, code: str, now_s: int) -> int:
    """Tell when the park began: now, or as it stands in the registry. [s]."""
    there = next((each for each in parks.parks(connection) if each.code == code), None)
    if there is None:
        return now_s
    if not there.simulated:
        message = f"the park {code} is a real one: simulate another one with --park"
        raise ConfigError(message)
    return park.began_s(there.accept_from)


def _stored(connection: Connection, park_id: int) -> dict[tuple[str, str], int]:
    codes = {
        each.id: each.code
        for each in devices.devices(connection)
        if each.park_id == park_id
    }
    keys = {
        each.id: (codes[each.device_id], each.metric)
        for each in devices.series(connection)
        if each.device_id in codes
    }
    newest = readings.latest(connection, park_id)
    return {
        keys[series]: ts // _US
        for series, ts in zip(newest.series.tolist(), newest.ts.tolist(), strict=True)
    }


def past_parts(demo: Demo, until_s: int) -> int:
    """Count the parts in which the past until a time is sent. [s]."""
    return len(history.plan(demo.streams, demo.stored, until_s))


def send_past(
    demo: Demo,
    until_s: int,
    sender: Sender,
    show: Callable[[int], None],
    stopping: threading.Event,
) -> int:
    """Send what has not been stored until a time; return how many parts were sent.

    Parameters
    ----------
    demo
        The park.
    until_s
        End of the past. [s]
    sender
        Takes the messages.
    show
        Gets how many parts of the past are sent.
    stopping
        Ends it before the end.

    Raises
    ------
    BrokerError
        The broker or ingest is away for long.
    """
    done = 0
    for chunk in history.plan(demo.streams, demo.stored, until_s):
        if stopping.is_set():
            break
        for message in history.messages_of(demo.station, chunk):
            topic = messages.topic(demo.code, message.device)
            sender.send(topic, message.payload)
        done += 1
        show(done)
    return done


def heard_of(code: str) -> list[str]:
    """List the topics on which the park's controllers are told something."""
    return [commands.topic(code, each.device) for each in controller.controllers()]


def run_live(
    demo: Demo,
    since_s: int,
    sender: Sender,
    heard: Callable[[], Iterable[Heard]],
    stopping: threading.Event,
) -> None:
    """Send what is due, second by second on the wall clock, until told to stop.

    Parameters
    ----------
    demo
        The park.
    since_s
        Everything until then has been sent. [s]
    sender
        Takes the messages.
    heard
        Returns what the controllers have been told since it was asked last.
    stopping
        Ends it.

    Raises
    ------
    BrokerError
        The broker is away for long.
    """
    live = Live(demo.station, demo.streams, since_s)
    controllers = {
        commands.topic(demo.code, each.device): each
        for each in controller.controllers()
    }
    while not stopping.wait(_TICK_S):
        for message in live.due(int(time.time())):
            topic = messages.topic(demo.code, message.device)
            sender.send(topic, message.payload)
        for told in heard():
            controllers[told.topic].hear(told.payload, time.time())
        for each in controllers.values():
            _answer(demo.code, each, sender, time.time())


def _answer(park_code: str, device: Controller, sender: Sender, now_s: float) -> None:
    for answer in device.answers(now_s):
        sender.send(f"{commands.topic(park_code, device.device)}/ack", answer)
    report = device.report(now_s)
    if report is not None:
        sender.send(messages.topic(park_code, device.device), report)
