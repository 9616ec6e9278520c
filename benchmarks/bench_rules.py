"""Readings a second that one core follows: 100,000 series, 1,000 rules.

`python -m benchmarks.bench_rules [--series N] [--readings N]`; no server is needed:
what would be asked of the database is only counted.
"""

from __future__ import annotations

import argparse
import platform
import time
from typing import TYPE_CHECKING

import numpy as np

from analytics import thresholds
from parkpulse.engine import alerts_arrivals, alerts_follow, alerts_watch
from parkpulse.model.definitions import Level, Rate, Scope, Threshold
from parkpulse.model.packed import ChangeArrays
from parkpulse.model.registry import Name
from parkpulse.model.rule import RuleSpec, StoredRule
from parkpulse.store import surroundings
from parkpulse.store.rules import WatchedSeries

if TYPE_CHECKING:
    from parkpulse.engine.alerts_watch import Watch

RULES = 1000
BATCH = 50_000
MINUTE = 60_000_000
LATE_SHARE = 0.02


def watch_of(count: int, rates: float) -> Watch:
    """One series a device; each rule watches a hundredth of a metric's devices."""
    series = [
        WatchedSeries(
            number + 1, "water_level", 60, 1, "park", number + 1, f"d{number}",
            f"kind-{number % RULES}", None, [],
        )
        for number in range(count)
    ]  # fmt: skip
    stored = [_rule(number, is_rate=number < rates * RULES) for number in range(RULES)]
    return alerts_watch.build(stored, surroundings.gathered(series))


def _rule(number: int, *, is_rate: bool) -> StoredRule:
    levels = [Level("medium", 3.5), Level("high", 4.5)]
    scope = Scope(device_kinds=[f"kind-{number}"])
    definition = Threshold("water_level", "above", levels, 0.1, 60, 60, scope)
    rate = Rate("water_level", "above", [Level("low", 600.0)], 600.0, scope=scope)
    spec = RuleSpec(
        f"rule-{number}", Name("规则", "rule"), rate if is_rate else definition, "bench"
    )
    return StoredRule(number + 1, None, 1, spec)


def batches(count: int, readings: int) -> list[ChangeArrays]:
    """Random walks; two in a hundred readings come some minutes late."""
    rng = np.random.default_rng(1)
    rounds = -(-readings // count)
    series = np.tile(np.arange(1, count + 1, dtype=np.int32), rounds)
    at = np.repeat(np.arange(1, rounds + 1, dtype=np.int64), count) * MINUTE
    arrival = at + rng.integers(0, MINUTE, len(at))
    arrival += (
        (rng.random(len(at)) < LATE_SHARE) * rng.integers(0, 10, len(at)) * MINUTE
    )
    order = np.argsort(arrival, kind="stable")
    value = rng.normal(2.0, 0.4, len(at))
    flags = np.zeros(len(at), np.uint8)
    return [
        ChangeArrays(series[part], at[part], value[part], flags[part])
        for part in np.array_split(order, max(len(order) // BATCH, 1))
    ]


def follow(watch: Watch, changes: ChangeArrays) -> int:
    """What the engine does in memory; return how many rows it would look up."""
    in_order, late = alerts_arrivals.split(watch, changes)
    value, is_unsure = alerts_follow.scores(watch, in_order)
    state, transitions = thresholds.advance(
        watch.limits.take(in_order.rows),
        watch.state(in_order.rows),
        in_order.row,
        in_order.ts,
        value,
    )
    watch.keep(in_order.rows, state)
    for index in np.flatnonzero(is_unsure).tolist():
        mine = in_order.row == index
        watch.keep_tail(
            int(in_order.rows[index]), in_order.ts[mine], in_order.value[mine]
        )
    return len(np.unique(transitions["row"])) + len(late.rows)


def measure(count: int, readings: int, rates: float) -> None:
    watch = watch_of(count, rates)
    every = np.arange(len(watch))
    watch.keep(every, thresholds.initial(len(watch)))
    if rates:
        for row in every[watch.is_derived].tolist():
            watch.keep_tail(row, np.zeros(1, np.int64), np.full(1, 2.0))
    stream = batches(count, readings)
    total = sum(len(each) for each in stream)
    started = time.process_time()
    looked_up = sum(follow(watch, each) for each in stream)
    elapsed = time.process_time() - started
    share = f"{rates:.0%} rates"
    print(
        f"{count} series, {RULES} rules ({share}), {total} readings in batches of"
        f" {BATCH}: {total / elapsed:,.0f} readings/s on one core;"
        f" {looked_up} rows to look up in the database ({looked_up / total:.2%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--readings", type=int, default=2_000_000)
    wanted = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    for rates in (0.0, 0.05):
        measure(wanted.series, wanted.readings, rates)


if __name__ == "__main__":
    main()
