"""A data centre with four meters of different kinds and steady figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.model import instants
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
    from tests.plugins.fix_engine import Lab, Point

MINUTE, HOUR = instants.MINUTE, instants.HOUR
METERS: dict[str, tuple[Role, str]] = {
    "grid": ("grid_import", "active_energy_import"),
    "ups": ("ups_output", "active_energy_import"),
    "pv": ("pv", "active_power"),
    "green": ("green_power", "active_energy_interval"),
}
SIDE = {"grid": 120.0, "ups": 100.0, "pv": 5000.0, "green": 10.0}
"""Per hour: kWh of the registers, W of the power, kWh of the intervals."""
START = NOW - timedelta(days=2)


def _name(text: str) -> Name:
    return Name(zh=text, en=text)


def plant_spec(*, racks: int = 4000, interval_s: int = 900) -> ParkSpec:
    return ParkSpec(
        code="yard",
        name=_name("yard"),
        accept_from=NOW - timedelta(days=999),
        clock="data",
        devices=[
            DeviceSpec(
                code=code,
                kind="meter",
                name=_name(code),
                series=[SeriesSpec(metric=metric)],
                report_interval_s=interval_s,
            )
            for code, (_, metric) in METERS.items()
        ],
        data_centres=[
            DataCentreSpec(
                code="dc",
                name=_name("dc"),
                commissioned=date(2025, 1, 1),
                standard_racks=racks,
                meters=[
                    MeterSpec(device=code, metric=metric, role=role)
                    for code, (role, metric) in METERS.items()
                ],
            )
        ],
    )


class Plant:
    """The data centre's meters with steady figures from `start` on."""

    def __init__(self, lab: Lab, spec: ParkSpec, start: datetime) -> None:
        self.lab = lab
        series = lab.register(spec)
        self.series = {
            code: series[code, metric] for code, (_, metric) in METERS.items()
        }
        self.start = instants.to_us(start)

    def point(self, code: str, ts: int) -> Point:
        hours = (ts - self.start) / HOUR
        value = SIDE[code]
        if METERS[code][1] == "active_energy_import":
            value = 1000.0 + value * hours
        elif code == "green":
            value /= 4.0
        return (self.series[code], ts, value)

    def points(self, start: datetime, end: datetime, *codes: str) -> list[Point]:
        """Quarter-hourly readings, both ends included."""
        first, last = instants.to_us(start), instants.to_us(end)
        return [
            self.point(code, ts)
            for code in codes or METERS
            for ts in range(first, last + 1, 15 * MINUTE)
        ]
