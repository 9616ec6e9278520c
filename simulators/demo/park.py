"""The demonstration park as it is registered, and what its devices send."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

import msgspec
from msgspec import structs

from parkpulse.model import rule
from parkpulse.model.registry import DeviceSpec, ParkSpec, SeriesSpec
from simulators.demo import controller
from simulators.site.climate import DAY_S
from simulators.site.weather import STATION
from simulators.streams import Stream

METER_DAYS = 400
"""Registers go back 13 months, before that nothing is accepted."""
SENSOR_DAYS = 31
_ACCEPTED_BEFORE_S = (METER_DAYS + 2) * DAY_S
_HEALTH = ("battery_voltage", "rsrp", "snr")
_RADIO_KINDS = frozenset(
    {"rain_gauge", "water_level", "flow_meter", "waterlogging", "soil_moisture"}
)


@dataclass(frozen=True, slots=True)
class _Cadence:
    """How far a metric's past goes back, and how often it is measured and sent live."""

    history_days: int
    live_s: int
    batch: int = 1


_ORDINARY = _Cadence(SENSOR_DAYS, 10)
_CADENCES = {
    "rainfall_total": _Cadence(SENSOR_DAYS, 30, 2),
    "water_level": _Cadence(SENSOR_DAYS, 15),
    "flow_rate": _Cadence(SENSOR_DAYS, 15),
    "waterlogging_depth": _Cadence(SENSOR_DAYS, 15),
    "soil_moisture": _Cadence(SENSOR_DAYS, 60, 2),
    "active_energy_import": _Cadence(METER_DAYS, 60),
    "active_energy_interval": _Cadence(METER_DAYS, 3600),
}

_STATION = _Cadence(METER_DAYS, 60)
"""Weather goes back as far as the energies that depend on it."""


def _text(name: str) -> str:
    return resources.files("simulators.demo").joinpath(name).read_text("utf-8")


def park(code: str, began_s: int) -> ParkSpec:
    """Describe the park that began its live operation at a time. [s]."""
    document = tomllib.loads(_text("park.toml"))
    accept_from = datetime.fromtimestamp(began_s - _ACCEPTED_BEFORE_S, UTC)
    spec = msgspec.convert(
        {**document, "code": code, "accept_from": accept_from}, ParkSpec
    )
    return structs.replace(spec, devices=[_with_health(each) for each in spec.devices])


def began_s(accept_from: datetime) -> int:
    """Tell from what a registered park accepts when its live operation began. [s]."""
    return round(accept_from.timestamp()) + _ACCEPTED_BEFORE_S


def rules() -> list[rule.RuleSpec]:
    """List the limits that are this park's own."""
    return rule.read(_text("rules.toml"))


def streams(spec: ParkSpec) -> list[Stream]:
    """List what the park's sensors and meters send, slow metrics last."""
    sensors = [each for each in spec.devices if each.kind != controller.KIND]
    found = [stream for device in sensors for stream in _streams(device)]
    return sorted(found, key=lambda each: each.history_days)


def _has_radio(device: DeviceSpec) -> bool:
    return device.kind in _RADIO_KINDS


def _with_health(device: DeviceSpec) -> DeviceSpec:
    if not _has_radio(device):
        return device
    health = [SeriesSpec(metric, report_interval_s=DAY_S) for metric in _HEALTH]
    return structs.replace(device, series=[*device.series, *health])


def _cadence(device: DeviceSpec, metric: str) -> _Cadence:
    if device.code == STATION:
        return _STATION
    return _CADENCES.get(metric, _ORDINARY)


def _streams(device: DeviceSpec) -> list[Stream]:
    groups: dict[tuple[_Cadence, int], list[str]] = {}
    for series in device.series:
        if series.metric not in _HEALTH:
            cadence = _cadence(device, series.metric)
            history_s = series.report_interval_s or device.report_interval_s
            groups.setdefault((cadence, history_s), []).append(series.metric)
    return [
        Stream(
            device.code,
            tuple(metrics),
            history_s,
            cadence.history_days,
            cadence.live_s,
            cadence.batch,
            radio=_has_radio(device),
        )
        for (cadence, history_s), metrics in groups.items()
    ]
