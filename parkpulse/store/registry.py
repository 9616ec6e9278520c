"""The registry: what a park consists of, as described by one document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from parkpulse.model import metrics, registry_check
from parkpulse.store import registry_news, registry_ways

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from parkpulse.model.registry import (
        DataCentreSpec,
        DeviceSpec,
        MeterSpec,
        ParkSpec,
        PlaceSpec,
        SeriesSpec,
    )
    from parkpulse.store.pool import Connection

_SeriesKey = tuple[str, str]
"""Code of the device and the metric."""


def apply(connection: Connection, spec: ParkSpec) -> int:
    """Write a park's document; writing it again changes nothing.

    What the document does not name stays as it is, but for the calibrations and other
    ids of what it names and the meter trees of its data centres: those are replaced.

    Returns
    -------
    int
        Id of the park.

    Raises
    ------
    InvalidRequestError
        The document names an unknown metric, zone, place, device or meter.
    """
    registry_check.check(spec)
    park_id, changed = _park(connection, spec)
    places, more = _places(connection, park_id, spec.places)
    changed += more
    changed += _devices(connection, park_id, spec.devices, places)
    changed += registry_ways.apply(connection, park_id, spec)
    series = _series(connection, park_id, spec.devices)
    changed += series.changed
    changed += _calibrations(connection, spec.devices, series.ids)
    changed += _data_centres(connection, park_id, spec.data_centres, places, series.ids)
    if changed:
        registry_news.tell(connection)
    return park_id


def _park(connection: Connection, spec: ParkSpec) -> tuple[int, int]:
    cursor = connection.execute(
        "insert into park as p (code, name_zh, name_en, grade, clock, zone,"
        "  accept_from, simulated) values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (code) do update set name_zh = excluded.name_zh,"
        "  name_en = excluded.name_en, grade = excluded.grade, clock = excluded.clock,"
        "  zone = excluded.zone, accept_from = excluded.accept_from,"
        "  simulated = excluded.simulated"
        " where (p.name_zh, p.name_en, p.grade, p.clock, p.zone, p.accept_from,"
        "  p.simulated) is distinct from (excluded.name_zh, excluded.name_en,"
        "  excluded.grade, excluded.clock, excluded.zone, excluded.accept_from,"
        "  excluded.simulated)",
        [
            spec.code,
            spec.name.zh,
            spec.name.en,
            spec.grade,
            spec.clock,
            spec.zone,
            spec.accept_from,
            spec.simulated,
        ],
    )
    changed = cursor.rowcount
    found = connection.execute("select id from park where code = %s", [spec.code])
    ((park_id,),) = found.fetchall()
    return int(park_id), changed


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    if not rows:
        return [[] for _ in range(width)]
    return [list(column) for column in zip(*rows, strict=True)]


def _places(
    connection: Connection, park_id: int, specs: Sequence[PlaceSpec]
) -> tuple[dict[str | None, int], int]:
    rows = sorted(
        ((p.code, p.kind, p.name.zh, p.name.en, p.compartment) for p in specs),
        key=lambda row: row[0],
    )
    changed = connection.execute(
        "insert into place as p (park_id, code, kind, name_zh, name_en, compartment)"
        " select %s, u.* from unnest(%s::text[], %s::text[], %s::text[], %s::text[],"
        "  %s::text[]) u"
        " on conflict (park_id, code) do update set kind = excluded.kind,"
        "  name_zh = excluded.name_zh, name_en = excluded.name_en,"
        "  compartment = excluded.compartment"
        " where (p.kind, p.name_zh, p.name_en, p.compartment) is distinct from"
        "  (excluded.kind, excluded.name_zh, excluded.name_en, excluded.compartment)",
        [park_id, *_columns(rows, 5)],
    ).rowcount
    changed += connection.execute(
        "update place p set parent_id = above.id"
        " from unnest(%s::text[], %s::text[]) as u (code, parent)"
        " left join place above on above.park_id = %s and above.code = u.parent"
        " where p.park_id = %s and p.code = u.code"
        " and p.parent_id is distinct from above.id",
        [
            [place.code for place in specs],
            [place.parent for place in specs],
            park_id,
            park_id,
        ],
    ).rowcount
    found = connection.execute(
        "select code, id from place where park_id = %s", [park_id]
    )
    return {str(code): int(place_id) for code, place_id in found}, changed


def _devices(
    connection: Connection,
    park_id: int,
    specs: Sequence[DeviceSpec],
    places: Mapping[str | None, int],
) -> int:
    rows = sorted(
        (
            (
                device.code,
                places.get(device.place),
                device.kind,
                device.name.zh,
                device.name.en,
                device.clock,
                device.report_interval_s,
                "retired" if device.retired else "active",
                json.dumps(device.options, sort_keys=True),
            )
            for device in specs
        ),
        key=lambda row: row[0],
    )
    return connection.execute(
        "insert into device as d (park_id, code, place_id, kind, name_zh, name_en,"
        "  clock, report_interval_s, state, options)"
        " select %s, u.* from unnest(%s::text[], %s::integer[], %s::text[], %s::text[],"
        "  %s::text[], %s::text[], %s::integer[], %s::text[], %s::jsonb[]) u"
        " on conflict (park_id, code) do update set place_id = excluded.place_id,"
        "  kind = excluded.kind, name_zh = excluded.name_zh,"
        "  name_en = excluded.name_en, clock = excluded.clock,"
        "  report_interval_s = excluded.report_interval_s, state = excluded.state,"
        "  options = excluded.options"
        " where (d.place_id, d.kind, d.name_zh, d.name_en, d.clock,"
        "  d.report_interval_s, d.state, d.options) is distinct from"
        "  (excluded.place_id, excluded.kind, excluded.name_zh, excluded.name_en,"
        "  excluded.clock, excluded.report_interval_s, excluded.state,"
        "  excluded.options)",
        [park_id, *_columns(rows, 9)],
    ).rowcount


class _Series(NamedTuple):
    ids: dict[_SeriesKey, int]
    changed: int


def _series_row(device: DeviceSpec, each: SeriesSpec) -> tuple[Any, ...]:
    return (
        device.code,
        each.metric,
        metrics.METRICS[each.metric].kind,
        each.stamp,
        each.report_interval_s or device.report_interval_s,
        each.modulus,
        each.max_power_kw,
    )


def _series(
    connection: Connection, park_id: int, specs: Sequence[DeviceSpec]
) -> _Series:
    rows = sorted(
        (_series_row(device, each) for device in specs for each in device.series),
        key=lambda row: row[:2],
    )
    changed = connection.execute(
        "insert into series as s"
        "  (device_id, metric, kind, stamp, report_interval_s, modulus, max_power_kw)"
        " select d.id, u.metric, u.kind, u.stamp, u.report_interval_s, u.modulus,"
        "  u.max_power_kw"
        " from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::integer[],"
        "  %s::float8[], %s::float8[]) as u (code, metric, kind, stamp,"
        "  report_interval_s, modulus, max_power_kw)"
        " join device d on d.park_id = %s and d.code = u.code"
        " order by d.id, u.metric"
        " on conflict (device_id, metric) do update set kind = excluded.kind,"
        "  stamp = excluded.stamp, report_interval_s = excluded.report_interval_s,"
        "  modulus = excluded.modulus, max_power_kw = excluded.max_power_kw"
        " where (s.kind, s.stamp, s.report_interval_s, s.modulus, s.max_power_kw)"
        "  is distinct from (excluded.kind, excluded.stamp,"
        "  excluded.report_interval_s, excluded.modulus, excluded.max_power_kw)",
        [*_columns(rows, 7), park_id],
    ).rowcount
    found = connection.execute(
        "select d.code, s.metric, s.id from series s"
        " join device d on d.id = s.device_id where d.park_id = %s",
        [park_id],
    )
    ids = {(str(code), str(metric)): int(each) for code, metric, each in found}
    return _Series(ids, changed)


def _calibrations(
    connection: Connection,
    specs: Sequence[DeviceSpec],
    ids: Mapping[_SeriesKey, int],
) -> int:
    named = sorted(
        ids[device.code, each.metric] for device in specs for each in device.series
    )
    rows = sorted(
        (
            ids[device.code, each.metric],
            dated.valid_from,
            dated.scale,
            dated.offset,
            dated.source,
        )
        for device in specs
        for each in device.series
        for dated in each.calibration
    )
    columns = _columns(rows, 5)
    changed = connection.execute(
        "delete from calibration c where c.series_id = any(%s) and not exists ("
        "  select from unnest(%s::integer[], %s::timestamptz[]) as u (series, since)"
        "  where u.series = c.series_id and u.since = c.valid_from)",
        [named, *columns[:2]],
    ).rowcount
    return changed + (
        connection.execute(
            "insert into calibration as c"
            "  (series_id, valid_from, scale, value_offset, source)"
            " select * from unnest(%s::integer[], %s::timestamptz[], %s::float8[],"
            "  %s::float8[], %s::text[])"
            " on conflict (series_id, valid_from) do update set scale = excluded.scale,"
            "  value_offset = excluded.value_offset, source = excluded.source"
            " where (c.scale, c.value_offset, c.source) is distinct from"
            "  (excluded.scale, excluded.value_offset, excluded.source)",
            columns,
        ).rowcount
    )


def _data_centres(
    connection: Connection,
    park_id: int,
    specs: Sequence[DataCentreSpec],
    places: Mapping[str | None, int],
    series: Mapping[_SeriesKey, int],
) -> int:
    changed = 0
    for centre in sorted(specs, key=lambda each: each.code):
        changed += connection.execute(
            "insert into data_centre as d (park_id, place_id, code, name_zh, name_en,"
            "  commissioned, standard_racks, grid_region)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (park_id, code) do update set place_id = excluded.place_id,"
            "  name_zh = excluded.name_zh, name_en = excluded.name_en,"
            "  commissioned = excluded.commissioned,"
            "  standard_racks = excluded.standard_racks,"
            "  grid_region = excluded.grid_region"
            " where (d.place_id, d.name_zh, d.name_en, d.commissioned,"
            "  d.standard_racks, d.grid_region) is distinct from (excluded.place_id,"
            "  excluded.name_zh, excluded.name_en, excluded.commissioned,"
            "  excluded.standard_racks, excluded.grid_region)",
            [
                park_id,
                places.get(centre.place),
                centre.code,
                centre.name.zh,
                centre.name.en,
                centre.commissioned,
                centre.standard_racks,
                centre.grid_region,
            ],
        ).rowcount
        found = connection.execute(
            "select id from data_centre where park_id = %s and code = %s",
            [park_id, centre.code],
        )
        ((centre_id,),) = found.fetchall()
        changed += _meters(connection, int(centre_id), centre.meters, series)
    return changed


def _meters(
    connection: Connection,
    centre_id: int,
    specs: Sequence[MeterSpec],
    series: Mapping[_SeriesKey, int],
) -> int:
    rows = sorted((series[meter.device, meter.metric], meter.role) for meter in specs)
    columns = _columns(rows, 2)
    changed = connection.execute(
        "insert into meter (data_centre_id, series_id, role)"
        " select %s, u.* from unnest(%s::integer[], %s::text[]) u"
        " on conflict (data_centre_id, series_id, role) do nothing",
        [centre_id, *columns],
    ).rowcount
    # Before old meters go, for a meter that stays may stand below one of them.
    changed += connection.execute(
        "update meter m set parent_id = above.id"
        " from unnest(%s::integer[], %s::text[], %s::text[])"
        "  as u (series, role, parent)"
        " left join lateral ("
        "  select p.id from meter p join series s on s.id = p.series_id"
        "  join device d on d.id = s.device_id"
        "  join unnest(%s::integer[], %s::text[]) as k (series, role)"
        "   on k.series = p.series_id and k.role = p.role"
        "  where p.data_centre_id = %s and d.code = u.parent"
        "  order by p.role, p.id limit 1) above on true"
        " where m.data_centre_id = %s and m.series_id = u.series and m.role = u.role"
        " and m.parent_id is distinct from above.id",
        [
            [series[meter.device, meter.metric] for meter in specs],
            [meter.role for meter in specs],
            [meter.parent for meter in specs],
            *columns,
            centre_id,
            centre_id,
        ],
    ).rowcount
    return changed + _forget_meters(connection, centre_id, columns)


def _forget_meters(
    connection: Connection, centre_id: int, kept: Sequence[Sequence[Any]]
) -> int:
    return connection.execute(
        "delete from meter m where m.data_centre_id = %s and not exists ("
        "  select from unnest(%s::integer[], %s::text[]) as u (series, role)"
        "  where u.series = m.series_id and u.role = m.role)",
        [centre_id, *kept],
    ).rowcount


def discover(
    connection: Connection, park_id: int, codes: Sequence[str], most_an_hour: int
) -> dict[str, int]:
    """Find devices by code; register those that nobody has described as discovered.

    Parameters
    ----------
    connection
        In a transaction.
    park_id
        Id of a registered park.
    codes
        Codes as topics have them.
    most_an_hour
        So many devices of a park may be registered in an hour; later ones are not.

    Returns
    -------
    dict
        Id of each device that is registered now.
    """
    found = _device_ids(connection, park_id, codes)
    missing = sorted(set(codes) - found.keys())
    if not missing:
        return found
    room = max(most_an_hour - discovered_lately(connection, park_id), 0)
    made = connection.execute(
        "insert into device (park_id, code, name_zh, name_en, state)"
        " select %s, code, code, code, 'discovered' from unnest(%s::text[]) as code"
        " on conflict (park_id, code) do nothing",
        [park_id, missing[:room]],
    ).rowcount
    if made:
        registry_news.tell(connection)
    return found | _device_ids(connection, park_id, missing)


def _device_ids(
    connection: Connection, park_id: int, codes: Sequence[str]
) -> dict[str, int]:
    rows = connection.execute(
        "select code, id from device where park_id = %s and code = any(%s)",
        [park_id, list(codes)],
    )
    return {str(code): int(device_id) for code, device_id in rows}


def discovered_lately(connection: Connection, park_id: int) -> int:
    """Count the devices of the park that were discovered in the last hour."""
    found = connection.execute(
        "select count(*) from device where park_id = %s and state = 'discovered'"
        " and created_at > now() - interval '1 hour'",
        [park_id],
    )
    ((count,),) = found.fetchall()
    return int(count)


def add_series(connection: Connection, wanted: Iterable[tuple[int, str]]) -> None:
    """Register series, (device id, metric) each, unless they are there already."""
    rows = sorted(set(wanted))
    made = connection.execute(
        "insert into series (device_id, metric, kind, report_interval_s)"
        " select d.id, u.metric, u.kind, d.report_interval_s"
        " from unnest(%s::integer[], %s::text[], %s::text[])"
        "  as u (device_id, metric, kind) join device d on d.id = u.device_id"
        " on conflict (device_id, metric) do nothing",
        [
            [device_id for device_id, _ in rows],
            [metric for _, metric in rows],
            [metrics.METRICS[metric].kind for _, metric in rows],
        ],
    ).rowcount
    if made:
        registry_news.tell(connection)


def move_clocks(connection: Connection, newest: Mapping[int, datetime]) -> None:
    """Move the clocks of parks whose clock is their data; none goes back.

    Parameters
    ----------
    connection
        In a transaction.
    newest
        Newest sent time by id of the park.
    """
    ordered = sorted(newest.items())
    connection.execute(
        "update park p set data_now = u.newest"
        " from unnest(%s::integer[], %s::timestamptz[]) as u (id, newest)"
        " where p.id = u.id and (p.data_now is null or p.data_now < u.newest)",
        [[park for park, _ in ordered], [moment for _, moment in ordered]],
    )
