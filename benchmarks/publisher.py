"""A publisher that costs next to nothing: MQTT 3.1.1 QoS 1 from prebuilt packets.

A process of its own. It stays at most a window ahead of what a file of progress says is
committed, and below a rate if one is given, and prints when it sent what.

    python -m benchmarks.publisher URL --devices 100000 --window 20000 --rate 0
"""

from __future__ import annotations

import argparse
import contextlib
import mmap
import select
import signal
import socket
import ssl
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from parkpulse import bus

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.bus import Address

BLOCK = 200
DEVICE = "device-%07d"
ROOT = "parkpulse/v1"
_TOPIC = "/bench/device-0000000/telemetry"
_PAYLOAD = (
    b'{"seq":100000000,"sent":1000000000000,"samples":[{"ts":1000000000000,"values":{'
    b'"water_level":1.000,"flow_rate":1.00,"battery_voltage":3.61}}]}'
)
PAYLOAD_BYTES = len(_PAYLOAD)
PROGRESS = struct.Struct("=qqd")
"""What was sent, what is committed (messages), and when the last was sent [s]."""


def connect_packet(address: Address, client: bytes) -> bytes:
    fields = [client]
    fields += [(each or "").encode() for each in (address.user, address.password)]
    flags = 0xC2 if address.user else 0x02
    fields = fields if address.user else fields[:1]
    body = b"\x00\x04MQTT\x04" + bytes((flags,)) + struct.pack("!H", 600)
    body += b"".join(struct.pack("!H", len(field)) + field for field in fields)
    return b"\x10" + bytes((len(body),)) + body


def _template(root: str) -> bytes:
    topic = f"{root}{_TOPIC}".encode()
    body = struct.pack("!H", len(topic)) + topic + b"\0\0" + _PAYLOAD
    size = len(body)
    return b"\x32" + bytes((size % 128 | 128, size // 128)) + body


class Packets:
    """Blocks of PUBLISH packets: a template in which digits are written."""

    def __init__(self, root: str, devices: int) -> None:
        template = _template(root)
        self._block = np.tile(np.frombuffer(template, np.uint8), (BLOCK, 1))
        self._devices = devices
        self._device = template.index(b"0000000")
        self._mid = template.index(_PAYLOAD) - 2
        self._seq = template.index(b"100000000")
        self._sent = template.index(b"1000000000000")
        self._ts = template.rindex(b"1000000000000")
        self._level = template.index(b"1.000") + 2
        self._flow = template.index(b"1.00,") + 2

    def block(self, first: int, now_ms: int) -> bytes:
        """Messages `first` and following; each device's time grows."""
        number = np.arange(first, first + BLOCK)
        self._digits(self._device, 7, number % self._devices)
        self._digits(self._seq, 9, 100_000_000 + number // self._devices)
        moment = np.full(BLOCK, now_ms)
        self._digits(self._sent, 13, moment)
        self._digits(self._ts, 13, moment)
        self._digits(self._level, 3, number * 7919 % 1000)
        self._digits(self._flow, 2, number % 89)
        mid = number % 65535 + 1
        self._block[:, self._mid] = mid >> 8
        self._block[:, self._mid + 1] = mid & 255
        return self._block.tobytes()

    def _digits(self, at: int, count: int, value: npt.NDArray[np.int64]) -> None:
        for place in range(count - 1, -1, -1):
            value, digit = np.divmod(value, 10)
            self._block[:, at + place] = 48 + digit


def _send(connection: socket.socket, block: bytes) -> None:
    view = memoryview(block)
    while view:
        select.select([connection], [connection], [], 5)
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            if not connection.recv(1 << 18):
                raise ConnectionError
        with contextlib.suppress(BlockingIOError, ssl.SSLWantWriteError):
            view = view[connection.send(view) :]


def _connected(address: Address) -> socket.socket:
    connection = socket.create_connection((address.host, address.port))
    context = address.context()
    if context is not None:
        connection = context.wrap_socket(connection, server_hostname=address.host)
    connection.sendall(connect_packet(address, b"bench-publisher"))
    assert connection.recv(4)[3] == 0
    connection.settimeout(0.0)
    return connection


def publish(options: argparse.Namespace) -> None:
    """Publish until told to stop."""
    window, rate = options.window, options.rate
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    address = bus.address(options.url)
    connection = _connected(address)
    packets = Packets(options.root, options.devices)
    sent = 0
    with (
        options.shared.open("r+b") as file,
        mmap.mmap(file.fileno(), PROGRESS.size) as memory,
    ):
        due = time.monotonic()
        while not stopped:
            _, committed, _ = PROGRESS.unpack(memory[:])
            wait = due - time.monotonic() if rate else 0.0
            if sent - committed >= window or wait > 0:
                time.sleep(max(wait, 0.005))
                continue
            _send(connection, packets.block(sent, time.time_ns() // 1_000_000))
            sent += BLOCK
            due += BLOCK / rate if rate else 0.0
            memory[:8] = struct.pack("=q", sent)
            memory[16:] = struct.pack("=d", time.monotonic())
    connection.settimeout(30.0)
    connection.sendall(b"\xe0\x00")
    # Closing with answers unread would make the broker lose what it has not yet read.
    while connection.recv(1 << 18):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("shared", type=Path)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--window", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--root", default=ROOT)
    publish(parser.parse_args())


if __name__ == "__main__":
    main()
