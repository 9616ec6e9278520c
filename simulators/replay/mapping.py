"""What a file of measurements means: its times, columns, units and park."""

from __future__ import annotations

import fnmatch
import tomllib
from importlib import resources
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct, field, structs

from parkpulse.errors import ConfigError
from parkpulse.model import metrics
from parkpulse.model.registry import ParkSpec, SeriesSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".toml"


class TimeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a row's time stands and how to read it.

    Parameters
    ----------
    columns
        Joined by a space before they are read.
    format
        `iso`, `unix` (seconds) or a format of `strptime`.
    zone
        Zone of times that name none.
    """

    columns: list[str]
    format: str = "iso"
    zone: str = "UTC"


class ColumnSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of values: whose they are and what they measure.

    Exactly one of `device` and `device_column` is given.
    """

    column: str
    metric: str
    unit: str
    device: str | None = None
    device_column: str | None = None


class Mapping(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of measurements described.

    Parameters
    ----------
    files
        Patterns of the names of files that this mapping is for.
    source
        Origin and licence of the measurements.
    observed
        When a row was measured: an interval's start or end as the series' `stamp` says.
    sent
        When the device sent it; without it at the end of what was measured.
    header
        Names of the columns of a file that has none in its first line.
    missing
        What stands where nothing was measured; an empty cell always means that.
    """

    files: list[str]
    source: str
    observed: TimeSpec
    values: list[ColumnSpec]
    park: ParkSpec
    sent: TimeSpec | None = None
    header: list[str] = field(default_factory=list)
    missing: list[str | float] = field(default_factory=list)
    delimiter: str = ","

    def series(self, device: str, metric: str) -> SeriesSpec | None:
        """Find what the park says about a device's metric."""
        for each in self.park.devices:
            if each.code == device:
                return next((s for s in each.series if s.metric == metric), None)
        return None

    def report_interval_s(self, device: str, metric: str) -> int:
        """Seconds between two reports of a device's metric."""
        spec = self.series(device, metric)
        own = next(each for each in self.park.devices if each.code == device)
        given = None if spec is None else spec.report_interval_s
        return given or own.report_interval_s


def read(path: Path) -> Mapping:
    """Read a mapping.

    Raises
    ------
    ConfigError
        The file cannot be read or does not describe a file of measurements.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        mapping = msgspec.convert(document, Mapping)
    except (OSError, UnicodeDecodeError) as error:
        message = f"the mapping {path} cannot be read: {error}"
        raise ConfigError(message) from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        message = f"the mapping {path.name} is wrong: {error}"
        raise ConfigError(message) from error
    fault = next(_faults(mapping), None)
    if fault is not None:
        message = f"the mapping {path.name} is wrong: {fault}"
        raise ConfigError(message)
    return mapping


def shipped() -> list[Path]:
    """List the mappings that come with Parkpulse."""
    with resources.as_file(
        resources.files("simulators").joinpath("mappings")
    ) as folder:
        return sorted(folder.glob(f"*{SUFFIX}"))


def find(file: Path) -> Mapping:
    """Find the mapping for a file: beside it, or the one shipped for its name.

    Raises
    ------
    ConfigError
        There is none.
    """
    beside = file.with_name(f"{file.name.removesuffix('.gz')}{SUFFIX}")
    if beside.is_file():
        return read(beside)
    for path in shipped():
        mapping = read(path)
        if any(fnmatch.fnmatch(file.name, pattern) for pattern in mapping.files):
            return mapping
    message = (
        f"no mapping is known for {file.name}: write one and name it with --mapping,"
        f" or put it beside the file as {beside.name}"
    )
    raise ConfigError(message)


def for_park(mapping: Mapping, code: str | None) -> ParkSpec:
    """Tell the park to send into: the mapping's own or one with another code."""
    return structs.replace(mapping.park, code=code or mapping.park.code, clock="data")


def _faults(mapping: Mapping) -> Iterator[str]:
    yield from _time_faults(mapping)
    for column in mapping.values:
        yield from _column_faults(mapping, column)


def _time_faults(mapping: Mapping) -> Iterator[str]:
    for spec in (mapping.observed, mapping.sent):
        if spec is None:
            continue
        try:
            ZoneInfo(spec.zone)
        except (ZoneInfoNotFoundError, ValueError):
            yield f"{spec.zone!r} is no time zone"


def _column_faults(mapping: Mapping, column: ColumnSpec) -> Iterator[str]:
    metric = metrics.METRICS.get(column.metric)
    if metric is None:
        yield f"{column.metric!r} is no metric"
    elif metrics.conversion(column.unit, metric) is None:
        yield f"{column.metric} cannot be given in {column.unit!r}"
    if (column.device is None) == (column.device_column is None):
        yield f"column {column.column} needs either device or device_column"
    elif column.device is not None and not mapping.series(column.device, column.metric):
        yield f"the park has no device {column.device} that measures {column.metric}"
