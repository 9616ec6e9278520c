"""The kinds of devices and of events that scenarios know."""

from __future__ import annotations

from typing import NamedTuple

from parkpulse.model.registry import Name, PlaceKind
from simulators.site.galleries import GALLERIES
from simulators.site.rain import GAUGES
from simulators.site.water import SOILS


class DeviceKind(NamedTuple):
    """How devices of a kind are named and what they measure."""

    prefix: str
    name: Name
    metrics: tuple[str, ...]
    interval_s: int
    radio: bool
    archetypes: tuple[str, ...]
    """Devices of the site's model that these are like, in turn."""
    place: PlaceKind
    gains: tuple[float, ...] = (1.0,)
    """Values are those of the archetype times one of these."""


DEVICES = {
    "rain_gauge": DeviceKind(
        "rain",
        Name(zh="雨量计", en="Rain gauge"),
        ("rainfall_total",),
        300,
        radio=True,
        archetypes=tuple(GAUGES),
        place="area",
    ),
    "water_level": DeviceKind(
        "level",
        Name(zh="水位计", en="Level gauge"),
        ("water_level",),
        300,
        radio=True,
        archetypes=("level-canal", "level-river", "level-lake"),
        place="river_section",
    ),
    "flow_meter": DeviceKind(
        "flow",
        Name(zh="流量计", en="Flow meter"),
        ("flow_rate",),
        300,
        radio=True,
        archetypes=("flow-canal",),
        place="river_section",
        gains=(1.0, 0.7, 1.3),
    ),
    "waterlogging": DeviceKind(
        "ponding",
        Name(zh="积水计", en="Ponding gauge"),
        ("waterlogging_depth",),
        300,
        radio=True,
        archetypes=("ponding-underpass",),
        place="road",
        gains=(1.0, 0.6, 1.3),
    ),
    "soil_moisture": DeviceKind(
        "soil",
        Name(zh="墒情仪", en="Soil probe"),
        ("soil_moisture",),
        900,
        radio=True,
        archetypes=tuple(SOILS),
        place="field",
    ),
    "tunnel_controller": DeviceKind(
        "tunnel",
        Name(zh="管廊监控单元", en="Tunnel controller"),
        (
            "oxygen",
            "methane",
            "hydrogen_sulfide",
            "air_temperature",
            "relative_humidity",
            "sump_level",
            "hatch_open",
            "fan_running",
            "pump_running",
        ),
        60,
        radio=False,
        archetypes=tuple(GALLERIES),
        place="compartment",
    ),
}


class Reach(NamedTuple):
    """The water that some level gauges stand in, with its stages."""

    code: str
    name: Name
    stages: tuple[float, float]
    """Warning and guaranteed stage. [m]"""


REACHES = {
    "level-canal": Reach("reach-canal", Name(zh="雨水渠", en="Canal"), (22.5, 23.0)),
    "level-river": Reach("reach-river", Name(zh="支流", en="River"), (20.3, 21.0)),
    "level-lake": Reach("reach-lake", Name(zh="调蓄湖", en="Lake"), (20.9, 21.4)),
}
"""By archetype of the gauges."""


class EventInfo(NamedTuple):
    """What an event of a kind is called, and how strong it usually is."""

    name: Name
    size: float
    unit: str
    devices: tuple[str, ...] = ()
    """Kinds of device that it may befall; empty: all."""
    metrics: tuple[str, ...] = ()
    """Metrics that it may befall; empty: all."""


_POWER = ("active_power", "active_energy_import")
_METERS = ("energy_meter",)
_TUNNEL = ("tunnel_controller",)
_WATER = ("water_level", "flow_meter")
_REGISTER = ("active_energy_import",)

EVENTS = {
    "stuck": EventInfo(Name(zh="读数卡死", en="Stuck value"), 0.0, ""),
    "spike": EventInfo(Name(zh="尖峰干扰", en="Spikes"), 1.0, "unit"),
    "drift": EventInfo(Name(zh="零点漂移", en="Drift"), 0.5, "unit/d"),
    "offset": EventInfo(Name(zh="读数偏移", en="Offset"), 0.5, "unit"),
    "noise": EventInfo(Name(zh="噪声增大", en="Noise"), 0.2, "unit"),
    "wrong_ct_ratio": EventInfo(
        Name(zh="互感器变比错误", en="Wrong CT ratio"), 0.5, "ratio", _METERS, _POWER
    ),
    "meter_swap": EventInfo(
        Name(zh="换表", en="Meter swapped"), 0.0, "kWh", _METERS, _REGISTER
    ),
    "register_reset": EventInfo(
        Name(zh="表码清零", en="Register reset"), 0.0, "kWh", _METERS, _REGISTER
    ),
    "register_rollover": EventInfo(
        Name(zh="表码翻转", en="Register rollover"), 1e6, "kWh", _METERS, _REGISTER
    ),
    "silence": EventInfo(Name(zh="设备离线", en="Silence"), 0.0, ""),
    "coverage_loss": EventInfo(
        Name(zh="信号中断补报", en="Lost coverage, sent later"), 0.0, ""
    ),
    "gateway_outage": EventInfo(
        Name(zh="网关中断后续传", en="Gateway outage, forwarded later"), 200.0, "1/s"
    ),
    "clock_drift": EventInfo(Name(zh="时钟漂移", en="Clock drift"), 60.0, "s/d"),
    "clock_reset": EventInfo(Name(zh="时钟复位", en="Clock reset"), 0.0, ""),
    "firmware_restart": EventInfo(Name(zh="固件重启", en="Firmware restart"), 0.0, ""),
    "flood": EventInfo(Name(zh="洪水", en="Flood"), 6.0, "m3/s", _WATER),
    "blocked_drain": EventInfo(
        Name(zh="排水口堵塞", en="Blocked drain"), 0.9, "share", ("waterlogging",)
    ),
    "gas": EventInfo(Name(zh="燃气泄漏", en="Gas leak"), 2.2, "%vol/h", _TUNNEL),
    "leak": EventInfo(Name(zh="水管漏水", en="Water leak"), 14.0, "m3/h", _TUNNEL),
    "fan_failure": EventInfo(Name(zh="风机故障", en="Fan failure"), 1.0, "", _TUNNEL),
    "chiller_failure": EventInfo(
        Name(zh="冷机故障", en="Chiller failure"), 0.6, "share", ("energy_meter",)
    ),
    "ups_inefficiency": EventInfo(
        Name(zh="UPS 效率下降", en="UPS inefficiency"), 1.5, "share", _METERS
    ),
    "lost_feeder": EventInfo(
        Name(zh="失去一路市电", en="Lost feeder"), 1.0, "", _METERS
    ),
    "generator_test": EventInfo(
        Name(zh="柴发带载测试", en="Generator test"), 2e6, "W", _METERS
    ),
}
PLANT = frozenset(
    {"chiller_failure", "ups_inefficiency", "lost_feeder", "generator_test"}
)
SITE = frozenset({"flood", "blocked_drain", "gas", "leak", "fan_failure"})
"""Events of the physical world: what devices say of them is true."""
