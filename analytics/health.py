"""Health of devices: batteries and radio.

Lithium cells of 3.6 V hold their voltage until the end, so a share is not computed from
it. Thresholds are starting values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from analytics.qartod import FAIL, GOOD, SUSPECT

if TYPE_CHECKING:
    from analytics.arrays import BoolArray, FloatArray
    from analytics.qartod import Flags

Code = Literal["battery_low", "signal_poor", "signal_edge"]
LITHIUM_LOW_V = 3.2
LEAD_ACID_LOW_V = 11.5
"""Of supplies of 12 V. [V]"""
LEAD_ACID_EMPTY_V = 11.0
_LEAD_ACID_FROM_V = 7.0
LEVEL_LOW = 20.0
"""[%]"""
POOR_DBM = -110.0
EDGE_DBM = -120.0


class Finding(NamedTuple):
    """A value beyond its limit."""

    code: Code
    value: float
    limit: float


def battery_voltage(value: float) -> Finding | None:
    """Judge a battery by its voltage [V]; above 7 V it is taken for a 12 V supply."""
    limit = LEAD_ACID_LOW_V if value > _LEAD_ACID_FROM_V else LITHIUM_LOW_V
    return Finding("battery_low", value, limit) if value < limit else None


def battery_level(value: float) -> Finding | None:
    """Judge a battery by the share that its device reports [%]."""
    return Finding("battery_low", value, LEVEL_LOW) if value < LEVEL_LOW else None


def rsrp(value: float) -> Finding | None:
    """Judge a radio link by its reference signal received power [dBm]."""
    if value < EDGE_DBM:
        return Finding("signal_edge", value, EDGE_DBM)
    return Finding("signal_poor", value, POOR_DBM) if value < POOR_DBM else None


def voltage_flags(value: FloatArray) -> Flags:
    """Flag battery voltages [V]: suspect if low, failed if a 12 V supply is empty."""
    is_supply = value > _LEAD_ACID_FROM_V
    low = np.where(is_supply, LEAD_ACID_LOW_V, LITHIUM_LOW_V)
    return _flags(value < low, is_supply & (value < LEAD_ACID_EMPTY_V))


def level_flags(value: FloatArray) -> Flags:
    """Flag shares that batteries report [%]: suspect when low, failed at nothing."""
    return _flags(value < LEVEL_LOW, value <= 0.0)


def rsrp_flags(value: FloatArray) -> Flags:
    """Flag received powers [dBm]: suspect when poor, failed at the edge of the cell."""
    return _flags(value < POOR_DBM, value < EDGE_DBM)


def _flags(is_low: BoolArray, is_failed: BoolArray) -> Flags:
    flags: Flags = np.where(is_failed, FAIL, np.where(is_low, SUSPECT, GOOD)).astype(
        np.uint8
    )
    return flags
