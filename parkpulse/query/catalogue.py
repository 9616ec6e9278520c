"""The registry as the read side holds it: one immutable snapshot of all parks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from parkpulse.errors import NotFoundError
from parkpulse.model import instants
from parkpulse.model.freshness import freshness_s
from parkpulse.model.metrics import METRICS, Metric
from parkpulse.model.registry import Name
from parkpulse.store import devices as device_store
from parkpulse.store import parks as park_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from parkpulse.model.packed import Int32Array, Int64Array
    from parkpulse.model.registry import CompartmentKind
    from parkpulse.store.devices import DeviceRow, SeriesRow
    from parkpulse.store.parks import DataCentreRow, ParkRow, PlaceRow
    from parkpulse.store.pool import Connection

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a park; `parent` is a code."""

    code: str
    parent: str | None
    kind: str
    name: Name
    compartment: CompartmentKind | None = None
    """What a compartment of a utility tunnel carries, where that is registered."""


@dataclass(frozen=True, slots=True)
class DataCentre:
    """A data centre of a park; `place` is a code."""

    id: int
    code: str
    name: Name
    commissioned: date
    standard_racks: int
    place: str | None


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of a device."""

    id: int
    metric: Metric
    kind: str
    report_interval_s: int
    modulus: float | None
    """Value at which a register rolls over; None for no register, or never."""

    @property
    def freshness_s(self) -> float:
        """Age up to which its newest reading is fresh [s]."""
        return freshness_s(self.report_interval_s)


@dataclass(frozen=True, slots=True)
class Device:
    """A device with its series in order of metric; `place` is a code."""

    id: int
    code: str
    kind: str
    name: Name
    place: str | None
    state: str
    clock: str
    report_interval_s: int
    series: tuple[Series, ...]

    @property
    def freshness_s(self) -> float:
        """Age up to which it is not silent: that of its most frequent series [s]."""
        intervals = [each.report_interval_s for each in self.series]
        return freshness_s(min(intervals, default=self.report_interval_s))


class Index(NamedTuple):
    """All series of a park as arrays; n series of m devices."""

    series: Int32Array
    """Id, shape (n,)."""
    freshness: Int64Array
    """Age up to which the newest reading is fresh, shape (n,). [us]"""
    device: NDArray[np.intp]
    """Position in the park's devices, shape (n,)."""
    device_freshness: Int64Array
    """Age up to which a device is not silent, shape (m,). [us]"""


@dataclass(frozen=True, slots=True, eq=False)
class Park:
    """A park with everything that is registered in it, each in order of code."""

    row: ParkRow
    places: tuple[Place, ...]
    data_centres: tuple[DataCentre, ...]
    devices: tuple[Device, ...]
    index: Index

    @property
    def name(self) -> Name:
        """What people call it."""
        return Name(self.row.name_zh, self.row.name_en)

    def data_centre(self, code: str) -> DataCentre:
        """Find a data centre; raises NotFoundError."""
        for each in self.data_centres:
            if each.code == code:
                return each
        kind = "data centre"
        raise NotFoundError(kind, code)


@dataclass(frozen=True, slots=True)
class Found:
    """A series with the device and the park it belongs to."""

    park: Park
    device: Device
    series: Series


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All parks by code, and all series by id."""

    parks: Mapping[str, Park]
    by_series: Mapping[int, Found]

    def park(self, code: str) -> Park:
        """Find a park; raises NotFoundError."""
        found = self.parks.get(code)
        if found is None:
            kind = "park"
            raise NotFoundError(kind, code)
        return found

    def series(self, series_id: int) -> Found:
        """Find a series; raises NotFoundError."""
        found = self.by_series.get(series_id)
        if found is None:
            kind = "series"
            raise NotFoundError(kind, str(series_id))
        return found


def load(conn: Connection) -> Catalogue:
    """Read the whole registry."""
    series = _groups(map(_series, device_store.series(conn)))
    devices = _groups(
        (row.park_id, _device(row, series.get(row.id, ())))
        for row in device_store.devices(conn)
    )
    places = _groups(map(_place, park_store.places(conn)))
    centres = _groups(map(_data_centre, park_store.data_centres(conn)))
    return _catalogue(
        Park(
            row,
            places.get(row.id, ()),
            centres.get(row.id, ()),
            devices.get(row.id, ()),
            _index(devices.get(row.id, ())),
        )
        for row in park_store.parks(conn)
    )


def _catalogue(parks: Iterable[Park]) -> Catalogue:
    by_code = {park.row.code: park for park in parks}
    by_series = {
        series.id: Found(park, device, series)
        for park in by_code.values()
        for device in park.devices
        for series in device.series
    }
    return Catalogue(by_code, by_series)


def _index(devices: Sequence[Device]) -> Index:
    series = [each for device in devices for each in device.series]
    counts = [len(device.series) for device in devices]
    return Index(
        np.array([each.id for each in series], np.int32),
        _microseconds(each.freshness_s for each in series),
        np.repeat(np.arange(len(devices)), counts),
        _microseconds(device.freshness_s for device in devices),
    )


def _microseconds(seconds: Iterable[float]) -> Int64Array:
    return np.array([round(each * instants.SECOND) for each in seconds], np.int64)


def _groups(pairs: Iterable[tuple[int, _T]]) -> dict[int, tuple[_T, ...]]:
    return {
        owner: tuple(each for _, each in group)
        for owner, group in groupby(pairs, key=lambda pair: pair[0])
    }


def _series(row: SeriesRow) -> tuple[int, Series]:
    series = Series(
        row.id, METRICS[row.metric], row.kind, row.report_interval_s, row.modulus
    )
    return row.device_id, series


def _device(row: DeviceRow, series: Sequence[Series]) -> Device:
    return Device(
        row.id,
        row.code,
        row.kind,
        Name(row.name_zh, row.name_en),
        row.place,
        row.state,
        row.clock,
        row.report_interval_s,
        tuple(series),
    )


def _place(row: PlaceRow) -> tuple[int, Place]:
    name = Name(row.name_zh, row.name_en)
    place = Place(row.code, row.parent, row.kind, name, row.compartment)
    return row.park_id, place


def _data_centre(row: DataCentreRow) -> tuple[int, DataCentre]:
    name = Name(row.name_zh, row.name_en)
    return row.park_id, DataCentre(
        row.id, row.code, name, row.commissioned, row.standard_racks, row.place
    )
