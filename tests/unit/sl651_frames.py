"""Frames for tests of SL 651, written byte by byte beside the encoder."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from parkpulse.model import instants
from parkpulse.wire.context import Context
from parkpulse.wire.sl651.decoder import Decoder
from parkpulse.wire.sl651.frame import crc16

if TYPE_CHECKING:
    from parkpulse.model.message import Message, Telegram

RECEIVED_US = instants.to_us(datetime(2024, 1, 9, 8, 0, tzinfo=UTC))
HEAD = "0007240109153500"
"""Serial 7, sent 2024-01-09 15:35:00 in China."""
STATION = "F1F1001122334448"
OBSERVED = "F0F02401091535"
OBSERVED_US = instants.to_us(datetime(2024, 1, 9, 7, 35, tzinfo=UTC))


def framed(
    body: str, function: str = "32", end: str = "03", start: str = "02"
) -> bytes:
    size = len(body) // 2
    data = bytes.fromhex(f"7E7E0100112233441234{function}{size:04X}{start}{body}{end}")
    return data + crc16(data).to_bytes(2)


def in_ascii(body: bytes, function: str = "32") -> bytes:
    head = f"0100112233441234{function}0{len(body):03X}".encode()
    data = b"\x01" + head + b"\x02" + body + b"\x03"
    return data + f"{crc16(data):04X}".encode()


def packet(number: int, total: int, part: str, end: str = "17") -> bytes:
    return framed(f"{total:03X}{number:03X}{part}", "36", end, "16")


def read(payload: bytes, **options: str) -> Telegram:
    return Decoder().decode(payload, Context("", RECEIVED_US, options))


def only(telegram: Telegram) -> Message:
    (message,) = telegram.messages
    return message


def values(telegram: Telegram) -> dict[str, float]:
    message = only(telegram)
    return dict(zip(message.sources, message.values, strict=True))


def report(groups: str, **options: str) -> Telegram:
    return read(framed(f"{HEAD}{STATION}{OBSERVED}{groups}"), **options)
