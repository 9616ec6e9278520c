"""Two days of the demonstration park in a database, as the engine left them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from parkpulse.engine.alerts import AlertConsumer
from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.rollups import RollupConsumer
from parkpulse.model import rule
from parkpulse.store import rules
from parkpulse.store.pool import Database
from simulators import history
from simulators.demo import operate
from tests.plugins.fix_engine import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.demo.operate import Demo
    from tests.plugins.fix_engine import Point

PARK = "demo"
SEED, BEGAN = 6, datetime(2026, 7, 14, tzinfo=UTC)
"""Of this seed's past, these are the days of the heaviest storm."""
END = datetime(2026, 7, 2, tzinfo=UTC)
START = END - timedelta(days=2)
_PAGE = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Seeded:
    """The database and the time of which it holds readings."""

    url: str
    start: datetime = START
    end: datetime = END


def seed(url: str) -> Seeded:
    """Register the park, store its readings, and let the engine follow them."""
    database = Database(url)
    database.open()
    try:
        lab = Lab(database, now=END)
        demo = operate.register(database, PARK, SEED, int(BEGAN.timestamp()))
        with database.transaction() as conn:
            row = conn.execute("update park set clock = 'data' returning id").fetchone()
            assert row is not None
            lab.parks[PARK] = row[0]
            rules.install(conn, rule.shipped(), rule.set_version())
        lab.put(_points(lab, demo))
        lab.set_clock(PARK, END)
        roll_ups = RollupConsumer()
        for consumer in (roll_ups, AlertConsumer(database, _PAGE), KpiConsumer()):
            lab.step(consumer)
        lab.now = END + timedelta(hours=1)  # the last day is over
        lab.step(roll_ups)
        _books(database)
    finally:
        database.close()
    return Seeded(url)


def _points(lab: Lab, demo: Demo) -> Iterator[Point]:
    with lab.database.transaction() as conn:
        rows = conn.execute(
            "select d.code, s.metric, s.id from series s"
            " join device d on d.id = s.device_id"
        ).fetchall()
    series = {(device, metric): found for device, metric, found in rows}
    done = dict.fromkeys(series, int(START.timestamp()))
    for chunk in history.plan(demo.streams, done, int(END.timestamp())):
        for message in history.messages_of(demo.station, chunk):
            content = json.loads(message.payload)
            for sample in content["samples"]:
                for metric, value in sample["values"].items():
                    ts = sample["ts"] * 1000
                    yield series[message.device, metric], ts, float(value)
            for metric, value in content.get("radio", {}).items():
                found = series.get((message.device, metric))
                if found is not None:
                    yield found, content["samples"][-1]["ts"] * 1000, float(value)


def _books(database: Database) -> None:
    """Write what other processes than the engine would have written."""
    with database.transaction() as conn:
        conn.execute(
            """
            insert into ledger (hour, source, writer, received, stored, duplicate,
                quarantined, values_stored)
            select hour, source, 'ingest-1', 100, 95, 4, 1, 900
            from generate_series(%s::timestamptz, %s, interval '1 hour') hour
            cross join (values ('demo/native'), ('demo/sl651')) s (source)
            """,
            [START, END],
        )
        conn.execute(
            """
            insert into quarantine (id, at, writer, source, park, device, format, topic,
                reason, detail, raw, length, sha256, whole, refused)
            select gen_random_uuid(), hour, 'ingest-1', 'demo/native', 'demo', 'x',
                'native', '', 'not_json', '', '', 1, '', true, 0
            from generate_series(%s::timestamptz, %s, interval '3 hours') hour
            """,
            [START, END],
        )
        conn.execute(
            "insert into ingest_worker (writer, run, connected)"
            " values ('ingest-1', gen_random_uuid(), true)"
        )
        conn.execute(
            """
            insert into quality_flag (series, ts, test, flag)
            select series, ts, 'spike', 3 from reading where ts > %s limit 20
            """,
            [START],
        )
        conn.execute(
            """
            insert into kpi_revision (data_centre_id, kpi, category, period,
                period_start, period_end, revision, old_value, new_value, old_coverage,
                new_coverage, cause, at)
            select data_centre_id, kpi, category, period, period_start, period_end, 1,
                1.2, 1.3, 1, 1, 'late readings', %s
            from kpi where period = 'day' limit 1
            """,
            [END],
        )
    _deliveries(database)


def _deliveries(database: Database) -> None:
    with database.transaction() as conn:
        conn.execute(
            """
            with c as (
                insert into channel (name, kind, url, secret)
                values ('duty', 'webhook', 'https://duty.example', '') returning id
            ), o as (
                insert into outbox
                    (id, channel_id, alert_id, alert_event_id, body, state)
                select gen_random_uuid(), c.id, e.alert_id, e.id, '{}', 'delivered'
                from c cross join alert_event e where e.kind = 'raised'
                returning id, created_at
            )
            insert into delivery (id, outbox_id, attempt, at, status, duration_ms)
            select gen_random_uuid(), o.id, 1, %s, 200, 12 from o
            """,
            [END],
        )
