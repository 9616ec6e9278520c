"""Projection, weather, grades and portfolio on rows of a real TimescaleDB."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analytics import weather
from parkpulse.model import instants
from parkpulse.model.certificates import AttributeSpec
from parkpulse.model.outlook import OperatingPoint
from parkpulse.model.periods import Calendar
from parkpulse.model.registry import (
    MeterSpec,
    SeriesSpec,
)
from parkpulse.store import (
    certificates,
    design,
    kpis,
    operating_points,
)
from parkpulse.store.design import DesignMonth
from parkpulse.store.kpis import Key, Record
from tests.plugins import halls
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parkpulse.model.periods import Period
    from tests.plugins.fix_api import Site

CALENDAR = Calendar("UTC")


def _record(
    period: Period, start: int, end: int, kpi: str, energies: tuple[float, float]
) -> Record:
    numerator, denominator = energies
    length = end - start
    elapsed = min(end, instants.to_us(NOW)) - start
    return Record(
        key=Key(period, start, end, kpi, 1 if kpi == "pue" else 0),
        value=numerator / denominator,
        numerator_kwh=numerator * elapsed / length,
        numerator_estimated_kwh=0.0,
        denominator_kwh=denominator * elapsed / length,
        denominator_estimated_kwh=0.0,
        covered_us=elapsed,
        estimated_us=0,
        elapsed_us=elapsed,
        gap_start_us=None,
        gap_end_us=None,
        coverage=1.0,
        verdict="not applicable",
        target=None,
        state="open",
        revision=0,
        evidence="{}",
    )


def _months(count: int) -> Iterable[date]:
    """First days of the months up to that of NOW."""
    last = NOW.year * 12 + NOW.month - 1
    for month in range(last - count + 1, last + 1):
        yield date(month // 12, month % 12 + 1, 1)


def _write(site: Site, centre: int, records: list[Record]) -> None:
    with site.lab.database.transaction() as conn:
        kpis.write(conn, centre, records)


def _history(kpi: str, months: int, ratio: float, summer: float = 0.0) -> list[Record]:
    found = []
    for first in _months(months):
        span = CALENDAR.span("month", CALENDAR.midnight(first))
        value = ratio + (summer if first.month in {6, 7, 8} else 0.0)
        load = 1000.0 * (span.end - span.start) / instants.DAY
        pair = (value * load, load)
        found.append(_record("month", span.start, span.end, kpi, pair))
    return found


def test_projection_of_a_pue(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    _write(site, centre, _history("pue", 27, 1.2, summer=0.1))
    found = site.get(f"{halls.PATH}/projection")
    assert (found["kpi"], found["category"]) == ("pue", 1)
    assert found["start"] == "2026-01-01T00:00:00Z"
    assert found["value"] == pytest.approx(1.2 + 0.1 * 92 / 365)
    assert found["low"] <= found["value"] <= found["high"]
    assert found["denominator_kwh"] == pytest.approx(365_000.0)
    assert found["headroom_kwh"] == pytest.approx((1.25 - found["value"]) * 365e3)
    assert (found["target"], found["comparison"]) == (1.25, "lt")
    assert found["method"] == "seasonal"
    assert found["expectation"] in {"met", "uncertain"}
    assert found["in_scope"]
    assert found["lost_from"] is None
    assert found["to_date"]["value"] == pytest.approx(1.2)
    assert found["to_date"]["coverage"] == pytest.approx(1.0)
    assert len(found["back_test"]) == 12
    assert found["back_test"][-1]["month"] == "2026-02-01"


def test_projection_of_a_share_with_certificates(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard", racks=10))
    _write(site, centre, _history("ref", 27, 0.1))
    plain = site.get(f"{halls.PATH}/projection", kpi="ref")
    assert plain["value"] == pytest.approx(0.1)
    assert plain["expectation"] == "missed"
    assert plain["lost_from"] == "2026-12-01"
    assert plain["headroom_kwh"] == pytest.approx(-0.15 * 365e3)
    spec = AttributeSpec(
        "GEC-9",
        "certificate",
        73_000.0,
        date(2026, 1, 1),
        date(2026, 2, 1),
        date(2026, 1, 1),
        date(2027, 1, 1),
        "registry",
        retired_on=date(2026, 3, 1),
    )
    with site.lab.database.transaction() as conn:
        certificates.apply(conn, centre, [spec])
    found = site.get(f"{halls.PATH}/projection", kpi="ref")
    assert found["certificates_kwh"] == pytest.approx(73_000.0)
    assert found["value"] == pytest.approx(0.3)
    assert found["expectation"] == "met"


def test_projection_without_data(site: Site) -> None:
    halls.centre(site, halls.park("yard"))
    found = site.get(f"{halls.PATH}/projection")
    assert found["value"] is None
    assert found["back_test"] == []
    site.problem(f"{halls.PATH}/projection", 422, kpi="wue")


def _warm(site: Site, centre: int) -> None:
    """400 days whose overhead follows the temperature; the last 30 are warmer."""
    dice = np.random.default_rng(3)
    first = instants.to_us(datetime(2025, 2, 1, tzinfo=UTC))
    days = first + instants.DAY * np.arange(400)
    season = 14.0 + 13.0 * np.sin(2 * np.pi * (np.arange(400) - 80) / 365)
    warm = np.where(np.arange(400) >= 370, 6.0, 0.0)
    outdoor = season + warm + dice.normal(0.0, 1.5, 400)
    overhead = 15e3 + 600.0 * np.maximum(outdoor - 5.0, 0.0)
    records = [
        _record("day", start, start + instants.DAY, "pue", (100e3 + more, 100e3))
        for start, more in zip(days.tolist(), overhead.tolist(), strict=True)
    ]
    _write(site, centre, [*records, *_history("pue", 14, 1.2)])
    _roll_up(site, "air_temperature", days.tolist(), outdoor.tolist())


def _roll_up(site: Site, metric: str, days: list[int], means: list[float]) -> None:
    """Hours of a series that has the same value all day."""
    with site.lab.database.transaction() as conn:
        conn.execute(
            "insert into rollup_1h (series, ts, n, sum, min, max, first, last)"
            " select s.id, to_timestamp(day / 1e6) + h * interval '1 hour', 4,"
            "  4 * mean, mean, mean, mean, mean"
            " from series s, unnest(%s::bigint[], %s::float8[]) as t (day, mean),"
            "  generate_series(0, 23) as h"
            " where s.metric = %s",
            [days, means, metric],
        )


def test_a_warm_month_is_told_from_a_change(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard", thermometer=True))
    _warm(site, centre)
    found = site.get(f"{halls.PATH}/weather-normalised")
    assert (found["thermometer"], found["finding"]) == ("roof", None)
    assert found["model"]["r_squared"] > 0.99
    assert found["model"]["per_degree_kwh"] == pytest.approx(600.0, rel=0.05)
    months = {each["start"][:7]: each for each in found["months"]}
    before, warm = months["2025-02"], months["2026-02"]
    assert warm["pue"] - before["pue"] > 0.01
    assert abs(warm["normalised"] - before["normalised"]) < 0.004
    assert warm["coverage"] == 1.0
    for each in found["months"]:
        moved = (each["facility_kwh"] - each["weather_kwh"]) / each["it_kwh"]
        assert each["normalised"] == pytest.approx(moved)


def test_the_wet_bulb_is_taken_where_it_explains_more(site: Site) -> None:
    spec = halls.park("yard", thermometer=True)
    spec.devices[-1].series.append(SeriesSpec(metric="relative_humidity"))
    spec.data_centres[0].meters.append(
        MeterSpec(device="roof", metric="relative_humidity", role="outdoor_humidity")
    )
    centre = halls.centre(site, spec)
    dice = np.random.default_rng(5)
    first = instants.to_us(datetime(2025, 10, 1, tzinfo=UTC))
    days = first + instants.DAY * np.arange(120)
    outdoor = 20.0 + dice.normal(0.0, 6.0, 120)
    humidity = dice.uniform(20.0, 95.0, 120)
    wet = weather.wet_bulb(outdoor, humidity)
    overhead = 15e3 + 600.0 * np.maximum(wet - 5.0, 0.0)
    records = [
        _record("day", start, start + instants.DAY, "pue", (100e3 + more, 100e3))
        for start, more in zip(days.tolist(), overhead.tolist(), strict=True)
    ]
    _write(site, centre, [*records, *_history("pue", 6, 1.2)])
    _roll_up(site, "air_temperature", days.tolist(), outdoor.tolist())
    dry = site.get(f"{halls.PATH}/weather-normalised")["model"]
    _roll_up(site, "relative_humidity", days.tolist(), humidity.tolist())
    found = site.get(f"{halls.PATH}/weather-normalised")["model"]
    assert (dry["driver"], found["driver"]) == ("dry_bulb", "wet_bulb")
    assert found["r_squared"] > 0.99
    assert dry["r_squared"] < 0.95


@pytest.mark.parametrize(
    ("thermometer", "rows", "finding"),
    [
        (True, 0, "no_pue"),
        (False, 3, "no_outdoor_temperature"),
        (True, 3, "too_few_days"),
    ],
)
def test_why_there_is_no_weather(
    site: Site, *, thermometer: bool, rows: int, finding: str
) -> None:
    centre = halls.centre(site, halls.park("yard", thermometer=thermometer))
    if rows:
        _write(site, centre, _history("pue", rows, 1.2))
    assert site.get(f"{halls.PATH}/weather-normalised")["finding"] == finding


POINTS = [
    OperatingPoint(name, share, total, 1000.0, date(2026, 1, 1), "measurement")  # type: ignore[arg-type]
    for name, share, total in zip(
        "abcde",
        (0.1, 0.2, 0.3, 0.25, 0.15),
        (1500.0, 1400.0, 1300.0, 1200.0, 1150.0),
        strict=True,
    )
]


def test_grades_by_points_and_by_meters(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    assert site.get(f"{halls.PATH}/gb40879")["rm1"]["finding"] == "points_missing"
    with site.lab.database.transaction() as conn:
        operating_points.apply(conn, centre, POINTS)
        operating_points.apply(conn, centre, POINTS)
    end = CALENDAR.midnight(date(2026, 3, 11))
    start = CALENDAR.midnight(date(2025, 3, 11))
    year = CALENDAR.midnight(date(2026, 1, 1)), CALENDAR.midnight(date(2027, 1, 1))
    _write(
        site,
        centre,
        [
            _record("rolling_12_months", start, end, "pue", (1_510.0, 1_000.0)),
            _record("year", *year, "pue", (1_300.0, 1_000.0)),
        ],
    )
    found = site.get(f"{halls.PATH}/gb40879")
    assert found["rm1"]["value"] == pytest.approx(1.2925)
    assert found["rm1"]["grade"] == 2
    assert found["rm1"]["energy_kwh"] == pytest.approx(8760 * 1292.5)
    rm2 = {each["period"]: each for each in found["rm2"]}
    assert rm2["rolling_12_months"]["grade"] is None
    assert rm2["rolling_12_months"]["verdict"] == "not compliant"
    assert rm2["year"]["grade"] == 2
    assert rm2["year"]["verdict"] == "interim: below target"


@pytest.mark.parametrize(
    ("change", "finding"),
    [({"time_share": 0.5}, "shares_do_not_sum"), ({"total_kw": 9.0}, "total_below_it")],
)
def test_points_that_cannot_be(
    site: Site, change: dict[str, float], finding: str
) -> None:
    centre = halls.centre(site, halls.park("yard", racks=100))
    first = {name: getattr(POINTS[0], name) for name in POINTS[0].__struct_fields__}
    with site.lab.database.transaction() as conn:
        wrong = OperatingPoint(**{**first, **change})
        operating_points.apply(conn, centre, [wrong, *POINTS[1:]])
    found = site.get(f"{halls.PATH}/gb40879")
    assert found["rm1"]["finding"] == finding
    assert not found["applies"]


def test_design_beside_what_was_measured(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    nothing = site.get(f"{halls.PATH}/designed-pue")
    assert (nothing["value"], nothing["months"]) == (None, [])
    months = [
        DesignMonth(month, 130.0 if month == 7 else 110.0, 100.0, 140.0, "report")
        for month in range(1, 13)
    ]
    _write(site, centre, _history("pue", 4, 1.15))
    with site.lab.database.transaction() as conn:
        design.apply(conn, centre, months[:11])
    assert site.get(f"{halls.PATH}/designed-pue")["value"] is None
    with site.lab.database.transaction() as conn:
        design.apply(conn, centre, months)
    found = site.get(f"{halls.PATH}/designed-pue")
    assert found["value"] == pytest.approx(1340 / 1200)
    assert found["it_load_kw"] == 140.0
    measured = [each["month"] for each in found["months"] if each["measured"]]
    # Closed months only: March has begun.
    assert measured == [1, 2, 12]
    assert found["difference"] == pytest.approx(0.05)


def test_variants_of_a_pue(site: Site) -> None:
    centre = halls.centre(site, halls.park("yard"))
    end = CALENDAR.midnight(date(2026, 3, 11))
    start = CALENDAR.midnight(date(2025, 3, 11))
    rolling = _record("rolling_12_months", start, end, "pue", (1.2, 1.0))
    _write(site, centre, [rolling, *_history("pue", 1, 1.2)])
    found = {each["period"]: each for each in site.items(f"{halls.PATH}/kpis")}
    assert found["rolling_12_months"]["variant"] == "PUE"
    assert found["month"]["variant"] == "iPUE"


def test_two_sites_together(site: Site) -> None:
    span = CALENDAR.span("month", CALENDAR.midnight(date(2026, 2, 1)))
    for code, pair in (("one", (120.0, 100.0)), ("two", (300.0, 150.0))):
        centre = halls.centre(site, halls.park(code))
        records = [_record("month", *span, "pue", pair)]
        records.append(_record("month", *span, "ref", (30.0, pair[0])))
        _write(site, centre, records)
    found = site.get("/portfolio", period="month")
    groups = {each["kpi"]: each for each in found["groups"]}
    pue = groups["pue"]
    assert [each["park"] for each in pue["members"]] == ["one", "two"]
    assert pue["ratio_of_sums"] == pytest.approx(420 / 250)
    assert pue["weighted_mean"] == pytest.approx((1.2 * 120 + 2.0 * 300) / 420)
    assert (pue["counted"], pue["is_coincident"]) == (2, True)
    assert not pue["is_publishable"]
    # A share is weighted by its own denominator: both ways agree.
    assert groups["ref"]["ratio_of_sums"] == pytest.approx(60 / 420)
    assert groups["ref"]["weighted_mean"] == pytest.approx(60 / 420)
    one = site.get("/portfolio", period="month", park="one")["groups"][0]
    assert one["ratio_of_sums"] == pytest.approx(1.2)
    at = site.get("/portfolio", period="month", at="2026-02-28T23:00:00Z")
    assert at["groups"][0]["counted"] == 2
    later = site.get("/portfolio", period="month", at="2026-03-01T00:00:00Z")
    assert later["groups"] == []
    site.problem("/portfolio", 404, park="three")
