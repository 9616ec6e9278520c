"""Alert statistics: how many, of what, and how they were answered (ISA-18.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import PARK
from dashboards.grafana.words import SEVERITIES, Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_RAISED = f"""
    where park = {PARK} and kind = 'raised' and not retroactive
        and $__timeFilter("time")
"""
_FIGURES = f"""
    with raised as (
        select "time" from dashboard.alert_event {_RAISED}
    ), answered as (
        select extract(epoch from acknowledged_at - "time") as s from dashboard.alert
        where park = {PARK} and not retroactive and $__timeFilter("time")
            and acknowledged_at is not null
    )
    select (select count(*) from raised) as raised,
        (select count(*) from raised)::float8 / greatest(extract(epoch from
            $__timeTo()::timestamptz - $__timeFrom()::timestamptz) / 600, 1) as rate,
        (select max(n) from (select count(*) as n from raised
            group by dashboard.bucket("time", 600000)) each) as peak,
        (select percentile_cont(0.5) within group (order by s) from answered) as answer,
        (select count(*) from dashboard.alert where park = {PARK} and unfinished
            and cleared_at is null and "time" < now() - interval '24 hours') as stale
"""
_FIGURE_COLUMNS = (
    Column("raised", Text("告警数", "Alerts raised")),
    Column(
        "rate",
        Text("每 10 分钟", "Per 10 min"),
        decimals=2,
        steps=(Step(1, "yellow"), Step(2, "red")),
    ),
    Column("peak", Text("10 分钟最多", "Most in 10 min"), steps=(Step(10, "orange"),)),
    Column(
        "answer", Text("确认用时(中位数)", "Time to answer, median"), units.SECONDS, 0
    ),
    Column(
        "stale", Text("超过 24 小时", "Longer than 24 h"), steps=(Step(1, "yellow"),)
    ),
)


def _days(language: Language) -> str:
    words = " ".join(
        f"when '{code}' then '{word.text.of(language)}'"
        for code, word in SEVERITIES.items()
    )
    return f"""
        select dashboard.bucket("time", greatest($__interval_ms, 3600000)) as "time",
            case severity {words} else severity end as metric, count(*) as value
        from dashboard.alert_event {_RAISED}
        group by 1, 2 order by 1
    """


_ACTORS = f"""
    select rule_@@ as rule_name, subject, count(*) as alerts,
        count(*)::float8 / sum(count(*)) over () as share, max("time") as "time"
    from dashboard.alert_event {_RAISED}
    group by rule, 1, subject order by alerts desc limit 10
"""
_ACTOR_COLUMNS = (
    Column("rule_name", Text("告警", "Alert")),
    Column("subject", Text("对象", "Subject")),
    Column("alerts", Text("次数", "Times")),
    Column("share", Text("占比", "Share"), units.SHARE, 1, (Step(0.2, "yellow"),)),
    Column("time", Text("最近一次", "Last time")),
)
_LONGEST = f"""
    select id::text as id, severity, "time", rule_@@ as rule_name,
        coalesce(device_@@, subject) as device_name, state,
        extract(epoch from coalesce(cleared_at, now()) - "time") as lasted_s,
        extract(epoch from acknowledged_at - "time") as answered_s, acknowledged_by
    from dashboard.alert
    where park = {PARK} and $__timeFilter("time")
    order by lasted_s desc limit 100
"""
_LONGEST_COLUMNS = (
    *parts.ALERT_COLUMNS[:3],
    parts.DEVICE,
    parts.ALERT_COLUMNS[8],
    Column("lasted_s", Text("持续", "Lasted"), units.SECONDS, 0),
    Column("answered_s", Text("确认用时", "Time to answer"), units.SECONDS, 0),
    parts.ALERT_COLUMNS[9],
)
_DELIVERIES = f"""
    select channel, count(*) as attempts,
        count(*) filter (where not delivered) as failed,
        percentile_cont(0.95) within group (order by duration_ms) as p95_ms
    from dashboard.delivery
    where park = {PARK} and $__timeFilter("time")
    group by channel order by channel
"""
_DELIVERY_COLUMNS = (
    Column("channel", Text("渠道", "Channel")),
    Column("attempts", Text("发送", "Attempts")),
    Column("failed", Text("失败", "Failed"), steps=(Step(1, "yellow"),)),
    Column("p95_ms", Text("用时(95%)", "Duration, 95 %"), "ms", 0),
)


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="alerts",
        title=Text("告警统计", "Alert statistics"),
        question=Text(
            "告警多不多?答复及时吗?",
            "Are there more alerts than people can answer, and do they?",
        ),
        span="30d",
        variables=[variables.park(language)],
        panels=_panels(language),
        refresh="5m",
        annotated=False,
    )


def _panels(language: Language) -> list[panels.Stat | panels.Lines | panels.Table]:
    figures = Head(
        Text("告警负荷", "Alarm load"),
        parts.STRIP,
        Text(
            "ISA-18.2:每名操作员每 10 分钟 1 条可接受,2 条为上限",
            "ISA-18.2: one in 10 min is acceptable for an operator, two at most",
        ),
    )
    days = Head(Text("告警数", "Alerts raised"), Size(14, 9))
    actors = Head(Text("最频繁的告警", "Most frequent alerts"), Size(10, 9))
    longest = Head(Text("持续最长的告警", "Alerts that lasted longest"), Size(24, 9))
    deliveries = Head(Text("通知渠道", "Channels"), Size(24, 6))
    return [
        panels.numbers(figures, language, _FIGURES, _FIGURE_COLUMNS),
        panels.bars(days, language, _days(language)),
        panels.rows(actors, language, _ACTORS, _ACTOR_COLUMNS),
        panels.rows(longest, language, _LONGEST, _LONGEST_COLUMNS, hidden=["id"]),
        panels.rows(deliveries, language, _DELIVERIES, _DELIVERY_COLUMNS),
    ]
