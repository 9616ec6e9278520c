"""What modules say of their radio, brought to one sign and scale."""

from __future__ import annotations

_LARGEST_MAGNITUDE = 200.0
_TENTHS_PER_DBM = 10.0


def rsrp_dbm(value: float) -> float:
    """Bring a reference signal received power to dBm.

    Some modules send its magnitude (114), others tenths of dBm (-1150). Applied where
    a foreign format is read, and only there: a second time would change nothing.
    """
    if 0 < value <= _LARGEST_MAGNITUDE:
        return -value
    if value < -_LARGEST_MAGNITUDE:
        return value / _TENTHS_PER_DBM
    return value
