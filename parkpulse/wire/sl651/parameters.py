"""Parameters of stations (tables D.1 and D.4) and what centres ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parkpulse.errors import DecodeError
from parkpulse.model import instants
from parkpulse.wire.sl651 import coding, hexbody, texts

if TYPE_CHECKING:
    from parkpulse.wire.sl651.draft import Draft

BASIC = frozenset((0x40, 0x41))
"""Functions whose identifiers are those of the basic configuration."""
PASSWORD = "03"  # noqa: S105 - identifier of the parameter
_CENTRES, _STATION, _RELAY, _CARD = 0x01, 0x02, 0x0E, 0x0F
_HEXADECIMAL = frozenset(range(0x03, 0x0C)) | {0x0D, _RELAY}
_STEP_BYTES = 5
_PERIOD = 4


def of_hex(draft: Draft, body: bytes) -> None:
    """Read parameters in HEX/BCD; a body that ends within one is told as `rest`."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(body):
        try:
            name, size, decimals, data_at = hexbody.identifier(body, at)
        except DecodeError:
            break
        if body[at] == _RELAY and draft.function in BASIC:
            size, decimals = body[at + 1], 0  # all eight bits are the size
        data = body[data_at : data_at + size]
        if len(data) < size:
            break
        _add(found, name, _value(draft.function, body[at], data, decimals))
        at = data_at + size
    _tell(draft, found, body[at:].hex().upper())


def of_ascii(draft: Draft, body: bytes) -> None:
    """Read parameters in ASCII: identifier and value as written."""
    words = [texts.written(word) for word in body.split()]
    found: dict[str, Any] = {}
    for name, value in zip(words[::2], words[1::2], strict=False):
        _add(found, name, value)
    _tell(draft, found, words[-1] if len(words) % 2 else "")


def _add(found: dict[str, Any], name: str, value: object) -> None:
    if name in found:
        before = found[name]
        found[name] = [*before, value] if isinstance(before, list) else [before, value]
    else:
        found[name] = value


def _tell(draft: Draft, found: dict[str, Any], rest: str) -> None:
    public = {name: value for name, value in found.items() if name != PASSWORD}
    draft.about["parameters"] = found if draft.options.shows_secrets else public
    if rest:
        draft.about["rest"] = rest
    draft.tell("parameters", public)


def _value(function: int, guide: int, data: bytes, decimals: int) -> object:
    if function not in BASIC:
        return _run_value(guide, data, decimals)
    if guide == _CENTRES:
        return ".".join(str(byte) for byte in data)
    if guide == _STATION:
        return coding.station(data) if data else ""
    if guide == _CARD:
        return texts.written(data)
    if guide in _HEXADECIMAL:
        return data.hex().upper()
    return _number(data, decimals)


def _run_value(guide: int, data: bytes, decimals: int) -> object:
    if guide == int(PASSWORD, 16):
        return data.hex().upper()
    return _number(data, decimals)


def _number(data: bytes, decimals: int) -> object:
    read = coding.number(data, decimals)
    if read is None or not data:
        return data.hex().upper()
    value = read[0]
    if value != value:  # noqa: PLR0124 - NaN: missing
        return None
    return value if decimals else int(value)


def asked_hex(draft: Draft, body: bytes) -> None:
    """Read what a centre asks for: elements, parameters, a period."""
    if draft.function == 0x38 and len(body) > 2 * _PERIOD:  # noqa: PLR2004 - period query
        start, end = body[:_PERIOD], body[_PERIOD : 2 * _PERIOD]
        draft.about["period"] = {"start": _hour(start), "end": _hour(end)}
        rest = body[2 * _PERIOD :]
        step = rest[2:_STEP_BYTES].hex()
        if len(rest) >= _STEP_BYTES and step.isdecimal():
            step_us = hexbody.step(rest[2:_STEP_BYTES])
            draft.about["time_step_s"] = step_us // instants.SECOND
        body = rest[_STEP_BYTES:]
    draft.about["elements"] = _identifiers(body)


def _hour(data: bytes) -> str:
    moment_us = coding.moment(f"{data.hex()}00")
    if moment_us is None:
        return data.hex()
    return instants.from_us(moment_us).isoformat().replace("+00:00", "Z")


def _identifiers(body: bytes) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(body):
        width = 3 if body[at] == 0xFF else 2  # noqa: PLR2004 - extended identifier
        found.append(body[at : at + width].hex().upper())
        at += width
    return found


def asked_ascii(draft: Draft, body: bytes) -> None:
    """Read what a centre asks for, in ASCII."""
    draft.about["elements"] = [texts.written(word) for word in body.split()]
