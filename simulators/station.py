"""Devices at work: from the model's values to the messages that they send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import messages, radio
from simulators.faults import RESET_CLOCK_S
from simulators.messages import Numbering, Outgoing, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.packed import Int64Array
    from simulators.faults import Faults
    from simulators.streams import Source, Stream

_MS = 1000


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
        payload = messages.encode(
            self.numbering.next(stream.device),
            sent_s * _MS,
            self._samples(stream, times_s),
            radio=state,
        )
        times = 2 if self.faults.repeats(stream, sent_s) else 1
        return [Outgoing(stream.device, payload)] * times

    def reset_clock(self, stream: Stream, time_s: int) -> list[Outgoing]:
        """Send a message from a clock that has just started anew, if it has. [s]."""
        if not self.faults.resets(stream, time_s):
            return []
        (sample,) = self._samples(stream, np.array([time_s]))
        wrong_ms = RESET_CLOCK_S * _MS
        payload = messages.encode(
            self.numbering.next(stream.device),
            wrong_ms,
            [Sample(wrong_ms, sample.values)],
        )
        return [Outgoing(stream.device, payload)]

    def _radio_state(self, stream: Stream, time_s: int) -> dict[str, float]:
        return (
            radio.state(self.source.seed, stream.device, time_s) if stream.radio else {}
        )

    def _samples(self, stream: Stream, times_s: Int64Array) -> Sequence[Sample]:
        columns = [
            self.source.reading(stream.device, metric, times_s).tolist()
            for metric in stream.metrics
        ]
        return [
            Sample(time_ms, dict(zip(stream.metrics, row, strict=True)))
            for time_ms, *row in zip((times_s * _MS).tolist(), *columns, strict=True)
        ]
