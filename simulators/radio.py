"""Battery and signal of a device on NB-IoT, as functions of seed and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array

BATTERY_LIFE_S = 700 * 86400
"""Then the battery is replaced. [s]"""
_FRESH_V = 3.66
_HOUR_S = 3600


def installed_s(seed: int, device: str) -> int:
    """Tell when a device got its first battery, within a life before 1970. [s]."""
    return -round(_share(seed, f"{device} battery") * BATTERY_LIFE_S)


def state(seed: int, device: str, time_s: int, installed_s: int) -> dict[str, float]:
    """Battery voltage [V], RSRP [dBm] and signal-to-noise ratio [dB] at a time. [s].

    A lithium cell keeps its voltage for long and gives way at its end.
    """
    fading = np.array([_at(seed, f"{device} fading", time_s)])
    noise = np.array([_at(seed, f"{device} noise", time_s)])
    distance = np.array([_share(seed, f"{device} distance")])
    volts = voltage(np.array([time_s - installed_s], dtype=np.int64))
    rsrp, snr = _signal(distance, fading, noise)
    return {
        "battery_voltage": float(volts[0]),
        "rsrp": round(float(rsrp[0])),
        "snr": float(snr[0]),
    }


def voltage(age_s: Int64Array) -> FloatArray:
    """Voltage of batteries of an age, replaced at the end of their lives. [V]."""
    used = age_s % BATTERY_LIFE_S / BATTERY_LIFE_S
    return np.round(_FRESH_V - 0.12 * used - 0.42 * used**10, 2)


def signal(
    seed: int, lane: Int64Array, times_s: Int64Array
) -> tuple[FloatArray, FloatArray]:
    """RSRP [dBm] and signal-to-noise ratio [dB] of many devices.

    Parameters
    ----------
    seed
        Of all chance.
    lane, times_s : arrays, shape (n,)
        Numbers of devices, seconds since 1970 UTC. [s]

    Returns
    -------
    tuple of arrays, shape (n,)
    """
    fading = draws.smooth_by_lane(seed, "fading", lane, times_s, _HOUR_S)
    noise = draws.smooth_by_lane(seed, "noise", lane, times_s, _HOUR_S)
    return _signal(draws.uniform(seed, "distance", lane), fading, noise)


def _signal(
    distance: FloatArray, fading: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    rsrp = -84.0 - 28.0 * distance + 2.5 * fading
    snr = 0.45 * (rsrp + 112.0) + 1.2 * noise
    return np.round(rsrp), np.round(snr, 1)


def _share(seed: int, stream: str) -> float:
    return float(draws.uniform(seed, stream, np.zeros(1, dtype=np.int64))[0])


def _at(seed: int, stream: str, time_s: int) -> float:
    return float(draws.smooth(seed, stream, np.array([time_s]), _HOUR_S)[0])
