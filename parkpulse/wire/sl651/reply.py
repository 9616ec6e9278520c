"""The centre's confirmation, without which a station repeats its message."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parkpulse.errors import DecodeError
from parkpulse.model import reasons
from parkpulse.wire.sl651 import body, coding, frame
from parkpulse.wire.sl651.frame import Frame, Packet

if TYPE_CHECKING:
    from collections.abc import Mapping

_END_BY_OPTION = {"eot": frame.EOT, "esc": frame.ESC}
_OFF = "none"


def end_of(options: Mapping[str, str]) -> int | None:
    """End character of the last confirmation; None: the device is not answered.

    Raises
    ------
    DecodeError
        `bad_option`.
    """
    wanted = options.get("confirm", "eot")
    if wanted == _OFF:
        return None
    if wanted not in _END_BY_OPTION:
        detail = f"confirm must be eot, esc or none, not {wanted!r:.40}"
        raise DecodeError(reasons.BAD_OPTION, detail)
    return _END_BY_OPTION[wanted]


def confirm(received: Frame, serial: int, now_us: int, end: int) -> bytes:
    """Confirm a message: EOT or ESC, but ACK where the station says that more follows.

    A transfer in packets is confirmed once, by the number of its last packet.
    """
    if received.packet is not None:
        packet = Packet(received.packet.total, received.packet.total)
        return _down(received, serial, now_us, (end, packet))
    is_more = received.end == frame.ETB
    return _down(received, serial, now_us, (frame.ACK if is_more else end, None))


def ask_again(received: Frame, missing: int, now_us: int) -> bytes:
    """Ask for a packet (NAK); its serial number is not known without packet 1: 0."""
    total = received.packet.total if received.packet else missing
    return _down(received, 0, now_us, (frame.NAK, Packet(total, missing)))


def is_wanted(received: Frame) -> bool:
    """Whether the message wants a confirmation: all but heartbeats and downlinks do."""
    return not received.is_down and received.function != body.HEARTBEAT


def _down(
    received: Frame, serial: int, now_us: int, closing: tuple[int, Packet | None]
) -> bytes:
    digits = f"{serial:04X}{coding.moment_digits(now_us)}"
    is_hex = received.mode == frame.HEX
    written = bytes.fromhex(digits) if is_hex else digits.encode()
    end, packet = closing
    return frame.build(
        replace(received, is_down=True, body=written, end=end, packet=packet)
    )
