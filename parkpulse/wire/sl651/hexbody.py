"""Bodies in HEX/BCD: groups of identifier and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons
from parkpulse.wire.sl651 import coding, elements, texts

if TYPE_CHECKING:
    from parkpulse.wire.sl651.draft import Draft

_UNIFORM = frozenset((0x31, 0x38))
_RAIN_MISSING = 0xFF
_LEVEL_MISSING = 0xFFFF
_ADDRESS = 5
_TIME = 5


def groups(draft: Draft, body: bytes) -> None:
    """Read the groups of a report.

    What cannot be told apart is refused with all that stands behind it; a number that
    is none is refused alone.
    """
    at = 0
    while at < len(body):
        try:
            at = _group(draft, body, at)
        except DecodeError as error:
            rest = body[at:].hex().upper()
            draft.refuse(error.reason, f"{error.detail}; from {rest:.80} on")
            return


def _group(draft: Draft, body: bytes, at: int) -> int:
    """Read a group and say where the next begins."""
    guide = body[at]
    if guide == elements.STATION:
        return _station(draft, body, at)
    if guide == elements.TIME:
        draft.observe(_data(body, at + 2, _TIME).hex())
        return at + 2 + _TIME
    if guide in {elements.TEXT, elements.PICTURE, elements.BATCH}:
        texts.rest(draft, guide, body[at + 2 :])
        return len(body)
    name, size, decimals, data_at = identifier(body, at)
    data = _data(body, data_at, size)
    if guide == elements.STEP and draft.function in _UNIFORM:
        return _series(draft, body, data_at + size, step(data))
    _element(draft, guide, name, (data, decimals))
    return data_at + size


def identifier(body: bytes, at: int) -> tuple[str, int, int, int]:
    """Name, data bytes, decimals and where the data begins.

    Raises
    ------
    DecodeError
        `bad_frame`: the body ends within it.
    """
    width = 2 if body[at] == elements.EXTENDED else 1
    if at + width >= len(body):
        raise _short()
    definition = body[at + width]
    name = body[at : at + width].hex().upper()
    return name, definition >> 3, definition & 7, at + width + 1


def _station(draft: Draft, body: bytes, at: int) -> int:
    draft.begin(coding.station(_data(body, at + 2, _ADDRESS)))
    after = at + 2 + _ADDRESS
    draft.about["class"] = _data(body, after, 1).hex().upper()
    draft.about["class_code"] = elements.CLASSES.get(body[after], "")
    draft.observed_us = None
    return after + 1


def _data(body: bytes, at: int, size: int) -> bytes:
    data = body[at : at + size]
    if len(data) < size:
        raise _short()
    return data


def _short() -> DecodeError:
    return DecodeError(reasons.BAD_FRAME, "the body ends within a group")


def _element(draft: Draft, guide: int, name: str, data: tuple[bytes, int]) -> None:
    if guide in elements.HOURS:
        draft.hour(guide, hour_values(guide, data[0]))
    elif guide == elements.STATUS:
        texts.status(draft, int.from_bytes(data[0]))
    elif guide == elements.STEP:
        draft.about["time_step_s"] = step(data[0]) // instants.SECOND
    else:
        _number(draft, guide, name, data, draft.now_us)


def _number(
    draft: Draft, guide: int, name: str, data: tuple[bytes, int], ts_us: int | None
) -> None:
    read = coding.number(*data)
    if read is None:
        known = elements.ELEMENTS.get(guide)
        source = name if known is None else known.source
        written = data[0].hex().upper()
        draft.refuse(reasons.NOT_A_NUMBER, f"{source}: {written} is not BCD")
        return
    draft.element(guide, name, read, ts_us)


def hour_values(guide: int, data: bytes) -> list[float | None]:
    """Rain [mm] of one byte each, or levels [m] of two, of an hour."""
    if guide == elements.RAIN_OF_HOUR:
        return [None if byte == _RAIN_MISSING else byte / 10 for byte in data]
    words = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data) - 1, 2)]
    return [None if word == _LEVEL_MISSING else word / 100 for word in words]


def step(data: bytes) -> int:
    """Time step [us] of days, hours and minutes; 0: hourly groups follow.

    Raises
    ------
    DecodeError
        `bad_time`: it is none.
    """
    digits = data.hex()
    if len(digits) != 6 or not digits.isdecimal():  # noqa: PLR2004 - three bytes
        raise DecodeError(reasons.BAD_TIME, f"time step {digits.upper()} is none")
    days, hours, minutes = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    return days * instants.DAY + hours * instants.HOUR + minutes * instants.MINUTE


def _series(draft: Draft, body: bytes, at: int, step_us: int) -> int:
    """Values of one element back to back, or hourly groups."""
    draft.about["time_step_s"] = step_us // instants.SECOND
    if at >= len(body) or not step_us or body[at] in elements.HOURS:
        return at
    name, size, decimals, data_at = identifier(body, at)
    if not size:
        raise DecodeError(reasons.BAD_FRAME, f"the series of {name} has no width")
    whole = (len(body) - data_at) // size
    for index in range(whole):
        start = data_at + index * size
        now_us = None if draft.now_us is None else draft.now_us + index * step_us
        data = (body[start : start + size], decimals)
        _number(draft, body[at], name, data, now_us)
    if data_at + whole * size < len(body):
        draft.refuse(reasons.BAD_FRAME, f"the last value of {name} is cut off")
    return len(body)
