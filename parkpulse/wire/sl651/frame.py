"""Frames of SL 651: found in a stream of bytes, taken apart, built.

A frame has a header, a body between start (STX, or SYN with the packet field) and end
character, and a CRC-16 over everything before it, high byte first.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from parkpulse.errors import DecodeError
from parkpulse.model import reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

HEX = "hex"
ASCII = "ascii"
STX, ETX, EOT, ENQ, ACK, NAK, SYN, ETB, ESC = 2, 3, 4, 5, 6, 0x15, 0x16, 0x17, 0x1B
END_NAMES = {
    ETX: "ETX",
    ETB: "ETB",
    EOT: "EOT",
    ENQ: "ENQ",
    ACK: "ACK",
    NAK: "NAK",
    ESC: "ESC",
}
_UP_ENDS = frozenset((ETX, ETB))
_DOWN_ENDS = frozenset((EOT, ENQ, ACK, NAK, ESC))
_HEX_START = b"\x7e\x7e"
_ASCII_START = b"\x01"
_DOWN = 8
_LONGEST_PACKET = 0xFFFF
_ATTEMPT = 16
"""What looking at a start costs, as bytes of a CRC."""
LONGEST_BODY = 0xFFF
"""Most bytes of a body in one packet."""


class Packet(NamedTuple):
    """Which packet of a transfer in several (M3) a frame is."""

    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame.

    Parameters
    ----------
    mode
        `hex` or `ascii`.
    is_down
        From the centre to the station.
    centre
        Address of the centre, 1 to 255.
    address
        Address of the station, 5 bytes.
    password
        2 bytes.
    function
        Function code.
    body
        What stands between start and end, without the packet field.
    end
        End character.
    packet
        None: the frame is a message of its own.
    is_crc_right
        False only where the caller accepts such frames.
    """

    mode: str
    is_down: bool
    centre: int
    address: bytes
    password: bytes
    function: int
    body: bytes
    end: int
    packet: Packet | None = None
    is_crc_right: bool = True


class Found(NamedTuple):
    """A frame and where it stood."""

    frame: Frame
    start: int
    stop: int


class _Shape(NamedTuple):
    """Sizes of one mode [bytes]."""

    start: bytes
    width: int
    crc: int

    @property
    def header(self) -> int:
        """Start characters, addresses, password, function and length."""
        return len(self.start) + 11 * self.width


_SHAPES = {
    HEX: _Shape(_HEX_START, 1, 2),
    ASCII: _Shape(_ASCII_START, 2, 4),
}


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC = _crc_table()


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: reflected polynomial A001H, from FFFFH."""
    crc = 0xFFFF
    table = _CRC
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc


def build(frame: Frame) -> bytes:
    """Write a frame.

    Raises
    ------
    ValueError
        The body is longer than one packet may be.
    """
    packet = b"" if frame.packet is None else _packet_field(frame)
    size = len(frame.body) + len(packet)
    if size > (LONGEST_BODY if frame.mode == ASCII or not packet else _LONGEST_PACKET):
        error = f"a body of {size} bytes does not fit into one packet"
        raise ValueError(error)
    has_direction = frame.is_down and (frame.mode == ASCII or not packet)
    length = size | (_DOWN << 12 if has_direction else 0)
    centre = bytes((frame.centre,))
    ends = (frame.address, centre) if frame.is_down else (centre, frame.address)
    header = b"".join(
        (*ends, frame.password, bytes((frame.function,)), length.to_bytes(2))
    )
    shape = _SHAPES[frame.mode]
    data = b"".join(
        (
            shape.start,
            _written(header, frame.mode),
            bytes((STX if frame.packet is None else SYN,)),
            packet,
            frame.body,
            bytes((frame.end,)),
        )
    )
    return data + _written(crc16(data).to_bytes(2), frame.mode)


def _packet_field(frame: Frame) -> bytes:
    total, number = frame.packet or (0, 0)
    return _written((total << 12 | number).to_bytes(3), frame.mode)


def _written(data: bytes, mode: str) -> bytes:
    return data if mode == HEX else data.hex().upper().encode()


class Scan:
    """Finds frames in bytes that may hold several, and rubbish in between.

    Parameters
    ----------
    payload
        What arrived.
    accepts_bad_crc
        Take a frame whose CRC is wrong when everything else of it is right.
    """

    def __init__(self, payload: bytes, *, accepts_bad_crc: bool = False) -> None:
        self._payload = payload
        self._accepts_bad_crc = accepts_bad_crc
        # Rubbish that looks like frames within frames must not cost quadratic time.
        self._budget = 4 * len(payload) + 4 * LONGEST_BODY
        self._next = {
            start: payload.find(start) for start in (_HEX_START, _ASCII_START)
        }
        self.looked_at = 0
        """How many starts were looked at."""
        self.error: DecodeError | None = None
        """Why the first thing that looked like a frame was none."""

    def found(self) -> Iterator[Found]:
        """Frames in order; after what is none it goes on one byte further."""
        at = self._next_start(0)
        while at >= 0 and self._budget > 0:
            try:
                found = self._frame_at(at)
            except DecodeError as error:
                self.error = self.error or error
                at = self._next_start(at + 1)
            else:
                yield found
                at = self._next_start(found.stop)

    def _next_start(self, at: int) -> int:
        self._budget -= _ATTEMPT
        self.looked_at += 1
        for start, found in self._next.items():
            if 0 <= found < at:
                self._next[start] = self._payload.find(start, at)
        return min((found for found in self._next.values() if found >= 0), default=-1)

    def _frame_at(self, at: int) -> Found:
        mode = ASCII if self._payload[at] == _ASCII_START[0] else HEX
        shape = _SHAPES[mode]
        body_at = at + shape.header + 1
        if len(self._payload) < body_at + 1 + shape.crc:
            _refuse(f"{len(self._payload) - at} bytes are too few for a frame")
        header = self._header(at, mode)
        start = self._payload[body_at - 1]
        if start not in {STX, SYN}:
            _refuse(f"byte {body_at - 1} is {start:02X}H, neither STX nor SYN")
        return self._checked(at, body_at, mode, header)

    def _header(self, at: int, mode: str) -> bytes:
        shape = _SHAPES[mode]
        raw = self._payload[at + len(shape.start) : at + shape.header]
        return raw if mode == HEX else _unhex(raw, "the header")

    def _checked(self, at: int, body_at: int, mode: str, header: bytes) -> Found:
        """Try each meaning that the length may have; the first that fits is it."""
        error: DecodeError | None = None
        is_packet = self._payload[body_at - 1] == SYN
        for length in _lengths(int.from_bytes(header[9:]), mode, is_packet=is_packet):
            try:
                return self._of_length(at, body_at + length, mode, header)
            except DecodeError as wrong:
                error = error or wrong
        if error is None:
            _refuse("the length has no direction: its first digit is not 0 or 8")
        raise error

    def _of_length(self, at: int, end_at: int, mode: str, header: bytes) -> Found:
        shape = _SHAPES[mode]
        stop = end_at + 1 + shape.crc
        if stop > len(self._payload):
            missing = stop - len(self._payload)
            _refuse(f"{missing} bytes are missing at the end")
        body_at = at + shape.header + 1
        is_packet = self._payload[body_at - 1] == SYN
        end = self._payload[end_at]
        is_down = end in _DOWN_ENDS if is_packet else header[9] >> 4 == _DOWN
        if end not in END_NAMES:
            _refuse(f"byte {end_at} is {end:02X}H, no end character")
        body = self._payload[body_at:end_at]
        packet, body = _packet_of(body, mode) if is_packet else (None, body)
        is_right = self._is_crc_right(at, end_at + 1, shape)
        # With a right CRC it is a frame, though some stations end theirs with ENQ.
        if not is_right and end not in (_DOWN_ENDS if is_down else _UP_ENDS):
            _refuse(f"byte {end_at} is {end:02X}H, no end character of this direction")
        frame = Frame(
            mode,
            is_down,
            header[5] if is_down else header[0],
            header[0:5] if is_down else header[1:6],
            header[6:8],
            header[8],
            body,
            end,
            packet,
            is_right,
        )
        return Found(frame, at, stop)

    def _is_crc_right(self, at: int, crc_at: int, shape: _Shape) -> bool:
        self._budget -= crc_at - at
        raw = self._payload[crc_at : crc_at + shape.crc]
        stated = int.from_bytes(raw if shape.crc == 2 else _unhex(raw, "the CRC"))  # noqa: PLR2004 - bytes of a CRC
        computed = crc16(self._payload[at:crc_at])
        if stated == computed or self._accepts_bad_crc:
            return stated == computed
        detail = f"the frame says {stated:04X}H, its bytes give {computed:04X}H"
        raise DecodeError(reasons.BAD_CRC, detail)


def _lengths(field: int, mode: str, *, is_packet: bool) -> Iterator[int]:
    if not is_packet:
        if field >> 12 in {0, _DOWN}:
            yield field & LONGEST_BODY
        return
    if mode == HEX:
        yield field  # all 16 bits by the standard
    if mode == ASCII or field >> 12 == _DOWN:
        yield field & LONGEST_BODY


def _packet_of(body: bytes, mode: str) -> tuple[Packet, bytes]:
    size = 3 * _SHAPES[mode].width
    if len(body) < size:
        _refuse("the packet field is missing")
    raw = body[:size]
    field = int.from_bytes(raw if mode == HEX else _unhex(raw, "the packet field"))
    packet = Packet(field >> 12, field & 0xFFF)
    if not 1 <= packet.number <= packet.total:
        _refuse(f"there is no packet {packet.number} of {packet.total}")
    return packet, body[size:]


def _unhex(raw: bytes, what: str) -> bytes:
    if raw.isalnum():  # for fromhex passes over blanks
        with contextlib.suppress(ValueError):
            return bytes.fromhex(raw.decode("ascii"))
    detail = f"{what} {raw!r:.40} is not hexadecimal"
    raise DecodeError(reasons.BAD_FRAME, detail)


def _refuse(detail: str) -> NoReturn:
    raise DecodeError(reasons.BAD_FRAME, detail)
