"""What is sent when something happens to an alert, in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from parkpulse.query import alert_figures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from parkpulse.model.alert import Alert, Severity
    from parkpulse.model.registry import Name

MessageType = Literal[
    "alert.raised",
    "alert.severity",
    "alert.cleared",
    "alert.acknowledged",
    "alert.escalated",
]
_Language = Literal["zh", "en"]

SEVERITY_WORDS: Mapping[Severity, Mapping[_Language, str]] = {
    "low": {"zh": "蓝(一般)", "en": "LOW"},
    "medium": {"zh": "黄(较重)", "en": "MEDIUM"},
    "high": {"zh": "橙(严重)", "en": "HIGH"},
    "critical": {"zh": "红(特别严重)", "en": "CRITICAL"},
}
_HEADINGS: Mapping[MessageType, Mapping[_Language, str]] = {
    "alert.raised": {"zh": "告警", "en": "Alert"},
    "alert.severity": {"zh": "告警级别变化", "en": "Alert, severity changed"},
    "alert.cleared": {"zh": "告警恢复", "en": "Cleared"},
    "alert.acknowledged": {"zh": "告警已确认", "en": "Acknowledged"},
    "alert.escalated": {"zh": "告警升级,无人确认", "en": "Escalated, unanswered"},
}


class _Labels(NamedTuple):
    opening: str
    closing: str
    where: str
    value: str
    since: str
    cleared: str
    acknowledged: str


_LABELS: Mapping[_Language, _Labels] = {
    "zh": _Labels("【", "】", "位置:", "数值:", "开始:", "恢复:", "确认人:"),
    "en": _Labels(
        "[",
        "] ",
        "Where: ",
        "Value: ",
        "Since: ",
        "Cleared: ",
        "Acknowledged by: ",
    ),
}
_BEYOND: Mapping[str, Mapping[_Language, str]] = {
    "above": {"zh": "高于", "en": "above"},
    "below": {"zh": "低于", "en": "below"},
}


def body(kind: MessageType, at: datetime, alert: Alert, page_url: str) -> str:
    """Make the JSON body of a message.

    Parameters
    ----------
    kind
        What happened.
    at
        When it happened.
    alert
        The alert after it.
    page_url
        Address of the page, without a token; the message links into it.
    """
    url = link(alert, page_url)
    content = {
        "type": kind,
        "timestamp": at,
        "data": {
            **msgspec.to_builtins(alert, builtin_types=[type(at)]),
            "text": {
                "zh": _text(kind, alert, url, "zh"),
                "en": _text(kind, alert, url, "en"),
            },
            "url": url,
        },
    }
    return msgspec.json.encode(content).decode()


def link(alert: Alert, page_url: str) -> str:
    """Address of the alert on the page."""
    return f"{page_url.rstrip('/')}/#/{quote(alert.park, safe='')}/alerts/{alert.id}"


def _text(kind: MessageType, alert: Alert, url: str, language: _Language) -> str:
    labels = _LABELS[language]
    heading = f"{_HEADINGS[kind][language]} {SEVERITY_WORDS[alert.severity][language]}"
    rule = _in(alert.rule.name, language)
    lines = [
        f"{labels.opening}{heading}{labels.closing}{rule}",
        f"{labels.where}{_where(alert, language)}",
        f"{labels.value}{what(alert, language)}",
        f"{labels.since}{_local(alert.onset, alert.zone)}",
    ]
    if kind == "alert.cleared" and alert.cleared_at is not None:
        lines.append(f"{labels.cleared}{_local(alert.cleared_at, alert.zone)}")
    if kind == "alert.acknowledged":
        lines.append(f"{labels.acknowledged}{alert.acknowledged_by}")
    return "\n".join([*lines, url])


def _in(name: Name | None, language: _Language) -> str:
    if name is None:
        return ""
    return name.zh if language == "zh" else name.en


def _where(alert: Alert, language: _Language) -> str:
    names = (alert.park_name, alert.place_name, alert.device_name)
    parts = [_in(name, language) for name in names if name is not None]
    return " · ".join(parts)


def what(alert: Alert, language: _Language) -> str:
    """Say what was measured, and beyond which limit; a verdict stands for itself."""
    metric = _in(alert.metric_name, language)
    found = f"{metric} {alert_figures.written(alert, alert.value, language)}".strip()
    level = _in(alert.level, language)
    if alert_figures.speaks_for_itself(alert):
        return found
    limit = alert_figures.written(alert, alert.limit, language)
    beyond = f"{_BEYOND[alert.direction][language]} {limit}"
    separator = "," if language == "zh" else ", "
    return f"{found}{separator}{beyond}" + (f" ({level})" if level else "")


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"
