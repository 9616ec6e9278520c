"""Frames as stations send them: reports, series, heartbeats, transfers in packets."""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parkpulse.model import instants
from parkpulse.wire.sl651 import coding, elements, frame
from parkpulse.wire.sl651.frame import Frame, Packet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.message import Message

_MINUTES = "%y%m%d%H%M"
_SERIALS = 65_535
_HOUR = 12
_RAIN_MISSING, _LARGEST_RAIN = 0xFF, 0xFE
_LEVEL_MISSING, _LARGEST_LEVEL = 0xFFFF, 0xFFFE
_RELATIVE = "relative_water_level_"
_STEPS = (("D", instants.DAY), ("H", instants.HOUR), ("N", instants.MINUTE))
_MOST_STEPS = 99


@dataclass(frozen=True, slots=True)
class Station:
    """Who sends, and how.

    Parameters
    ----------
    name
        Eight digits of a hydrological code, or eleven of an administrative address.
    class_code
        Letter of the station's class: H river, P rain.
    centre
        Address of the centre, 1 to 255.
    password
        2 bytes.
    mode
        `hex` or `ascii`.
    """

    name: str
    class_code: str = "H"
    centre: int = 1
    password: bytes = b"\x12\x34"
    mode: str = frame.HEX

    @property
    def address(self) -> bytes:
        """Five bytes of the name."""
        return coding.address(self.name)


def single(station: Station, function: int, body: bytes) -> bytes:
    """One frame that is a message of its own.

    Raises
    ------
    ValueError
        The body is longer than 4095 bytes.
    """
    return frame.build(_frame(station, function, body))


def packets(station: Station, function: int, body: bytes, size: int) -> list[bytes]:
    """Frames of a transfer in packets (M3), each with at most `size` bytes of the body.

    Raises
    ------
    ValueError
        There would be more than 4095 packets, or one does not fit into a frame.
    """
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    total = len(parts)
    if total > frame.LONGEST_BODY:
        error = f"{total} packets are more than {frame.LONGEST_BODY}"
        raise ValueError(error)
    return [
        frame.build(_frame(station, function, part, Packet(total, number)))
        for number, part in enumerate(parts, 1)
    ]


def _frame(
    station: Station, function: int, body: bytes, packet: Packet | None = None
) -> Frame:
    is_last = packet is None or packet.number == packet.total
    return Frame(
        station.mode,
        is_down=False,
        centre=station.centre,
        address=station.address,
        password=station.password,
        function=function,
        body=body,
        end=frame.ETX if is_last else frame.ETB,
        packet=packet,
    )


def heartbeat(station: Station, message: Message) -> bytes:
    """Body of 2FH: number and send time."""
    return _head(station, message)


def report(station: Station, message: Message) -> bytes:
    """Body of 30H, 32H, 33H, 37H: values under their observation times [min].

    A value belongs to the element of its metric; NaN is written as missing.

    Raises
    ------
    ValueError
        A metric has no element, or a value does not fit into it.
    """
    parts = [_head(station, message), _address(station)]
    for ts_us, rows in itertools.groupby(_rows(message), lambda row: row[1]):
        parts.append(_time(station, ts_us))
        parts.extend(_value(station, element, value) for element, _, value in rows)
    return b"".join(parts)


def hourly(station: Station, message: Message) -> bytes:
    """Body of 34H: twelve values of one hour each, then what else there is.

    `rainfall_interval` [mm] and `relative_water_level_1` to 8 [m] become groups of an
    hour with the time of their first value, all others elements. Rain above 25.4 mm in
    five minutes is carried into the next group, as the standard says.

    Raises
    ------
    ValueError
        A group has not twelve values; a metric has no element.
    """
    parts = [_head(station, message), _address(station)]
    groups: dict[str, list[tuple[int, float]]] = {}
    for metric, ts_us, value in _columns(message):
        if metric == "rainfall_interval" or metric.startswith(_RELATIVE):
            groups.setdefault(metric, []).append((ts_us, value))
    for metric, column in groups.items():
        parts.append(_time(station, column[0][0]))
        parts.append(_hour(station, metric, [value for _, value in column]))
    others = [each for each in _columns(message) if each[0] not in groups]
    for ts_us, rows in itertools.groupby(others, lambda row: row[1]):
        parts.append(_time(station, ts_us))
        parts.extend(
            _value(station, _element(metric), value) for metric, _, value in rows
        )
    return b"".join(parts)


def series(station: Station, message: Message, step_us: int) -> bytes:
    """Body of 31H and 38H: values at equal steps [us] from the first value's time.

    HEX takes one metric; ASCII several, whose values stand side by side.

    Raises
    ------
    ValueError
        There is no value, the step is none of the standard's, or HEX has two metrics.
    """
    rows = list(_rows(message))
    named = list(dict.fromkeys(element for element, _, _ in rows))
    if not rows or (station.mode == frame.HEX and len(named) > 1):
        error = f"a series of {len(named)} metrics cannot be written"
        raise ValueError(error)
    head = (
        _head(station, message),
        _address(station),
        _time(station, rows[0][1]),
        _step(station, step_us),
    )
    values = [value for _, _, value in rows]
    if station.mode == frame.HEX:
        return b"".join((*head, _column(named[0], values)))
    words = [element.source for element in named]
    words += [_text(element, value) for element, _, value in rows]
    return b"".join((*head, "".join(f"{word} " for word in words).encode()))


def picture(station: Station, message: Message, observed_us: int, jpeg: bytes) -> bytes:
    """Body of 36H: a picture."""
    mark = b"\xf3\xf3" if station.mode == frame.HEX else b"PIC "
    head = _head(station, message), _address(station), _time(station, observed_us)
    return b"".join((*head, mark, jpeg))


def text(station: Station, message: Message, written: str) -> bytes:
    """Body of 35H and 39H: text that somebody has entered."""
    mark = b"\xf2\xf2" if station.mode == frame.HEX else b"RGZS "
    return _head(station, message) + mark + written.encode("gb18030")


def _head(station: Station, message: Message) -> bytes:
    serial = ((message.seq or 1) - 1) % _SERIALS + 1
    digits = f"{serial:04X}{coding.moment_digits(message.sent_us or 0)}"
    return _digits(station, digits)


def _digits(station: Station, digits: str) -> bytes:
    return bytes.fromhex(digits) if station.mode == frame.HEX else digits.encode()


@functools.lru_cache(maxsize=4096)
def _address(station: Station) -> bytes:
    if station.mode == frame.ASCII:
        written = station.address.hex().upper()
        return f"ST {written} {station.class_code} ".encode()
    codes = {letter: code for code, letter in elements.CLASSES.items()}
    return b"\xf1\xf1" + station.address + bytes((codes[station.class_code],))


def _time(station: Station, ts_us: int) -> bytes:
    digits = coding.moment_digits(ts_us, _MINUTES)
    if station.mode == frame.ASCII:
        return f"TT {digits} ".encode()
    return b"\xf0\xf0" + bytes.fromhex(digits)


def _columns(message: Message) -> Iterator[tuple[str, int, float]]:
    for metric, ts_us, value in zip(
        message.metrics, message.ts_us, message.values, strict=True
    ):
        yield metric, ts_us if ts_us is not None else message.sent_us or 0, value


def _rows(message: Message) -> Iterator[tuple[elements.Element, int, float]]:
    for metric, ts_us, value in _columns(message):
        yield _element(metric), ts_us, value


def _element(metric: str) -> elements.Element:
    found = elements.BY_METRIC.get(metric)
    if found is None:
        error = f"{metric} has no element"
        raise ValueError(error)
    return found


def _value(station: Station, element: elements.Element, value: float) -> bytes:
    if station.mode == frame.ASCII:
        return f"{element.source} {_text(element, value)} ".encode()
    size = element.size + (value < 0)
    data = coding.number_bytes(_decimal(element, value), size, element.decimals)
    return bytes((element.guide, size << 3 | element.decimals)) + data


def _decimal(element: elements.Element, value: float) -> float:
    """Value as its digits say it: a duration has minutes behind its point."""
    if element.guide != elements.DURATION or math.isnan(value):
        return value
    hours, minutes = divmod(round(value * 60), 60)
    return hours + minutes / 100


def _text(element: elements.Element, value: float) -> str:
    if math.isnan(value):
        return "M"
    return f"{_decimal(element, value):.{element.decimals}f}"


def _column(element: elements.Element, values: Sequence[float]) -> bytes:
    size = element.size + any(value < 0 for value in values)
    head = bytes((element.guide, size << 3 | element.decimals))
    column = (coding.number_bytes(value, size, element.decimals) for value in values)
    return head + b"".join(column)


def _step(station: Station, step_us: int) -> bytes:
    for index, (letter, unit) in enumerate(_STEPS):
        count, rest = divmod(step_us, unit)
        if not rest and 0 < count <= _MOST_STEPS:
            if station.mode == frame.ASCII:
                return f"DR{letter}{count:02d} ".encode()
            fields = ["00", "00", "00"]
            fields[index] = f"{count:02d}"
            return b"\x04\x18" + bytes.fromhex("".join(fields))
    error = f"{step_us} us is no time step"
    raise ValueError(error)


def _hour(station: Station, metric: str, values: Sequence[float]) -> bytes:
    if len(values) != _HOUR:
        error = f"{metric} has {len(values)} values for an hour, not {_HOUR}"
        raise ValueError(error)
    if metric.startswith(_RELATIVE):
        index = int(metric.removeprefix(_RELATIVE))
        guide, name = elements.RAIN_OF_HOUR + index, f"DRZ{index}"
        data = b"".join(_level(value) for value in values)
    else:
        guide, name = elements.RAIN_OF_HOUR, "DRP"
        data = _rain(values)
    if station.mode == frame.ASCII:
        return f"{name} {data.hex().upper()} ".encode()
    return bytes((guide, len(data) << 3)) + data


def _level(value: float) -> bytes:
    if math.isnan(value):
        return _LEVEL_MISSING.to_bytes(2)
    return min(max(round(value * 100), 0), _LARGEST_LEVEL).to_bytes(2)


def _rain(values: Sequence[float]) -> bytes:
    carried = 0
    written = bytearray()
    for value in values:
        if math.isnan(value):
            written.append(_RAIN_MISSING)
            continue
        carried += max(round(value * 10), 0)
        written.append(min(carried, _LARGEST_RAIN))
        carried -= written[-1]
    return bytes(written)
