"""Readings that programs send over HTTP: read, checked by row, made into messages."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from parkpulse.errors import DecodeError, InvalidRequestError
from parkpulse.model.metrics import METRICS, conversion
from parkpulse.wire import times
from parkpulse.wire.native import PlainSample

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

MOST_ROWS = 20_000
"""Most rows of a request."""
TOPIC = "parkpulse/v1/{park}/{device}/telemetry"
_MESSAGE_VALUES = 1500
"""So many are never longer than ingest reads."""
_FIELDS = frozenset({"device", "metric", "ts", "value", "unit"})
_NEEDED = ("device", "metric", "ts", "value")
_LARGEST = 1.7e308
_EARLIEST_MS = 0
_LATEST_MS = 7_258_118_400_000
"""1970 to 2200, as everywhere in the API."""


class Row(NamedTuple):
    """A reading that can be published."""

    device: str
    metric: str
    ts_ms: int
    value: float
    unit: str | None


class RowError(NamedTuple):
    """What is wrong with a row; `code` is one of the API's value errors."""

    row: int
    field: str
    code: str


@dataclass
class Checked:
    """Rows of a request, the good ones and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


def read(body: bytes, *, by_line: bool) -> list[Any]:
    """Read a body: `{"readings": [...]}`, or a JSON object a line.

    A line that is no JSON becomes None.

    Raises
    ------
    InvalidRequestError
        The whole cannot be read, or has no or too many rows.
    """
    rows = _lines(body) if by_line else _listed(body)
    if not rows:
        code, message = "missing", "there are no readings"
        raise InvalidRequestError(code, message, "/readings")
    if len(rows) > MOST_ROWS:
        code, message = "too_many_rows", "too many readings"
        raise InvalidRequestError(code, message, "/readings")
    return rows


def _lines(body: bytes) -> list[Any]:
    """Read a line at a time, no further than one beyond the limit."""
    filled = (line for line in io.BytesIO(body) if line.strip())
    return [_line(line) for line in itertools.islice(filled, MOST_ROWS + 1)]


def _line(line: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _listed(body: bytes) -> list[Any]:
    found = _line(body)
    if found is None:
        code, message = "not_json", "the body is no JSON"
        raise InvalidRequestError(code, message, "")
    rows = found.get("readings") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        code, message = "wrong_type", "readings must be a list"
        raise InvalidRequestError(code, message, "/readings")
    return rows


def check(rows: Sequence[Any], devices: Collection[str]) -> Checked:
    """Sort out the rows that cannot be readings of these devices."""
    found = Checked()
    for number, given in enumerate(rows):
        row = _row(number, given, devices)
        if isinstance(row, Row):
            found.rows.append(row)
        else:
            found.errors.append(row)
    return found


def _row(number: int, given: Any, devices: Collection[str]) -> Row | RowError:  # noqa: ANN401 - any JSON
    if not isinstance(given, dict):
        return RowError(number, "", "wrong_type")
    problem = _named(given, devices) or _measured(given)
    if problem is not None:
        return RowError(number, *problem)
    ts = _milliseconds(given["ts"])
    if ts is None:
        return RowError(number, "ts", "not_a_time")
    unit = given.get("unit")
    return Row(given["device"], given["metric"], ts, float(given["value"]), unit)


def _named(
    given: Mapping[str, Any], devices: Collection[str]
) -> tuple[str, str] | None:
    """Say which name is missing or not known, as (field, code)."""
    for name in _NEEDED:
        if given.get(name) is None:
            return name, "missing"
    unknown = next(iter(given.keys() - _FIELDS), None)
    if unknown is not None:
        return unknown, "unknown_parameter"
    device, metric = given["device"], given["metric"]
    if not isinstance(device, str) or device not in devices:
        return "device", "unknown_device"
    if not isinstance(metric, str) or metric not in METRICS:
        return "metric", "unknown_metric"
    return None


def _measured(given: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say what is wrong with a value or its unit, as (field, code)."""
    value, unit = given["value"], given.get("unit")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "value", "not_a_number"
    # Neither infinite nor NaN, nor an integer that no float can hold.
    if not -_LARGEST <= value <= _LARGEST:
        return "value", "not_a_number"
    if unit is None:
        return None
    metric = METRICS[given["metric"]]
    known = isinstance(unit, str) and (
        unit == metric.unit or conversion(unit, metric) is not None
    )
    return None if known else ("unit", "unknown_unit")


def _milliseconds(given: object) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        found = times.parse(given, "ts") // 1000
    except DecodeError:
        return None
    return found if _EARLIEST_MS <= found < _LATEST_MS else None


def messages(park: str, rows: Sequence[Row]) -> Iterator[tuple[str, bytes]]:
    """Make messages as devices send them, as (topic, payload).

    Rows of a device and a unit go together, in the order given.
    """
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.device, row.unit), []).append(row)
    for (device, _), group in groups.items():
        topic = TOPIC.format(park=park, device=device)
        for low in range(0, len(group), _MESSAGE_VALUES):
            yield topic, _payload(group[low : low + _MESSAGE_VALUES])


def _payload(rows: Sequence[Row]) -> bytes:
    samples = [PlainSample({row.metric: row.value}, row.ts_ms) for row in rows]
    units = {row.metric: row.unit for row in rows if row.unit is not None}
    message: dict[str, Any] = {"samples": samples}
    if units:
        message["units"] = units
    return msgspec.json.encode(message)
