"""`kill -9` of the engine while alerts rise and clear: nothing lost, nothing twice."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from parkpulse.model import rule as model
from tests.plugins.alerting import Bench, rule
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parkpulse.store.pool import Database

_WITHIN_S = 60.0
_GAUGES = 10
_TURNS = 40
_KILLS = 4


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database, gauges=_GAUGES)


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
    }


def _start(environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [COMMAND, "engine"], env=environment, stdout=output, stderr=output
        )


def _end_leases(database: Database) -> None:
    """Let the time pass for which a killed process keeps its slots."""
    with database.transaction() as conn:
        conn.execute("update lease set owner = null")
        conn.execute("delete from engine")


def _behind(database: Database) -> int:
    with database.transaction() as conn:
        row = conn.execute(
            """
            select coalesce(sum(c.n - coalesce(p.n, 0)), 0)
            from batch_counter c left join consumer_position p
                on p.consumer = 'alerts' and (p.slot, p.writer) = (c.slot, c.writer)
            """
        ).fetchone()
    assert row is not None
    return int(row[0])


def _store(bench: Bench, turn: int) -> None:
    """Each turn every gauge goes over both limits and back, one reading late."""
    for step, level in enumerate((1.5, 2.5, 0.5)):
        at = turn * 240.0 + step * 60
        bench.store_all([(gauge, at, level) for gauge in range(1, _GAUGES + 1)])
        bench.set_clock(at)
    bench.store_all([(1, turn * 240.0 + 90, 1.6)], writer="ingest-2")


def test_kill_9_loses_no_transition_and_repeats_none(
    bench: Bench, environment: Mapping[str, str], tmp_path: Path
) -> None:
    # The engine puts the shipped rules in place, and some watch levels too.
    shipped = [replace(each, enabled=False) for each in model.shipped()]
    bench.apply(rule(), *shipped)
    bench.add_channel()
    bench.keeper.depart()
    log = tmp_path / "engine.log"
    turns = iter(range(_TURNS))
    for _ in range(_KILLS):
        child = _start(environment, log)
        _store(bench, next(turns))
        wait_until(lambda: _behind(bench.database) == 0, _WITHIN_S)
        for _ in range(_TURNS // _KILLS - 1):
            _store(bench, next(turns))
        child.kill()
        child.wait()
        _end_leases(bench.database)
    child = _start(environment, log)
    wait_until(lambda: _behind(bench.database) == 0, _WITHIN_S)
    child.terminate()
    assert child.wait(timeout=_WITHIN_S) == 0, log.read_text()
    _check(bench)


def _check(bench: Bench) -> None:
    expected = [
        (turn * 240.0, turn * 240.0, turn * 240.0 + 120) for turn in range(_TURNS)
    ]
    for gauge in range(1, _GAUGES + 1):
        assert bench.intervals(gauge) == expected, gauge
    with bench.database.transaction() as conn:
        rows = conn.execute(
            """
            select subject, kind, at from alert_event where kind <> 'revised'
            """
        ).fetchall()
    counts = Counter((subject, kind) for subject, kind, _ in rows)
    for gauge in range(1, _GAUGES + 1):
        subject = f"harbour/gauge-{gauge:02}/water_level"
        assert counts[subject, "raised"] == _TURNS
        assert counts[subject, "cleared"] == _TURNS
    with bench.database.transaction() as conn:
        repeated = conn.execute(
            """
            select body::jsonb ->> 'type', body::jsonb ->> 'timestamp', alert_id
            from outbox group by 1, 2, 3 having count(*) > 1
            """
        ).fetchall()
    assert repeated == []
    assert len({alert.subject for alert in bench.alerts()}) == _GAUGES
