"""Findings of the engine's quality tests, whatever the order of arrival."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from parkpulse.engine import loop
from parkpulse.model import instants
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from tests.plugins.finding import Flags, flags, plain_flags, quality
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from tests.plugins.fix_engine import Lab, Point

STEP = 5 * instants.MINUTE
START = instants.to_us(NOW - timedelta(days=3))
PARK = ParkSpec(
    code="quay",
    name=Name(zh="码头", en="Quay"),
    accept_from=NOW - timedelta(days=99),
    clock="data",
    devices=[
        DeviceSpec(
            code=code,
            kind="water_level",
            name=Name(zh=code, en=code),
            report_interval_s=300,
            series=[SeriesSpec(metric="water_level"), SeriesSpec(metric="rsrp")],
        )
        for code in ("a", "b")
    ],
)


def _flags(lab: Lab) -> Flags:
    return {
        (series, (ts - START) // STEP, test, flag)
        for series, ts, test, flag in flags(lab)
    }


@pytest.fixture
def level(lab: Lab) -> int:
    return lab.register(PARK)["a", "water_level"]


def _points(series: int, values: dict[int, float]) -> list[Point]:
    return [(series, START + step * STEP, value) for step, value in values.items()]


def _day(count: int = 400) -> dict[int, float]:
    """A level with a spike, a gap, a jump, and a sensor that freezes."""
    values = {step: 2 + (step % 7) / 100 for step in range(count)}
    values[20] = 2.4
    values |= {step: values[step] + 20 for step in range(60, count)}
    values |= dict.fromkeys(range(100, 395), 22.5)
    for step in range(40, 50):
        del values[step]
    return values


def test_what_is_found(lab: Lab, level: int) -> None:
    consumer = quality(lab)
    for point in _points(level, _day()):
        lab.put([point])
    lab.step(consumer)
    found = {(step, test): flag for _, step, test, flag in _flags(lab)}
    assert found[20, "spike"] == 3
    assert found[50, "time_gap"] == 4
    assert found[60, "rate_of_change"] == 4
    assert (171, "flat_line") not in found
    assert found[172, "flat_line"] == 3
    assert found[387, "flat_line"] == 3
    assert found[388, "flat_line"] == 4
    assert (395, "flat_line") not in found
    tests = [test for _, test in found]
    assert {test: tests.count(test) for test in set(tests) - {"flat_line"}} == {
        "spike": 1,
        "time_gap": 1,
        "rate_of_change": 1,
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_of_arrival_and_restarts_change_nothing(lab: Lab, seed: int) -> None:
    series = lab.register(PARK)
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    points = _points(series["a", "water_level"], _day())
    lab.put(points)
    consumer = quality(lab)
    lab.step(consumer)
    expected = {flag[1:] for flag in _flags(lab)}
    assert len(expected) > 200
    other = _points(series["b", "water_level"], _day())
    chance.shuffle(other)
    wrong = [(each[0], each[1], each[2] + 9) for each in other[:30]]
    batches = [wrong, *(other[at : at + 60] for at in range(0, len(other), 60))]
    for batch in batches:
        lab.put(batch)
        if chance.random() < 0.3:
            consumer = quality(lab)
        lab.step(consumer)
    found = {flag[1:] for flag in _flags(lab) if flag[0] == series["b", "water_level"]}
    assert found == expected


def test_rows_one_by_one_are_those_of_one_batch(lab: Lab, level: int) -> None:
    consumer = quality(lab)
    points = _points(level, _day(120))
    lab.put(points[:1])
    lab.step(consumer)
    for at in range(1, len(points), 3):
        lab.put(points[at : at + 3])
        lab.step(consumer)
    one_by_one = _flags(lab)
    with lab.database.transaction() as conn:
        conn.execute("truncate quality_flag")
        conn.execute(
            "insert into quality_pending values (%s, '2000-01-01Z', '2100-01-01Z')",
            [level],
        )
        conn.execute("update quality_pending set low = %s", [NOW - timedelta(days=3)])
        conn.execute("update quality_pending set high = %s", [NOW])
    lab.step(quality(lab))
    assert _flags(lab) == one_by_one
    assert one_by_one


def _uneven(series: int, chance: random.Random) -> list[Point]:
    """Readings at uneven times that jump, stand still, and pause."""
    points, step, value = [], 0, 2.0
    for _ in range(220):
        step += chance.choice([1, 1, 1, 2, 5, 20])
        if chance.random() < 0.02:
            step += 300
        if chance.random() < 0.15:
            value += chance.choice([0.01, -0.3, 0.6, 9.0])
        points.append((series, START + step * STEP, value))
    return points


@pytest.mark.parametrize("seed", range(4))
def test_restarts_with_a_backlog_find_what_plain_tests_find(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(loop, "BATCHES", 2)
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    points = [
        point
        for series in lab.register(PARK).values()
        for point in _uneven(series, chance)
    ]
    points.sort(key=lambda point: point[1])
    for _ in range(seed * 30):  # late ones, and corrections
        wrong = chance.randrange(len(points))
        series, ts, value = points[wrong]
        points.insert(min(wrong + chance.randrange(90), len(points)), (series, ts, 7.0))
        points[wrong] = (series, ts, value)
    consumer = quality(lab)
    at = 0
    while at < len(points):
        for _ in range(chance.choice([1, 1, 2, 6])):
            size = chance.choice([1, 7, 40])
            lab.put(points[at : at + size])
            at += size
        if chance.random() < 0.4:
            consumer = quality(lab)
        if chance.random() < 0.3:
            lab.loop(consumer).step()
        else:
            lab.step(consumer)
    lab.step(consumer)
    assert len(flags(lab)) > 100
    assert flags(lab) == plain_flags(lab)


def test_a_gap_found_too_early_is_taken_back_after_a_restart(
    lab: Lab, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = quality(lab)
    lab.put(_points(level, dict.fromkeys(range(5), 2.0)))
    lab.step(consumer)
    monkeypatch.setattr(loop, "BATCHES", 1)
    lab.put(_points(level, {4: 2.1}))
    lab.put(_points(level, {10: 2.2}))
    lab.loop(consumer).step()  # tests around the correction, up to what still waits
    assert _flags(lab) == {(level, 10, "time_gap", 4)}
    lab.put(_points(level, {7: 2.3}))
    monkeypatch.setattr(loop, "BATCHES", 100)
    lab.step(quality(lab))
    assert _flags(lab) == set()
