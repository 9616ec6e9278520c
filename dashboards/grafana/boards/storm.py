"""Storm: rain in its windows, levels against their stages, who was called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import DEVICES, PARK
from dashboards.grafana.words import Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_RAIN = "rainfall_total,rainfall_interval"
_METRICS = (
    "water_level",
    "waterlogging_depth",
    "flow_rate",
    "rainfall_total",
    "rainfall_interval",
    "soil_moisture",
)
_WINDOWS = f"""
    select device_@@ as device_name,
        sum(amount) filter (where "time" >= t - interval '1 hour') as h1,
        sum(amount) filter (where "time" >= t - interval '3 hours') as h3,
        sum(amount) filter (where "time" >= t - interval '6 hours') as h6,
        sum(amount) filter (where "time" >= t - interval '12 hours') as h12,
        sum(amount) as h24
    from (select $__timeTo()::timestamptz as t) shown
    cross join lateral dashboard.increase('{{{_RAIN}}}', {PARK}, {DEVICES},
        t - interval '24 hours', t, 300000)
    group by 1 order by h24 desc
"""
_WINDOW_COLUMNS = (
    parts.DEVICE,
    Column("h1", Text("1 小时", "1 h"), units.MM, 1),
    Column(
        "h3",
        Text("3 小时", "3 h"),
        units.MM,
        1,
        (Step(50, "orange"), Step(100, "red")),
    ),
    Column("h6", Text("6 小时", "6 h"), units.MM, 1, (Step(50, "yellow"),)),
    Column("h12", Text("12 小时", "12 h"), units.MM, 1, (Step(50, "blue"),)),
    Column("h24", Text("24 小时", "24 h"), units.MM, 1),
)
_STAGES = f"""
    with level as (
        select * from dashboard.latest
        where park = {PARK} and device = any({DEVICES}) and metric = 'water_level'
    ), before as (
        select device, mean from dashboard.history('water_level', {PARK}, {DEVICES},
            $__timeTo()::timestamptz - interval '2 hours',
            $__timeTo()::timestamptz - interval '1 hour', 3600000)
    ), stage as (
        select device, min("limit") as warning, max("limit") as guaranteed
        from dashboard.threshold
        where park = {PARK} and metric = 'water_level' and direction = 'above'
        group by device
    )
    select l.device_@@ as device_name, l.place_@@ as place_name, l."time", l.value,
        l.value - (select avg(mean) from before b where b.device = l.device) as rise,
        s.warning, s.guaranteed, s.warning - l.value as headroom
    from level l left join stage s on s.device = l.device
    order by headroom nulls last
"""
_STAGE_COLUMNS = (
    parts.DEVICE,
    parts.PLACE,
    Column("time", Text("最近上报", "Last seen")),
    Column("value", Text("水位", "Water level"), units.METRES, 2),
    Column("rise", Text("较一小时前", "Since an hour"), units.METRES, 2),
    Column("warning", Text("警戒水位", "Warning stage"), units.METRES, 2),
    Column("guaranteed", Text("保证水位", "Guaranteed stage"), units.METRES, 2),
    Column(
        "headroom",
        Text("距警戒", "To the warning stage"),
        units.METRES,
        2,
        (Step(-1000, "red"), Step(0, "orange"), Step(0.3, panels.NEUTRAL)),
    ),
)
_CALLED = f"""
    select id::text as id, severity, "time", rule_@@ as rule_name,
        place_@@ as place_name, device_@@ as device_name, value, "limit", unit, state,
        acknowledged_by
    from dashboard.alert
    where park = {PARK} and $__timeFilter("time") and device = any({DEVICES})
    order by "time" desc limit 200
"""
_LEVEL_NAME = "device_@@ || ' ' || level_@@"


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="storm",
        title=Text("暴雨", "Storm"),
        question=Text(
            "雨下了多少,水位离警戒还有多远?",
            "How much rain has fallen, and how far are levels from their stages?",
        ),
        span="24h",
        variables=[
            variables.park(language),
            variables.place(language),
            variables.device(language, _METRICS),
        ],
        panels=[*_tables(language), _hydrograph(language), *_more(language)],
    )


def _tables(language: Language) -> list[panels.Table]:
    rain = Head(
        Text("各时段雨量", "Rain by window"),
        Size(10, 8),
        Text(
            "中国气象局暴雨预警阈值:12 小时 50 毫米蓝色,6 小时 50 毫米黄色,"
            "3 小时 50 毫米橙色、100 毫米红色",
            "Thresholds of the CMA rainstorm signals: 12 h 50 mm blue, 6 h 50 mm"
            " yellow, 3 h 50 mm orange and 100 mm red",
        ),
    )
    stages = Head(Text("水位与警戒", "Levels and stages"), Size(14, 8))
    return [
        panels.rows(rain, language, _WINDOWS, _WINDOW_COLUMNS),
        panels.rows(stages, language, _STAGES, _STAGE_COLUMNS),
    ]


def _hydrograph(language: Language) -> panels.Lines:
    head = Head(
        Text("水位与雨量", "Hydrograph"),
        Size(24, 11),
        unit=units.METRES,
        decimals=2,
    )
    return panels.hydrograph(
        head,
        language,
        parts.history("water_level", "high"),
        parts.increase(_RAIN, DEVICES),
        parts.limits("water_level", _LEVEL_NAME),
    )


def _more(language: Language) -> list[panels.Lines | panels.Table]:
    depth = Head(
        Text("积水深度", "Waterlogging depth"),
        parts.HALF,
        unit=units.METRES,
        decimals=2,
    )
    flow = Head(Text("流量", "Flow"), parts.HALF, unit=units.of("flow_rate"))
    told = Head(Text("本时段告警", "Alerts of this time"), Size(24, 8))
    return [
        panels.limited(
            depth,
            language,
            parts.history("waterlogging_depth", "high"),
            parts.limits("waterlogging_depth"),
        ),
        panels.lines(flow, language, parts.history("flow_rate")),
        panels.rows(told, language, _CALLED, parts.ALERT_COLUMNS, hidden=["id"]),
    ]
