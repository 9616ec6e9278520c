"""Reads of the registry in the form that ingest uses."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from parkpulse.model import instants, metrics
from parkpulse.model.directory import (
    Account,
    Calibration,
    DeviceEntry,
    Directory,
    ParkEntry,
    SeriesEntry,
)
from parkpulse.model.routes import Routes
from parkpulse.store import push_accounts, topic_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parkpulse.store.pool import Connection

_Calibrations = dict[int, list[Calibration]]


def load(connection: Connection) -> Directory:
    """All parks, devices and series."""
    directory = Directory()
    for park in _parks(connection):
        directory.add_park(park)
    _add_devices(connection, directory, None)
    _add_aliases(connection, directory)
    directory.routes = Routes(tuple(topic_rules.load(connection)))
    directory.accounts = {
        (each.platform, each.name): Account(each.park, each.options)
        for each in push_accounts.listed(connection)
    }
    return directory


def add_devices(
    connection: Connection, directory: Directory, device_ids: Sequence[int]
) -> None:
    """Take devices with their series into a directory that knows their parks."""
    _add_devices(connection, directory, list(device_ids))


def are_registered(connection: Connection, codes: Sequence[str]) -> bool:
    """Whether at least one of these parks is registered."""
    found = connection.execute(
        "select 1 from park where code = any(%s) limit 1", [list(codes)]
    )
    return found.fetchone() is not None


def _parks(connection: Connection) -> list[ParkEntry]:
    rows = connection.execute(
        "select id, code, clock, accept_from, data_now from park order by id"
    )
    return [
        ParkEntry(
            id=park_id,
            code=code,
            clock=clock,
            accept_from_us=instants.to_us(accept_from),
            data_now_us=None if data_now is None else instants.to_us(data_now),
        )
        for park_id, code, clock, accept_from, data_now in rows
    ]


def _add_devices(
    connection: Connection, directory: Directory, only: list[int] | None
) -> None:
    devices: dict[int, DeviceEntry] = {}
    for device_id, park, code, clock, options, state in connection.execute(
        "select d.id, p.code, d.code, d.clock, d.options, d.state from device d"
        " join park p on p.id = d.park_id"
        " where %(only)s::integer[] is null or d.id = any(%(only)s) order by d.id",
        {"only": only},
    ):
        if park in directory.parks:
            entry = directory.device(park, code) or DeviceEntry(
                device_id, directory.parks[park], code, clock == "trusted"
            )
            entry.options, entry.is_retired = options, state == "retired"
            devices[device_id] = entry
            directory.add_device(entry)
    _add_series(connection, directory, devices, only)


def _add_aliases(connection: Connection, directory: Directory) -> None:
    for park, alias, code in connection.execute(
        "select p.code, a.alias, d.code from device_alias a"
        " join device d on d.id = a.device_id join park p on p.id = a.park_id"
        " order by a.park_id, a.alias"
    ):
        device = directory.device(park, code)
        if device is not None:
            directory.add_alias(alias, device)


def _add_series(
    connection: Connection,
    directory: Directory,
    devices: Mapping[int, DeviceEntry],
    only: list[int] | None,
) -> None:
    calibrations = _calibrations(connection, only)
    for device_id, series_id, metric, kind, stamp, interval_s in connection.execute(
        "select device_id, id, metric, kind, stamp, report_interval_s from series"
        " where %(only)s::integer[] is null or device_id = any(%(only)s) order by id",
        {"only": only},
    ):
        if device_id in devices and metric in metrics.METRICS:
            is_shifted = kind == "interval" and stamp == "start"
            series = SeriesEntry(
                id=series_id,
                metric=metric,
                stamp_shift_us=interval_s * instants.SECOND if is_shifted else 0,
                calibrations=_of(calibrations, series_id),
            )
            directory.add_series(devices[device_id], series)


def _of(
    calibrations: Mapping[int, Sequence[Calibration]], series_id: int
) -> tuple[Calibration, ...]:
    return tuple(calibrations.get(series_id, ()))


def _calibrations(connection: Connection, only: list[int] | None) -> _Calibrations:
    found: _Calibrations = defaultdict(list)
    for series_id, valid_from, scale, offset in connection.execute(
        "select c.series_id, c.valid_from, c.scale, c.value_offset from calibration c"
        " join series s on s.id = c.series_id"
        " where %(only)s::integer[] is null or s.device_id = any(%(only)s)"
        " order by c.series_id, c.valid_from",
        {"only": only},
    ):
        found[series_id].append(Calibration(instants.to_us(valid_from), scale, offset))
    return found
