"""Rules of meter balance, projection and drift, on a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.rules.ticker import DAILY_EVERY_S, RuleTicker
from parkpulse.model import instants
from parkpulse.model.definitions import (
    BalanceRule,
    DriftRule,
    Level,
    ProjectionRule,
)
from parkpulse.model.registry import (
    DataCentreSpec,
    DeviceSpec,
    MeterSpec,
    Name,
    ParkSpec,
    Role,
    SeriesSpec,
)
from parkpulse.query import backtest
from parkpulse.store import drift
from parkpulse.store.drift import DriftRow
from tests.plugins.finding import PAGE, all_alerts, apply, held, spec

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab, Point

METRIC = "active_energy_import"
DAY0 = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Midnight in Shanghai, at the begin of 2 March."""
METERS: dict[str, tuple[Role, str | None, float]] = {
    "grid": ("grid_import", None, 120.0),
    "ups": ("ups_output", "grid", 104.0),
    "rack": ("rack", "ups", 100.0),
    "cooling": ("cooling", "grid", 14.0),
}
"""Role, meter above, kWh in an hour."""


def _park() -> ParkSpec:
    name = Name(zh="场", en="yard")
    return ParkSpec(
        code="yard",
        name=name,
        accept_from=DAY0 - timedelta(days=999),
        clock="data",
        devices=[
            DeviceSpec(
                code=each, kind="meter", name=name, series=[SeriesSpec(metric=METRIC)]
            )
            for each in METERS
        ],
        data_centres=[
            DataCentreSpec(
                code="hall",
                name=name,
                commissioned=date(2025, 1, 1),
                standard_racks=4000,
                meters=[
                    MeterSpec(device=each, metric=METRIC, role=role, parent=parent)
                    for each, (role, parent, _) in METERS.items()
                ],
            )
        ],
    )


class _Daily:
    """A data centre, and the ticker that looks at it on the days that a test names."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.series = lab.register(_park())
        self.consumer = KpiConsumer()
        self.steps = 0.0
        self.restart()
        self.totals = dict.fromkeys(METERS, 1000.0)

    def restart(self) -> None:
        self.ticker = RuleTicker(self.lab.database, self.lab.keeper, PAGE)

    def look(self, day: float) -> None:
        self.lab.set_clock("yard", DAY0 + timedelta(days=day, hours=3))
        self.steps += 2 * DAILY_EVERY_S
        self.ticker.step(self.steps)

    def meter(self, day: int, count: int = 1, **hourly: float) -> None:
        """Count days, some meters with other energies an hour than usual."""
        first = instants.to_us(DAY0 + timedelta(days=day))
        points: list[Point] = []
        for code, (_, _, usual) in METERS.items():
            step = hourly.get(code, usual)
            for hour in range(24 * count):
                ts = first + hour * instants.HOUR
                points.append(
                    (self.series[code, METRIC], ts, self.totals[code] + hour * step)
                )
            self.totals[code] += 24 * count * step
        self.lab.now = DAY0 + timedelta(days=day + count, hours=3)
        self.lab.put(points)
        self.lab.step(self.consumer)

    def days(self) -> list[tuple[str, int, int | None, tuple[str, ...]]]:
        zero = instants.to_us(DAY0)
        return [
            (
                subject,
                (raised - zero) // instants.DAY,
                cleared and (cleared - zero) // instants.DAY,
                severities,
            )
            for subject, _, raised, cleared, severities in held(self.lab)
        ]


@pytest.fixture
def daily(lab: Lab) -> _Daily:
    return _Daily(lab)


def test_meters_that_count_more_than_the_one_above(daily: _Daily) -> None:
    levels = [Level("low", 0.02), Level("medium", 0.1)]
    rule = apply(daily.lab, "excess", BalanceRule("excess", levels, on_samples=2))
    racks = [100.0, 110.0, 110.0, 118.0, 100.0, 100.0]
    for day, each in enumerate(racks):
        daily.meter(day, rack=each)
        daily.look(day + 1)
        daily.restart()
    daily.meter(len(racks))
    daily.look(len(racks) + 1)
    assert daily.days() == [("yard/hall/balance/ups", 3, 5, ("low", "medium"))]
    (alert,) = all_alerts(daily.lab)
    assert alert.value == pytest.approx(118 / 104 - 1, rel=1e-3)
    end = DAY0 + timedelta(days=len(racks) + 1)
    with daily.lab.database.transaction() as conn:
        found = backtest.run(conn, rule, DAY0, end, "yard")
    (occurrence,) = found.occurrences
    assert (occurrence.device, occurrence.metric) == ("hall", "balance/ups")
    assert occurrence.raised_at == alert.raised_at
    assert occurrence.cleared_at == alert.cleared_at
    assert occurrence.severity == "medium"


def test_a_lasting_rise_of_the_overhead(daily: _Daily) -> None:
    apply(daily.lab, "drift", DriftRule([Level("low", 10.0), Level("medium", 50.0)]))

    def search(day: int, shift: float | None, thermometer: str | None = "roof") -> None:
        end = DAY0 + timedelta(days=day)
        onset = None if shift is None else date(2026, 2, 20)
        with daily.lab.database.transaction() as conn:
            (centre,) = conn.execute("select id from data_centre").fetchone() or (0,)
            start = end - timedelta(days=180)
            drift.put(
                conn,
                DriftRow(
                    *(centre, start, end, thermometer, None, onset, shift),
                    *(None, 9.0, "cooling", ["cooling"]),
                ),
            )
        daily.look(day)

    search(1, 30.0, thermometer=None)
    assert daily.days() == []
    search(2, 30.0)
    search(3, 30.0)
    search(4, 60.0)
    (alert,) = all_alerts(daily.lab)
    assert (alert.severity, alert.value, alert.limit) == ("medium", 60.0, 50.0)
    assert alert.subject == "yard/hall/drift"
    assert alert.onset == datetime(2026, 2, 19, 16, tzinfo=UTC)
    search(5, None)
    assert daily.days() == [("yard/hall/drift", 2, 5, ("low", "medium"))]


def test_history_of_a_lasting_rise(daily: _Daily) -> None:
    daily.meter(0, 60)
    daily.meter(60, 21, grid=140.0, cooling=34.0)
    daily.meter(81, 1)
    rule = spec("drift", DriftRule([Level("low", 15.0)], needs_thermometer=False))
    with_thermometer = spec("drift", DriftRule([Level("low", 15.0)]))
    daily.lab.set_clock("yard", DAY0 + timedelta(days=81, hours=3))
    start, end = DAY0 + timedelta(days=64), DAY0 + timedelta(days=76)
    with daily.lab.database.transaction() as conn:
        found = backtest.run(conn, rule, start, end, "yard")
        (occurrence,) = found.occurrences
        last = occurrence.raised_at, occurrence.raised_at + timedelta(days=2)
        assert backtest.run(conn, with_thermometer, *last, "yard").alerts == 0
    assert (occurrence.device, occurrence.metric) == ("hall", "drift")
    assert (occurrence.onset - DAY0).days in {59, 60, 61}
    # A change is told from chance when it has lasted for a week.
    assert 59 + 7 <= (occurrence.raised_at - DAY0).days < 76
    assert found.still_active == 1
    assert occurrence.value == pytest.approx(20.0, rel=0.2)


def _months(daily: _Daily, value: float) -> None:
    """Write month rows of the PUE, from January 2023 to February 2026."""
    with daily.lab.database.transaction() as conn:
        conn.execute(
            "insert into kpi (data_centre_id, kpi, category, period, period_start,"
            "  period_end, value, numerator_kwh, numerator_estimated_kwh,"
            "  denominator_kwh, denominator_estimated_kwh, covered_s, estimated_s,"
            "  elapsed_s, coverage, verdict, state, evidence, computed_at)"
            " select d.id, 'pue', 1, 'month', m, m + interval '1 month', %(value)s,"
            "  %(value)s * 1e5, 0, 1e5, 0, s, 0, s, 1, 'interim: above target',"
            "  'closed', '{}', now()"
            " from data_centre d, generate_series('2022-12-31T16:00Z'::timestamptz,"
            "  '2026-01-31T16:00Z', interval '1 month') m,"
            "  lateral (select extract(epoch from m + interval '1 month' - m) s) l"
            " on conflict (data_centre_id, period, period_start, period_end, kpi,"
            "  category) do update set value = excluded.value,"
            "  numerator_kwh = excluded.numerator_kwh",
            {"value": value},
        )


def test_a_year_that_will_miss_its_target(daily: _Daily) -> None:
    apply(daily.lab, "year", ProjectionRule("pue", "low", certain="high"))
    daily.look(1)
    assert all_alerts(daily.lab) == []
    _months(daily, 1.4)
    daily.look(2)
    daily.restart()
    daily.look(3)
    (alert,) = all_alerts(daily.lab)
    assert alert.subject == "yard/hall/projection/pue/2026"
    assert (alert.severity, alert.limit) == ("high", 1.25)
    assert alert.value == pytest.approx(1.4, abs=0.01)
    _months(daily, 1.2)
    daily.look(4)
    assert [row[1:3] for row in daily.days()] == [(2, 4)]


def _days(daily: _Daily, count: int, value: float) -> None:
    """Write day rows of the PUE, from 1 February 2026 on."""
    with daily.lab.database.transaction() as conn:
        conn.execute(
            "insert into kpi (data_centre_id, kpi, category, period, period_start,"
            "  period_end, value, numerator_kwh, numerator_estimated_kwh,"
            "  denominator_kwh, denominator_estimated_kwh, covered_s, estimated_s,"
            "  elapsed_s, coverage, verdict, state, evidence, computed_at)"
            " select d.id, 'pue', 1, 'day', t, t + interval '1 day', %(value)s,"
            "  %(value)s * 1e5 / 28, 0, 1e5 / 28, 0, 86400, 0, 86400, 1,"
            "  'interim: above target', 'closed', '{}', now()"
            " from data_centre d, generate_series('2026-01-31T16:00Z'::timestamptz,"
            "  '2026-01-31T16:00Z'::timestamptz + %(count)s * interval '1 day'"
            "  - interval '1 s', interval '1 day') t",
            {"value": value, "count": count},
        )


def test_history_of_a_projection(daily: _Daily) -> None:
    _months(daily, 1.2)
    _days(daily, 28, 2.0)
    february = datetime(2026, 1, 31, 16, tzinfo=UTC)
    rule = spec("year", ProjectionRule("pue", "low"))
    daily.lab.set_clock("yard", february + timedelta(days=28, hours=3))
    with daily.lab.database.transaction() as conn:
        span = february, february + timedelta(days=28)
        found = backtest.run(conn, rule, *span, "yard")
        every = backtest.run(conn, rule, DAY0 - timedelta(days=365), span[1], "yard")
    # A twelfth of the year's energy at 2.0 instead of 1.2 costs 0.05 in 21 of 28 days.
    (occurrence,) = found.occurrences
    assert (occurrence.device, occurrence.metric) == ("hall", "projection/pue/2026")
    assert (occurrence.raised_at - february).days in {21, 22}
    assert occurrence.value == pytest.approx(1.25, abs=0.01)
    assert found.still_active == 1
    assert found.readings == 28
    assert [each.raised_at for each in every.occurrences] == [occurrence.raised_at]
