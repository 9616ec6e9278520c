"""A year of minutes of data centres with eight meters, and the floor to compare with.

Four registers that roll over at 100,000 kWh (grid import, UPS output, PDU output,
generator) and four powers of which 1 % of the readings are missing (PV, green power,
wind, delivered cooling).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.arrays import SECOND, FloatArray, IntArray

MINUTES = 525_600
HOURS = MINUTES // 60
MINUTE = 60 * SECOND
MODULUS = 100_000.0
HOLD = 2 * MINUTE
ROLES = [
    "grid_import",
    "ups_output",
    "pdu_output",
    "generator",
    "pv",
    "green_power",
    "wind",
    "delivered_cooling",
]


class Site(NamedTuple):
    """Readings of a data centre: times [us], registers [kWh] and powers [W]."""

    ts: IntArray
    registers: FloatArray
    powers: FloatArray

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return self.registers.nbytes + self.powers.nbytes


class Result(NamedTuple):
    """What every tool must find, as means over all hours and data centres."""

    pue: float
    ref: float
    coverage: float


def site(seed: int) -> Site:
    """One data centre, always the same for a seed."""
    rng = np.random.default_rng(seed)
    ts = np.arange(MINUTES + 1, dtype=np.int64) * MINUTE
    load = 600.0 + 100.0 * np.sin(np.arange(MINUTES + 1) * (2 * np.pi / 1440))
    registers = np.empty((4, MINUTES + 1))
    powers = np.empty((4, MINUTES + 1))
    for row, scale in enumerate((1.25, 1.0, 0.97, 0.01)):
        steps = load * scale / 60.0
        steps *= rng.uniform(0.98, 1.02, MINUTES + 1)
        registers[row] = np.cumsum(steps) % MODULUS
    for row, scale in enumerate((0.1, 0.2, 0.05, 0.02)):
        powers[row] = 1000.0 * load * scale
        powers[row] *= rng.uniform(0.9, 1.1, MINUTES + 1)
        powers[row, rng.random(MINUTES + 1) < 0.01] = np.nan
    return Site(ts, registers, powers)


def floor(sites: list[Site]) -> float:
    """One pass over the values."""
    total = 0.0
    for each in sites:
        for values in (*each.registers, *each.powers):
            sums = np.add.reduce(values[:MINUTES].reshape(HOURS, 60), axis=1)
            total += float(sums[0])
    return total
