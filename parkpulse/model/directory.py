"""What ingest must know of parks, devices and series to place a message's values.

The series are also columns (`SeriesColumns`), so that a whole batch is checked and
calibrated at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from parkpulse.model import metrics
from parkpulse.model.registry import SLOTS
from parkpulse.model.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.model.packed import FloatArray, Int32Array, Int64Array

Clock = Literal["wall", "data"]


class ParkEntry(NamedTuple):
    """A park as ingest sees it; times in microseconds since 1970 UTC."""

    id: int
    code: str
    clock: Clock
    accept_from_us: int
    data_now_us: int | None


class Calibration(NamedTuple):
    """From `valid_from_us` on: stored = scale * sent + offset."""

    valid_from_us: int
    scale: float
    offset: float


class SeriesEntry(NamedTuple):
    """A series of a device."""

    id: int
    metric: str
    stamp_shift_us: int = 0
    """What is added to a sent time: an interval stamped with its start ends later."""
    calibrations: tuple[Calibration, ...] = ()
    """By time."""


NO_ROW = -1


class Rows(dict[str, int]):
    """Row of each series of a device in the columns, by metric."""

    def __missing__(self, metric: str) -> int:
        """Answer `rows[metric]` for what is no series; `get` answers None."""
        return NO_ROW


@dataclass(slots=True)
class DeviceEntry:
    """A device; `rows` tells the row of each of its series in the columns."""

    id: int
    park: ParkEntry
    code: str
    has_trusted_clock: bool
    rows: Rows = field(default_factory=Rows)
    options: Mapping[str, str] = field(default_factory=dict)
    """How its messages are to be read."""
    is_retired: bool = False


class Account(NamedTuple):
    """An account of a platform that pushes messages of devices."""

    park: str
    options: Mapping[str, str]
    """How its messages are to be read."""


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """Columns of all series of a directory.

    Parameters
    ----------
    id : array, shape (n,)
        Ids of the series.
    minimum, maximum : arrays, shape (n,)
        Plausible range in the metric's unit.
    slot : array, shape (n,)
        Slot of the park in the batch log.
    accept_from_us : array, shape (n,)
        An observed time before this is refused. [us since 1970 UTC]
    stamp_shift_us : array, shape (n,)
        What is added to an observed time; 0 if the device's clock is not trusted. [us]
    calibration_row, calibration_from_us, scale, offset : arrays, shape (m,)
        Calibrations sorted by row, then time: row of the series, valid from [us],
        factor and summand.
    """

    id: Int32Array
    minimum: FloatArray
    maximum: FloatArray
    slot: Int32Array
    accept_from_us: Int64Array
    stamp_shift_us: Int64Array
    calibration_row: Int64Array
    calibration_from_us: Int64Array
    scale: FloatArray
    offset: FloatArray


class Directory:
    """All parks, devices and series by the codes that messages use."""

    def __init__(self) -> None:
        self.parks: dict[str, ParkEntry] = {}
        self.routes = Routes()
        self.accounts: dict[tuple[str, str], Account] = {}
        """By platform and name."""
        self._devices: dict[str, DeviceEntry] = {}
        """By park and code, with a slash between."""
        self._series: list[SeriesEntry] = []
        self._owners: list[DeviceEntry] = []
        self._columns: SeriesColumns | None = None

    def add_park(self, park: ParkEntry) -> None:
        """Add a park or replace what is known of it."""
        self.parks[park.code] = park

    def add_device(self, device: DeviceEntry) -> None:
        """Add a device or replace what is known of it."""
        self._devices[f"{device.park.code}/{device.code}"] = device

    def add_alias(self, alias: str, device: DeviceEntry) -> None:
        """Take messages under another id as those of a device."""
        self._devices[f"{device.park.code}/{alias}"] = device

    def add_series(self, device: DeviceEntry, series: SeriesEntry) -> None:
        """Add a series of a device; one that is there stays as it is."""
        if series.metric not in device.rows:
            device.rows[series.metric] = len(self._series)
            self._series.append(series)
            self._owners.append(device)
            self._columns = None

    def device(self, park: str, code: str) -> DeviceEntry | None:
        """Find a device by the codes of a topic."""
        return self._devices.get(f"{park}/{code}")

    def at(self, path: str) -> DeviceEntry | None:
        """Find a device by its park's code, a slash and its own."""
        return self._devices.get(path)

    def series(self, device: DeviceEntry, metric: str) -> SeriesEntry | None:
        """Find a series by its metric."""
        row = device.rows.get(metric)
        return None if row is None else self._series[row]

    def metric(self, row: int) -> str:
        """Name the metric of a row of the columns."""
        return self._series[row].metric

    def columns(self) -> SeriesColumns:
        """All series as columns; a row keeps its number while the directory lives."""
        if self._columns is None:
            self._columns = _columns(self._series, self._owners)
        return self._columns


def _columns(
    series: Sequence[SeriesEntry], owners: Sequence[DeviceEntry]
) -> SeriesColumns:
    of = [metrics.METRICS[each.metric] for each in series]
    dated = [
        (row, *calibration)
        for row, each in enumerate(series)
        for calibration in each.calibrations
    ]
    row, start, scale, offset = zip(*dated, strict=True) if dated else ((), (), (), ())
    return SeriesColumns(
        id=np.array([each.id for each in series], np.int32),
        minimum=np.array([metric.minimum for metric in of], np.float64),
        maximum=np.array([metric.maximum for metric in of], np.float64),
        slot=np.array([device.park.id % SLOTS for device in owners], np.int32),
        accept_from_us=np.array(
            [device.park.accept_from_us for device in owners], np.int64
        ),
        stamp_shift_us=np.array(
            [
                each.stamp_shift_us if device.has_trusted_clock else 0
                for each, device in zip(series, owners, strict=True)
            ],
            np.int64,
        ),
        calibration_row=np.array(row, np.int64),
        calibration_from_us=np.array(start, np.int64),
        scale=np.array(scale, np.float64),
        offset=np.array(offset, np.float64),
    )
