"""Portfolio of the province: every park and data centre in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import PARKS
from dashboards.grafana.words import VERDICTS, Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_TOGETHER = f"""
    select (sum(value * denominator) filter (where kpi = 'pue')
            / nullif(sum(denominator) filter (where kpi = 'pue'), 0)) as pue,
        (sum(value * denominator) filter (where kpi = 'ref')
            / nullif(sum(denominator) filter (where kpi = 'ref'), 0)) as ref,
        count(distinct park || '/' || data_centre) as data_centres
    from (
        select distinct on (park, data_centre, kpi) park, data_centre, kpi, value,
            denominator
        from dashboard.kpi_now
        where park = any({PARKS}) and period = 'rolling_12_months'
            and kpi in ('pue', 'ref') and value is not null
        order by park, data_centre, kpi, category desc
    ) best
"""
_TOGETHER_COLUMNS = (
    Column(
        "pue",
        Text("PUE(能量之比)", "PUE, ratio of sums"),
        decimals=3,
        steps=(Step(1.25, "orange"),),
    ),
    Column(
        "ref",
        Text("可再生能源比例(能量之比)", "Renewable share, ratio of sums"),
        units.SHARE,
        1,
        (Step(0, "orange"), Step(0.25, panels.NEUTRAL)),
    ),
    Column("data_centres", Text("数据中心", "Data centres")),
)
_CENTRES = f"""
    select park_@@ as park_name, park, data_centre_@@ as data_centre_name, data_centre,
        max(value) filter (where kpi = 'pue') as pue,
        max(verdict) filter (where kpi = 'pue') as pue_verdict,
        max(value) filter (where kpi = 'ref') as ref,
        max(verdict) filter (where kpi = 'ref') as ref_verdict,
        max(value) filter (where kpi = 'ref_hourly') as ref_hourly,
        min(coverage) as coverage
    from (
        select distinct on (park, data_centre, kpi) * from dashboard.kpi_now
        where park = any({PARKS}) and period = 'rolling_12_months'
            and kpi in ('pue', 'ref', 'ref_hourly')
        order by park, data_centre, kpi, category desc
    ) best
    group by park, 1, data_centre, 3 order by pue desc nulls last
"""
_CENTRE_COLUMNS = (
    Column("park_name", Text("园区", "Park"), link="${page}/#/${__data.fields.park}"),
    Column(
        "data_centre_name",
        Text("数据中心", "Data centre"),
        link="${page}/#/${__data.fields.park}/data-centres/${__data.fields.data_centre}",
    ),
    Column("pue", Text("PUE", "PUE"), decimals=3, steps=(Step(1.25, "orange"),)),
    Column("pue_verdict", Text("PUE 结论", "PUE verdict"), words=VERDICTS),
    Column(
        "ref",
        Text("可再生能源比例", "Renewable share"),
        units.SHARE,
        1,
        (Step(0, "orange"), Step(0.25, panels.NEUTRAL)),
    ),
    Column("ref_verdict", Text("可再生结论", "Share's verdict"), words=VERDICTS),
    Column("ref_hourly", Text("小时级匹配率", "Hourly-matched share"), units.SHARE, 1),
    Column(
        "coverage",
        Text("数据覆盖率", "Coverage"),
        units.SHARE,
        1,
        (Step(0, "yellow"), Step(0.95, panels.NEUTRAL)),
    ),
)
_PARKS = f"""
    select p.park_@@ as park_name, p.park,
        count(a.id) filter (where a.severity = 'critical') as critical,
        count(a.id) filter (where a.severity = 'high') as high,
        count(a.id) filter (where a.severity = 'medium') as medium,
        count(a.id) filter (where a.severity = 'low') as low,
        (select count(*) from dashboard.device d
            where d.park = p.park and d.state = 'active') as devices,
        (select max("time") from dashboard.ledger l
            where l.park = p.park and l.stored > 0
                and l."time" > now() - interval '31 days') as heard
    from dashboard.park p
    left join dashboard.alert a on a.park = p.park and a.unfinished
    where p.park = any({PARKS}) and not p.service
    group by p.park, 1
    order by critical desc, high desc, medium desc, low desc, 1
"""
_PARK_COLUMNS = (
    Column("park_name", Text("园区", "Park"), link="${page}/#/${__data.fields.park}"),
    Column("critical", Text("▲ 红", "▲ critical"), steps=(Step(1, "red"),)),
    Column("high", Text("◆ 橙", "◆ high"), steps=(Step(1, "orange"),)),
    Column("medium", Text("● 黄", "● medium"), steps=(Step(1, "yellow"),)),
    Column("low", Text("■ 蓝", "■ low"), steps=(Step(1, "blue"),)),
    Column("devices", Text("在用设备", "Active devices")),
    Column("heard", Text("最近一小时段", "Last hour heard from")),
)


def _months(kpi: str) -> str:
    return f"""
        select "time", park_@@ || ' · ' || data_centre_@@ as metric, value from (
            select distinct on (park, data_centre, "time") * from dashboard.kpi
            where park = any({PARKS}) and period = 'month' and kpi = '{kpi}'
                and $__timeFilter("time")
            order by park, data_centre, "time", category desc
        ) best order by 1
    """


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="portfolio",
        title=Text("全省园区", "Portfolio of the province"),
        question=Text("哪个园区最需要关注?", "Which park needs attention most?"),
        span="1y",
        variables=[variables.parks(language)],
        panels=_panels(language),
        refresh="5m",
        annotated=False,
        console="${page}/",
    )


def _panels(
    language: Language,
) -> list[panels.Stat | panels.Table | panels.Lines]:
    together = Head(Text("合计(近 12 个月)", "Together, 12 months"), Size(24, 4))
    parks = Head(Text("园区", "Parks"), Size(24, 8))
    centres = Head(Text("数据中心(近 12 个月)", "Data centres, 12 months"), Size(24, 8))
    pue = Head(
        Text("月 PUE", "PUE by month"),
        parts.HALF,
        decimals=3,
        steps=(Step(1.25, "orange"),),
    )
    share = Head(
        Text("月可再生能源比例", "Renewable share by month"),
        parts.HALF,
        unit=units.SHARE,
        steps=(Step(0, "orange"), Step(0.25, panels.NEUTRAL)),
    )
    return [
        panels.numbers(together, language, _TOGETHER, _TOGETHER_COLUMNS),
        panels.rows(parks, language, _PARKS, _PARK_COLUMNS, hidden=["park"]),
        panels.rows(
            centres,
            language,
            _CENTRES,
            _CENTRE_COLUMNS,
            hidden=["park", "data_centre"],
        ),
        panels.lines(pue, language, _months("pue")),
        panels.lines(share, language, _months("ref")),
    ]
