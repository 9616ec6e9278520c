"""Names that devices and platforms use for the metrics of metrics.toml."""

from __future__ import annotations

from parkpulse.model.metrics import METRICS

_ALIASES = {
    "battery_level": ("battery", "battery_percentage", "bat_level", "electricity"),
    "battery_voltage": ("battery_volt", "bat_voltage", "vbat", "bat_volt"),
    "rsrp": ("signal_rsrp", "nb_rsrp"),
    "snr": ("sinr", "signal_snr"),
    "air_temperature": ("temperature", "temp", "ambient_temperature"),
    "relative_humidity": ("humidity", "hum"),
    "soil_moisture": ("soil_humidity",),
    "rainfall_total": ("cumulative_rainfall", "total_rainfall"),
    "flow_rate": ("instantaneous_flow",),
    "active_power": ("act_power", "total_active_power"),
    "oxygen": ("o2",),
    "methane": ("ch4",),
    "hydrogen_sulfide": ("h2s",),
    "carbon_monoxide": ("co",),
}


def _folded(name: str) -> str:
    return "".join(name.split()).replace("_", "").replace("-", "").lower()


_BY_NAME = {
    _folded(name): metric
    for metric, names in _ALIASES.items()
    for name in names
    if metric in METRICS
} | {_folded(metric): metric for metric in METRICS}


def canonical(name: str) -> str | None:
    """Return the metric that a name stands for; None for a name without known meaning.

    Case and separators do not matter: `Battery_Level`, `batteryLevel`. A name whose
    unit differs from device to device (`liquid_level`) is not guessed.
    """
    return _BY_NAME.get(_folded(name))
