"""`kill -9` of the engine at any moment leaves the findings of an unbroken one."""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.store import batchlog
from tests.plugins.finding import flags, plain_flags
from tests.plugins.fix_engine import NOW
from tests.plugins.fix_services import wait_until
from tests.plugins.killing import Victim

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.fix_engine import Lab, Point

KILLS = 15
STEP = 5 * instants.MINUTE
START = instants.to_us(NOW - timedelta(days=9))
PARK = ParkSpec(
    code="quay",
    name=Name(zh="码头", en="Quay"),
    accept_from=NOW - timedelta(days=99),
    clock="data",
    devices=[
        DeviceSpec(
            code=f"gauge-{number}",
            kind="flow_meter",
            name=Name(zh="流量计", en="Meter"),
            report_interval_s=300,
            series=[SeriesSpec(metric="water_level"), SeriesSpec(metric="rsrp")],
        )
        for number in range(40)
    ],
)


def _readings(lab: Lab, chance: random.Random) -> list[Point]:
    """Readings that jump, stand still and pause; some late, some corrected."""
    points: list[tuple[float, Point]] = []
    for series in lab.register(PARK).values():
        step, value = 0, 2.0
        for _ in range(500):
            step += chance.choice([1, 1, 1, 2, 5])
            if chance.random() < 0.1:
                value += chance.choice([0.01, -0.3, 0.6, 9.0])
            delay = 60 if chance.random() < 0.01 else 0
            points.append((step + delay, (series, START + step * STEP, value)))
            if chance.random() < 0.01:
                points.append((step + 30, (series, START + step * STEP, 7.0)))
    return [point for _, point in sorted(points)]


def _consumed(lab: Lab) -> int:
    with lab.database.transaction() as conn:
        return sum(batchlog.positions(conn, "quality").values())


def _is_done(lab: Lab) -> bool:
    with lab.database.transaction() as conn:
        heads = batchlog.heads(conn)
        waits = conn.execute("select from quality_pending limit 1").fetchall()
        return batchlog.positions(conn, "quality") == heads and not waits


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_findings_through_kills(lab: Lab, database_url: str, tmp_path: Path) -> None:
    """A minute and a half."""
    seed = random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    points = _readings(lab, chance)
    lab.keeper.depart()
    environment = {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
    }
    engine = Victim("engine", environment, tmp_path / "engine.log")
    size = len(points) // (KILLS * 10) + 1
    batches = [points[at : at + size] for at in range(0, len(points), size)]
    while True:
        before = _consumed(lab)
        for batch in batches[:10]:
            lab.put(batch)
            time.sleep(chance.uniform(0.0, 0.1))
        del batches[:10]
        wait_until(lambda before=before: _consumed(lab) > before, 60.0)  # type: ignore[misc]
        if not batches:
            break
        time.sleep(chance.choice([0.0, chance.uniform(0.0, 1.0)]))
        engine.kill()
        engine.start()
    wait_until(lambda: _is_done(lab), 120.0)
    assert engine.stop() == 0
    found = flags(lab)
    sys.stdout.write(f"{engine.kills} kills, {len(found)} findings\n")
    assert len(found) > 1000
    assert found == plain_flags(lab)
