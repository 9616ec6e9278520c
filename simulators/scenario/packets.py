"""What messages hold, many at once, and how they are written in the native format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simulators import draws, radio
from simulators.scenario import text
from simulators.scenario.sensors import Sensors, sensor
from simulators.scenario.way import Ways

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from simulators.scenario.document import Scenario
    from simulators.scenario.events import Fault
    from simulators.scenario.roster import Fleet
    from simulators.scenario.text import Column
    from simulators.scenario.way import Rows
    from simulators.scenario.world import World

_MS = 1000
_HEALTH_EVERY_S = 3600
HEALTH_DIGITS = {"battery_voltage": 2, "rsrp": 0, "snr": 1}


@dataclass(frozen=True, slots=True)
class Packets:
    """Messages of devices of a fleet, n of them with m samples each.

    Parameters
    ----------
    fleet
        Whose they are.
    device : array, shape (n,)
        Places in the fleet.
    seq : array, shape (n,)
        The devices' own numbers.
    sent_ms : array, shape (n,)
        When they were sent, by the devices' clocks. [ms]
    ts_ms : array, shape (n, m)
        When the samples were taken, by the devices' clocks. [ms]
    values
        Array, shape (n, m), of each metric.
    health
        Array, shape (n,), of battery and signal; none if they do not go along.
    """

    fleet: Fleet
    device: Int64Array
    seq: Int64Array
    sent_ms: Int64Array
    ts_ms: Int64Array
    values: Mapping[str, FloatArray]
    health: Mapping[str, FloatArray]


class Encoder(Protocol):
    """Writes messages in a format."""

    name: str
    births_every: int
    """Every so many messages explain the others, on topics of their own; 0: none do."""

    def encode(self, packets: Packets) -> list[bytes]:
        """Write the messages, in their order."""

    def topic(self, park: str, device: str) -> str:
        """Tell where a device's messages go."""

    def birth_topic(self, park: str, device: str) -> str:
        """Tell where those go that explain the others."""


class Native:
    """The native JSON format, as `parkpulse.wire.native` reads it."""

    name = "native"
    births_every = 0

    def topic(self, park: str, device: str) -> str:
        """Tell where a device's messages go."""
        return f"parkpulse/v1/{park}/{device}/telemetry"

    birth_topic = topic

    def encode(self, packets: Packets) -> list[bytes]:
        """Write the messages, in their order."""
        columns = [text.constant('{"seq":'), text.integers(packets.seq)]
        columns += [text.constant(',"sent":'), text.integers(packets.sent_ms)]
        columns.append(text.constant(',"samples":['))
        for sample in range(packets.ts_ms.shape[1]):
            columns += _sample(packets, sample)
        columns.append(text.constant("]"))
        if packets.health:
            columns.append(text.constant(',"radio":'))
            columns += _object(packets.health, HEALTH_DIGITS)
        columns.append(text.constant("}"))
        return text.lines(columns, len(packets.device))


def _sample(packets: Packets, sample: int) -> list[Column]:
    begin = ',{"ts":' if sample else '{"ts":'
    digits = {metric: sensor(metric).digits for metric in packets.values}
    values = {metric: array[:, sample] for metric, array in packets.values.items()}
    return [
        text.constant(begin),
        text.integers(packets.ts_ms[:, sample]),
        text.constant(',"values":'),
        *_object(values, digits),
        text.constant("}"),
    ]


def _object(
    values: Mapping[str, FloatArray], digits: Mapping[str, int]
) -> list[Column]:
    columns: list[Column] = []
    for metric, array in values.items():
        name = f',"{metric}":' if columns else f'{{"{metric}":'
        columns += [text.constant(name), *text.decimals(array, digits[metric])]
    return [*columns, text.constant("}")]


class Crew:
    """A fleet at work: what its devices send.

    Parameters
    ----------
    scenario, faults, world
        What happens, and what is true.
    fleet
        The devices.
    encoder
        The format that they speak.
    """

    def __init__(
        self,
        scenario: Scenario,
        faults: tuple[Fault, ...],
        world: World,
        fleet: Fleet,
        encoder: Encoder,
    ) -> None:
        self.fleet = fleet
        self.encoder = encoder
        self._seed = world.seed
        self._start_s = scenario.start_s
        self._sensors = Sensors(world, fleet, faults)
        self._ways = Ways(fleet, scenario.way, faults, world.seed, scenario.start_s)

    def made(self, start_s: int, end_s: int) -> Rows:
        """List the messages made in [start, end). [s]."""
        return self._ways.made(start_s, end_s)

    def payloads(self, rows: Rows) -> list[bytes]:
        """Write messages, in their order."""
        found = [b""] * len(rows)
        every = max(1, _HEALTH_EVERY_S // self.fleet.period_s)
        with_health = (rows.number % every == 0) & self.fleet.radio
        for chosen in (with_health, ~with_health):
            places = np.flatnonzero(chosen)
            if len(places):
                packets = self.packets(rows.where(places), bool(with_health[places[0]]))
                written = self.encoder.encode(packets)
                for place, payload in zip(places.tolist(), written, strict=True):
                    found[place] = payload
        return found

    def births(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Tell which messages explain the others."""
        every = self.encoder.births_every
        if not every:
            return np.zeros(len(rows), dtype=np.bool_)
        count = self._ways.seq(rows.device, rows.number) - 1
        is_birth: npt.NDArray[np.bool_] = count % every == 0
        return is_birth

    def packets(self, rows: Rows, has_health: bool) -> Packets:  # noqa: FBT001 - with or without
        """Find out what messages hold."""
        fleet, samples = self.fleet, self.fleet.samples
        made_s = self._ways.made_s(rows.device, rows.number)
        before = fleet.interval_s * np.arange(samples - 1, -1, -1, dtype=np.int64)
        device, times_s = (
            np.repeat(rows.device, samples),
            (made_s[:, None] - before).ravel(),
        )
        shape = (len(rows), samples)
        made_of_samples = np.repeat(made_s, samples)
        ts_ms = self._ways.clock_ms(device, made_of_samples, times_s * _MS)
        return Packets(
            fleet,
            rows.device,
            self._ways.seq(rows.device, rows.number),
            self._ways.clock_ms(rows.device, made_s, rows.sent_ms),
            ts_ms.reshape(shape),
            {
                metric: self._sensors.read(metric, device, times_s).reshape(shape)
                for metric in fleet.metrics
            },
            self._health(rows.device, made_s) if has_health else {},
        )

    def _health(self, device: Int64Array, times_s: Int64Array) -> dict[str, FloatArray]:
        lane = self.fleet.lanes[device]
        age = _age_s(self._seed, lane) + times_s - self._start_s
        rsrp, snr = radio.signal(self._seed, lane, times_s)
        return {"battery_voltage": radio.voltage(age), "rsrp": rsrp, "snr": snr}


def _age_s(seed: int, lane: Int64Array) -> Int64Array:
    """Tell how old batteries are when the scenario begins. [s]."""
    used = draws.uniform(seed, "battery", lane)
    return (used * radio.BATTERY_LIFE_S).astype(np.int64)
