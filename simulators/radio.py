"""Battery and signal of a device on NB-IoT, as functions of seed and time."""

from __future__ import annotations

import numpy as np

from simulators import draws

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
    used = (time_s - installed_s) % BATTERY_LIFE_S / BATTERY_LIFE_S
    volts = _FRESH_V - 0.12 * used - 0.42 * used**10
    fading = _at(seed, f"{device} fading", time_s)
    rsrp = -84.0 - 28.0 * _share(seed, f"{device} distance") + 2.5 * fading
    snr = 0.45 * (rsrp + 112.0) + 1.2 * _at(seed, f"{device} noise", time_s)
    return {
        "battery_voltage": round(volts, 2),
        "rsrp": round(rsrp),
        "snr": round(snr, 1),
    }


def _share(seed: int, stream: str) -> float:
    return float(draws.uniform(seed, stream, np.zeros(1, dtype=np.int64))[0])


def _at(seed: int, stream: str, time_s: int) -> float:
    return float(draws.smooth(seed, stream, np.array([time_s]), _HOUR_S)[0])
