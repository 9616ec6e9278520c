"""Rows of a file to messages of devices, in the order they were sent."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING
from zoneinfo import ZoneInfo

from parkpulse.errors import ConfigError
from parkpulse.model import instants, metrics
from parkpulse.model.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from simulators.replay.mapping import ColumnSpec, Mapping, TimeSpec

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Sending:
    """What one device sent at one time; times in microseconds since 1970 UTC."""

    device: str
    sent_us: int
    observed_us: int
    values: dict[str, float]
    units: dict[str, str]

    def message(self, seq: int) -> Message:
        """Make the message, with its number of the device."""
        return Message(
            metrics=list(self.values),
            values=list(self.values.values()),
            ts_us=[self.observed_us] * len(self.values),
            seq=seq,
            sent_us=self.sent_us,
            units=self.units,
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """All messages of a file by sent time, and how many rows hold no value at all."""

    sendings: Sequence[Sending]
    rows: int
    empty_rows: int


def read(path: Path, mapping: Mapping) -> Contents:
    """Read a file, also one compressed with gzip.

    Raises
    ------
    ConfigError
        The file cannot be read, or is not what the mapping says.
    """
    found: list[Sending] = []
    rows = empty_rows = 0
    for number, row in _numbered(path, mapping):
        try:
            of_row = list(_sendings(row, mapping))
        except (ValueError, OverflowError, KeyError) as error:
            message = f"row {number} of {path.name} cannot be read: {_explain(error)}"
            raise ConfigError(message) from error
        rows += 1
        empty_rows += not of_row
        found.extend(of_row)
    found.sort(key=lambda each: each.sent_us)
    return Contents(found, rows, empty_rows)


def _explain(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no column {error}"
    return str(error)


def _numbered(path: Path, mapping: Mapping) -> Iterator[tuple[int, Row]]:
    try:
        with _opened(path) as file:
            reader = csv.DictReader(
                file,
                fieldnames=mapping.header or None,
                delimiter=mapping.delimiter,
                restval="",
            )
            yield from enumerate(reader, start=1)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        message = f"the file {path} cannot be read: {error}"
        raise ConfigError(message) from error


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _sendings(row: Row, mapping: Mapping) -> Iterator[Sending]:
    """One message for each device that has a value in the row."""
    observed = _time(row, mapping.observed)
    measured: dict[str, list[tuple[ColumnSpec, float]]] = {}
    for column in mapping.values:
        value = _value(row[column.column], mapping)
        if value is not None:
            measured.setdefault(_device(row, column), []).append((column, value))
    for device, of_device in measured.items():
        yield Sending(
            device,
            _sent(row, mapping, device, observed),
            observed,
            {column.metric: value for column, value in of_device},
            {column.metric: column.unit for column, _ in of_device if _differs(column)},
        )


def _differs(column: ColumnSpec) -> bool:
    """Whether the column's unit is another one than the metric's own."""
    return column.unit != metrics.METRICS[column.metric].unit


def _device(row: Row, column: ColumnSpec) -> str:
    return row[column.device_column] if column.device_column else column.device or ""


def _sent(row: Row, mapping: Mapping, device: str, observed_us: int) -> int:
    if mapping.sent is not None:
        return _time(row, mapping.sent)
    return observed_us + max(
        _until_end_us(mapping, device, column)
        for column in mapping.values
        if column.device in {None, device}
    )


def _until_end_us(mapping: Mapping, device: str, column: ColumnSpec) -> int:
    spec = mapping.series(device, column.metric)
    if spec is None or spec.stamp == "end":
        return 0
    return mapping.report_interval_s(device, column.metric) * instants.SECOND


def _value(text: str, mapping: Mapping) -> float | None:
    """Value of a cell; None where nothing was measured."""
    bare = text.strip()
    if not bare or bare in mapping.missing:
        return None
    value = float(bare)
    return None if value in mapping.missing else value


def _time(row: Row, spec: TimeSpec) -> int:
    text = " ".join(row[column] for column in spec.columns)
    if spec.format == "unix":
        return round(float(text) * instants.SECOND)
    if spec.format == "iso":
        moment = datetime.fromisoformat(text)
    else:
        moment = datetime.strptime(text, spec.format)  # noqa: DTZ007 - zone follows
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(spec.zone))
    return instants.to_us(moment.astimezone(UTC))
