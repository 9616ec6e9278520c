"""Events of a scenario with their devices, times and sizes settled."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parkpulse.errors import ConfigError
from simulators import draws
from simulators.scenario.kinds import EVENTS, PLANT, SITE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.scenario.document import Event, Scenario


class Fault(NamedTuple):
    """An event of a scenario, settled.

    Parameters
    ----------
    number
        Of the event in its scenario.
    kind
        What it is.
    devices
        Codes of the devices that it befalls, in order.
    start_s, end_s
        [start, end) in seconds since 1970 UTC. [s]
    size
        In the unit of its kind.
    metric
        Metric that it befalls, if only one.
    """

    number: int
    kind: str
    devices: tuple[str, ...]
    start_s: int
    end_s: int
    size: float
    metric: str | None

    @property
    def is_physical(self) -> bool:
        """Whether the world changes, not what is said of it."""
        return self.kind in PLANT or self.kind in SITE


def settled(
    scenario: Scenario, kinds: Mapping[str, str], seed: int
) -> tuple[Fault, ...]:
    """Settle all events of a scenario.

    Parameters
    ----------
    scenario
        That has them.
    kinds
        Kind of each device by its code.
    seed
        Of all chance.

    Raises
    ------
    ConfigError
        An event befalls no device.
    """
    return tuple(
        _settled(number, event, scenario, kinds, seed)
        for number, event in enumerate(scenario.events)
    )


def _settled(
    number: int, event: Event, scenario: Scenario, kinds: Mapping[str, str], seed: int
) -> Fault:
    info = EVENTS[event.kind]
    fitting = [
        code
        for code, kind in kinds.items()
        if fnmatch.fnmatchcase(code, event.target)
        and (not info.devices or kind in info.devices)
    ]
    index = np.arange(len(fitting), dtype=np.int64)
    chosen = draws.uniform(seed, f"event {number}", index) < event.share
    devices = tuple(np.array(fitting, dtype=object)[chosen])
    if not devices:
        message = (
            f"event {number + 1} ({event.kind} of {event.target}) befalls no device"
            " of this park"
        )
        raise ConfigError(message)
    start_s = scenario.start_s + round(event.start_h * 3600)
    hours = scenario.duration_h if event.end_h is None else event.end_h
    end_s = scenario.start_s + round(hours * 3600)
    size = info.size if event.size is None else event.size
    return Fault(number, event.kind, devices, start_s, end_s, size, event.metric)
