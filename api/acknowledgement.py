"""The page behind a signed link: the alert, and a form to acknowledge it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from starlette.responses import HTMLResponse

from parkpulse.notify.notices import SHAPES
from parkpulse.query import alert_messages
from parkpulse.query.alerts import MAXIMUM_ACTOR, MAXIMUM_COMMENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from api.language import Language
    from parkpulse.model.alert import Alert

State = Literal["open", "changed", "done", "over", "invalid"]
STYLE_PATH = "/api/acknowledge.css"
STYLE = """\
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 34rem; padding: 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
dt { font-weight: 600; } dd { margin: 0 0 .6rem; overflow-wrap: anywhere; }
label { display: block; margin: .8rem 0; }
input, textarea, button { box-sizing: border-box; font: inherit; width: 100%; }
input, textarea { padding: .6rem; } button { min-height: 3rem; }
.note { border-inline-start: .3rem solid; padding-inline-start: .8rem; }
"""
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "确认告警",
        "rule": "告警",
        "severity": "级别",
        "where": "位置",
        "value": "数值",
        "since": "开始",
        "state": "状态",
        "name": "您的姓名",
        "comment": "备注(可选)",
        "send": "确认:我来处理",
        "page": "打开园区页面",
        "open": "",
        "changed": "此告警在消息发出后已有变化,请看清下面的现状再确认。",
        "done": "已确认,谢谢。",
        "over": "此告警现在不需要确认。",
        "invalid": "请填写姓名(1 至 100 个字符);备注最多 2000 字符。",
        "unknown": "此链接无效。",
        "expired": "此链接已过期,请在园区页面中确认。",
    },
    "en": {
        "title": "Acknowledge an alert",
        "rule": "Alert",
        "severity": "Severity",
        "where": "Where",
        "value": "Value",
        "since": "Since",
        "state": "State",
        "name": "Your name",
        "comment": "Comment (optional)",
        "send": "Acknowledge: I take care of it",
        "page": "Open the park's page",
        "open": "",
        "changed": "The alert has changed since the message: see below, then decide.",
        "done": "Acknowledged. Thank you.",
        "over": "There is nothing to acknowledge about this alert now.",
        "invalid": "Give your name (1 to 100 characters); a comment has at most 2000.",
        "unknown": "This link is not valid.",
        "expired": "This link has expired: acknowledge on the park's page.",
    },
}
_STATES: Mapping[str, Mapping[Language, str]] = {
    "unacknowledged": {"zh": "未确认", "en": "not acknowledged"},
    "acknowledged": {"zh": "已确认", "en": "acknowledged"},
    "returned_unacknowledged": {"zh": "已恢复,未确认", "en": "over, not acknowledged"},
    "normal": {"zh": "正常", "en": "normal"},
}
_FORMS: tuple[State, ...] = ("open", "changed", "invalid")


def show(
    alert: Alert, state: State, language: Language, *, page_url: str, status: int
) -> HTMLResponse:
    """Show an alert, with the form where there is something to acknowledge."""
    words = _WORDS[language]
    note = f'<p class="note" role="status">{words[state]}</p>' if words[state] else ""
    form = _form(alert, language) if state in _FORMS else ""
    link = escape(alert_messages.link(alert, page_url), quote=True)
    body = (
        f"{note}{_facts(alert, language)}{form}<p><a href='{link}'>{words['page']}</a>"
    )
    return _page(body, language, status)


def refuse(
    code: Literal["unknown", "expired"], language: Language, status: int
) -> HTMLResponse:
    """Say why a link shows nothing."""
    return _page(f"<p class='note'>{_WORDS[language][code]}</p>", language, status)


def _facts(alert: Alert, language: Language) -> str:
    words = _WORDS[language]
    rule = alert.rule.name.zh if language == "zh" else alert.rule.name.en
    severity = alert_messages.SEVERITY_WORDS[alert.severity][language]
    names = (alert.park_name, alert.place_name, alert.device_name)
    where = " · ".join(
        each.zh if language == "zh" else each.en for each in names if each is not None
    )
    state = _STATES.get(alert.state, {}).get(language, alert.state)
    facts = {
        "rule": rule,
        "severity": SHAPES[alert.severity] + severity,
        "where": where,
        "value": alert_messages.what(alert, language),
        "since": _local(alert.onset, alert.zone),
        "state": state,
    }
    items = "".join(
        f"<dt>{words[name]}</dt><dd>{escape(value)}</dd>"
        for name, value in facts.items()
    )
    return f"<dl>{items}</dl>"


def _form(alert: Alert, language: Language) -> str:
    words = _WORDS[language]
    return (
        "<form method='post'>"
        f"<input type='hidden' name='version' value='{alert.version}'>"
        f"<label>{words['name']}<input name='actor' required autocomplete='name'"
        f" maxlength='{MAXIMUM_ACTOR // 2}'></label>"
        f"<label>{words['comment']}<textarea name='comment' rows='3'"
        f" maxlength='{MAXIMUM_COMMENT}'></textarea></label>"
        f"<button>{words['send']}</button></form>"
    )


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} ({zone})"


def _page(body: str, language: Language, status: int) -> HTMLResponse:
    title = _WORDS[language]["title"]
    return HTMLResponse(
        f"<!doctype html><html lang='{language}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<meta name='robots' content='noindex'>"
        f"<title>{title} · Parkpulse</title>"
        f"<link rel='stylesheet' href='{STYLE_PATH}'></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>",
        status,
        {"cache-control": "no-store", "vary": "accept-language"},
    )
