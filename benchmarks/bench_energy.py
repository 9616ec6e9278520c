"""A year of minutes to hourly energy, PUE, renewable share and coverage.

Run `python benchmarks/bench_energy.py [data centres]`: 20 data centres with 8 meters,
four registers that roll over at 100,000 kWh and four powers with 1 % of their readings
missing. The floor is one `np.add.reduce` over the same values in blocks of 60.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import NamedTuple

import numpy as np

from analytics import energy, kpi, segments
from analytics.arrays import HOUR, SECOND, FloatArray, IntArray
from analytics.energy import Register

MINUTES = 525_600
MINUTE = 60 * SECOND
MODULUS = 100_000.0
REGISTER = Register(gap=150 * SECOND, modulus=MODULUS, max_rate=5000.0)
REPEATS = 3
ROLES = ["grid_import", "ups_output", "pdu_output", "generator"]
POWER_ROLES = ["pv", "green_power", "wind", "delivered_cooling"]


class Site(NamedTuple):
    ts: IntArray
    registers: FloatArray
    powers: FloatArray


class Result(NamedTuple):
    pue: float
    share: float
    coverage: float
    estimated_share: float


def _site(seed: int) -> Site:
    rng = np.random.default_rng(seed)
    ts = np.arange(MINUTES + 1, dtype=np.int64) * MINUTE
    load = 600.0 + 100.0 * np.sin(np.arange(MINUTES + 1) * (2 * np.pi / 1440))
    scale = np.array([1.25, 1.0, 0.97, 0.01])[:, None]
    noise = rng.uniform(0.98, 1.02, (4, MINUTES + 1))
    registers = np.cumsum(load * scale * noise / 60.0, axis=1) % MODULUS
    powers = 1000.0 * load * np.array([0.1, 0.2, 0.05, 0.02])[:, None]
    powers = powers * rng.uniform(0.9, 1.1, powers.shape)
    powers[rng.random(powers.shape) < 0.01] = np.nan
    return Site(ts, registers, powers)


def _floor(sites: list[Site]) -> float:
    total = 0.0
    for site in sites:
        for values in (site.registers, site.powers):
            blocks = values[:, :MINUTES].reshape(4, MINUTES // 60, 60)
            total += float(np.nansum(np.add.reduce(blocks, axis=2)[:, 0]))
    return total


def _compute(site: Site) -> Result:
    edges = np.arange(MINUTES // 60 + 1, dtype=np.int64) * HOUR
    meters = [energy.from_register(site.ts, each, REGISTER) for each in site.registers]
    meters += [energy.from_power(site.ts, each, REGISTER.gap) for each in site.powers]
    own = [segments.sums(each, edges) for each in meters]
    found = {
        (formula.kpi, formula.category): kpi.hourly(formula, meters, own, edges)
        for formula in kpi.formulas([*ROLES, *POWER_ROLES])
    }
    pue, share = found["pue", 1], found["ref", 0]
    return Result(
        float(np.nanmean(kpi.value("pue", pue.numerator, pue.denominator))),
        float(np.nanmean(kpi.value("ref", share.numerator, share.denominator))),
        float(share.covered.sum() / edges[-1]),
        float(share.estimated_time.sum() / edges[-1]),
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    sites = [_site(seed) for seed in range(count)]
    size = sum(site.registers.nbytes + site.powers.nbytes for site in sites)
    floors, times = [], []
    results: list[Result] = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        _floor(sites)
        middle = time.perf_counter()
        results = [_compute(site) for site in sites]
        floors.append(middle - begin)
        times.append(time.perf_counter() - middle)
    floor, wall = float(np.median(floors)), float(np.median(times))
    report = {
        "data_centres": count,
        "megabytes": round(size / 1e6),
        "floor_s": round(floor, 3),
        "wall_s": round(wall, 3),
        "ratio": round(wall / floor, 1),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        **dict(zip(Result._fields, np.mean(results, axis=0).tolist(), strict=True)),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
