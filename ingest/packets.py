"""Takes PUBLISH packets of MQTT 3.1.1 out of what a broker sends, many at a time; pure.

A client library looks at each packet by itself, in several reads; that was most of the
cost of a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLISH = 3
"""Type of packet, the upper four bits of its first byte."""
_CONTINUES = 0x80
_LONGEST_LENGTH = 4
_SHORTEST = 2
Published = tuple[bytes, bytes, int, int]
"""Topic, payload, packet id (0 at QoS 0), QoS."""


class Packets(NamedTuple):
    """Whole packets, in order."""

    published: list[Published]
    others: bytes
    """All that are no PUBLISH, as they came."""


class Stream:
    """What came on one connection and is not yet a whole packet."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> Packets:
        """Take what was read; return the packets that it completes.

        Raises
        ------
        BrokerError
            It is not MQTT.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return Packets([], b"")
            data = bytes(self._rest)
        packets, used, self._needed = _split(data)
        self._rest = bytearray(data[used:])
        return packets


def _split(data: bytes) -> tuple[Packets, int, int]:
    """Return whole packets, their length, and how much the next one needs at least."""
    published: list[Published] = []
    others: list[bytes] = []
    start, available = 0, len(data)
    while available - start >= _SHORTEST:
        length, body = data[start + 1], start + 2
        if length >= _CONTINUES:
            length, body = _length(data, start + 1)
        end = body + length
        if not body or end > available:
            return Packets(published, b"".join(others)), start, max(end - start, 0)
        if data[start] >> 4 == PUBLISH:
            published.append(_published(data, data[start] >> 1 & 3, body, end))
        else:
            others.append(data[start:end])
        start = end
    return Packets(published, b"".join(others)), start, 0


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Read a length of several bytes, and where it ends; (0, 0) if it goes on."""
    length = 0
    for index, byte in enumerate(data[at : at + _LONGEST_LENGTH]):
        length |= (byte & ~_CONTINUES) << 7 * index
        if byte < _CONTINUES:
            return length, at + index + 1
    if len(data) - at >= _LONGEST_LENGTH:
        message = "the broker sends a length of more than four bytes"
        raise BrokerError(message)
    return 0, 0


def _published(data: bytes, qos: int, body: int, end: int) -> Published:
    topic = body + 2
    after = topic + (data[body] << 8 | data[body + 1])
    payload = after + 2 if qos else after
    if payload > end:
        message = "the broker sends a message that is shorter than its topic"
        raise BrokerError(message)
    mid = data[after] << 8 | data[after + 1] if qos else 0
    return data[topic:after], data[payload:end], mid, qos


def acknowledgements(mids: Iterable[int]) -> bytes:
    """PUBACK packets, one behind the other."""
    return b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])
