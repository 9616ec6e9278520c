"""Retention on a real TimescaleDB: nothing goes that somebody still needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from parkpulse.engine.housekeeping import CONTEXT, Housekeeper
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.rollups import RollupConsumer
from parkpulse.model import instants
from parkpulse.store import batchlog, retention
from tests.plugins.fix_engine import NOW
from tests.plugins.plant import Plant, plant_spec

if TYPE_CHECKING:
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


_RECORDS = """
insert into ledger (hour, source, writer) select t, 'a/b', 'ingest-1' from moment;
insert into quarantine_count (hour, park, device, reason, n)
    select t, 'a', 'b', 'c', 1 from moment;
insert into outage (id, parts, began_at)
    select gen_random_uuid(), '{broker}', t from moment;
insert into audit (at, who, display_name, way, address, action, object)
    select t, 'ann', 'Ann', 'open', '', 'edit', 'x' from moment;
insert into event (id, park_id, device_id, ts, received_at, kind, detail, fingerprint)
    select gen_random_uuid(), park_id, d.id, t, t, 'text', '{}', ''
    from moment, (select id, park_id from device limit 1) d;
insert into quarantine (id, at, writer, source, topic, reason, detail, raw, length,
        sha256, whole, refused)
    select gen_random_uuid(), t, 'ingest-1', 'a/b', '', 'c', '', '', 0, '', true, 0
    from moment;
"""


def _left(lab: Lab, *tables: str) -> list[int]:
    with lab.database.transaction() as conn:
        names = [sql.Identifier(each) for each in tables]
        found = [conn.execute(_ALL.format(each)).fetchall() for each in names]
    return [len(rows) for rows in found]


_ALL = sql.SQL("select from {}")


@pytest.mark.usefixtures("plant")
def test_records_are_kept_for_years_and_not_for_ever(
    lab: Lab, keeper: Housekeeper
) -> None:
    # The audit lets go only of what is old by the server's clock.
    now = datetime.now(UTC)
    moments = [now - timedelta(days=3660), now - timedelta(days=3640)]
    tables = ("ledger", "quarantine_count", "outage", "audit")
    with lab.database.transaction() as conn:
        conn.execute("create temp table moment (t timestamptz) on commit drop")
        conn.execute("insert into moment select unnest(%s::timestamptz[])", [moments])
        conn.execute(_RECORDS)
    before = _left(lab, *tables)
    keeper.retain(now)
    assert _left(lab, *tables) == [each - 1 for each in before]
    assert _left(lab, "quarantine") == [0]
    # What devices said goes by the parks' clocks, once a day.
    assert _left(lab, "event") == [2]
    lab.set_clock("yard", now)
    keeper.retain(now + timedelta(hours=23))
    assert _left(lab, "event") == [2]
    keeper.retain(now + timedelta(hours=24))
    assert _left(lab, "event") == [1]


_MESSAGES = """
insert into rule (code, name_zh, name_en, definition, source)
    values ('r', 'r', 'r', '{}', 'test');
insert into channel (name, kind, url, secret) values ('duty', 'webhook', 'x', '');
insert into alert (id, rule_id, subject, park_id, severity, state, onset, raised_at,
        value, limit_value)
    select gen_random_uuid(), r.id, s, p.id, 'high', s, now(), now(), 2, 1
    from (select id from rule where code = 'r') r, (select id from park limit 1) p,
        unnest(array['normal', 'unacknowledged']) s;
insert into alert_event (alert_id, rule_id, subject, kind, at, severity)
    select id, rule_id, subject, 'raised', now(), 'high' from alert;
insert into outbox (id, channel_id, alert_id, alert_event_id, body, state, created_at)
    select gen_random_uuid(), c.id, e.alert_id, e.id, '{}', 'delivered',
        now() - interval '401 days' from alert_event e, channel c;
insert into delivery (id, outbox_id, attempt, at, duration_ms)
    select gen_random_uuid(), id, 1, created_at, 1 from outbox;
"""


@pytest.mark.usefixtures("plant")
def test_messages_of_unfinished_alerts_stay(lab: Lab, keeper: Housekeeper) -> None:
    with lab.database.transaction() as conn:
        conn.execute(_MESSAGES)
    keeper.retain(datetime.now(UTC) - timedelta(days=2))
    assert _left(lab, "delivery", "outbox") == [2, 2]
    keeper.retain(datetime.now(UTC))
    assert _left(lab, "delivery", "outbox") == [0, 1]
