"""Alarm performance figures over recorded alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parkpulse.errors import InvalidRequestError, NotFoundError
from parkpulse.model import instants
from parkpulse.query import alarm_performance, alerts
from parkpulse.store.alerts import Search
from tests.plugins.alerting import PAGE, Bench, rule, us

if TYPE_CHECKING:
    from parkpulse.query.alarm_performance import Performance
    from parkpulse.store.pool import Database

HOUR = 3600


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database)
    bench.apply(rule())
    return bench


def look(bench: Bench, start_h: float, end_h: float, **scope: str) -> Performance:
    start, end = (instants.from_us(us(each * HOUR)) for each in (start_h, end_h))
    with bench.database.transaction() as conn:
        return alarm_performance.performance(conn, "harbour", start, end, **scope)


def test_figures(bench: Bench) -> None:
    for n in range(6):
        bench.feed([(n * 20.0, 1.5), (n * 20.0 + 10, 0.5)])
    bench.feed([(150.0, 2.5)], gauge=2)
    bench.set_clock(210.0)
    with bench.database.transaction() as conn:
        (second,) = alerts.listed(conn, Search(device="gauge-02")).items
        alerts.acknowledge(conn, alerts.parse_id(second.id), "Li", page_url=PAGE)
    bench.store([(160, 1.5), (165, 0.5)])
    bench.run(48 * HOUR)

    day = look(bench, 0, 24)
    assert (day.alarms, day.retroactive, day.alarms_per_day) == (7, 1, 7.0)
    assert day.alarms_per_10_min == pytest.approx(7 / 144)
    assert (day.peak_per_10_min, day.assessment) == (7, "acceptable")
    assert day.floods == []
    first, other = day.bad_actors
    assert (first.count, first.share, first.chattering) == (6, 6 / 7, True)
    assert (other.count, other.chattering, day.chattering) == (1, False, 1)
    assert day.bad_actors_share == pytest.approx(1)
    assert (day.standing, len(day.stale)) == (1, 0)
    assert [each.count for each in day.priorities] == [0, 6, 1, 0]
    assert (day.acknowledged, day.mean_time_to_acknowledge_s) == (1, 60.0)
    assert look(bench, 0, 24, place="river").alarms == 7
    assert look(bench, 0, 24, place="elsewhere").alarms == 0

    later = look(bench, 24, 200)
    assert later.end == instants.from_us(us(48 * HOUR))
    (stale,) = later.stale
    assert (stale.subject.split("/")[1], stale.until) == ("gauge-02", None)
    future = look(bench, 100, 200)
    assert (future.assessment, future.alarms_per_day) == ("no data", None)


def test_what_cannot_be_asked(bench: Bench) -> None:
    for end in (0, 24 * 400):
        with pytest.raises(InvalidRequestError):
            look(bench, 0, end)
    moment = instants.from_us(us(0))
    with bench.database.transaction() as conn, pytest.raises(NotFoundError):
        alarm_performance.performance(conn, "none", moment, moment)
