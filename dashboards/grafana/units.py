"""Grafana's units for those of the list of metrics."""

from __future__ import annotations

from parkpulse.model.metrics import METRICS

_UNITS = {
    "m": "lengthm",
    "mm": "lengthmm",
    "m3": "m3",
    "m3/s": "flowcms",
    "%": "percent",
    "%RH": "humidity",
    "mg/m3": "conmgm3",
    "degC": "celsius",
    "W": "watt",
    "kWh": "kwatth",
    "V": "volt",
    "dBm": "dBm",
    "dB": "dB",
    "1": "none",
}
SHARE = "percentunit"
SECONDS = "s"
KW = "kwatt"
MM = "lengthmm"
METRES = "lengthm"


def of(metric: str) -> str:
    """Return the unit in which a metric is shown."""
    unit = METRICS[metric].unit
    return _UNITS.get(unit, f"suffix: {unit}")
