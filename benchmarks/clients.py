"""Clients of the HTTP API, all in one thread on keep-alive connections."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RECEIVE = 1 << 20
_NOBODY: Mapping[str, int] = {}
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Timing(NamedTuple):
    """How long answers took."""

    name: str
    clients: int
    answers: int
    per_s: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    size: int
    """As sent, compressed. [B]"""
    cpu_ms: Mapping[str, float]
    """Processor time of each answer by process. [ms]"""


@dataclass(slots=True)
class _Client:
    sock: socket.socket
    asked_at: float = 0.0
    got: bytearray = field(default_factory=bytearray)
    needed: int = 0

    def ask(self, request: bytes) -> None:
        self.got.clear()
        self.needed = 0
        self.asked_at = time.perf_counter()
        self.sock.sendall(request)

    def receive(self) -> bool:
        """Take what has come; whether that is the whole answer."""
        data = self.sock.recv(_RECEIVE)
        assert data, "the service closed a connection"
        self.got += data
        if not self.needed:
            end = self.got.find(_HEAD_END)
            if end < 0:
                return False
            self.needed = end + len(_HEAD_END) + _length(bytes(self.got[:end]))
        return len(self.got) >= self.needed


def _length(head: bytes) -> int:
    assert head.startswith(b"HTTP/1.1 200"), head[:300]
    at = head.lower().index(_LENGTH) + len(_LENGTH)
    return int(head[at:].split(b"\r\n", 1)[0])


def request(path: str) -> bytes:
    """Write a request as a browser would; the answer may be compressed."""
    return (
        f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Accept: application/json\r\nAccept-Encoding: gzip\r\n\r\n"
    ).encode()


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    """Open a connection to the service, from one of this machine's own addresses."""
    found = socket.create_connection(("127.0.0.1", port), 60, (source, 0))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def measure(
    port: int,
    name: str,
    paths: Sequence[str],
    count: int,
    seconds: float,
    roots: Mapping[str, int] = _NOBODY,
    at_least: int = 1,
) -> Timing:
    """Ask for one path after another, each client again as soon as it is answered.

    Parameters
    ----------
    port
        Of the service.
    name
        Of what is asked for.
    paths
        What is asked for, in turn.
    count
        Clients.
    seconds
        For so long. [s]
    roots
        Processes whose processor time is counted, with all below them.
    at_least
        Go on until there are so many answers.
    """
    used = processes.cpu_s(roots)
    requests = [request(path) for path in paths]
    selector = selectors.DefaultSelector()
    clients = [_Client(connect(port)) for _ in range(count)]
    asked = 0
    for client in clients:
        selector.register(client.sock, selectors.EVENT_READ, client)
        client.ask(requests[asked % len(requests)])
        asked += 1
    taken: list[float] = []
    size = 0
    begun = time.perf_counter()
    until = begun + seconds
    while (now := time.perf_counter()) < until or len(taken) < at_least:
        for key, _ in selector.select(1.0):
            client = key.data
            if client.receive():
                now = time.perf_counter()
                taken.append((now - client.asked_at) * 1000)
                size = client.needed
                client.ask(requests[asked % len(requests)])
                asked += 1
    for client in clients:
        client.sock.close()
    after = processes.cpu_s(roots)
    cpu_ms = {each: (after[each] - used[each]) * 1000 / len(taken) for each in roots}
    return _timing(name, count, taken, now - begun, size, cpu_ms)


def _timing(
    name: str,
    count: int,
    taken: Sequence[float],
    lasted_s: float,
    size: int,
    cpu_ms: Mapping[str, float],
) -> Timing:
    ordered = sorted(taken)
    return Timing(
        name,
        count,
        len(ordered),
        len(ordered) / lasted_s,
        statistics.median(ordered),
        ordered[len(ordered) * 99 // 100],
        ordered[-1],
        size,
        cpu_ms,
    )
