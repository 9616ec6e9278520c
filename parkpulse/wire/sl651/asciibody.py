"""Bodies in ASCII: identifiers and values with a blank after each."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from parkpulse.errors import DecodeError
from parkpulse.model import instants, reasons
from parkpulse.model.message import GOOD, MISSING, SUSPECT
from parkpulse.wire.sl651 import coding, elements, hexbody, texts

if TYPE_CHECKING:
    from parkpulse.wire.sl651.draft import Draft

_VALUE = re.compile(rb"[-+]?\d{1,40}(\.\d{0,40})?|M+", re.ASCII)
_STEP = re.compile(r"DR([DHN])(\d\d)", re.ASCII)
_STEP_UNITS = {"D": instants.DAY, "H": instants.HOUR, "N": instants.MINUTE}
_RAW = {
    b"RGZS": elements.TEXT,
    b"PIC": elements.PICTURE,
    b"DATA": elements.BATCH,
    b"F2": elements.TEXT,
    b"F3": elements.PICTURE,
}
_HOURS = {"DRP": elements.RAIN_OF_HOUR} | {
    f"DRZ{index}": elements.RAIN_OF_HOUR + index for index in range(1, 9)
}
_SENTINEL_DIGITS = 4


def groups(draft: Draft, body: bytes) -> None:
    """Read the groups of a report; what cannot be told apart is refused."""
    at = 0
    while at < len(body):
        try:
            at = _group(draft, body, at)
        except DecodeError as error:
            detail = f"{error.detail}; from {body[at:]!r:.80} on"
            draft.refuse(error.reason, detail)
            return


def _group(draft: Draft, body: bytes, at: int) -> int:
    name, after = token(body, at)
    if name in _RAW:
        texts.rest(draft, _RAW[name], body[after:])
        return len(body)
    if not name:
        return after
    source = _text(name)
    step = _STEP.fullmatch(source)
    if step is not None:
        return _series(draft, body, after, int(step[2]) * _STEP_UNITS[step[1]])
    value, following = token(body, after)
    if source == "ST":
        return _station(draft, body, following, value)
    if source == "TT":
        draft.observe(_text(value))
        return following
    _element(draft, source, value, draft.now_us)
    return following


def token(body: bytes, at: int) -> tuple[bytes, int]:
    """Take what stands before the next blank, and say where it goes on."""
    blank = body.find(b" ", at)
    if blank < 0:
        return body[at:], len(body)
    return body[at:blank], blank + 1


def _text(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError as error:
        detail = f"{raw!r:.40} is not ASCII"
        raise DecodeError(reasons.BAD_FRAME, detail) from error


def _station(draft: Draft, body: bytes, at: int, written: bytes) -> int:
    draft.begin(station(written))
    letter, after = token(body, at)
    named = _text(letter)
    code = {value: key for key, value in elements.CLASSES.items()}.get(named)
    draft.about["class"] = named if code is None else f"{code:02X}"
    draft.about["class_code"] = named
    draft.observed_us = None
    return after


def station(written: bytes) -> str:
    """Name of the station of a group `ST`.

    Raises
    ------
    DecodeError
        `bad_frame`: it is no address.
    """
    try:
        address = bytes.fromhex(_text(written))
    except ValueError:
        address = b""
    if len(address) != 5:  # noqa: PLR2004 - bytes of an address
        detail = f"{written!r:.40} is no address of a station"
        raise DecodeError(reasons.BAD_FRAME, detail)
    return coding.station(address)


def _element(draft: Draft, source: str, value: bytes, ts_us: int | None) -> None:
    if source in _HOURS:
        draft.hour(_HOURS[source], hexbody.hour_values(_HOURS[source], _hex(value)))
    elif source == "ZT":
        texts.status(draft, int.from_bytes(_hex(value)))
    elif _VALUE.fullmatch(value):
        known = elements.BY_SOURCE.get(source.upper())
        guide = 0 if known is None else known.guide
        draft.element(guide, source, _number(value, known), ts_us)
    else:
        draft.refuse(reasons.NOT_A_NUMBER, f"{source}: {value!r:.40} is no number")


def _number(value: bytes, known: elements.Element | None) -> tuple[float, int]:
    if value.startswith(b"M"):
        return math.nan, MISSING
    digits = value.lstrip(b"-+0").replace(b".", b"")
    enough = _SENTINEL_DIGITS if known is None else max(_SENTINEL_DIGITS, known.digits)
    is_sentinel = len(digits) >= enough and not digits.strip(b"9")
    return float(value), SUSPECT if is_sentinel else GOOD


def _hex(value: bytes) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError as error:
        detail = f"{value!r:.40} is not hexadecimal"
        raise DecodeError(reasons.NOT_A_NUMBER, detail) from error


def _series(draft: Draft, body: bytes, at: int, step_us: int) -> int:
    """Read identifiers, then for each time their values in the same order."""
    draft.about["time_step_s"] = step_us // instants.SECOND
    first, _ = token(body, at)
    if not step_us or _text(first) in _HOURS:
        return at  # groups of an hour follow, each with its identifier
    words = body[at:].split()
    count = next(
        (index for index, word in enumerate(words) if _VALUE.fullmatch(word)),
        len(words),
    )
    names = [_text(word) for word in words[:count]]
    if not names:
        raise DecodeError(reasons.BAD_FRAME, "the series has no identifier")
    for index, value in enumerate(words[count:]):
        now_us = draft.now_us
        if now_us is not None:
            now_us += index // count * step_us
        _element(draft, names[index % count], value, now_us)
    return len(body)
