"""The past of a park as messages: what its devices have not sent yet, oldest first."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.model.packed import Int64Array
    from simulators.messages import Outgoing
    from simulators.station import Station
    from simulators.streams import Stream

_DAY_S = 86400
_SAMPLES_PER_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of a stream that go into one message: start < time <= end. [s]."""

    stream: Stream
    start_s: int
    end_s: int

    def times(self) -> Int64Array:
        """List the times of the samples, whole multiples of the interval. [s]."""
        interval = self.stream.history_s
        first = (self.start_s // interval + 1) * interval
        return np.arange(first, self.end_s + 1, interval, dtype=np.int64)


def plan(
    streams: Sequence[Stream], stored: Mapping[tuple[str, str], int], until_s: int
) -> list[Chunk]:
    """List what is missing until a time: each stream by time, short pasts first.

    Parameters
    ----------
    streams
        All of the park.
    stored
        Newest stored time by device and metric: a stream goes on after it. [s]
    until_s
        End of the past. [s]
    """
    chunks = [chunk for each in streams for chunk in _chunks(each, stored, until_s)]
    chunks.sort(key=lambda each: (each.stream.history_days, each.end_s))
    return [chunk for chunk in chunks if len(chunk.times())]


def _chunks(
    stream: Stream, stored: Mapping[tuple[str, str], int], until_s: int
) -> list[Chunk]:
    newest = min(stored.get((stream.device, metric), 0) for metric in stream.metrics)
    begin = max(until_s - stream.history_days * _DAY_S, newest)
    span = stream.history_s * _SAMPLES_PER_MESSAGE
    first_cut = (begin // span + 1) * span
    cuts = [begin, *range(first_cut, until_s, span), until_s]
    return [Chunk(stream, start, end) for start, end in itertools.pairwise(cuts)]


def messages_of(station: Station, chunk: Chunk) -> list[Outgoing]:
    """Send the samples of a chunk, but for the hours in which the device was silent."""
    times = chunk.times()
    live = times >= station.source.began_s
    measured = times[live | station.faults.measures(chunk.stream, times)]
    sent_s = int(times[-1])
    return [
        *station.message(chunk.stream, measured, sent_s, radio_state=True),
        *station.reset_clock(chunk.stream, sent_s, is_past=True),
    ]
