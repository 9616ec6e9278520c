"""Anomaly detection: judged on faults put into synthetic and real series, and timed.

Run `python -m benchmarks.bench_detect`. Each detector gets the one threshold that is
best for it over all series; scores as in the Numenta Anomaly Benchmark.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from analytics.anomaly.detector import ALARM, SUSPECT, Detector
from benchmarks import detect_baselines, detect_faults, detect_real, detect_scoring
from benchmarks import detect_series as kinds

if TYPE_CHECKING:
    from benchmarks.detect_scoring import Point
    from benchmarks.detect_series import Series

SERIES, WARM = 100_000, 2_000
TURNS, TIMED = 300, 8
"""So many series are first taught for so many turns; each then stands for many."""


def synthetic(each: int, first: int) -> list[Series]:
    """Every kind with faults, `each` series of it."""
    return [
        detect_faults.with_faults(
            kinds.quiet(kind, first + s), detect_faults.FAULTS[kind], s, 1 + s % 2
        )
        for kind in kinds.KINDS
        for s in range(each)
    ]


def real(times: int) -> list[Series]:
    """Every real series with faults, `times` over."""
    return [
        detect_faults.with_faults(
            one, detect_faults.REAL_FAULTS, 100 * turn + i, 1 + (i + turn) % 2
        )
        for turn in range(times)
        for i, one in enumerate(detect_real.load())
    ]


def _line(name: str, reached: Point) -> str:
    return (
        f"| {name} | {reached.nab:.1f} | {reached.recall:.2f} | {reached.precision:.2f}"
        f" | {reached.false_per_1000:.2f} | {reached.delay:.2f}"
        f" | {reached.threshold:.4f} |"
    )


def judge(title: str, series: list[Series]) -> None:
    """Print what each detector reaches."""
    print(f"\n{title}: {len(series)} series, {sum(s.ts.size for s in series)} rows\n")
    print("| detector | NAB score | recall | precision | false/1,000 | delay | at |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ours = detect_baselines.together(series)
    print(_line("Parkpulse, best threshold", detect_scoring.judge(series, ours)))
    for threshold in (SUSPECT, ALARM):
        reached = detect_scoring.judge(series, ours, threshold=threshold)
        print(_line(f"Parkpulse at {threshold}", reached))
    for name, score in detect_baselines.BASELINES.items():
        scores = [score(one.values) for one in series]
        print(_line(name, detect_scoring.judge(series, scores)))


def quiet(each: int) -> None:
    """Print alarms per 10,000 rows of each quiet kind."""
    print("\n| quiet kind | rows | at 0.9 per 10,000 | at 0.99 per 10,000 |")
    print("| --- | --- | --- | --- |")
    for kind in kinds.KINDS:
        series = [kinds.quiet(kind, 500 + s) for s in range(each)]
        score = np.concatenate(detect_baselines.together(series))
        shares = [1e4 * np.mean(score >= t) for t in (SUSPECT, ALARM)]
        print(f"| {kind} | {score.size} | {shares[0]:.2f} | {shares[1]:.2f} |")


def _taught(rng: np.random.Generator) -> Detector:
    """Return a detector of `SERIES` series that know what is usual."""
    few = Detector(WARM)
    for turn in range(TURNS):
        ts = np.full(WARM, turn * 60_000_000)
        few.step(np.arange(WARM), ts, rng.standard_normal(WARM))
    known = few.snapshot()
    detector = Detector(SERIES)
    for start in range(0, SERIES, WARM):
        detector.put(np.arange(start, start + WARM), known)
    return detector


def speed() -> None:
    """Print readings a second of processor time, of many series and of one alone."""
    rng = np.random.default_rng(1)
    detector = _taught(rng)
    took = []
    for turn in range(TURNS, TURNS + TIMED):
        series = rng.permutation(SERIES)
        ts = np.full(SERIES, turn * 60_000_000)
        value = rng.standard_normal(SERIES)
        begin = time.process_time()
        detector.step(series, ts, value)
        took.append(time.process_time() - begin)
    state = sum(a.nbytes for a in detector.snapshot(np.arange(1)).values())
    alone, count = Detector(1), 2000
    begin = time.process_time()
    zeros = np.zeros(count, dtype=np.int64)
    alone.step(zeros, np.arange(count) * 60_000_000, rng.standard_normal(count))
    single = (time.process_time() - begin) / count
    many = SERIES / np.median(took)
    print(
        f"\n{SERIES} series in disorder: {many:,.0f} readings/s, "
        f"{state:,.0f} bytes a series; one series alone: {1 / single:,.0f} readings/s"
    )


def main() -> None:
    """Print all tables."""
    judge("Synthetic", synthetic(6, 2000))
    judge("Real", real(3))
    quiet(25)
    speed()


if __name__ == "__main__":
    main()
