"""KPI rows, summaries and revisions as people see them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine.kpis import KpiConsumer
from parkpulse.errors import InvalidRequestError
from parkpulse.model import instants
from parkpulse.query import kpis
from parkpulse.query.kpis import Wanted
from tests.plugins.fix_engine import NOW
from tests.plugins.plant import START, Plant, plant_spec

if TYPE_CHECKING:
    from parkpulse.model.kpi import Kpi, KpiRevision
    from tests.plugins.fix_engine import Lab


@pytest.fixture
def plant(lab: Lab) -> Plant:
    plant = Plant(lab, plant_spec(), START)
    lab.put(plant.points(START, NOW))
    lab.step(KpiConsumer())
    return plant


def _all(lab: Lab, wanted: Wanted, limit: int) -> list[Kpi]:
    found: list[Kpi] = []
    cursor = None
    while True:
        with lab.database.transaction() as conn:
            page = kpis.page(conn, 1, wanted, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


@pytest.mark.usefixtures("plant")
def test_pages_hold_every_row_once(lab: Lab) -> None:
    whole = _all(lab, Wanted(), 1000)
    assert _all(lab, Wanted(), 7) == whole
    keys = [(row.period, row.start, row.end, row.kpi, row.category) for row in whole]
    assert len(set(keys)) == len(keys) > 150
    assert [row.start for row in whole] == sorted(row.start for row in whole)


@pytest.mark.usefixtures("plant")
def test_rows_are_chosen_by_what_is_wanted(lab: Lab) -> None:
    wanted = Wanted("pue", 1, "hour", START + timedelta(hours=5, minutes=30), None)
    found = _all(lab, wanted._replace(end=START + timedelta(hours=8)), 100)
    assert [row.start for row in found] == [
        START + timedelta(hours=each) for each in (5, 6, 7)
    ]
    assert {(row.kpi, row.category, row.period) for row in found} == {
        ("pue", 1, "hour")
    }


@pytest.mark.usefixtures("plant")
def test_evidence_names_meters_and_rule(lab: Lab) -> None:
    (day,) = _all(lab, Wanted("pue", None, "day", NOW), 10)
    assert {(each.device, each.role): each.kwh for each in day.evidence.meters} == {
        ("grid", "grid_import"): pytest.approx(120.0 * 20),
        ("ups", "ups_output"): pytest.approx(100.0 * 20),
        ("pv", "pv"): pytest.approx(5.0 * 20),
    }
    assert day.comparison == "lt"
    assert day.evidence.rule is not None
    assert day.evidence.rule.in_scope is True
    assert "2023-12-28" in day.evidence.rule.source
    assert (day.target, day.state, day.revision) == (1.25, "open", 0)
    (share,) = _all(lab, Wanted("ref_hourly", None, "day", NOW), 10)
    assert (share.comparison, share.verdict) == ("ge", "not applicable")
    assert share.evidence.rule is not None
    assert share.evidence.rule.in_scope is False


@pytest.mark.usefixtures("plant")
def test_summary_has_the_newest_of_each(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        found = kpis.summary(conn, 1)
    keys = {(row.kpi, row.category, row.period) for row in found}
    periods = ("hour", "day", "month", "year", "rolling_12_months")
    assert keys == {
        (kpi, category, period)
        for kpi, category in (
            ("pue", 1),
            ("ref", 0),
            ("ref_hourly", 0),
            ("cue_location", 1),
            ("cue_market", 1),
        )
        for period in periods
        # Its days are folded from the hours of the PUE.
        if (kpi, period) != ("cue_location", "hour")
    }
    assert len(found) == len(keys)
    assert {row.start for row in found if row.period == "hour"} == {
        NOW - timedelta(hours=1)
    }


def test_revisions_newest_first(lab: Lab, plant: Plant) -> None:
    ts = instants.to_us(START + timedelta(hours=5))
    for change in (1.0, 2.0):
        series, _, value = plant.point("green", ts)
        lab.put([(series, ts, value + change)])
        lab.step(KpiConsumer())
    found: list[KpiRevision] = []
    cursor = None
    while True:
        with lab.database.transaction() as conn:
            page = kpis.revisions(conn, 1, limit=3, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert [row.id for row in found] == sorted((row.id for row in found), reverse=True)
    assert [row.revision for row in found if row.period == "hour"] == [2] * 3 + [1] * 3
    assert {row.cause for row in found} == {"correction"}


def test_a_foreign_cursor_is_refused(lab: Lab) -> None:
    with (
        lab.database.transaction() as conn,
        pytest.raises(InvalidRequestError),
    ):
        kpis.page(conn, 1, Wanted(), cursor="bm9uc2Vuc2U")


def test_an_unknown_data_centre_has_nothing(lab: Lab) -> None:
    with lab.database.transaction() as conn:
        assert kpis.page(conn, 99, Wanted()).items == []
        assert kpis.summary(conn, 99) == []
        assert kpis.revisions(conn, 99).items == []
