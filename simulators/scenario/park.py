"""A park by scenario at work: its messages block by block, in the order of arrival."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from simulators.scenario import encoders, events, roster, way
from simulators.scenario.packets import Crew
from simulators.scenario.world import World, plant_happenings, site_happenings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parkpulse.model.packed import Int64Array
    from parkpulse.model.registry import ParkSpec
    from simulators.scenario.document import Scenario
    from simulators.scenario.events import Fault
    from simulators.scenario.roster import Fleet
    from simulators.scenario.way import Rows

_BLOCK = 20_000
_LONGEST_BLOCK_S = 3600


@dataclass(frozen=True, slots=True)
class Block:
    """Messages in the order in which they reach the broker, n of them.

    Parameters
    ----------
    at_ms : array, shape (n,)
        When. [ms since 1970 UTC]
    topics, payloads
        Where to, and what.
    """

    at_ms: Int64Array
    topics: list[str]
    payloads: list[bytes]


class Park:
    """A park by scenario; equal arguments give the same messages byte for byte.

    Parameters
    ----------
    scenario
        What happens.
    code
        Of the park.
    seed
        Of all chance.
    devices
        How many there shall be, meters aside; None: as the scenario has it.
    format_name
        The format of the messages, of devices whose metrics it has; the others speak
        the native one.

    Raises
    ------
    ConfigError
        An event of the scenario befalls no device.
    """

    def __init__(
        self,
        scenario: Scenario,
        code: str,
        seed: int,
        devices: int | None = None,
        format_name: str = "native",
    ) -> None:
        encoders.check(format_name)
        wanted = roster.counts(scenario, devices)
        self.scenario = scenario
        self.code = code
        self.seed = seed
        self.faults: tuple[Fault, ...] = events.settled(
            scenario, roster.codes(scenario, wanted), seed
        )
        self.world = World(scenario, self.faults, seed)
        self.fleets: list[Fleet] = roster.fleets(
            scenario,
            wanted,
            site_happenings(self.faults),
            plant_happenings(self.faults),
            seed,
        )
        self._format = format_name
        self._crews = [
            Crew(scenario, self.faults, self.world, fleet, encoder)
            for fleet in self.fleets
            for encoder in [encoders.for_fleet(format_name, fleet)]
        ]
        self._topics = [
            [make(code, each) for each in crew.fleet.codes]
            for crew in self._crews
            for make in (crew.encoder.topic, crew.encoder.birth_topic)
        ]

    @property
    def devices(self) -> int:
        """How many devices there are, meters included."""
        return sum(len(fleet.codes) for fleet in self.fleets)

    @property
    def messages(self) -> int:
        """About how many messages it sends."""
        lasts_s = self.scenario.end_s - self.scenario.start_s
        return round(self._rate() * lasts_s * (1.0 + self.scenario.way.repeat))

    @property
    def natives(self) -> list[str]:
        """Kinds of devices that speak the native format for want of another."""
        return [
            crew.fleet.kind
            for crew in self._crews
            if crew.encoder.name == "native" and self._format != "native"
        ]

    def spec(self) -> ParkSpec:
        """Describe the park for the registry."""
        found = roster.park(self.scenario, self.fleets, self.faults, self.code)
        return structs.replace(found, topics=encoders.topics(self._format, self.code))

    def blocks(self) -> Iterator[Block]:
        """Yield all messages of the scenario, and at its end what was held back."""
        step_s = max(1, min(_LONGEST_BLOCK_S, int(_BLOCK / max(self._rate(), 1e-9))))
        held = [way.nothing() for _ in self._crews]
        for start_s in range(self.scenario.start_s, self.scenario.end_s, step_s):
            end_s = min(start_s + step_s, self.scenario.end_s)
            due: list[Rows] = []
            for number, crew in enumerate(self._crews):
                rows = way.joined(held[number], crew.made(start_s, end_s))
                is_due = rows.at_ms < end_s * 1000
                due.append(rows.where(is_due))
                held[number] = rows.where(~is_due)
            yield self._block(due)
        yield from self._held_back(held)

    def _held_back(self, held: list[Rows]) -> Iterator[Block]:
        at = np.sort(np.concatenate([rows.at_ms for rows in held]))
        cuts = [*at[::_BLOCK].tolist(), int(at[-1]) + 1] if len(at) else []
        for start_ms, end_ms in itertools.pairwise(cuts):
            yield self._block(
                [
                    rows.where((rows.at_ms >= start_ms) & (rows.at_ms < end_ms))
                    for rows in held
                ]
            )

    def _block(self, due: list[Rows]) -> Block:
        topics: list[str] = []
        payloads: list[bytes] = []
        for number, (crew, rows) in enumerate(zip(self._crews, due, strict=True)):
            topics += self._addressed(number, crew, rows)
            payloads += crew.payloads(rows)
        at_ms = np.concatenate([rows.at_ms for rows in due])
        order = np.argsort(at_ms, kind="stable")
        places = order.tolist()
        return Block(
            at_ms[order],
            [topics[place] for place in places],
            [payloads[place] for place in places],
        )

    def _addressed(self, number: int, crew: Crew, rows: Rows) -> list[str]:
        usual, of_births = self._topics[2 * number : 2 * number + 2]
        topics = [usual[place] for place in rows.device.tolist()]
        for place in np.flatnonzero(crew.births(rows)).tolist():
            topics[place] = of_births[rows.device[place]]
        return topics

    def _rate(self) -> float:
        """Messages a second of the park's time. [1/s]."""
        return sum(len(fleet.codes) / fleet.period_s for fleet in self.fleets)
