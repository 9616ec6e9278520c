"""Native messages as devices send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

MILLISECOND_US = 1000


class Sample(msgspec.Struct, frozen=True):
    """What a device measured at one time.

    Parameters
    ----------
    ts
        Observed time in milliseconds since 1970 UTC. [ms]
    values
        Value by metric.
    """

    ts: int
    values: dict[str, float]


class _Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """The native payload, as the message format describes it."""

    seq: int
    sent: int
    samples: Sequence[Sample]
    radio: Mapping[str, float] = {}
    units: Mapping[str, str] = {}


def topic(park: str, device: str) -> str:
    """Where a device sends its readings."""
    return f"parkpulse/v1/{park}/{device}/telemetry"


def encode(
    seq: int,
    sent_ms: int,
    samples: Sequence[Sample],
    *,
    radio: Mapping[str, float] | None = None,
    units: Mapping[str, str] | None = None,
) -> bytes:
    """Write a message; units only where they differ from the metrics' own."""
    message = _Message(seq, sent_ms, samples, radio or {}, units or {})
    return msgspec.json.encode(message)


class Outgoing(NamedTuple):
    """A message that a device sends."""

    device: str
    payload: bytes


class Numbering:
    """Counts the messages of each device, from 1 when the device starts."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}

    def next(self, device: str) -> int:
        """Take the next number of a device."""
        self._sent[device] = self._sent.get(device, 0) + 1
        return self._sent[device]
