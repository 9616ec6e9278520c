"""Device health: who is silent, whose battery or radio is weak, what is doubtful."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import DEVICES, PARK
from dashboards.grafana.words import DEVICE_STATES, ON_OFF, Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_CHOSEN = f"where park = {PARK} and device = any({DEVICES})"
_COUNTS = f"""
    select count(*) as devices, count(*) filter (where silent) as silent,
        count(*) filter (where state = 'discovered') as discovered,
        count(*) filter (where battery_v < 3.3) as battery,
        count(*) filter (where rsrp_dbm < -115) as radio
    from dashboard.device_now {_CHOSEN}
"""
_YELLOW = (Step(1, "yellow"),)
_COUNT_COLUMNS = (
    Column("devices", Text("设备", "Devices")),
    Column("silent", Text("离线", "Silent"), steps=_YELLOW),
    Column("discovered", Text("新发现", "Discovered"), steps=_YELLOW),
    Column("battery", Text("电量低", "Battery low"), steps=_YELLOW),
    Column("radio", Text("信号弱", "Signal weak"), steps=_YELLOW),
)
_ALL = f"""
    select device_@@ as device_name, device, place_@@ as place_name, kind, state,
        silent::text as silent, "time", age_s, battery_v, rsrp_dbm, snr_db
    from dashboard.device_now {_CHOSEN}
    order by silent desc, age_s desc nulls first limit 1000
"""
_ALL_COLUMNS = (
    Column(
        "device_name",
        Text("设备", "Device"),
        link="${page}/#/${park}/devices/${__data.fields.device}",
    ),
    parts.PLACE,
    Column("kind", Text("类型", "Kind")),
    Column("state", Text("状态", "State"), words=DEVICE_STATES),
    Column("silent", Text("离线", "Silent"), words=ON_OFF),
    Column("time", Text("最近上报", "Last seen")),
    Column("age_s", Text("数据时效", "Age"), units.SECONDS, 0),
    Column(
        "battery_v",
        Text("电池", "Battery"),
        units.of("battery_voltage"),
        2,
        (Step(0, "red"), Step(3.1, "yellow"), Step(3.3, panels.NEUTRAL)),
    ),
    Column(
        "rsrp_dbm",
        Text("信号(RSRP)", "Signal (RSRP)"),
        units.of("rsrp"),
        0,
        (Step(-200, "yellow"), Step(-115, panels.NEUTRAL)),
    ),
    Column("snr_db", Text("信噪比", "SNR"), "dB", 1),
)
_FLAGS = f"""
    select dashboard.bucket("time", greatest($__interval_ms, 3600000)) as "time",
        test as metric, count(*) as value
    from dashboard.quality_flag
    {_CHOSEN} and $__timeFilter("time")
    group by 1, 2 order by 1
"""
_DOUBTFUL = f"""
    select device_@@ as device_name, metric_@@ as metric_name, test,
        count(*) filter (where flag = 3) as suspect,
        count(*) filter (where flag = 4) as failed, max("time") as "time"
    from dashboard.quality_flag
    {_CHOSEN} and $__timeFilter("time")
    group by device, 1, 2, test order by failed desc, suspect desc limit 200
"""
_DOUBTFUL_COLUMNS = (
    parts.DEVICE,
    Column("metric_name", Text("指标", "Metric")),
    Column("test", Text("检验", "Test")),
    Column("suspect", Text("可疑", "Suspect"), steps=_YELLOW),
    Column("failed", Text("失败", "Failed"), steps=(Step(1, "orange"),)),
    Column("time", Text("最近一次", "Last time")),
)


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="devices",
        title=Text("设备健康", "Device health"),
        question=Text(
            "哪些设备需要去现场?", "Which devices does somebody have to visit?"
        ),
        span="7d",
        variables=[
            variables.park(language),
            variables.place(language),
            variables.device(language),
        ],
        panels=_panels(language),
        refresh="5m",
    )


def _panels(language: Language) -> list[panels.Stat | panels.Table | panels.Lines]:
    counts = Head(Text("设备", "Devices"), parts.STRIP)
    everything = Head(Text("全部设备", "All devices"), Size(24, 12))
    voltage = Head(
        Text("电池电压", "Battery voltage"),
        parts.HALF,
        unit=units.of("battery_voltage"),
    )
    signal = Head(Text("信号", "Signal"), parts.HALF, unit=units.of("rsrp"))
    flags = Head(Text("质量检验结果", "Findings of the quality tests"), parts.HALF)
    doubtful = Head(Text("可疑数据", "Doubtful values"), parts.HALF)
    return [
        panels.numbers(counts, language, _COUNTS, _COUNT_COLUMNS),
        panels.rows(everything, language, _ALL, _ALL_COLUMNS, hidden=["device"]),
        panels.lines(voltage, language, parts.history("battery_voltage")),
        panels.lines(signal, language, parts.history("rsrp")),
        panels.bars(flags, language, _FLAGS),
        panels.rows(doubtful, language, _DOUBTFUL, _DOUBTFUL_COLUMNS),
    ]
