"""Battery and signal of a device on NB-IoT, as functions of seed and time."""

from __future__ import annotations

import numpy as np

from simulators import draws

_DAY_S = 86400
_BATTERY_LIFE_S = 700 * _DAY_S
_FRESH_V = 3.66
_HOUR_S = 3600


def state(seed: int, device: str, time_s: int) -> dict[str, float]:
    """Battery voltage [V], RSRP [dBm] and signal-to-noise ratio [dB] at a time. [s].

    A lithium cell keeps its voltage for long and gives way at its end; then it is
    replaced.
    """
    age = (
        _share(seed, f"{device} battery") + (time_s % _BATTERY_LIFE_S) / _BATTERY_LIFE_S
    )
    used = age % 1.0
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
