"""Devices at work: from the model's values to the messages that they send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parkpulse.model import instants
from parkpulse.model.message import Message
from parkpulse.wire import native
from simulators import radio
from simulators.faults import RESET_CLOCK_S
from simulators.messages import Numbering, Outgoing

if TYPE_CHECKING:
    from parkpulse.model.packed import Int64Array
    from simulators.faults import Faults
    from simulators.streams import Source, Stream

_WEAK = 0.985
"""Used share of a weak battery when live operation begins."""


@dataclass(frozen=True, slots=True)
class Station:
    """All devices of a park.

    Parameters
    ----------
    source
        What they measure.
    faults
        What goes wrong.
    numbering
        Numbers of their messages.
    """

    source: Source
    faults: Faults
    numbering: Numbering

    def message(
        self, stream: Stream, times_s: Int64Array, sent_s: int, *, radio_state: bool
    ) -> list[Outgoing]:
        """Send what a stream measured, as often as its faults will have it.

        Parameters
        ----------
        stream
            Device and metrics.
        times_s : array, shape (n,)
            Times of the samples, in the order they shall have. [s]
        sent_s
            When the device sends. [s]
        radio_state
            Whether battery and signal go with it.

        Returns
        -------
        list
            No message without samples, two when the device repeats itself.
        """
        if not len(times_s):
            return []
        state = self._radio_state(stream, sent_s) if radio_state else {}
        payload = native.encode(self._measured(stream, times_s, sent_s), state)
        times = 2 if self.faults.repeats(stream, sent_s) else 1
        return [Outgoing(stream.device, payload)] * times

    def reset_clock(
        self, stream: Stream, time_s: int, *, is_past: bool
    ) -> list[Outgoing]:
        """Send a message from a clock that has just started anew, if it has. [s]."""
        if not self.faults.resets(stream, time_s, is_past=is_past):
            return []
        message = self._measured(stream, np.array([time_s]), RESET_CLOCK_S)
        message.ts_us = [message.sent_us] * len(message.values)
        return [Outgoing(stream.device, native.encode(message))]

    def _installed_s(self, device: str) -> int:
        if device != self.faults.weak_battery:
            return radio.installed_s(self.source.seed, device)
        return self.source.began_s - round(_WEAK * radio.BATTERY_LIFE_S)

    def _radio_state(self, stream: Stream, time_s: int) -> dict[str, float]:
        if not stream.radio:
            return {}
        installed_s = self._installed_s(stream.device)
        return radio.state(self.source.seed, stream.device, time_s, installed_s)

    def _measured(self, stream: Stream, times_s: Int64Array, sent_s: int) -> Message:
        columns = [
            self.source.reading(stream.device, metric, times_s)
            for metric in stream.metrics
        ]
        times_us = np.repeat(times_s * instants.SECOND, len(columns))
        observed_us: list[int | None] = [*times_us.tolist()]
        return Message(
            metrics=list(stream.metrics) * len(times_s),
            values=np.column_stack(columns).ravel().tolist(),
            ts_us=observed_us,
            seq=self.numbering.next(stream.device),
            sent_us=sent_s * instants.SECOND,
        )
