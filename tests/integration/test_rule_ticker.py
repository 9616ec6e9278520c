"""Rules of key figures and of several conditions, on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine.rules.ticker import RuleTicker
from parkpulse.model import instants
from parkpulse.model.definitions import (
    Composition,
    Definition,
    KpiRule,
    Level,
    Threshold,
)
from parkpulse.model.rule import RuleSpec
from parkpulse.query import backtest
from parkpulse.store import kpis, rules
from tests.plugins.alerting import PAGE, T0, Bench

if TYPE_CHECKING:
    from parkpulse.store.pool import Database


DAY0 = datetime(2026, 1, 1, 16, tzinfo=UTC)
"""Midnight in Shanghai, at the begin of 2 January."""


class TickerBench(Bench):
    """Alerts of readings, key figures written by hand, and the ticker."""

    steps = 0.0

    def begin(self) -> None:
        self.ticker = RuleTicker(self.database, self.keeper, PAGE)

    def tick(self) -> None:
        self.steps += 20.0
        self.ticker.step(self.steps)

    def centre(self) -> int:
        with self.database.transaction() as conn:
            (row,) = conn.execute(
                "insert into data_centre (park_id, code, name_zh, name_en,"
                "  commissioned, standard_racks)"
                " values (%s, 'dc-1', '机房', 'Hall', %s, 3000) returning id",
                [self.park_id, DAY0.date()],
            ).fetchall()
        return int(row[0])

    def figure(
        self, centre: int, day: int, numerator: float, *, coverage: float = 1.0
    ) -> None:
        start = DAY0 + timedelta(days=day)
        with self.database.transaction() as conn:
            conn.execute(
                "insert into kpi (data_centre_id, kpi, category, period, period_start,"
                "  period_end, value, numerator_kwh, numerator_estimated_kwh,"
                "  denominator_kwh, denominator_estimated_kwh, covered_s, estimated_s,"
                "  elapsed_s, coverage, verdict, state, evidence,"
                "  computed_at)"
                " values (%s, 'pue', 1, 'day', %s, %s, %s, %s, 0, 100, 0, 86400, 0,"
                "  86400, %s, 'interim: above target', 'closed', '{}', now())"
                " on conflict (data_centre_id, period, period_start, period_end, kpi,"
                "  category)"
                " do update set value = excluded.value,"
                "  numerator_kwh = excluded.numerator_kwh",
                [
                    centre,
                    start,
                    start + timedelta(days=1),
                    numerator / 100,
                    numerator,
                    coverage,
                ],
            )
            conn.execute("select pg_notify(%s, '{}')", [kpis.CHANNEL])

    def back_test(self, code: str, first: float, last: float) -> backtest.Backtest:
        """Try a stored rule on days after DAY0."""
        with self.database.transaction() as conn:
            (spec,) = [each.spec for each in rules.load(conn) if each.spec.code == code]
            start, end = (DAY0 + timedelta(days=each) for each in (first, last))
            return backtest.run(conn, spec, start, end)

    def put(self, code: str, definition: Definition) -> None:
        self.apply(RuleSpec(code, self.name(code), definition, "test"))


@pytest.fixture
def bench(database: Database) -> TickerBench:
    bench = TickerBench(database)
    bench.begin()
    bench.add_channel()
    return bench


def _days(bench: TickerBench, day: float) -> None:
    at = instants.to_us(DAY0 + timedelta(days=day))
    bench.set_clock((at - T0) / 1e6)


def test_a_day_over_the_limit(bench: TickerBench) -> None:
    levels = [Level("low", 1.25), Level("medium", 1.5)]
    bench.put("pue", KpiRule("pue", "above", levels, inclusive=True))
    centre = bench.centre()
    for day, energy in enumerate([120.0, 125.0, 151.0, 150.0]):
        bench.figure(centre, day, energy)
    bench.figure(centre, 4, 100.0, coverage=0.5)
    _days(bench, 5.2)
    bench.tick()
    alert = bench.alert()
    assert alert.subject == "harbour/dc-1/pue/1/day"
    assert (alert.severity, alert.value, alert.limit) == ("medium", 1.51, 1.5)
    assert alert.onset == DAY0 + timedelta(days=2)
    assert bench.messages() == ["alert.raised"]
    tried = bench.back_test("pue", 0, 5)
    assert [(each.onset, each.severity, each.value) for each in tried.occurrences] == [
        (alert.onset, "medium", 1.51)
    ]
    assert tried.occurrences[0].metric == "pue/1/day"
    # The figure of a day is revised: it was well below.
    bench.figure(centre, 3, 110.0)
    bench.begin()
    bench.tick()
    assert bench.alert().cleared_at == DAY0 + timedelta(days=4)


def test_the_year_to_date_is_a_ratio_of_sums(bench: TickerBench) -> None:
    below = KpiRule("pue", "below", [Level("high", 1.2)], span="year_to_date")
    bench.put("year", below)
    centre = bench.centre()
    for day, energy in enumerate([130.0, 115.0, 110.0]):
        bench.figure(centre, day, energy)
    _days(bench, 3.2)
    bench.tick()
    # 130/100, 245/200, 355/300 = 1.1833
    alert = bench.alert()
    assert alert.onset == DAY0 + timedelta(days=3)
    assert alert.value == pytest.approx(355 / 300)


def test_two_conditions_in_one_park(bench: TickerBench) -> None:
    for code, limit in (("one", 1.0), ("two", 5.0)):
        bench.put(code, Threshold("water_level", "above", [Level("low", limit)]))
    bench.put("both", Composition(["one", "two"], "critical", within_s=300))
    bench.store([(0, 2.0)], gauge=1)
    bench.run(0)
    bench.tick()
    assert [each.rule.code for each in bench.alerts()] == ["one"]
    bench.store_all([(1, 60, 0.0), (2, 200, 9.0)])
    bench.run(200)
    bench.tick()
    (both,) = [each for each in bench.alerts() if each.rule.code == "both"]
    assert (both.severity, both.subject) == ("critical", "harbour")
    assert both.cleared_at is None
    bench.set_clock(900)
    bench.store([(240, 0.0)], gauge=2)
    bench.run(900)
    bench.tick()
    (both,) = [each for each in bench.alerts() if each.rule.code == "both"]
    # Gauge 2 alone was enough for both limits; both ended at 240 and count on to 540.
    assert instants.to_us(both.cleared_at or DAY0) == T0 + 540_000_000
    day = (T0 - instants.to_us(DAY0)) / instants.DAY
    (tried,) = bench.back_test("both", day, day + 1).occurrences
    assert (tried.park, tried.device) == ("harbour", "")
    assert (tried.raised_at, tried.cleared_at) == (both.raised_at, both.cleared_at)
