"""Certificates and operating points of the demonstration park's data centre."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from parkpulse.model.certificates import AttributeSpec
from parkpulse.model.outlook import OperatingPoint, PointName
from parkpulse.store import certificates, operating_points, parks

if TYPE_CHECKING:
    from parkpulse.store.pool import Connection

_CERTIFICATES = 200
_IT_KW = 3300.0
_POINTS: dict[PointName, tuple[float, float]] = {
    "a": (0.10, 1.290),
    "b": (0.20, 1.262),
    "c": (0.30, 1.236),
    "d": (0.25, 1.214),
    "e": (0.15, 1.201),
}
"""Share of the year, ratio of the powers."""
_SOURCE = "simulated"


def put(connection: Connection, park_id: int, began_s: int) -> None:
    """Write them for the year and the day on which the park began. [s]."""
    day = datetime.fromtimestamp(began_s, ZoneInfo("Asia/Shanghai")).date()
    for centre in parks.data_centres(connection):
        if centre.park_id == park_id:
            certificates.apply(connection, centre.id, [_certificates(day.year)])
            operating_points.apply(connection, centre.id, _points(day))


def _certificates(year: int) -> AttributeSpec:
    begin = date(year, 1, 1)
    return AttributeSpec(
        serial=f"DEMO-{year}-000001..DEMO-{year}-{_CERTIFICATES:06}",
        kind="certificate",
        volume_kwh=_CERTIFICATES * 1000.0,
        generated_from=begin,
        generated_to=date(year, 2, 1),
        used_from=begin,
        used_to=date(year + 1, 1, 1),
        source=_SOURCE,
        retired_on=date(year, 3, 1),
    )


def _points(day: date) -> list[OperatingPoint]:
    measured_on = day - timedelta(days=60)
    return [
        OperatingPoint(point, share, _IT_KW * ratio, _IT_KW, measured_on, _SOURCE)
        for point, (share, ratio) in _POINTS.items()
    ]
