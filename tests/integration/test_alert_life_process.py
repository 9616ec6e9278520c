"""`kill -9` of the engine while alerts rise, are shelved, escalate and clear."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from parkpulse.model import instants
from parkpulse.model.duty import Plan
from parkpulse.query import alert_actions, duty
from parkpulse.query.alert_actions import By
from tests.plugins.alerting import Bench, rule, us
from tests.plugins.fix_chain import COMMAND
from tests.plugins.fix_services import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parkpulse.store.pool import Database

GAUGES = 12
TURNS = 2
HOUR = 3600.0
_WITHIN_S = 45.0
PLAN = {
    "policies": [
        {
            "code": "usual",
            "min_severity": "low",
            "steps": [
                {"after_minutes": 0, "channels": ["duty"]},
                {"after_minutes": 5, "channels": ["duty"]},
            ],
        }
    ],
}


@pytest.fixture
def bench(database: Database) -> Bench:
    bench = Bench(database, gauges=GAUGES)
    bench.apply(rule())
    bench.add_channel()
    with database.transaction() as conn:
        duty.put(conn, "harbour", msgspec.convert(PLAN, Plan), "Li")
    bench.keeper.depart()
    return bench


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "PARKPULSE_HOME": str(tmp_path),
        "PARKPULSE_DATABASE_URL": database_url,
    }


class Engine:
    """The real process; a kill also lets the time pass for which it keeps its slots."""

    def __init__(self, bench: Bench, environment: Mapping[str, str]) -> None:
        self.bench = bench
        self.environment = environment
        self.start()

    def start(self) -> None:
        self.child = subprocess.Popen(
            [COMMAND, "engine"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()
        with self.bench.database.transaction() as conn:
            conn.execute("update lease set owner = null")
            conn.execute("delete from engine")


def kinds(bench: Bench) -> Counter[str]:
    return Counter(bench.events(kinds=True))


def state_counts(bench: Bench) -> Counter[str]:
    return Counter(each.state for each in bench.alerts())


def test_each_transition_is_recorded_once(
    bench: Bench, environment: Mapping[str, str]
) -> None:
    dice = random.Random(5)  # noqa: S311 - no secret
    engine = Engine(bench, environment)
    try:
        for turn in range(TURNS):
            _one_turn(bench, engine, turn * HOUR, dice)
    finally:
        engine.child.terminate()
        code = engine.child.wait(timeout=_WITHIN_S)
    assert code == 0
    _check(bench)


def _one_turn(bench: Bench, engine: Engine, at: float, dice: random.Random) -> None:
    """All rise; a third is shelved for 20 minutes; all clear at last."""
    bench.store_all([(gauge, at, 1.5) for gauge in range(1, GAUGES + 1)])
    bench.set_clock(at)
    wait_until(lambda: state_counts(bench)["unacknowledged"] == GAUGES, _WITHIN_S)
    waiting = [each for each in bench.alerts() if each.state == "unacknowledged"]
    until = instants.from_us(us(at + 1200))
    with bench.database.transaction() as conn:
        for alert in waiting[: GAUGES // 3]:
            alert_actions.shelve(conn, UUID(alert.id), By("Li", "test"), until)
    for minutes in (6, 26):
        bench.set_clock(at + minutes * 60)
        time.sleep(dice.uniform(0.3, 1.3))
        engine.kill()
        engine.start()
    turns = round(at / HOUR) + 1
    due = turns * GAUGES // 3
    wait_until(lambda: kinds(bench)["unshelved"] >= due, _WITHIN_S)
    wait_until(lambda: _escalations(bench, 0) >= turns * GAUGES, _WITHIN_S)
    bench.set_clock(at + 40 * 60)
    wait_until(lambda: _escalations(bench, 2) >= turns * GAUGES, _WITHIN_S)
    clear = at + 50 * 60
    bench.store_all([(gauge, clear, 0.5) for gauge in range(1, GAUGES + 1)])
    bench.set_clock(clear)
    wait_until(
        lambda: state_counts(bench)["returned_unacknowledged"] == GAUGES, _WITHIN_S
    )


def _escalations(bench: Bench, steps: int) -> int:
    """Escalations that took so many steps and that no shelf stopped before."""
    with bench.database.transaction() as conn:
        rows = conn.execute(
            "select from escalation where next_step >= %s"
            " and (next_step = 2 or stopped is distinct from 'quiet')",
            [steps],
        )
        return len(rows.fetchall())


def _check(bench: Bench) -> None:
    found = kinds(bench)
    assert found["raised"] == found["cleared"] == TURNS * GAUGES
    assert found["shelved"] == found["unshelved"] == TURNS * GAUGES // 3
    with bench.database.transaction() as conn:
        rows = conn.execute(
            """
            select e.detail ->> 'step', count(*), count(distinct (e.alert_id, e.at)),
                count(o.id)
            from alert_event e left join outbox o on o.alert_event_id = e.id
            where e.kind = 'escalated' group by 1
            """
        ).fetchall()
        taken = conn.execute("select sum(next_step) from escalation").fetchone()
    assert taken is not None
    assert sum(count for _, count, _, _ in rows) == taken[0]
    for step, count, distinct, messages in rows:
        assert count == distinct == messages, step
