"""The real engine process, killed while it works, ends where an unbroken one does."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parkpulse.engine.kpis import KpiConsumer
from parkpulse.engine.rollups import RollupConsumer
from parkpulse.store import batchlog
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until
from tests.plugins.plant import START, Plant, plant_spec

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab

COMMAND = str(Path(sys.executable).with_name("parkpulse"))
WITHIN_S = 60.0
KILLS = 3


def _engine(url: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [COMMAND, "engine"],
            env={**os.environ, "PARKPULSE_DATABASE_URL": url},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )


def _second(engine: subprocess.Popen[bytes]) -> Path:
    """Tell where the second process of an engine shows."""
    tasks = Path(f"/proc/{engine.pid}/task").iterdir()
    children = [(task / "children").read_text().split() for task in tasks]
    (second,) = [each for found in children for each in found]
    return Path("/proc") / second


def _tables(lab: Lab) -> dict[str, list[tuple[Any, ...]]]:
    with lab.database.transaction() as conn:
        hours = conn.execute("select * from rollup_1h order by series, ts")
        days = conn.execute("select * from rollup_1d order by series, ts")
        figures = conn.execute(
            "select period, period_start, period_end, kpi, category, value,"
            "  numerator_kwh, denominator_kwh, covered_s, elapsed_s, verdict, state,"
            "  evidence::text from kpi order by 1, 2, 3, 4, 5"
        )
        return {
            "hours": hours.fetchall(),
            "days": days.fetchall(),
            "kpi": figures.fetchall(),
        }


def _is_done(lab: Lab) -> bool:
    with lab.database.transaction() as conn:
        heads = batchlog.heads(conn)
        done = all(
            batchlog.positions(conn, name) == heads for name in ("rollups", "kpis")
        )
        queued = conn.execute("select count(*) from kpi_dirty").fetchone()
        shown = conn.execute("select count(*) from kpi").fetchone()
    return done and queued == (0,) and shown != (0,)


def _passed(lab: Lab, n: int) -> bool:
    with lab.database.transaction() as conn:
        return max(batchlog.positions(conn, "kpis").values(), default=0) >= n


def test_killed_while_it_works(lab: Lab, database_url: str, tmp_path: Path) -> None:
    lab.keeper.depart()
    plant = Plant(lab, plant_spec(), START)
    log = tmp_path / "engine.log"
    hours = 48 // (KILLS + 1)
    n = 0
    for kill in range(KILLS):
        engine = _engine(database_url, log)
        begin = START + timedelta(hours=kill * hours)
        for part in range(hours):
            first = begin + timedelta(hours=part)
            lab.put(plant.points(first, first + timedelta(minutes=45)))
            n += 1
        half = n - hours // 2
        wait_until(lambda: _passed(lab, half), WITHIN_S)  # noqa: B023 - called at once
        second = _second(engine)
        engine.kill()
        engine.wait()
        wait_until(lambda: not second.exists(), WITHIN_S)  # noqa: B023 - called at once
    lab.put(plant.points(START + timedelta(hours=KILLS * hours), NOW))
    engine = _engine(database_url, log)
    wait_until(lambda: _is_done(lab), WITHIN_S)
    engine.terminate()
    assert engine.wait(30.0) == 0, log.read_text()
    survived = _tables(lab)
    with lab.database.transaction() as conn:
        conn.execute(
            "truncate kpi, kpi_revision, kpi_tree, consumer_position,"
            " rollup_1m, rollup_1h, rollup_1d"
        )
    lab.keeper.renew()
    lab.now = lab.later(days=1)  # all buckets are over, as they were for the engine
    lab.step(RollupConsumer())
    lab.step(KpiConsumer())
    assert survived == _tables(lab)
    assert len(survived["kpi"]) > 150
