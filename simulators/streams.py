"""What a device reports and how often, in its past and live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array


class Source(Protocol):
    """What devices measure: a function of seed and time."""

    @property
    def seed(self) -> int:
        """Seed of all chance."""

    @property
    def began_s(self) -> int:
        """When live operation began, in seconds since 1970 UTC."""

    def reading(self, device: str, metric: str, times_s: Int64Array) -> FloatArray:
        """Read a device's sensor at each time. [s]."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Metrics that a device measures and sends together.

    Parameters
    ----------
    device
        Code of the device.
    metrics
        All of them are in every sample.
    history_s, history_days
        Interval of the samples of the past, and how far back they go. [s], [d]
    live_s
        Interval of the samples in live operation. [s]
    batch
        Samples that a live message holds.
    radio
        Whether the device is a sleeping one on battery and NB-IoT.
    """

    device: str
    metrics: tuple[str, ...]
    history_s: int
    history_days: int
    live_s: int
    batch: int = 1
    radio: bool = False

    @property
    def send_s(self) -> int:
        """Interval of the live messages. [s]."""
        return self.live_s * self.batch
