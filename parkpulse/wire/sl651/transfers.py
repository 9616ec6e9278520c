"""Transfers in several packets (M3): put together within bounded memory and time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons

if TYPE_CHECKING:
    from parkpulse.wire.sl651.frame import Frame

TIMEOUT_US = 10 * instants.MINUTE
"""A station stays in touch for 10 min: a transfer that has rested longer is dropped."""
MAXIMUM_TRANSFERS = 256
MAXIMUM_BYTES = 16 * 1024 * 1024
"""All transfers together; the one that has rested longest goes first."""
MAXIMUM_TRANSFER = 4 * 1024 * 1024
"""One transfer; a longer one is refused as `too_large`."""
_OVERHEAD = 128

_Key = tuple[str, int, bytes, int]


class State(NamedTuple):
    """How far a transfer has come."""

    body: bytes | None
    """Everything joined; None while packets are missing."""
    missing: int
    """Number of the first packet that is missing; 0: none."""


@dataclass(slots=True)
class _Transfer:
    total: int
    touched_us: int
    fragments: dict[int, bytes] = field(default_factory=dict)
    size: int = 0

    def conflicts(self, number: int, fragment: bytes) -> bool:
        return self.fragments.get(number, fragment) != fragment

    def add(self, number: int, fragment: bytes) -> int:
        if number in self.fragments:
            return 0
        self.fragments[number] = fragment
        grown = len(fragment) + _OVERHEAD
        self.size += grown
        return grown

    def missing(self) -> int:
        if len(self.fragments) == self.total:
            return 0
        numbers = range(1, self.total + 1)
        return next(number for number in numbers if number not in self.fragments)


class Transfers:
    """Transfers that are under way, and those just finished.

    A finished one is kept until it is driven out: a packet that comes again, because
    the confirmation or the commit was lost, gives the whole again.
    """

    def __init__(self) -> None:
        self._transfers: OrderedDict[_Key, _Transfer] = OrderedDict()
        self._size = 0

    def add(self, frame: Frame, received_us: int) -> State:
        """Take a packet.

        A packet that differs from the one held under its number begins a new transfer.

        Raises
        ------
        DecodeError
            `too_large`: the transfer is dropped.
        """
        if frame.packet is None:
            return State(frame.body, 0)
        total, number = frame.packet
        key = (frame.mode, frame.centre, frame.address, frame.function)
        self._expire(received_us)
        held = self._transfers.get(key)
        if held is None or held.total != total or held.conflicts(number, frame.body):
            self._drop(key)
            held = self._transfers[key] = _Transfer(total, received_us)
        self._size += held.add(number, frame.body)
        if held.size > MAXIMUM_TRANSFER:
            self._drop(key)
            detail = f"a transfer of more than {MAXIMUM_TRANSFER} bytes"
            raise DecodeError(reasons.TOO_LARGE, detail)
        held.touched_us = max(held.touched_us, received_us)
        self._transfers.move_to_end(key)
        self._shrink()
        missing = held.missing()
        if missing:
            return State(None, missing)
        return State(b"".join(held.fragments[n] for n in range(1, total + 1)), 0)

    @property
    def size(self) -> int:
        """Memory of all fragments [bytes]."""
        return self._size

    def __len__(self) -> int:
        return len(self._transfers)

    def _expire(self, now_us: int) -> None:
        while self._transfers:
            key, oldest = next(iter(self._transfers.items()))
            if now_us - oldest.touched_us <= TIMEOUT_US:
                return
            self._drop(key)

    def _shrink(self) -> None:
        while len(self._transfers) > MAXIMUM_TRANSFERS or self._size > MAXIMUM_BYTES:
            self._drop(next(iter(self._transfers)))

    def _drop(self, key: _Key) -> None:
        dropped = self._transfers.pop(key, None)
        if dropped is not None:
            self._size -= dropped.size
