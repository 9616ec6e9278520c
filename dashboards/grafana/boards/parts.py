"""Queries and columns that several dashboards share."""

from __future__ import annotations

from dashboards.grafana.panels import Column, Size
from dashboards.grafana.variables import DEVICES, PARK
from dashboards.grafana.words import SEVERITIES, STATES, Text

QUARTER, THIRD, HALF, FULL = Size(6, 7), Size(8, 8), Size(12, 8), Size(24, 9)
STRIP = Size(24, 4)
DEVICE = Column("device_name", Text("设备", "Device"))
PLACE = Column("place_name", Text("位置", "Place"))
_LINK = "${page}/#/${park}/alerts/${__data.fields.id}"
ALERT_COLUMNS = (
    Column("severity", Text("级别", "Severity"), words=SEVERITIES),
    Column("time", Text("发生时间", "Since")),
    Column("rule_name", Text("告警", "Alert"), link=_LINK),
    PLACE,
    DEVICE,
    Column("value", Text("数值", "Value"), decimals=2),
    Column("limit", Text("限值", "Limit"), decimals=2),
    Column("unit", Text("单位", "Unit")),
    Column("state", Text("状态", "State"), words=STATES),
    Column("acknowledged_by", Text("确认人", "Acknowledged by")),
)
UNFINISHED = f"""
    select id::text as id, severity, "time", rule_@@ as rule_name,
        place_@@ as place_name, device_@@ as device_name, value, "limit", unit, state,
        acknowledged_by
    from dashboard.alert
    where park = {PARK} and unfinished
    order by rank desc, "time" desc limit 100
"""


def history(metric: str, value: str = "mean", name: str = "device_@@") -> str:
    """Ask for a metric of the chosen devices over time."""
    return f"""
        select "time", {name} as metric, {value} as value
        from dashboard.history('{metric}', {PARK}, {DEVICES},
            $__timeFrom(), $__timeTo(), $__interval_ms)
        order by 1
    """


def park_history(metric: str, value: str = "mean", name: str = "device_@@") -> str:
    """Ask for a metric of all devices of the park over time."""
    return f"""
        select "time", {name} as metric, {value} as value
        from dashboard.history('{metric}', {PARK}, array(
            select device from dashboard.series
            where park = {PARK} and metric = '{metric}'),
            $__timeFrom(), $__timeTo(), $__interval_ms)
        order by 1
    """


def increase(metrics: str, devices: str, name: str = "device_@@") -> str:
    """Ask for what counters and intervals of devices gained over time."""
    return f"""
        select "time", {name} as metric, amount as value
        from dashboard.increase('{{{metrics}}}', {PARK}, {devices},
            $__timeFrom(), $__timeTo(), $__interval_ms)
        order by 1
    """


def with_metrics(metrics: str) -> str:
    """Name all devices of the park that report one of these metrics."""
    return (
        "array(select device from dashboard.series"
        f" where park = {PARK} and metric = any('{{{metrics}}}'))"
    )


def limits(metric: str, name: str = "level_@@") -> str:
    """Ask for the levels of a metric's rules at both ends of the time shown."""
    return f"""
        select distinct t as "time", {name} as metric, "limit" as value
        from dashboard.threshold
        cross join (values ($__timeFrom()::timestamptz), ($__timeTo())) as ends (t)
        where park = {PARK} and metric = '{metric}' and device = any({DEVICES})
        order by 1
    """
