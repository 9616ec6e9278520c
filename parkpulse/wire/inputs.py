"""What a person hands over to be decoded, cut into messages."""

from __future__ import annotations

import json

from parkpulse.errors import DecodeError
from parkpulse.model import reasons

MAXIMUM_BYTES = 16 * 1024 * 1024
"""Most that is taken at once."""
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF \t\r\n")
_OPENING = (b"{", b"[")


def of_hex(text: str) -> list[bytes]:
    """Messages of lines of hexadecimal digits; blanks within a line do not count.

    Raises
    ------
    DecodeError
        `wrong_type`: a line is not hexadecimal. `too_large`.
    """
    _require_size(len(text))
    lines = enumerate(text.splitlines(), 1)
    found = [_line(number, line) for number, line in lines if line.strip()]
    if not found:
        raise DecodeError(reasons.WRONG_TYPE, "there are no hexadecimal digits")
    return found


def _line(number: int, line: str) -> bytes:
    digits = "".join(line.split())
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        detail = f"line {number} is not hexadecimal bytes: {line:.40}"
        raise DecodeError(reasons.WRONG_TYPE, detail) from error


def of_bytes(raw: bytes) -> list[bytes]:
    """Messages of a file: hexadecimal lines, JSON, JSON lines, or the bytes themselves.

    Raises
    ------
    DecodeError
        `too_large`.
    """
    _require_size(len(raw))
    text = raw.strip()
    if text and not set(text) - _HEX_DIGITS:
        return of_hex(text.decode("ascii"))
    if not text.startswith(_OPENING):
        return [raw]
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(map(_is_json, lines)):
        return lines
    return [text]


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
    return [json.dumps(each, ensure_ascii=False).encode() for each in document]


def _require_size(size: int) -> None:
    if size > MAXIMUM_BYTES:
        detail = f"{size} bytes, at most {MAXIMUM_BYTES} are taken at once"
        raise DecodeError(reasons.TOO_LARGE, detail)
