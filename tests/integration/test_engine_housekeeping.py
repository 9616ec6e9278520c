"""Retention on a real TimescaleDB: nothing goes that somebody still needs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine.housekeeping import CONTEXT, Housekeeper
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.rollups import RollupConsumer
from parkpulse.model import instants
from parkpulse.store import batchlog, retention
from tests.plugins.fix_engine import NOW
from tests.plugins.plant import Plant, plant_spec

if TYPE_CHECKING:
    from datetime import datetime

    from tests.plugins.fix_engine import Lab

DAYS = 30
OLD = NOW - timedelta(days=60)
CONSUMERS = ("rollups", "kpis")


@pytest.fixture
def keeper(lab: Lab) -> Housekeeper:
    return Housekeeper(lab.database, CONSUMERS, DAYS)


@pytest.fixture
def plant(lab: Lab) -> Plant:
    plant = Plant(lab, plant_spec(), OLD)
    lab.put(plant.points(OLD, OLD + timedelta(hours=3)))
    lab.put(plant.points(NOW - timedelta(hours=3), NOW))
    return plant


def _count(lab: Lab, table: str) -> int:
    with lab.database.transaction() as conn:
        row = conn.execute(
            {
                "reading": "select count(*) from reading",
                "hours": "select count(*) from rollup_1h",
                "log": "select count(*) from batch_log",
            }[table]
        ).fetchone()
    assert row
    return int(row[0])


def _horizon(lab: Lab) -> int:
    with lab.database.transaction() as conn:
        return retention.raw_horizon(conn)


@pytest.mark.usefixtures("plant")
def test_readings_go_when_all_have_done_with_them(
    lab: Lab, keeper: Housekeeper
) -> None:
    every = _count(lab, "reading")
    keeper.retain(NOW)
    keeper.retain(NOW)
    assert _count(lab, "reading") == every, "nobody has seen them"
    lab.step(RollupConsumer())
    keeper.retain(NOW)
    assert _count(lab, "reading") == every, "the KPIs have not"
    hours = _count(lab, "hours")
    lab.step(KpiConsumer())
    keeper.retain(NOW)
    assert _count(lab, "reading") == every // 2
    assert _count(lab, "hours") == hours
    assert _horizon(lab) == instants.to_us(NOW - timedelta(days=DAYS))


def _count_since(lab: Lab, start: datetime) -> int:
    with lab.database.transaction() as conn:
        rows = conn.execute("select from reading where ts >= %s", [start])
        return len(rows.fetchall())


@pytest.mark.usefixtures("plant")
def test_readings_near_the_horizon_stay_as_context(
    lab: Lab, keeper: Housekeeper
) -> None:
    near = NOW - timedelta(days=DAYS) - CONTEXT + timedelta(hours=1)
    close = Plant(lab, plant_spec(), near)
    lab.put(close.points(near, near + timedelta(hours=1)))
    lab.step(RollupConsumer())
    lab.step(KpiConsumer())
    kept = _count_since(lab, near)
    keeper.retain(NOW)
    keeper.retain(NOW)
    assert _horizon(lab) == instants.to_us(NOW - timedelta(days=DAYS))
    assert _count(lab, "reading") == kept


def test_the_horizon_stays_while_nothing_is_old(lab: Lab, keeper: Housekeeper) -> None:
    recent = Plant(lab, plant_spec(), NOW - timedelta(hours=3))
    lab.put(recent.points(NOW - timedelta(hours=3), NOW))
    lab.step(RollupConsumer())
    lab.step(KpiConsumer())
    never = _horizon(lab)
    keeper.retain(NOW)
    keeper.retain(NOW)
    assert _horizon(lab) == never


@pytest.mark.usefixtures("plant")
def test_the_oldest_park_clock_decides(lab: Lab, keeper: Housekeeper) -> None:
    spec = plant_spec()
    lab.register(type(spec)(code="past", name=spec.name, accept_from=OLD, clock="data"))
    lab.set_clock("past", OLD)
    lab.set_clock("yard", NOW)
    lab.step(RollupConsumer())
    lab.step(KpiConsumer())
    every = _count(lab, "reading")
    keeper.retain(NOW)
    keeper.retain(NOW)
    assert _count(lab, "reading") == every


@pytest.mark.usefixtures("plant")
def test_a_park_with_an_older_clock_may_come_between(
    lab: Lab, keeper: Housekeeper
) -> None:
    lab.step(RollupConsumer())
    lab.step(KpiConsumer())
    every = _count(lab, "reading")
    keeper.retain(NOW)
    spec = plant_spec()
    lab.register(type(spec)(code="past", name=spec.name, accept_from=OLD, clock="data"))
    lab.set_clock("past", OLD)
    keeper.retain(NOW)
    assert _count(lab, "reading") == every


@pytest.mark.usefixtures("plant")
def test_the_log_is_pruned_behind_the_slowest(lab: Lab, keeper: Housekeeper) -> None:
    with lab.database.transaction() as conn:
        conn.execute("update batch_log set at = at - interval '5 minutes'")
    lab.step(RollupConsumer())
    keeper.prune()
    assert _count(lab, "log") == 2
    lab.step(KpiConsumer())
    keeper.prune()
    assert _count(lab, "log") == 0


@pytest.mark.usefixtures("plant")
def test_one_process_at_a_time(lab: Lab, keeper: Housekeeper) -> None:
    lab.step(RollupConsumer())
    lab.step(KpiConsumer())
    every = _count(lab, "reading")
    keeper.retain(NOW)
    with lab.database.transaction() as conn:
        assert retention.is_alone(conn)
        keeper.retain(NOW)
    assert _count(lab, "reading") == every
    with lab.database.transaction() as conn:
        assert set(batchlog.positions(conn, "kpis")) == {(1, "ingest-1")}
