"""Park overview: what is wrong now, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import PARK
from dashboards.grafana.words import Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_OPEN = f"""
    select count(*) filter (where severity = 'critical') as critical,
        count(*) filter (where severity = 'high') as high,
        count(*) filter (where severity = 'medium') as medium,
        count(*) filter (where severity = 'low') as low
    from dashboard.alert where park = {PARK} and unfinished
"""
_SEVERITIES = (
    Column("critical", Text("▲ 红(特别严重)", "▲ critical"), steps=(Step(1, "red"),)),
    Column("high", Text("◆ 橙(严重)", "◆ high"), steps=(Step(1, "orange"),)),
    Column("medium", Text("● 黄(较重)", "● medium"), steps=(Step(1, "yellow"),)),
    Column("low", Text("■ 蓝(一般)", "■ low"), steps=(Step(1, "blue"),)),
)
_REPORTING = f"""
    select count(*) filter (where not silent) as reporting,
        count(*) filter (where silent) as silent
    from dashboard.device_now where park = {PARK} and state = 'active'
"""
_REPORTING_COLUMNS = (
    Column("reporting", Text("在线设备", "Devices reporting")),
    Column("silent", Text("离线设备", "Devices silent"), steps=(Step(1, "yellow"),)),
)
_FIGURES = f"""
    select max(value) filter (where kpi = 'pue') as pue,
        max(value) filter (where kpi = 'ref') as ref
    from (
        select distinct on (data_centre, kpi) kpi, value from dashboard.kpi_now
        where park = {PARK} and period = 'rolling_12_months' and kpi in ('pue', 'ref')
        order by data_centre, kpi, category desc
    ) newest
"""
_FIGURE_COLUMNS = (
    Column("pue", Text("PUE(近 12 个月)", "PUE, 12 months"), decimals=3),
    Column(
        "ref",
        Text("可再生能源比例(近 12 个月)", "Renewable share, 12 months"),
        unit=units.SHARE,
        decimals=1,
    ),
)
_FLOW = f"""
    select coalesce(sum(received), 0) as received,
        coalesce(sum(received - stored - duplicate - quarantined), 0) as unaccounted
    from dashboard.ledger
    where park = {PARK} and "time" >= $__timeTo()::timestamptz - interval '1 hour'
"""
_FLOW_COLUMNS = (
    Column("received", Text("近一小时报文", "Messages, last hour")),
    Column(
        "unaccounted",
        Text("未归账", "Unaccounted for"),
        steps=(Step(1, "red"),),
    ),
)
_RAIN = "rainfall_total,rainfall_interval"


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="overview",
        title=Text("园区总览", "Park overview"),
        question=Text("现在哪里不正常?", "What is wrong now, and where?"),
        span="24h",
        variables=[variables.park(language)],
        panels=[*_numbers(language), _alerts(language), *_strips(language)],
    )


def _numbers(language: Language) -> list[panels.Stat]:
    size = Size(6, 4)
    heads = (
        (Text("未结束的告警", "Unfinished alerts"), _OPEN, _SEVERITIES),
        (Text("设备", "Devices"), _REPORTING, _REPORTING_COLUMNS),
        (Text("能效", "Efficiency"), _FIGURES, _FIGURE_COLUMNS),
        (Text("数据流", "Data flow"), _FLOW, _FLOW_COLUMNS),
    )
    return [
        panels.numbers(Head(title, size), language, query, columns)
        for title, query, columns in heads
    ]


def _alerts(language: Language) -> panels.Table:
    title = Text("未结束的告警", "Unfinished alerts")
    head = Head(title, Size(24, 9))
    columns = parts.ALERT_COLUMNS
    return panels.rows(head, language, parts.UNFINISHED, columns, hidden=["id"])


def _strips(language: Language) -> list[panels.Lines]:
    half = parts.HALF
    level = Head(Text("水位", "Water level"), half, unit=units.METRES, decimals=2)
    rain = Head(Text("雨量", "Rainfall"), half, unit=units.MM, decimals=1)
    oxygen = Head(
        Text("管廊氧气(最低)", "Oxygen in the tunnel, least"),
        half,
        unit=units.of("oxygen"),
        decimals=1,
        steps=(Step(0, "red"), Step(19.5, panels.NEUTRAL), Step(23.5, "orange")),
    )
    power = Head(Text("有功功率", "Active power"), half, unit=units.of("active_power"))
    by_place = "coalesce(place_@@, device_@@)"
    return [
        panels.lines(level, language, parts.park_history("water_level")),
        panels.bars(rain, language, parts.increase(_RAIN, parts.with_metrics(_RAIN))),
        panels.lines(oxygen, language, parts.park_history("oxygen", "low", by_place)),
        panels.lines(power, language, parts.park_history("active_power")),
    ]
