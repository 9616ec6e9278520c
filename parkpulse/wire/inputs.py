"""What a person hands over to be decoded, cut into messages."""

from __future__ import annotations

import json
from typing import NamedTuple

from parkpulse.errors import DecodeError
from parkpulse.model import reasons

MAXIMUM_BYTES = 16 * 1024 * 1024
"""Most that is taken at once."""
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF \t\r\n")
_OPENING = (b"{", b"[")


class Piece(NamedTuple):
    """A message, and the topic that stands before it on its line."""

    payload: bytes
    topic: str = ""


def of_hex(text: str) -> list[Piece]:
    """Messages of lines of hexadecimal digits; blanks within a line do not count.

    A line may begin with a topic, as `mosquitto_sub -F '%t %x'` writes it.

    Raises
    ------
    DecodeError
        `wrong_type`: a line is not hexadecimal. `too_large`.
    """
    _require_size(len(text))
    lines = enumerate(text.splitlines(), 1)
    found = [_hex_line(number, line) for number, line in lines if line.strip()]
    if not found:
        raise DecodeError(reasons.WRONG_TYPE, "there are no hexadecimal digits")
    return found


def _hex_line(number: int, line: str) -> Piece:
    topic, digits = _apart(line.encode())
    try:
        return Piece(bytes.fromhex("".join(digits.decode().split())), topic)
    except ValueError as error:
        detail = f"line {number} is not hexadecimal bytes: {line:.40}"
        raise DecodeError(reasons.WRONG_TYPE, detail) from error


def _apart(line: bytes) -> tuple[str, bytes]:
    """Topic and the rest of a line; what begins with no topic is all rest."""
    line = line.strip()
    first, _, rest = line.partition(b" ")
    if b"/" not in first or first.startswith(_OPENING) or not rest:
        return "", line
    return first.decode("utf-8", errors="replace"), rest


def of_bytes(raw: bytes) -> list[Piece]:
    """Messages of a file: hexadecimal lines, JSON, JSON lines, or the bytes themselves.

    Raises
    ------
    DecodeError
        `too_large`.
    """
    _require_size(len(raw))
    text = raw.strip()
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and not any(set(_apart(line)[1]) - _HEX_DIGITS for line in lines):
        return of_hex(text.decode("utf-8", errors="replace"))
    parts = [_apart(line) for line in lines]
    has_topics = all(topic for topic, _ in parts)
    if parts and (has_topics or len(parts) > 1) and all(_is_json(p) for _, p in parts):
        return [Piece(payload, topic) for topic, payload in parts]
    return [Piece(text if text.startswith(_OPENING) else raw)]


def _is_json(line: bytes) -> bool:
    if not line.lstrip().startswith(_OPENING):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def elements(payload: bytes) -> list[bytes]:
    """Elements of a JSON array that holds messages; none where it is no such array."""
    if not payload.lstrip().startswith(b"["):
        return []
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return []
    if not all(isinstance(each, dict) for each in document):
        return []
    return [json.dumps(each).encode() for each in document]


def _require_size(size: int) -> None:
    if size > MAXIMUM_BYTES:
        detail = f"{size} bytes, at most {MAXIMUM_BYTES} are taken at once"
        raise DecodeError(reasons.TOO_LARGE, detail)
