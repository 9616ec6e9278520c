"""Ingest and ledger: what came, what became of it, and whether it adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana import panels, units, variables
from dashboards.grafana.board import Board
from dashboards.grafana.boards import parts
from dashboards.grafana.panels import Column, Head, Size, Step
from dashboards.grafana.variables import PARKS
from dashboards.grafana.words import CONNECTED, QUARANTINE_STATES, Text

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_SHOWN = f"where park = any({PARKS} || '?'::text) and $__timeFilter(\"time\")"
_RED, _YELLOW = (Step(1, "red"),), (Step(1, "yellow"),)
_TOTALS = f"""
    select coalesce(sum(received), 0) as received, coalesce(sum(stored), 0) as stored,
        coalesce(sum(duplicate), 0) as duplicate,
        coalesce(sum(quarantined), 0) as quarantined,
        coalesce(sum(received - stored - duplicate - quarantined), 0) as unaccounted,
        coalesce(sum(dropped_by_broker), 0) as dropped
    from dashboard.ledger {_SHOWN}
"""
_TOTAL_COLUMNS = (
    Column("received", Text("接收", "Received")),
    Column("stored", Text("入库", "Stored")),
    Column("duplicate", Text("重复", "Duplicate")),
    Column("quarantined", Text("隔离", "Quarantined"), steps=_YELLOW),
    Column("unaccounted", Text("未归账", "Unaccounted for"), steps=_RED),
    Column("dropped", Text("代理丢弃", "Dropped by the broker"), steps=_RED),
)


def _hours(language: Language) -> str:
    stored, duplicate, quarantined = (
        Text("入库", "stored").of(language),
        Text("重复", "duplicate").of(language),
        Text("隔离", "quarantined").of(language),
    )
    return f"""
        select "time", part.name as metric, part.n as value
        from (
            select dashboard.bucket("time", greatest($__interval_ms, 3600000))
                as "time", sum(stored) as stored, sum(duplicate) as duplicate,
                sum(quarantined) as quarantined
            from dashboard.ledger {_SHOWN} group by 1
        ) step
        cross join lateral (values
            ('{stored}', stored), ('{duplicate}', duplicate),
            ('{quarantined}', quarantined)) as part (name, n)
        order by 1
    """


_FORMATS = f"""
    select park, format, sum(received) as received, sum(stored) as stored,
        sum(duplicate) as duplicate, sum(quarantined) as quarantined,
        sum(values_stored) as values_stored, sum(values_refused) as values_refused
    from dashboard.ledger {_SHOWN}
    group by 1, 2 order by received desc
"""
_FORMAT_COLUMNS = (
    Column("park", Text("园区", "Park"), link="${page}/#/${__data.fields.park}/ledger"),
    Column("format", Text("格式", "Format")),
    *_TOTAL_COLUMNS[:4],
    Column("values_stored", Text("入库数值", "Values stored")),
    Column("values_refused", Text("拒收数值", "Values refused"), steps=_YELLOW),
)
_REASONS = f"""
    select dashboard.bucket("time", greatest($__interval_ms, 3600000)) as "time",
        reason as metric, count(*) as value
    from dashboard.quarantine {_SHOWN}
    group by 1, 2 order by 1
"""
_QUARANTINE = f"""
    select park, device, reason, state, count(*) as messages, max("time") as "time"
    from dashboard.quarantine {_SHOWN}
    group by 1, 2, 3, 4 order by messages desc limit 200
"""
_QUARANTINE_COLUMNS = (
    Column(
        "park", Text("园区", "Park"), link="${page}/#/${__data.fields.park}/quarantine"
    ),
    Column("device", Text("设备", "Device")),
    Column("reason", Text("原因", "Reason")),
    Column("state", Text("状态", "State"), words=QUARANTINE_STATES),
    Column("messages", Text("报文", "Messages")),
    Column("time", Text("最近一次", "Last time")),
)
_WORKERS = """
    select writer, connected::text as connected, age_s, waiting
    from dashboard.worker order by writer
"""
_WORKER_COLUMNS = (
    Column("writer", Text("接收进程", "Worker")),
    Column("connected", Text("代理连接", "Broker"), words=CONNECTED),
    Column("age_s", Text("最近活动", "Seen"), units.SECONDS, 0, (Step(60, "red"),)),
    Column("waiting", Text("待处理", "Waiting"), steps=(Step(10000, "yellow"),)),
)
_BACKLOG = "select consumer, batches from dashboard.backlog order by consumer"


def board(language: Language) -> Board:
    """Describe the dashboard."""
    return Board(
        code="ingest",
        title=Text("接收与台账", "Ingest and ledger"),
        question=Text(
            "每条报文都有着落吗?",
            "Is every message accounted for, and is nothing late?",
        ),
        span="24h",
        variables=[variables.parks(language)],
        panels=[*_ledger(language), *_work(language)],
        annotated=False,
        console="${page}/",
    )


def _ledger(language: Language) -> list[panels.Stat | panels.Lines | panels.Table]:
    totals = Head(
        Text("收发台账", "Ledger"),
        parts.STRIP,
        Text(
            "接收 = 入库 + 重复 + 隔离,否则有报文未归账",
            "Received = stored + duplicate + quarantined; else something is missing",
        ),
    )
    hours = Head(Text("每小时报文", "Messages by hour"), parts.HALF)
    formats = Head(Text("按园区与格式", "By park and format"), parts.HALF)
    return [
        panels.numbers(totals, language, _TOTALS, _TOTAL_COLUMNS),
        panels.bars(hours, language, _hours(language)),
        panels.rows(formats, language, _FORMATS, _FORMAT_COLUMNS),
    ]


def _work(language: Language) -> list[panels.Lines | panels.Table | panels.Scale]:
    reasons = Head(Text("隔离原因", "Quarantined by reason"), parts.HALF)
    listed = Head(Text("隔离报文", "Quarantine"), parts.HALF)
    workers = Head(Text("接收进程", "Workers"), parts.HALF)
    backlog = Head(
        Text("待计算批次", "Batches not read yet"),
        Size(12, 8),
        steps=(Step(1000, "yellow"), Step(10000, "red")),
    )
    return [
        panels.bars(reasons, language, _REASONS),
        panels.rows(listed, language, _QUARANTINE, _QUARANTINE_COLUMNS),
        panels.rows(workers, language, _WORKERS, _WORKER_COLUMNS),
        panels.scale(backlog, language, _BACKLOG, least=0, most=10000),
    ]
