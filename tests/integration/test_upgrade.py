"""A database with data in it, made by an earlier schema, comes to the present one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from parkpulse.engine.rollups import RollupConsumer
from parkpulse.errors import ConfigError
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.store import metric_names, migrate
from parkpulse.store.pool import Database
from tests.plugins.fix_engine import NOW, Lab

if TYPE_CHECKING:
    from parkpulse.store.migrate import Migration

MILESTONES = (
    "20261122T190000_foundation",
    "20261122T223500_quality_flag",
    "20261122T225300_delivery",
    "20261123T010600_accounts",
    "20261123T045610_link_repeats",
)
"""Schemas as they were landed; add each release's last migration here."""

DATA = """
insert into park (code, name_zh, name_en, clock, accept_from, data_now)
    values ('old', '旧', 'old', 'data', '2020-01-01', '2026-03-10 12:00Z');
insert into place (park_id, code, kind, name_zh, name_en)
    select id, 'hall', 'building', '楼', 'hall' from park;
insert into device (park_id, place_id, code, kind, name_zh, name_en, report_interval_s)
    select p.id, l.id, c, 'meter', c, c, 60
    from park p, place l, unnest(array['well', 'meter']) c;
insert into series (device_id, metric, kind, report_interval_s)
    select id, case code when 'well' then 'water_level' else 'active_energy_import' end,
        case code when 'well' then 'gauge' else 'counter' end, 60 from device;
insert into calibration (series_id, valid_from, scale, source)
    select id, '2020-01-01', 2.0, 'CT 100/5' from series;
insert into data_centre (park_id, place_id, code, name_zh, name_en, commissioned,
    standard_racks)
    select p.id, l.id, 'dc', '数据中心', 'dc', '2024-01-01', 3000 from park p, place l;
insert into meter (data_centre_id, series_id, role)
    select c.id, s.id, 'grid_import' from data_centre c, series s
    where s.kind = 'counter';
insert into reading (series, ts, value, quality)
    select s.id, timestamptz '2026-02-01' + n * interval '10 minutes', n / 7.0, 0
    from series s, generate_series(1, 3000) n;
insert into rollup_1h (series, ts, n, sum, min, max, first, last)
    select series, date_trunc('hour', ts), count(*), sum(value), min(value),
        max(value), min(value), max(value) from reading group by 1, 2;
insert into kpi (data_centre_id, kpi, period, period_start, period_end, value,
    numerator_kwh, numerator_estimated_kwh, denominator_kwh, denominator_estimated_kwh,
    covered_s, estimated_s, elapsed_s, coverage, verdict, target, state,
    evidence, computed_at)
    select id, 'pue', 'hour', '2026-02-01', '2026-02-01 01:00', 1.2, 12, 0, 10, 0, 3600,
        0, 3600, 1, 'interim: below target', 1.25, 'closed', '{}', now()
    from data_centre;
insert into rule (park_id, code, name_zh, name_en, definition, source)
    select id, 'mine', '我的', 'mine', '{"kind": "limit", "metric": "water_level",
        "levels": [{"name": "high", "severity": "high", "above": 3.0}]}', 'test'
    from park;
insert into alert (id, rule_id, subject, park_id, device_id, series_id, severity, state,
    onset, raised_at, value, limit_value)
    select '0195b6a0-0000-7000-8000-000000000001', r.id, 'well/water_level', p.id,
        d.id, s.id, 'high', 'unacknowledged', '2026-02-01', '2026-02-01', 4.0, 3.0
    from rule r join park p on r.park_id = p.id join device d on d.code = 'well'
    join series s on s.device_id = d.id where r.code = 'mine';
insert into channel (name, kind, url, secret)
    values ('duty', 'webhook', 'http://127.0.0.1:1/', '\\x00');
"""


def _until(name: str) -> list[Migration]:
    return [each for each in migrate.known() if each.name <= name]


@pytest.mark.parametrize("milestone", MILESTONES)
def test_an_older_schema_with_data(
    milestone: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = _until(milestone)
    assert older[-1].name == milestone
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "known", lambda: older)
        # The list of metrics was not in the database at first.
        patch.setattr(metric_names, "write", lambda _: None)
        migrate.apply(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute(DATA.encode())
    before = _figures(empty_database_url)
    assert before[0] == 6000
    assert migrate.apply(empty_database_url) == len(migrate.known()) - len(older)
    assert _figures(empty_database_url) == before
    _goes_on(empty_database_url)
    # An older Parkpulse does not touch what a newer one has made.
    monkeypatch.setattr(migrate, "known", lambda: older)
    with pytest.raises(ConfigError, match="newer Parkpulse"):
        migrate.apply(empty_database_url)


def test_no_function_holds_a_table_fast(database_url: str) -> None:
    """PostgreSQL 17.12 adds no column with a default to a table of such a function."""
    with psycopg.connect(database_url) as conn:
        held = conn.execute(
            """
            select p.oid::regprocedure::text, t.typname from pg_proc p
            cross join unnest(p.proargtypes::oid[] || p.prorettype) as used (type)
            join pg_type t on t.oid = used.type and t.typrelid <> 0
            where p.prosqlbody is not null and p.pronamespace in
                ('public'::regnamespace, 'dashboard'::regnamespace)
            """
        ).fetchall()
        park_now = conn.execute("select 'park_now(park)'::regprocedure").fetchone()
    assert held == []
    assert park_now is not None


def _figures(url: str) -> Any:  # noqa: ANN401 - a row
    with psycopg.connect(url) as conn:
        return conn.execute(
            """
            select (select count(*) from reading), (select sum(value) from reading),
                (select sum(sum) from rollup_1h), (select sum(value) from kpi),
                (select array_agg(state) from alert), (select count(*) from target),
                (select array_agg(name) from channel), (select count(*) from meter),
                (select sum(scale) from calibration)
            """
        ).fetchone()


def _goes_on(url: str) -> None:
    """The registry is read and written, readings come and are rolled up."""
    database = Database(url)
    database.open()
    try:
        lab = Lab(database)
        device = DeviceSpec(
            code="well",
            kind="sensor",
            name=Name(zh="井", en="well"),
            series=[SeriesSpec(metric="water_level")],
            report_interval_s=60,
        )
        series = lab.register(
            ParkSpec(
                code="old",
                name=Name(zh="旧", en="old"),
                accept_from=NOW - timedelta(days=999),
                clock="data",
                devices=[device],
            )
        )["well", "water_level"]
        at = instants.to_us(NOW - timedelta(days=1))
        lab.put([(series, at + i * instants.MINUTE, 1.0) for i in range(120)])
        lab.step(RollupConsumer())
        with database.transaction() as conn:
            (row,) = conn.execute(
                "select sum(n) from rollup_1h where ts > %s", [NOW - timedelta(days=2)]
            ).fetchall()
        assert row == (120,)
    finally:
        database.close()
