"""Readings in any order, corrected, and read across restarts give the sorted result."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from analytics import thresholds
from tests.plugins.alerting import Bench, rule, seconds, us

if TYPE_CHECKING:
    from parkpulse.store.pool import Database


GAUGES = 12
READINGS = 60
STEP_S = 60
Sample = tuple[int, float, float]


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database, gauges=GAUGES)


def _readings(rng: random.Random) -> list[Sample]:
    """Levels that wander about both limits, with gaps in time."""
    found = []
    for gauge in range(1, GAUGES + 1):
        level = 0.8
        for number in range(READINGS):
            level = min(max(level + rng.gauss(0, 0.35), 0.0), 2.6)
            if rng.random() < 0.85:
                jitter = rng.choice([0, 0, 7, -11])
                found.append((gauge, float(number * STEP_S + jitter + 20), level))
    return found


def _arrivals(rng: random.Random, readings: list[Sample]) -> list[list[Sample]]:
    """Batches: mostly in order, some readings late, some sent twice, some wrong."""
    delayed = [
        (ts + rng.choice([0, 0, 0, 0, 200, 1500, 10**6]), (gauge, ts, value))
        for gauge, ts, value in readings
    ]
    wrong = [
        (ts, (gauge, ts, rng.choice([0.2, 1.5, 2.5])))
        for gauge, ts, _ in rng.sample(readings, len(readings) // 10)
    ]
    corrected = {(gauge, ts): value for gauge, ts, value in readings}
    repairs = [
        (at + 900, (gauge, ts, corrected[gauge, ts])) for at, (gauge, ts, _) in wrong
    ]
    early = {(gauge, ts) for _, (gauge, ts, _) in wrong}
    plan = [each for each in delayed if each[1][:2] not in early] + wrong + repairs
    plan.sort(key=lambda each: each[0])
    found = []
    samples = iter([sample for _, sample in plan])
    while batch := list(itertools.islice(samples, rng.randint(1, 60))):
        rng.shuffle(batch)
        found.append(_unlike(batch))
    return found


def _unlike(batch: list[Sample]) -> list[Sample]:
    """Each key once, as a transaction of ingest has it."""
    return [
        (*key, value) for key, value in {each[:2]: each[2] for each in batch}.items()
    ]


def _expected(
    bench: Bench, readings: list[Sample], now: float
) -> dict[int, list[tuple[float, float, float | None]]]:
    watch = bench.watch()
    rows = sorted((gauge - 1, us(ts), value) for gauge, ts, value in readings)
    state, first = thresholds.advance(
        watch.limits,
        thresholds.initial(GAUGES),
        *(np.array(column) for column in zip(*rows, strict=True)),
    )
    _, second = thresholds.expire(watch.limits, state, np.full(GAUGES, us(now)))
    found: dict[int, list[tuple[float, float, float | None]]] = {}
    for each in np.concatenate([first, second]):
        intervals = found.setdefault(int(each["row"]) + 1, [])
        at = seconds_of(int(each["ts"]))
        if each["kind"] == thresholds.RAISE:
            intervals.append((seconds_of(int(each["onset"])), at, None))
        elif each["kind"] == thresholds.CLEAR:
            intervals[-1] = (*intervals[-1][:2], at)
    return found


def seconds_of(moment_us: int) -> float:
    return (moment_us - us(0)) / 1e6


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_arrival_ends_in_the_same(bench: Bench, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a test's repeatable choice
    delays = {
        "on_delay_s": rng.choice([0, 30, 100]),
        "off_delay_s": rng.choice([0, 30, 100]),
    }
    bench.apply(rule(**delays))
    readings = _readings(rng)
    now = 0.0
    for batch in _arrivals(rng, readings):
        writer = rng.choice(["ingest-1", "ingest-2"])
        bench.store_all(batch, writer)
        now = max(now, *(ts for _, ts, _ in batch))
        if rng.random() < 0.1:
            bench.restart()
        if rng.random() < 0.7:
            bench.run(now)
    end = READINGS * STEP_S + 1000.0
    bench.run(end)
    expected = _expected(bench, readings, end)
    for gauge in range(1, GAUGES + 1):
        assert bench.intervals(gauge) == expected.get(gauge, []), gauge
    assert sum(map(len, expected.values())) > GAUGES
    _check_alerts(bench)


def _check_alerts(bench: Bench) -> None:
    """An alert stands exactly where a condition lasts."""
    lasting = {
        f"harbour/gauge-{gauge:02}/water_level": onset
        for gauge in range(1, GAUGES + 1)
        for onset, _, cleared in bench.intervals(gauge)
        if cleared is None
    }
    standing = {
        each.subject: seconds(each.onset)
        for each in bench.alerts()
        if each.state in {"unacknowledged", "acknowledged"}
    }
    assert standing == lasting
