"""The formats that simulated devices speak, by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from typing_extensions import override

from parkpulse.errors import ConfigError
from parkpulse.model import instants
from parkpulse.model.message import Message
from parkpulse.model.registry import TopicSpec
from parkpulse.wire import senml_encode
from parkpulse.wire.platforms import ctwing, iotda, onenet
from parkpulse.wire.sl651 import elements, encode, frame
from parkpulse.wire.sparkplug import encode as sparkplug
from parkpulse.wire.sparkplug import values
from simulators.scenario.packets import HEALTH_DIGITS, Native

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulators.scenario.packets import Encoder, Packets
    from simulators.scenario.roster import Fleet

_PRODUCT = "15120001"
_MS_US = instants.SECOND // 1000
_SCHEDULED = 0x32
"""Function code of a report at its time (SL 651-2014)."""


class _Single(ABC):
    """Writes one message after the other, as the format's own encoder does."""

    name = ""
    """As topics name the format."""
    metrics: frozenset[str] | None = None
    """What the format can say; None: anything."""
    births_every = 0
    """Every so many messages explain the others; 0: none do."""

    def topic(self, park: str, device: str) -> str:
        """Tell where a device's messages go."""
        return f"parkpulse/v1/{park}/{device}/raw/{self.name}"

    def birth_topic(self, park: str, device: str) -> str:
        """Tell where those go that explain the others."""
        return self.topic(park, device)

    def encode(self, packets: Packets) -> list[bytes]:
        """Write the messages, in their order."""
        codes = packets.fleet.codes
        return [
            self.write(codes[place], lane, message)
            for place, lane, message in zip(
                packets.device.tolist(),
                packets.fleet.lanes[packets.device].tolist(),
                _messages(packets, self.metrics),
                strict=True,
            )
        ]

    @abstractmethod
    def write(self, device: str, lane: int, message: Message) -> bytes:
        """Write one message of the device that has a number in the park."""


def _messages(packets: Packets, allowed: frozenset[str] | None) -> Iterator[Message]:
    """Yield each of the packets as a message."""
    metrics = [*packets.values]
    health = {
        metric: values.tolist()
        for metric, values in packets.health.items()
        if allowed is None or metric in allowed
    }
    columns = [packets.values[metric].tolist() for metric in metrics]
    times = (packets.ts_ms * _MS_US).tolist()
    samples = packets.ts_ms.shape[1]
    numbers = zip(
        packets.seq.tolist(), (packets.sent_ms * _MS_US).tolist(), strict=True
    )
    for place, (seq, sent_us) in enumerate(numbers):
        values = [
            column[place][sample] for sample in range(samples) for column in columns
        ]
        ts_us = [at for at in times[place] for _ in metrics]
        yield Message(
            metrics * samples + [*health],
            values + [each[place] for each in health.values()],
            [*ts_us, *(times[place][-1] for _ in health)],
            seq,
            sent_us,
        )


class Sl651(_Single):
    """SL 651-2014 in HEX: reports at their time, observed to the minute."""

    name = "sl651"
    metrics = frozenset(elements.BY_METRIC)
    mode = frame.HEX

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        station = encode.Station(f"{lane % 100_000_000:08d}", mode=self.mode)
        return encode.single(station, _SCHEDULED, encode.report(station, message))


class Sl651Ascii(Sl651):
    """The same in ASCII."""

    mode = frame.ASCII


class Sparkplug(_Single):
    """Sparkplug B: each device an edge node of its own.

    A node's first message, the first one after a restart or silence, and every 60th are
    births; the others name their metrics by aliases. Battery and signal, which come now
    and then, are named in full.
    """

    name = "sparkplug"
    births_every = 60

    @override
    def topic(self, park: str, device: str) -> str:
        return f"spBv1.0/{park}/NDATA/{device}"

    @override
    def birth_topic(self, park: str, device: str) -> str:
        return f"spBv1.0/{park}/NBIRTH/{device}"

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        seq = ((message.seq or 1) - 1) % self.births_every
        told = _values(message, is_birth=seq == 0)
        sent_ms = (message.sent_us or 0) // _MS_US
        if seq == 0:
            return sparkplug.node_birth(told, sent_ms, 0)
        return sparkplug.payload(told, sent_ms, seq)


def _values(message: Message, *, is_birth: bool) -> Iterator[sparkplug.Value]:
    aliases: dict[str, int] = {}
    rows = zip(message.metrics, message.values, message.ts_us, strict=True)
    for metric, value, ts_us in rows:
        if metric in HEALTH_DIGITS:
            name, alias = metric, None
        else:
            alias = aliases.setdefault(metric, len(aliases) + 1)
            name = metric if is_birth else ""
        ts_ms = (ts_us or 0) // _MS_US
        yield sparkplug.Value(value, values.DOUBLE, name, alias, ts_ms)


class Senml(_Single):
    """SenML in JSON (RFC 8428)."""

    name = "senml"

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        return senml_encode.to_json(senml_encode.records(message, f"{device}:"))


class SenmlCbor(_Single):
    """SenML in CBOR."""

    name = "senml"

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        return senml_encode.to_cbor(senml_encode.records(message, f"{device}:"))


class Ctwing(_Single):
    """What CTWing pushes; its time is that of the one sample."""

    name = "ctwing"

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        return ctwing.encode(
            dict(zip(message.metrics, message.values, strict=True)),
            device=device,
            product=_PRODUCT,
            sent_ms=(message.ts_us[0] or 0) // _MS_US,
        )


class Onenet(_Single):
    """What OneNET pushes; each value with its time."""

    name = "onenet"

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        rows = zip(message.metrics, message.values, message.ts_us, strict=True)
        return onenet.encode(
            {metric: (value, (at or 0) // _MS_US) for metric, value, at in rows},
            device=device,
            product=_PRODUCT,
            number=str(message.seq),
        )


class Iotda(_Single):
    """What IoTDA pushes; its time is that of the one sample, to the second."""

    name = "iotda"

    @override
    def write(self, device: str, lane: int, message: Message) -> bytes:
        at = instants.from_us(message.ts_us[0] or 0)
        return iotda.encode(
            dict(zip(message.metrics, message.values, strict=True)),
            device=device,
            product=_PRODUCT,
            service="sensors",
            at=at.strftime("%Y%m%dT%H%M%SZ"),
        )


_MANY: dict[str, Callable[[], _Single]] = {
    "sl651": Sl651,
    "sl651-ascii": Sl651Ascii,
    "senml": Senml,
    "senml-cbor": SenmlCbor,
    "sparkplug": Sparkplug,
}
"""Formats whose messages may hold several samples."""
_ONE: dict[str, Callable[[], _Single]] = {
    "ctwing": Ctwing,
    "onenet": Onenet,
    "iotda": Iotda,
}
NAMES = ("native", *_MANY, *_ONE)


def check(name: str) -> None:
    """Make sure that simulated devices speak a format.

    Raises
    ------
    ConfigError
        They do not.
    """
    if name not in NAMES:
        message = f"simulated devices speak {', '.join(NAMES)}, not {name!r}"
        raise ConfigError(message)


def topics(name: str, park: str) -> list[TopicSpec]:
    """List the topics of its own that a park's format needs."""
    if name != Sparkplug.name:
        return []
    return [TopicSpec(filter=f"spBv1.0/{park}/#", format=Sparkplug.name)]


def for_fleet(name: str, fleet: Fleet) -> Encoder:
    """Make the encoder of a fleet: native where the format lacks what it measures."""
    make = _MANY.get(name) or _ONE.get(name)
    if make is None or (name in _ONE and fleet.samples > 1):
        return Native()
    encoder = make()
    lacks_some = encoder.metrics is not None and not encoder.metrics.issuperset(
        fleet.metrics
    )
    return Native() if lacks_some else encoder
