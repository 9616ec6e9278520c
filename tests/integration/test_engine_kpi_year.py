"""A real year of generation through the engine, in one go and month by month."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine.kpis import KpiConsumer
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
from parkpulse.query import kpis
from parkpulse.query.kpis import Wanted

if TYPE_CHECKING:
    from parkpulse.model.kpi import Kpi
    from tests.plugins.fix_engine import Lab, Point

FILE = Path(__file__).parents[1] / "data" / "eia_ciso_2022_generation.csv.gz"
ROLES: dict[str, Role] = {"WND": "wind", "SUN": "pv", "WAT": "hydro"}
SOURCES = ["WND", "SUN", "WAT", "OIL", "NG", "COL", "NUC", "OTH"]
METRIC = "active_energy_interval"
YEAR = datetime(2022, 1, 1, tzinfo=UTC)
NEXT = datetime(2023, 1, 1, tzinfo=UTC)


def _spec() -> ParkSpec:
    name = Name(zh="加州", en="California")
    return ParkSpec(
        code="ciso",
        name=name,
        accept_from=YEAR,
        clock="data",
        zone="UTC",
        devices=[
            DeviceSpec(
                code=source,
                kind="meter",
                name=name,
                series=[SeriesSpec(metric=METRIC)],
                report_interval_s=3600,
            )
            for source in SOURCES
        ],
        data_centres=[
            DataCentreSpec(
                code="mix",
                name=name,
                commissioned=date(2022, 1, 1),
                standard_racks=0,
                meters=[
                    MeterSpec(
                        device=source,
                        metric=METRIC,
                        role=ROLES.get(source, "grid_import"),
                    )
                    for source in SOURCES
                ],
            )
        ],
    )


def _points(series: dict[tuple[str, str], int]) -> list[Point]:
    with gzip.open(FILE, "rt") as file:
        return [
            (
                series[source, METRIC],
                instants.to_us(datetime.fromisoformat(row["timestamp"]))
                + instants.HOUR,
                float(row[source]) * 1000.0,
            )
            for row in csv.DictReader(file)
            for source in SOURCES
            if row[source]
        ]


def _rows(lab: Lab) -> list[Kpi]:
    with lab.database.transaction() as conn:
        found = kpis.page(conn, 1, Wanted(), limit=100_000).items
    return [*found]


def _year(rows: list[Kpi]) -> Kpi:
    (year,) = [
        row for row in rows if (row.kpi, row.period, row.start) == ("ref", "year", YEAR)
    ]
    return year


def _without_time(rows: list[Kpi]) -> list[tuple[object, ...]]:
    return [
        (row.kpi, row.period, row.start, row.end, row.value, row.coverage, row.evidence)
        for row in rows
    ]


def test_a_real_year(lab: Lab) -> None:
    series = lab.register(_spec())
    points = _points(series)
    lab.set_clock("ciso", NEXT)
    lab.put(points)
    lab.step(KpiConsumer())
    whole = _rows(lab)
    year = _year(whole)
    assert year.value is not None
    assert round(year.value, 4) == 0.3961
    assert year.coverage == pytest.approx((8760 - 3) / 8760, abs=1e-12)
    assert (year.verdict, year.state) == ("not applicable", "open")
    assert len(year.evidence.meters) == 8
    months = [row for row in whole if (row.kpi, row.period) == ("ref", "month")]
    assert len(months) == 12
    parts = sum(row.numerator_kwh for row in months)
    assert parts == pytest.approx(year.numerator_kwh, rel=1e-12)

    # The same, as it would have come: month by month, on a clock that moves.
    with lab.database.transaction() as conn:
        conn.execute("truncate reading, kpi, kpi_revision")
    for month in months:
        lab.set_clock("ciso", month.end)
        start, end = instants.to_us(month.start), instants.to_us(month.end)
        lab.put([point for point in points if start < point[1] <= end])
        lab.step(KpiConsumer())
    assert _without_time(_rows(lab)) == _without_time(whole)
    lab.set_clock("ciso", NEXT + timedelta(hours=2))
    lab.step(KpiConsumer())
    assert _year(_rows(lab)).state == "closed"
