"""Rules of quality in the engine, whatever the order of arrival."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from parkpulse.model import instants
from parkpulse.model.definitions import Absence, Level, QualityRule, Scope, Weekly
from parkpulse.model.registry import DeviceSpec, Name, ParkSpec, SeriesSpec
from parkpulse.query import backtest
from parkpulse.store import rules
from tests.plugins.finding import all_alerts, apply, held, quality, spec
from tests.plugins.fix_engine import NOW

if TYPE_CHECKING:
    from parkpulse.model.directory import Clock
    from tests.plugins.fix_engine import Lab, Point

STEP = 5 * instants.MINUTE
START = instants.to_us(NOW - timedelta(hours=33))
LEVELS = [Level("low", 3.0), Level("medium", 4.0)]
METRICS = ("water_level", "rsrp", "battery_voltage")


def _park(clock: Clock = "data") -> ParkSpec:
    return ParkSpec(
        code="quay",
        name=Name(zh="码头", en="Quay"),
        accept_from=NOW - timedelta(days=99),
        clock=clock,
        devices=[
            DeviceSpec(
                code=code,
                kind="water_level",
                name=Name(zh=code, en=code),
                report_interval_s=300,
                series=[SeriesSpec(metric=metric) for metric in METRICS],
            )
            for code in ("a", "b")
        ],
    )


def _points(series: int, values: dict[int, float]) -> list[Point]:
    return [(series, START + step * STEP, value) for step, value in values.items()]


def _level(count: int = 396) -> dict[int, float]:
    """A level with spikes, and a sensor that freezes."""
    values = {step: 2 + (step % 7) / 100 for step in range(count)}
    values |= dict.fromkeys((20, 22, 60, 80), 2.4)
    values |= dict.fromkeys(range(100, 395), 2.5)
    return values


FROZEN = QualityRule(["flat_line"], LEVELS)
SPIKES = QualityRule(
    ["spike", "rate_of_change"],
    [Level("low", 3.0)],
    count=2,
    within_s=1200,
    off_delay_s=600,
)


def _steps(lab: Lab) -> list[tuple[str, int, int, int | None, tuple[str, ...]]]:
    return [
        (
            subject,
            (onset - START) // STEP,
            (raised - START) // STEP,
            cleared and (cleared - START) // STEP,
            severities,
        )
        for subject, onset, raised, cleared, severities in held(lab)
    ]


EXPECTED = [
    ("quay/a/water_level", 20, 21, 24, ("low",)),
    ("quay/a/water_level", 172, 172, 395, ("low", "medium")),
]


def test_findings_become_conditions(lab: Lab) -> None:
    series = lab.register(_park())["a", "water_level"]
    rules_there = [apply(lab, "spikes", SPIKES), apply(lab, "frozen", FROZEN)]
    consumer = quality(lab)
    points = _points(series, _level())
    for at in range(0, len(points), 40):
        lab.set_clock("quay", instants.from_us(points[at : at + 40][-1][1]))
        lab.put(points[at : at + 40])
        lab.step(consumer)
    assert _steps(lab) == EXPECTED
    frozen = all_alerts(lab)[-1]
    assert (frozen.rule.code, frozen.severity, frozen.value) == ("frozen", "medium", 4)
    assert frozen.metric == "water_level"
    with lab.database.transaction() as conn:
        tried = [
            backtest.run(conn, each, NOW - timedelta(days=2), NOW)
            for each in rules_there
        ]
    assert [
        (one.raised_at, one.cleared_at) for each in tried for one in each.occurrences
    ] == [(each.raised_at, each.cleared_at) for each in all_alerts(lab)]


def test_findings_outside_the_times_of_a_rule_do_not_count(lab: Lab) -> None:
    series = lab.register(_park())["a", "water_level"]
    zone = ZoneInfo("Asia/Shanghai")
    begin = instants.from_us(START + 180 * STEP).astimezone(zone)
    end = instants.from_us(START + 200 * STEP).astimezone(zone)
    assert begin.date() == end.date()
    times = Weekly([begin.isoweekday()], f"{begin:%H:%M}", f"{end:%H:%M}")
    frozen = replace(FROZEN, schedule=[times])
    wanted = apply(lab, "frozen", frozen)
    consumer = quality(lab)
    points = _points(series, _level())
    for at in range(0, len(points), 40):
        lab.set_clock("quay", instants.from_us(points[at : at + 40][-1][1]))
        lab.put(points[at : at + 40])
        lab.step(consumer)
    ((subject, onset, raised, cleared, _),) = _steps(lab)
    assert (subject, onset, raised) == ("quay/a/water_level", 180, 180)
    assert cleared == 200
    with lab.database.transaction() as conn:
        tried = backtest.run(conn, wanted, NOW - timedelta(days=2), NOW)
    (alert,) = all_alerts(lab)
    (occurrence,) = tried.occurrences
    assert (occurrence.raised_at, occurrence.cleared_at) == (
        alert.raised_at,
        alert.cleared_at,
    )


def test_silence_over_history(lab: Lab) -> None:
    series = lab.register(_park())
    steps = [*range(20), *range(30, 60), *range(200, 390)]
    lab.put(_points(series["a", "rsrp"], dict.fromkeys(steps, -90.0)))
    levels = [Level("low", 2.5), Level("medium", 50.0)]
    wanted = spec("silent", Absence(levels, Scope(devices=["a"])))
    with lab.database.transaction() as conn:
        found = backtest.run(conn, wanted, instants.from_us(START), NOW)
    assert (found.series, found.readings, found.alerts) == (1, len(steps), 3)
    assert found.still_active == 1
    minutes = [
        (
            (instants.to_us(each.raised_at) - START) / instants.MINUTE,
            each.cleared_at
            and (instants.to_us(each.cleared_at) - START) / instants.MINUTE,
            each.severity,
        )
        for each in found.occurrences
    ]
    assert minutes == [
        (19 * 5 + 12.5, 30 * 5, "low"),
        (59 * 5 + 12.5, 200 * 5, "medium"),
        (389 * 5 + 12.5, None, "low"),
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_of_arrival_and_restarts_change_nothing(lab: Lab, seed: int) -> None:
    series = lab.register(_park())["a", "water_level"]
    apply(lab, "frozen", FROZEN)
    apply(lab, "spikes", SPIKES)
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    points = _points(series, _level())
    points = sorted(
        points, key=lambda each: each[1] + chance.choice([0, 0, 9, 60]) * STEP
    )
    consumer = quality(lab)
    for at in range(0, len(points), 50):
        lab.put(points[at : at + 50])
        if chance.random() < 0.3:
            consumer = quality(lab)
        lab.step(consumer)
    assert _steps(lab) == EXPECTED


def test_batteries_radios_and_clocks(lab: Lab) -> None:
    series = lab.register(_park("wall"))
    tests = QualityRule(["battery", "radio", "clock"], LEVELS)
    apply(lab, "health", tests)
    consumer = quality(lab)
    now = instants.to_us(lab.wall())
    fresh = now - 5 * instants.MINUTE
    lab.put(
        [
            (series["a", "battery_voltage"], fresh, 3.1),
            (series["a", "rsrp"], fresh, -123.0),
            (series["a", "water_level"], now + 90 * instants.SECOND, 2.0),
            (series["b", "battery_voltage"], fresh, 12.4),
            (series["b", "rsrp"], fresh, -90.0),
            (series["b", "water_level"], now, 2.0),
        ]
    )
    lab.step(consumer)
    found = {subject: severities for subject, *_, severities in held(lab)}
    assert found == {
        "quay/a/battery_voltage": ("low",),
        "quay/a/rsrp": ("medium",),
        "quay/a/water_level": ("low",),
    }


def test_a_rule_that_is_switched_off_ends_what_it_held(lab: Lab) -> None:
    series = lab.register(_park())["a", "rsrp"]
    apply(lab, "radio", QualityRule(["radio"], LEVELS))
    consumer = quality(lab)
    lab.put(_points(series, {0: -115.0, 1: -125.0}))
    lab.step(consumer)
    assert [row[3] for row in held(lab)] == [None]
    with lab.database.transaction() as conn:
        conn.execute("update rule set enabled = false")
        conn.execute("select pg_notify(%s, '')", [rules.CHANNEL])
    lab.step(quality(lab))
    assert held(lab)[0][3] is not None
