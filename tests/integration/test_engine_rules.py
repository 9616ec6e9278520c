"""Rates, rolling sums, counts, schedules and repeats in the engine, in any order."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from parkpulse.engine import alerts, alerts_evaluate
from parkpulse.model import instants
from parkpulse.model.definitions import (
    Level,
    Rate,
    Repeat,
    SeriesDefinition,
    Threshold,
    Weekly,
)
from parkpulse.model.rule import RuleSpec
from parkpulse.query import backtest
from tests.plugins.alerting import T0, Bench, rule, seconds

if TYPE_CHECKING:
    from parkpulse.engine.alerts_evaluate import Answer, Touched
    from parkpulse.engine.alerts_watch import Watch
    from parkpulse.store.pool import Connection, Database


GAUGES = 8
LEVELS = [Level("medium", 1.0), Level("high", 2.0)]
END = 4000.0


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database, gauges=GAUGES)


def spec(definition: SeriesDefinition) -> RuleSpec:
    return RuleSpec("level", Bench.name("level"), definition, "test")


DEFINITIONS = {
    "rate": Rate(
        "water_level",
        "above",
        [Level("medium", 2.0), Level("high", 8.0)],
        window_s=300,
        deadband=1.0,
        on_samples=2,
    ),
    "counted": rule(on_samples=3, off_samples=2, on_delay_s=70).definition,
    "repeat": rule(repeat=Repeat(2, 900), off_delay_s=60).definition,
    "schedule": rule(
        schedule=[Weekly(days=[7], start="08:10", end="08:40")], off_samples=2
    ).definition,
    "all": Rate(
        "water_level",
        "below",
        [Level("low", -3.0)],
        window_s=240,
        repeat=Repeat(2, 1200),
        on_samples=2,
        off_samples=2,
    ),
}


def _walk(rng: random.Random) -> list[tuple[int, float, float]]:
    found = []
    for gauge in range(1, GAUGES + 1):
        level = 0.8
        for number in range(60):
            level = min(max(level + rng.gauss(0, 0.35), 0.0), 2.6)
            if rng.random() < 0.85:
                jitter = rng.choice([0, 0, 7, -11])
                found.append((gauge, float(number * 60 + jitter + 20), level))
    return found


@pytest.mark.parametrize("kind", sorted(DEFINITIONS))
def test_any_order_ends_in_what_a_back_test_says(bench: Bench, kind: str) -> None:
    definition: Any = DEFINITIONS[kind]
    bench.apply(spec(definition))
    rng = random.Random(kind)  # noqa: S311 - a test's repeatable choice
    samples = _walk(rng)
    delayed = sorted(
        samples, key=lambda each: each[1] + rng.choice([0, 0, 0, 0, 200, 1500])
    )
    now = 0.0
    while delayed:
        size = rng.randint(20, 80)
        batch, delayed = delayed[:size], delayed[size:]
        bench.store_all(batch)
        now = max(now, *(ts for _, ts, _ in batch))
        if rng.random() < 0.2:
            bench.restart()
        bench.run(now)
    bench.run(END)
    start = instants.from_us(T0)
    with bench.database.transaction() as conn:
        found = backtest.run(
            conn, spec(definition), start, start + timedelta(seconds=END)
        )
    expected = [
        (
            each.device,
            seconds(each.onset),
            seconds(each.raised_at),
            each.cleared_at and seconds(each.cleared_at),
        )
        for each in found.occurrences
    ]
    got = [
        (f"gauge-{gauge:02}", *interval)
        for gauge in range(1, GAUGES + 1)
        for interval in bench.intervals(gauge)
    ]
    assert got == expected
    assert found.alerts == len(got) > 0
    assert found.readings == len(samples)
    assert sum(each.alerts for each in found.days) == found.alerts


def test_a_rise_is_told_with_its_rate(bench: Bench) -> None:
    bench.apply(spec(Rate("water_level", "above", [Level("high", 1.0)], window_s=600)))
    bench.feed([(0, 1.0), (300, 1.05), (600, 1.3)])
    alert = bench.alert()
    assert alert.value == pytest.approx(1.8)
    assert alert.limit == 1.0
    bench.restart()
    bench.feed([(900, 1.3), (1500, 1.3)])
    assert bench.alert().cleared_at is not None


def test_an_edited_rule_is_followed_from_its_newest_reading(bench: Bench) -> None:
    bench.apply(spec(Threshold("water_level", "above", LEVELS, on_samples=2)))
    bench.feed([(0, 1.5), (60, 0.5), (120, 1.5)])
    assert bench.alerts() == []
    bench.feed([(180, 1.6)])
    (found,) = bench.intervals()
    assert found == (120.0, 180.0, None)


def test_the_first_reading_after_a_start_is_scored_from_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "SNAPSHOT_EVERY", timedelta(0))
    definition = DEFINITIONS["rate"]
    assert isinstance(definition, Rate)
    bench.apply(spec(definition))
    bench.set_clock(0)
    bench.run()
    seen: list[int] = []
    evaluate = alerts_evaluate.evaluate

    def counting(conn: Connection, watch: Watch, touched: Touched) -> list[Answer]:
        seen.extend(touched.row.tolist())
        return evaluate(conn, watch, touched)

    monkeypatch.setattr(alerts_evaluate, "evaluate", counting)
    calm = [(at, 1.0) for at in (0.0, 60.0, 120.0)]
    bench.feed(calm)
    assert not seen, "there was no reading before it"
    bench.restart()
    bench.run(120)
    assert not seen, "all was in the snapshot"
    bench.feed([(180.0, 1.001)])
    assert not seen, "what was before it was read ahead"
    bench.feed([(240.0, 9.0), (300.0, 17.0)])
    assert seen
    assert len(bench.alerts()) == 1
