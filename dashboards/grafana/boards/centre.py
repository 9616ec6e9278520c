"""Data-centre efficiency: PUE and renewable share against their targets, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import CENTRES, PARK
from dashboards.grafana.words import KPIS, PERIODS, ROLES, VERDICTS, Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

PUE_TARGET, REF_TARGET = 1.25, 0.25
"""Shandong, 2023-12-28, item 14: below the one, at least the other."""
_OF = f"where park = {PARK} and data_centre = any({CENTRES})"
_CATEGORY = Text("测量级别", "category")


def _pue_now(language: Language) -> str:
    return f"""
        select data_centre_@@ || ' · {_CATEGORY.of(language)} ' || category as name,
            value
        from dashboard.kpi_now
        {_OF} and kpi = 'pue' and period = 'rolling_12_months'
        order by data_centre, category
    """


_SHARES_NOW = f"""
    select data_centre_@@ as name, max(value) filter (where kpi = 'ref') as annual,
        max(value) filter (where kpi = 'ref_hourly') as hourly
    from dashboard.kpi_now
    {_OF} and kpi in ('ref', 'ref_hourly') and period = 'rolling_12_months'
    group by data_centre, 1 order by data_centre
"""
_SHARE_COLUMNS = (
    Column("annual", KPIS["ref"].text, units.SHARE, 1),
    Column("hourly", KPIS["ref_hourly"].text, units.SHARE, 1),
)
_VERDICTS = f"""
    select data_centre_@@ as data_centre_name, kpi, category, period, day, value,
        target, coverage, verdict, revision
    from dashboard.kpi_now
    {_OF} and period in ('rolling_12_months', 'year', 'month')
        and kpi in ('pue', 'ref', 'ref_hourly')
    order by data_centre, kpi, category,
        array_position('{{year,rolling_12_months,month}}', period)
"""
_VERDICT_COLUMNS = (
    Column("data_centre_name", Text("数据中心", "Data centre")),
    Column("kpi", Text("指标", "Figure"), words=KPIS),
    Column("category", Text("测量级别", "Category")),
    Column("period", Text("周期", "Period"), words=PERIODS),
    Column("day", Text("起始日", "From")),
    Column("value", Text("数值", "Value"), decimals=3),
    Column("target", Text("目标", "Target"), decimals=2),
    Column(
        "coverage",
        Text("数据覆盖率", "Coverage"),
        units.SHARE,
        1,
        (Step(0, "yellow"), Step(0.95, panels.NEUTRAL)),
    ),
    Column("verdict", Text("结论", "Verdict"), words=VERDICTS),
    Column("revision", Text("修订", "Revision")),
)


def _kpi(name: str, kpi: str, period: str = "day", value: str = "value") -> str:
    return f"""
        select "time", {name} as metric, {value} as value from dashboard.kpi
        {_OF} and kpi = '{kpi}' and period = '{period}' and $__timeFilter("time")
        order by 1
    """


def _flow(language: Language) -> str:
    words = " ".join(
        f"when '{role}' then '{text.of(language)}'" for role, text in ROLES.items()
    )
    return f"""
        select "time", case role {words} else role end as metric, mean as value
        from dashboard.power({PARK}, {CENTRES}, $__timeFrom(), $__timeTo(),
            $__interval_ms)
        order by 1
    """


_ENERGY = f"""
    select device_@@ as device_name, role, amount, estimated, coverage
    from dashboard.energy({PARK}, {CENTRES}, $__timeFrom(), $__timeTo())
    order by amount desc
"""
_REVISIONS = f"""
    select "time", data_centre_@@ as data_centre_name, kpi, period, old_value,
        new_value, cause
    from dashboard.kpi_revision {_OF} and $__timeFilter("time")
    order by "time" desc limit 100
"""
_REVISION_COLUMNS = (
    Column("time", Text("时间", "Time")),
    Column("data_centre_name", Text("数据中心", "Data centre")),
    Column("kpi", Text("指标", "Figure"), words=KPIS),
    Column("period", Text("周期", "Period"), words=PERIODS),
    Column("old_value", Text("原值", "Old"), decimals=4),
    Column("new_value", Text("新值", "New"), decimals=4),
    Column("cause", Text("原因", "Cause")),
)


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="data-centre",
        title=Text("数据中心能效", "Data-centre efficiency"),
        question=Text(
            "PUE 和可再生能源比例达标吗?依据是什么?",
            "Do PUE and renewable share comply, and on which evidence?",
        ),
        span="30d",
        variables=[variables.park(language), variables.data_centre(language)],
        panels=[*_now(language), *_lines(language), *_energy(language)],
        refresh="5m",
    )


def _now(language: Language) -> list[panels.Scale | panels.Stat | panels.Table]:
    pue = Head(
        Text("近 12 个月 PUE", "PUE, 12 months"),
        Size(7, 8),
        Text("目标:低于 1.25", "Target: below 1.25"),
        decimals=3,
        steps=(Step(PUE_TARGET, "orange"),),
    )
    shares = Head(
        Text("近 12 个月可再生能源", "Renewables, 12 months"),
        Size(5, 8),
        Text("目标:不低于 25%", "Target: at least 25 %"),
        unit=units.SHARE,
        steps=(Step(0, "orange"), Step(REF_TARGET, panels.NEUTRAL)),
    )
    verdicts = Head(Text("结论", "Verdicts"), Size(12, 8))
    return [
        panels.scale(pue, language, _pue_now(language), least=1.0, most=2.0),
        panels.numbers(shares, language, _SHARES_NOW, _SHARE_COLUMNS),
        panels.rows(verdicts, language, _VERDICTS, _VERDICT_COLUMNS),
    ]


def _lines(language: Language) -> list[panels.Lines]:
    third = parts.THIRD
    by_category = f"data_centre_@@ || ' · {_CATEGORY.of(language)} ' || category"
    pue = Head(
        Text("日 PUE", "PUE by day"),
        third,
        decimals=3,
        steps=(Step(PUE_TARGET, "orange"),),
    )
    share = Head(
        Text("日可再生能源比例", "Renewable share by day"),
        third,
        unit=units.SHARE,
        steps=(Step(0, "orange"), Step(REF_TARGET, panels.NEUTRAL)),
    )
    coverage = Head(
        Text("数据覆盖率", "Coverage"),
        third,
        Text("低于 95% 不下结论", "Below 95 % there is no verdict"),
        unit=units.SHARE,
        steps=(Step(0, "yellow"), Step(0.95, panels.NEUTRAL)),
    )
    centre = "data_centre_@@"
    return [
        panels.lines(pue, language, _kpi(by_category, "pue")),
        panels.lines(share, language, _kpi(centre, "ref")),
        panels.lines(coverage, language, _kpi(by_category, "pue", value="coverage")),
    ]


def _energy(language: Language) -> list[panels.Lines | panels.Table]:
    flow = Head(
        Text("能流(各表计平均功率)", "Energy flow: mean power by meter role"),
        Size(14, 10),
        unit=units.KW,
    )
    energy = Head(Text("各表计电量", "Energy by meter"), Size(10, 10))
    columns = (
        parts.DEVICE,
        Column("role", Text("用途", "Role"), words=panels.plain(ROLES)),
        Column("amount", Text("电量(水表为 m³)", "Energy (of water m³)"), decimals=1),
        Column("estimated", Text("其中估算", "Of it estimated"), decimals=1),
        Column(
            "coverage",
            Text("数据覆盖率", "Coverage"),
            units.SHARE,
            1,
            (Step(0, "yellow"), Step(0.95, panels.NEUTRAL)),
        ),
    )
    revisions = Head(Text("修订", "Revisions"), Size(24, 7))
    return [
        panels.lines(flow, language, _flow(language)),
        panels.rows(energy, language, _ENERGY, columns),
        panels.rows(revisions, language, _REVISIONS, _REVISION_COLUMNS),
    ]
