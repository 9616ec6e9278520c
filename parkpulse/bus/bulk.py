"""The same for very many messages: whole packets, answers only counted."""

from __future__ import annotations

import collections
import contextlib
import logging
import secrets
import select
import socket
import ssl
import time
from typing import TYPE_CHECKING, Self

from parkpulse import bus
from parkpulse.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from parkpulse.bus import Address

log = logging.getLogger(__name__)

_LARGEST_WINDOW = 65000
_BULK = 2000
_VARINT = 128
# A part of an encrypted record says nothing yet.
_NOT_NOW = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_NO_SUBSCRIBER, _FAILURE = 0x10, 0x80
_PUBACK, _PUBACK_REASON, _CONNACK_REASON = 0x40, 4, 3
_DISCONNECT = b"\xe0\x00"
_RECEIVE_MAXIMUM = 0x21
_PROPERTY_BYTES = {0x11: 4, 0x13: 2, 0x22: 2, 0x24: 1, 0x25: 1} | {
    0x27: 4,
    0x28: 1,
    0x29: 1,
    0x2A: 1,
}


class BulkPublisher:
    """A connection that publishes in bulk; use it as a context manager.

    It speaks MQTT 5 itself, for paho's own work for each message is several times what
    the broker needs. A lost connection is taken up again and what has no answer is sent
    once more, so that nothing is lost and some may come twice (QoS 1).

    Parameters
    ----------
    url
        `mqtt://user:password@host:port` or `mqtts://`; never logged.
    window
        Most messages without an answer.
    patience_s
        How long to wait for an answer or a connection before giving up. [s]
    """

    def __init__(
        self, url: str, *, window: int = 20_000, patience_s: float = 60.0
    ) -> None:
        self._address = bus.address(url)
        self._context = self._address.context()
        self._wanted_window = min(window, _LARGEST_WINDOW)
        self._window = self._wanted_window
        self._patience_s = patience_s
        self._out: collections.deque[bytes] = collections.deque()
        self._heads: dict[str, bytes] = {}
        self._received = bytearray()
        self._mid = 0
        self._socket = socket.socket()
        self.acknowledged = 0
        self.unmatched = 0
        self.refused = 0

    def __enter__(self) -> Self:
        self._connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(_DISCONNECT)
        self._socket.close()

    def publish(self, topics: Sequence[str], payloads: Sequence[bytes]) -> None:
        """Hand messages over; waits while the window is full.

        Raises
        ------
        BrokerError
            The broker is away, or answers nothing, for long.
        """
        for start in range(0, len(topics), _BULK):
            frames = [
                self._frame(topic, payload)
                for topic, payload in zip(
                    topics[start : start + _BULK],
                    payloads[start : start + _BULK],
                    strict=True,
                )
            ]
            self._wait(self._window - len(frames))
            self._out.extend(frames)
            self._write(b"".join(frames))

    def finish(self) -> None:
        """Wait until the broker has answered everything.

        Raises
        ------
        BrokerError
            The broker is away, or answers nothing, for long.
        """
        self._wait(0)

    def _frame(self, topic: str, payload: bytes) -> bytes:
        head = self._heads.get(topic)
        if head is None:
            head = self._heads[topic] = _field(topic.encode())
        self._mid = self._mid % 65535 + 1
        length = len(head) + 3 + len(payload)
        mid = self._mid.to_bytes(2, "big")
        return b"".join((b"\x32", _varint(length), head, mid, b"\x00", payload))

    def _wait(self, most: int) -> None:
        """Read answers until no more than `most` messages are without one."""
        deadline = time.monotonic() + self._patience_s
        while len(self._out) > max(0, most):
            before = len(self._out)
            try:
                self._read_within(1.0)
            except OSError as error:
                self._take_up(error)
            if len(self._out) < before:
                deadline = time.monotonic() + self._patience_s
            elif time.monotonic() > deadline:
                raise BrokerError(self._silence())

    def _silence(self) -> str:
        return f"the MQTT broker has acknowledged nothing for {self._patience_s:.0f} s"

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                readable, writable, _ = select.select(
                    [self._socket], [self._socket], [], self._patience_s
                )
                if not readable and not writable:
                    raise BrokerError(self._silence())
                if readable:
                    self._read()
                if writable:
                    view = view[self._send(view) :]
        except OSError as error:
            self._take_up(error)

    def _send(self, view: memoryview) -> int:
        try:
            return self._socket.send(view)
        except _NOT_NOW:
            return 0

    def _take_up(self, reason: OSError) -> None:
        """Connect anew and send again what has no answer."""
        log.warning("the MQTT broker is away (%s); trying again", reason)
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                self._connect()
                self._socket.settimeout(self._patience_s)
                self._socket.sendall(b"".join(self._out))
                self._socket.settimeout(0.0)
            except (OSError, BrokerError) as error:
                if time.monotonic() > deadline:
                    message = f"the MQTT broker is away: {error}"
                    raise BrokerError(message) from error
                time.sleep(1.0)
            else:
                return

    def _connect(self) -> None:
        where = (self._address.host, self._address.port)
        self._received.clear()
        self._socket.close()
        try:
            self._socket = self._reach(where)
            self._socket.sendall(_connect_packet(self._address))
            answer = self._socket.recv(4096)
        except OSError as error:
            raise bus.unreached(self._address, error) from error
        reason = answer[3] if len(answer) > _CONNACK_REASON else -1
        if reason != 0:
            self._socket.close()
            message = f"the MQTT broker at {where[0]}:{where[1]} refuses: {reason}"
            raise BrokerError(message)
        self._window = min(self._wanted_window, _receive_maximum(answer[5:]))
        self._socket.settimeout(0.0)

    def _reach(self, where: tuple[str, int]) -> socket.socket:
        plain = socket.create_connection(where, bus.CONNECT_WITHIN_S)
        if self._context is None:
            return plain
        return self._context.wrap_socket(plain, server_hostname=where[0])

    def _read_within(self, timeout_s: float) -> None:
        readable, _, _ = select.select([self._socket], [], [], timeout_s)
        if readable:
            self._read()

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(1 << 16)
        except _NOT_NOW:
            return
        if not chunk:
            message = "it closed the connection"
            raise ConnectionError(message)
        self._received += chunk
        at, count = 0, len(self._received)
        while at + 2 <= count and at + 2 + self._received[at + 1] <= count:
            length = self._received[at + 1]
            self._answered(self._received[at : at + 2 + length])
            at += 2 + length
        del self._received[:at]

    def _answered(self, packet: bytearray) -> None:
        if packet[0] != _PUBACK:
            message = f"it sent a packet of kind {packet[0]:#x}"
            raise ConnectionError(message)
        # Answers come in the order of the messages (MQTT 5, 4.6).
        self._out.popleft()
        reason = packet[4] if len(packet) > _PUBACK_REASON else 0
        if reason == _NO_SUBSCRIBER:
            self.unmatched += 1
        elif reason >= _FAILURE:
            self.refused += 1
        else:
            self.acknowledged += 1


def _varint(length: int) -> bytes:
    if length < _VARINT:
        return bytes((length,))
    return bytes((length % _VARINT | _VARINT,)) + _varint(length // _VARINT)


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _connect_packet(to: Address) -> bytes:
    fields = [f"parkpulse-bulk-{secrets.token_hex(8)}".encode()]
    fields += [each.encode() for each in (to.user, to.password) if each is not None]
    flags = 0x02 | (0x80 if to.user is not None else 0)
    flags |= 0x40 if to.password is not None else 0
    # Protocol level 5, no keep-alive, no properties.
    body = b"\x00\x04MQTT\x05" + bytes((flags, 0, 0, 0))
    body += b"".join(map(_field, fields))
    return b"\x10" + _varint(len(body)) + body


def _receive_maximum(properties: bytes) -> int:
    """Find how many messages the broker takes at once."""
    at = 0
    while at < len(properties):
        kind = properties[at]
        if kind == _RECEIVE_MAXIMUM:
            return int.from_bytes(properties[at + 1 : at + 3], "big")
        size = _PROPERTY_BYTES.get(kind)
        if size is None:  # a text with its length before it
            size = 2 + int.from_bytes(properties[at + 1 : at + 3], "big")
        at += 1 + size
    return _LARGEST_WINDOW
