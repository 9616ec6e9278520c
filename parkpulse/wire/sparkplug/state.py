"""What is remembered of edge nodes: births, aliases, message numbers."""

from __future__ import annotations

import msgspec

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons

MAXIMUM_NODES = 10_000
"""Of more edge nodes those unheard of for longest are forgotten."""
MAXIMUM_METRICS = 20_000
"""A birth that brings an edge node over this is refused."""
WINDOW_US = 5 * instants.SECOND
"""How long a missing message may still come, and between two requests of a birth."""
_NUMBERS = 256
_HALF = 128
_REMEMBERED = 64


class Definition(msgspec.Struct, array_like=True):
    """What a birth says of a metric."""

    name: str
    metric: str
    unit: str | None
    datatype: int


class Device(msgspec.Struct):
    """A device of an edge node, or the node itself (its name is empty)."""

    is_alive: bool = False
    metrics: dict[str, Definition] = {}
    aliases: dict[int, str] = {}

    def taught(self, told: Device) -> Device:
        """Add what data say of metrics; what the birth has said of one stays."""
        aliases = told.aliases | self.aliases
        return Device(self.is_alive, told.metrics | self.metrics, aliases)


class Node(msgspec.Struct):
    """An edge node."""

    is_born: bool = False
    bd_seq: int | None = None
    expected: int | None = None
    missing: list[int] = []
    deadline_us: int = 0
    asked_us: int | None = None
    recent: dict[int, int] = {}
    devices: dict[str, Device] = {}

    def born(self, bd_seq: int | None, seq: int | None) -> None:
        """Begin anew with an NBIRTH."""
        self.is_born = True
        self.bd_seq = bd_seq
        self.expected = seq
        self.missing = []
        self.asked_us = None
        self.recent = {}
        for device in self.devices.values():
            device.is_alive = False
            device.metrics = {}
            device.aliases = {}

    def define(self, name: str, device: Device) -> None:
        """Take up a device's birth; raises DecodeError `too_large`."""
        others = (each for key, each in self.devices.items() if key != name)
        count = len(device.metrics) + sum(len(each.metrics) for each in others)
        if count > MAXIMUM_METRICS or len(self.devices) > MAXIMUM_METRICS:
            detail = f"{count} metrics of a node, at most {MAXIMUM_METRICS} are kept"
            raise DecodeError(reasons.TOO_LARGE, detail)
        self.devices[name] = device

    def is_repeated(self, seq: int | None, digest: int) -> bool:
        """Whether this very message has come before."""
        return seq is not None and self.recent.get(seq) == digest

    def count(self, seq: int, digest: int, received_us: int) -> bool:
        """Count a message; return whether a birth is wanted to get in step again."""
        self.recent.pop(seq, None)
        self.recent[seq] = digest
        if len(self.recent) > _REMEMBERED:
            del self.recent[next(iter(self.recent))]
        if self.expected is None:
            self.expected = seq
        ahead = (seq - self.expected) % _NUMBERS
        if seq in self.missing:
            self.missing.remove(seq)
        elif ahead < _HALF:
            self._skip(ahead, received_us)
            self.expected = (seq + 1) % _NUMBERS
        else:
            return True
        return self._is_overdue(received_us)

    def _skip(self, ahead: int, received_us: int) -> None:
        if ahead and not self.missing:
            self.deadline_us = received_us + WINDOW_US
        begin = self.expected or 0
        self.missing += [(begin + step) % _NUMBERS for step in range(ahead)]

    def _is_overdue(self, received_us: int) -> bool:
        is_waiting = received_us < self.deadline_us and len(self.missing) < _HALF
        if not self.missing or is_waiting:
            return False
        self.missing = []
        return True

    def ask(self, received_us: int) -> bool:
        """Whether a birth may be asked for now: not time and again."""
        last = self.asked_us
        if last is not None and 0 <= received_us - last < WINDOW_US:
            return False
        self.asked_us = received_us
        return True


class State(msgspec.Struct):
    """All edge nodes by group and name, the one heard of last at the end."""

    nodes: dict[str, Node] = {}

    def node(self, group: str, name: str) -> Node:
        """Return an edge node; a new one may push out the oldest."""
        key = f"{group}/{name}"
        node = self.nodes.pop(key, None) or Node()
        self.nodes[key] = node
        if len(self.nodes) > MAXIMUM_NODES:
            del self.nodes[next(iter(self.nodes))]
        return node
