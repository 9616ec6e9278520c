"""Messages of devices: where they go and how they are numbered."""

from __future__ import annotations

from typing import NamedTuple


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


def topic(park: str, device: str) -> str:
    """Tell where a device sends its readings."""
    return f"parkpulse/v1/{park}/{device}/telemetry"
