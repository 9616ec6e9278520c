"""The registry as the documents that would write it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from parkpulse.errors import NotFoundError
from parkpulse.model.registry import (
    CalibrationSpec,
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    PlaceSpec,
    SeriesSpec,
    TopicSpec,
)
from parkpulse.store import topic_rules

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

KIND = "park"
"""What is said not to exist."""
_Key = tuple[str, str]


def parks(connection: Connection) -> list[str]:
    """Codes of all parks, in order."""
    rows = connection.execute('select code from park order by code collate "C"')
    return [code for (code,) in rows]


def load(connection: Connection, park: str, *, discovered: bool = False) -> ParkSpec:
    """Describe a park; `discovered` includes devices that nobody has described yet.

    Raises
    ------
    NotFoundError
        There is no such park.
    """
    park_id, spec = _outline(connection, park)
    return msgspec.structs.replace(
        spec,
        devices=_devices(connection, park_id, discovered=discovered),
        topics=[
            TopicSpec(rule.filter, rule.format, rule.device_level, dict(rule.options))
            for rule in topic_rules.load(connection)
            if rule.park == spec.code
        ],
        data_centres=_data_centres(connection, park_id),
    )


def outline(connection: Connection, park: str) -> ParkSpec:
    """Describe a park with its places and no more; raises NotFoundError."""
    return _outline(connection, park)[1]


class Described(NamedTuple):
    """One device, and whether anybody has described it."""

    spec: DeviceSpec
    is_discovered: bool


def device(connection: Connection, park: str, code: str) -> Described:
    """Describe one device of a park, discovered ones too.

    Raises
    ------
    NotFoundError
        There is no such park or device.
    """
    row = connection.execute(
        "select park.id, d.state from park left join device d"
        " on d.park_id = park.id and d.code = %s where park.code = %s",
        [code, park],
    ).fetchone()
    if row is None:
        raise NotFoundError(KIND, park)
    found = _devices(connection, row[0], discovered=True, only=code)
    if not found:
        kind = "device"
        raise NotFoundError(kind, code)
    return Described(found[0], row[1] == "discovered")


def _outline(connection: Connection, park: str) -> tuple[int, ParkSpec]:
    row = connection.execute(
        "select id, code, name_zh, name_en, accept_from, grade, clock, zone, simulated"
        " from park where code = %s",
        [park],
    ).fetchone()
    if row is None:
        raise NotFoundError(KIND, park)
    park_id, code, zh, en, accept_from, grade, clock, zone, simulated = row
    return park_id, ParkSpec(
        code=code,
        name=Name(zh, en),
        accept_from=accept_from,
        grade=grade,
        clock=clock,
        zone=zone,
        simulated=simulated,
        places=_places(connection, park_id),
    )


def _places(connection: Connection, park_id: int) -> list[PlaceSpec]:
    rows = connection.execute(
        "select p.code, p.kind, p.name_zh, p.name_en, above.code, p.compartment"
        " from place p"
        " left join place above on above.id = p.parent_id where p.park_id = %s"
        ' order by p.code collate "C"',
        [park_id],
    )
    return [
        PlaceSpec(code, kind, Name(zh, en), parent, compartment)
        for code, kind, zh, en, parent, compartment in rows
    ]


def _devices(
    connection: Connection, park_id: int, *, discovered: bool, only: str | None = None
) -> list[DeviceSpec]:
    aliases = _aliases(connection, park_id, only)
    series = _series(connection, park_id, only)
    rows = connection.execute(
        "select d.code, d.kind, d.name_zh, d.name_en, p.code, d.report_interval_s,"
        "  d.clock, d.options, d.state from device d"
        " left join place p on p.id = d.place_id where d.park_id = %s"
        " and (%s or d.state <> 'discovered') and (%s::text is null or d.code = %s)"
        ' order by d.code collate "C"',
        [park_id, discovered, only, only],
    )
    return [
        DeviceSpec(
            code=code,
            kind=kind,
            name=Name(zh, en),
            series=series[code],
            place=place,
            report_interval_s=interval_s,
            clock=clock,
            aliases=aliases[code],
            options=options,
            retired=state == "retired",
        )
        for code, kind, zh, en, place, interval_s, clock, options, state in rows
    ]


def _aliases(
    connection: Connection, park_id: int, only: str | None
) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code, alias in connection.execute(
        "select d.code, a.alias from device_alias a join device d on d.id = a.device_id"
        " where a.park_id = %s and (%s::text is null or d.code = %s)"
        ' order by a.alias collate "C"',
        [park_id, only, only],
    ):
        found[code].append(alias)
    return found


def _series(
    connection: Connection, park_id: int, only: str | None
) -> defaultdict[str, list[SeriesSpec]]:
    calibrations: defaultdict[_Key, list[CalibrationSpec]] = defaultdict(list)
    for code, metric, valid_from, scale, offset, source in connection.execute(
        "select d.code, s.metric, c.valid_from, c.scale, c.value_offset, c.source"
        " from calibration c join series s on s.id = c.series_id"
        " join device d on d.id = s.device_id where d.park_id = %s"
        " and (%s::text is null or d.code = %s) order by c.valid_from",
        [park_id, only, only],
    ):
        dated = CalibrationSpec(valid_from, scale, offset, source)
        calibrations[code, metric].append(dated)
    found: defaultdict[str, list[SeriesSpec]] = defaultdict(list)
    for code, metric, stamp, interval_s, usual_s, *limits in connection.execute(
        "select d.code, s.metric, s.stamp, s.report_interval_s,"
        "  d.report_interval_s, s.modulus, s.max_power_kw"
        " from series s join device d on d.id = s.device_id where d.park_id = %s"
        " and (%s::text is null or d.code = %s)"
        ' order by s.metric collate "C"',
        [park_id, only, only],
    ):
        spec = SeriesSpec(
            metric=metric,
            stamp=stamp,
            report_interval_s=None if interval_s == usual_s else interval_s,
            modulus=limits[0],
            max_power_kw=limits[1],
            calibration=calibrations[code, metric],
        )
        found[code].append(spec)
    return found


def _data_centres(connection: Connection, park_id: int) -> list[DataCentreSpec]:
    meters = _meters(connection, park_id)
    rows = connection.execute(
        "select c.id, c.code, c.name_zh, c.name_en, c.commissioned, c.standard_racks,"
        "  c.grid_region, p.code from data_centre c"
        " left join place p on p.id = c.place_id where c.park_id = %s"
        ' order by c.code collate "C"',
        [park_id],
    )
    return [
        DataCentreSpec(
            code=code,
            name=Name(zh, en),
            commissioned=commissioned,
            standard_racks=racks,
            meters=meters[centre_id],
            place=place,
            grid_region=region,
        )
        for centre_id, code, zh, en, commissioned, racks, region, place in rows
    ]


def _meters(connection: Connection, park_id: int) -> defaultdict[int, list[MeterSpec]]:
    found: defaultdict[int, list[MeterSpec]] = defaultdict(list)
    for centre_id, device, metric, role, parent in connection.execute(
        "select m.data_centre_id, d.code, s.metric, m.role, above.code from meter m"
        " join series s on s.id = m.series_id join device d on d.id = s.device_id"
        " left join meter up on up.id = m.parent_id"
        " left join series us on us.id = up.series_id"
        " left join device above on above.id = us.device_id"
        ' where d.park_id = %s order by d.code collate "C", s.metric, m.role',
        [park_id],
    ):
        found[centre_id].append(MeterSpec(device, metric, role, parent))
    return found
