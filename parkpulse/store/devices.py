"""Reads of devices and of the series that they report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.store.pool import Connection


class DeviceRow(NamedTuple):
    """A device; `place` is the code of the place it stands in."""

    id: int
    park_id: int
    code: str
    kind: str
    name_zh: str
    name_en: str
    place: str | None
    state: str
    clock: str
    report_interval_s: int


class SeriesRow(NamedTuple):
    """A series: one metric of one device."""

    id: int
    device_id: int
    metric: str
    kind: str
    report_interval_s: int
    modulus: float | None
    """Value at which a register rolls over; None for no register, or never."""


def devices(conn: Connection) -> list[DeviceRow]:
    """All devices of all parks, by park and code."""
    found = conn.execute(
        """
        select d.id, d.park_id, d.code, d.kind, d.name_zh, d.name_en, place.code,
            d.state, d.clock, d.report_interval_s
        from device d left join place on place.id = d.place_id
        order by d.park_id, d.code collate "C"
        """
    )
    return [DeviceRow(*row) for row in found]


def series(conn: Connection) -> list[SeriesRow]:
    """All series of all parks, by device and metric."""
    found = conn.execute(
        """
        select id, device_id, metric, kind, report_interval_s, modulus
        from series order by device_id, metric collate "C"
        """
    )
    return [SeriesRow(*row) for row in found]


def names(conn: Connection, device_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Codes of park and device, by the device's id."""
    found = conn.execute(
        """
        select d.id, p.code, d.code from device d join park p on p.id = d.park_id
        where d.id = any(%s)
        """,
        [list(device_ids)],
    )
    return {device_id: (park, device) for device_id, park, device in found}
