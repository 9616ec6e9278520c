"""What a frame's body says, by its function code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons
from parkpulse.wire.sl651 import (
    asciibody,
    coding,
    elements,
    frame,
    hexbody,
    parameters,
    texts,
)
from parkpulse.wire.sl651.draft import Draft, Options

if TYPE_CHECKING:
    from parkpulse.wire.sl651.frame import Frame

HEARTBEAT = 0x2F
TEST = 0x30
_REPORTS = frozenset((*range(0x30, 0x3B), 0x44))
_PARAMETERS = frozenset((*range(0x40, 0x44), 0x49))
_STATUS = frozenset((0x46, 0x4B))
_VERSION = 0x45
_COUNTERS = 0x50
_SILENT = frozenset((HEARTBEAT, 0x47, 0x48, 0x4A, 0x51))
_KINDS = {
    0x4C: "pump_control",
    0x4D: "valve_control",
    0x4E: "gate_control",
    0x4F: "quota_control",
}
_ASKED = frozenset((0x38, 0x3A, 0x41, 0x43))
_ADDRESS = 5
_STATION = bytes((elements.STATION, elements.STATION))


def read(found: Frame, options: Options) -> Draft:
    """Read the body of a frame, or the joined body of a transfer.

    Raises
    ------
    DecodeError
        `bad_frame`: it has no serial number and send time.
    """
    width = 1 if found.mode == frame.HEX else 2
    if len(found.body) < 8 * width:
        detail = f"a body of {len(found.body)} bytes has no number and send time"
        raise DecodeError(reasons.BAD_FRAME, detail)
    head, rest = found.body[: 8 * width], found.body[8 * width :]
    digits = head.hex() if width == 1 else texts.written(head)
    draft = Draft(
        coding.station(found.address),
        found.function,
        _serial(digits[:4]),
        coding.moment(digits[4:16]),
        options,
    )
    draft.about |= _about(found, draft, digits[4:16])
    (_read_down if found.is_down else _read_up)(draft, rest, found.mode)
    draft.finish()
    return draft


def _serial(digits: str) -> int:
    try:
        return int(digits, 16)
    except ValueError as error:
        detail = f"the serial number {digits!r} is not hexadecimal"
        raise DecodeError(reasons.BAD_FRAME, detail) from error


def _about(found: Frame, draft: Draft, sent: str) -> dict[str, object]:
    about: dict[str, object] = {
        "station": draft.station,
        "address": found.address.hex().upper(),
        "centre": found.centre,
        "function": f"{found.function:02X}",
        "direction": "down" if found.is_down else "up",
        "mode": found.mode,
        "end": f"{found.end:02X}",
        "end_name": frame.END_NAMES[found.end],
        "crc_valid": found.is_crc_right,
        "serial": draft.serial,
        "sent_at": None,
    }
    if draft.sent_us is None:
        about["sent_digits"] = sent
    else:
        written = instants.from_us(draft.sent_us).isoformat()
        about["sent_at"] = written.replace("+00:00", "Z")
        about["is_clock_set"] = coding.is_clock_set(draft.sent_us)
    if draft.options.shows_secrets:
        about["password"] = found.password.hex().upper()
    if found.function == TEST:
        about["is_test"] = True
    return about


def _read_up(draft: Draft, rest: bytes, mode: str) -> None:
    function = draft.function
    is_hex = mode == frame.HEX
    if function in _REPORTS:
        (hexbody if is_hex else asciibody).groups(draft, rest)
        return
    rest = (_skip_address if is_hex else _skip_station)(draft, rest)
    if function in _STATUS:
        (hexbody if is_hex else asciibody).groups(draft, rest)
    elif function in _PARAMETERS:
        (parameters.of_hex if is_hex else parameters.of_ascii)(draft, rest)
    elif function == _VERSION:
        _version(draft, rest, mode)
    elif function == _COUNTERS:
        _counters(draft, rest if is_hex else _unhex(rest))
    elif function not in _SILENT or rest.strip():
        kind = _KINDS.get(function, "other")
        written = rest.hex().upper() if is_hex else texts.written(rest)
        draft.about["raw"] = written
        draft.tell(kind, {"function": f"{function:02X}", "raw": written}, rest)


def _read_down(draft: Draft, rest: bytes, mode: str) -> None:
    is_hex = mode == frame.HEX
    if not rest:
        return
    if draft.function in _ASKED:
        (parameters.asked_hex if is_hex else parameters.asked_ascii)(draft, rest)
    elif draft.function in _PARAMETERS:
        (parameters.of_hex if is_hex else parameters.of_ascii)(draft, rest)
    else:
        draft.about["raw"] = rest.hex().upper() if is_hex else texts.written(rest)


def _skip_address(draft: Draft, rest: bytes) -> bytes:
    address_end = len(_STATION) + _ADDRESS
    if not rest.startswith(_STATION) or len(rest) < address_end:
        return rest
    draft.station = coding.station(rest[len(_STATION) : address_end])
    return rest[address_end:]


def _skip_station(draft: Draft, rest: bytes) -> bytes:
    name, after = asciibody.token(rest, 0)
    if name != b"ST":
        return rest
    written, following = asciibody.token(rest, after)
    draft.station = asciibody.station(written)
    return rest[following:]


def _version(draft: Draft, rest: bytes, mode: str) -> None:
    """Take the text behind its length: one byte, or in ASCII two digits."""
    width = 1 if mode == frame.HEX else 2
    text = texts.written(rest[width:]).strip("\x00 ")
    draft.about["text"] = text
    draft.tell("version", {"text": text}, rest[width:])


def _counters(draft: Draft, rest: bytes) -> None:
    counts = [int.from_bytes(rest[at : at + 2]) for at in range(0, len(rest) - 1, 2)]
    draft.about["counters"] = counts
    draft.tell("event_counters", {"counters": counts})


def _unhex(rest: bytes) -> bytes:
    try:
        return bytes.fromhex(rest.decode("ascii"))
    except ValueError as error:
        detail = f"{rest!r:.40} is not hexadecimal"
        raise DecodeError(reasons.BAD_FRAME, detail) from error
