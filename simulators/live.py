"""Live operation: every stream sends when its time has come."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import history

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulators.messages import Outgoing
    from simulators.station import Station
    from simulators.streams import Stream

_RADIO_STATE_EVERY_S = 600
_STAGGER_S = 10
_SLEPT_S = 900


@dataclass(slots=True)
class _Running:
    """A stream and what it has sent."""

    stream: Stream
    sent_until_s: int
    due_s: int
    radio_state_s: int = 0


class Live:
    """All streams of a park from a time on.

    Parameters
    ----------
    station
        Their devices.
    streams
        What they send.
    since_s
        Everything until then has been sent. [s]
    """

    def __init__(
        self, station: Station, streams: Sequence[Stream], since_s: int
    ) -> None:
        self._station = station
        self._now_s = since_s
        self._running = [
            _Running(stream, since_s, _next_due(stream, since_s)) for stream in streams
        ]

    def due(self, now_s: int) -> Iterator[Outgoing]:
        """Yield the messages whose time has come by now. [s].

        After a sleep of the machine the missed hours are sent as devices send their
        past: sparse and in large messages.
        """
        if now_s - self._now_s > _SLEPT_S:
            yield from self._catch_up(now_s)
        self._now_s = now_s
        for running in self._running:
            if now_s >= running.due_s:
                yield from self._send(running, now_s)

    def _send(self, running: _Running, now_s: int) -> list[Outgoing]:
        stream = running.stream
        running.due_s = _next_due(stream, now_s)
        if not self._station.faults.has_network(stream, now_s):
            return []
        first = (running.sent_until_s // stream.live_s + 1) * stream.live_s
        times = np.arange(first, now_s + 1, stream.live_s, dtype=np.int64)
        running.sent_until_s = now_s
        # What has piled up without a network comes newest first.
        is_burst = len(times) > stream.batch + 1
        with_state = now_s - running.radio_state_s >= _RADIO_STATE_EVERY_S
        running.radio_state_s = now_s if with_state else running.radio_state_s
        return [
            *self._station.message(
                stream,
                times[::-1] if is_burst else times,
                now_s,
                radio_state=with_state,
            ),
            *self._station.reset_clock(stream, now_s, is_past=False),
        ]

    def _catch_up(self, now_s: int) -> Iterator[Outgoing]:
        sent = {
            (each.stream.device, metric): each.sent_until_s
            for each in self._running
            for metric in each.stream.metrics
        }
        streams = [each.stream for each in self._running]
        for chunk in history.plan(streams, sent, now_s):
            yield from history.messages_of(self._station, chunk)
        for each in self._running:
            each.sent_until_s = now_s


def _next_due(stream: Stream, now_s: int) -> int:
    """Time after now at which a stream sends next; devices are not in step. [s]."""
    offset = zlib.crc32(stream.device.encode()) % min(_STAGGER_S, stream.send_s)
    return ((now_s - offset) // stream.send_s + 1) * stream.send_s + offset
