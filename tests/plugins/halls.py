"""A park with one data centre, whose figures a test writes itself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    Role,
    SeriesSpec,
)
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_api import Site

PATH = "/parks/yard/data-centres/hall"
METRIC = "active_energy_import"
METERS: dict[str, tuple[Role, str | None]] = {
    "grid": ("grid_import", None),
    "ups": ("ups_output", "grid"),
    "cooling": ("cooling", "grid"),
    "lighting": ("lighting", "grid"),
}


def park(code: str, *, thermometer: bool = False, racks: int = 4000) -> ParkSpec:
    name = Name(zh=code, en=code)
    devices = [
        DeviceSpec(
            code=each, kind="meter", name=name, series=[SeriesSpec(metric=METRIC)]
        )
        for each in METERS
    ]
    meters = [
        MeterSpec(device=each, metric=METRIC, role=role, parent=parent)
        for each, (role, parent) in METERS.items()
    ]
    if thermometer:
        outdoor = SeriesSpec(metric="air_temperature")
        devices.append(
            DeviceSpec(code="roof", kind="weather", name=name, series=[outdoor])
        )
        meters.append(
            MeterSpec(
                device="roof", metric="air_temperature", role="outdoor_temperature"
            )
        )
    return ParkSpec(
        code=code,
        name=name,
        accept_from=NOW - timedelta(days=999),
        clock="data",
        zone="UTC",
        devices=devices,
        data_centres=[
            DataCentreSpec(
                code="hall",
                name=name,
                commissioned=date(2025, 1, 1),
                standard_racks=racks,
                meters=meters,
            )
        ],
    )


def centre(site: Site, spec: ParkSpec) -> int:
    site.lab.register(spec)
    with site.lab.database.transaction() as conn:
        site.context.live.reload(conn)
        ((found,),) = conn.execute(
            "select d.id from data_centre d join park p on p.id = d.park_id"
            " where p.code = %s",
            [spec.code],
        ).fetchall()
    return int(found)
