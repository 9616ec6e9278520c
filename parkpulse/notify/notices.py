"""Messages of the outbox as cards for people: one alone, or several as a digest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from parkpulse.model.alert import SEVERITIES, Severity, rank
from parkpulse.model.registry import Name
from parkpulse.notify.platforms.contract import Card
from parkpulse.query.alert_messages import SEVERITY_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from parkpulse.notify.platforms.contract import Language

SHAPES: Mapping[Severity, str] = {
    "low": "● ",
    "medium": "▲ ",
    "high": "◆ ",
    "critical": "■ ",
}
"""A shape for each severity: colour alone does not reach everybody."""
_GOOD = "✓ "
_ALARMS = {"alert.raised", "alert.severity", "alert.escalated"}
_OPEN = {"unacknowledged", "returned_unacknowledged"}
_VERBS: Mapping[str, Mapping[Language, str]] = {
    "alert.raised": {"zh": "告警", "en": "raised"},
    "alert.severity": {"zh": "级别变化", "en": "changed"},
    "alert.cleared": {"zh": "恢复", "en": "cleared"},
    "alert.acknowledged": {"zh": "确认", "en": "acknowledged"},
    "alert.escalated": {"zh": "升级", "en": "escalated"},
}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "page": "查看",
        "acknowledge": "确认告警",
        "digest": "合并通知:{count} 条消息",
        "elsewhere": "园区",
        "devices": "设备",
        "more": "等",
    },
    "en": {
        "page": "Open",
        "acknowledge": "Acknowledge",
        "digest": "Digest of {count} messages",
        "elsewhere": "park",
        "devices": "devices",
        "more": "and more",
    },
}
_SHOWN_DEVICES = 5


class _Rule(Struct):
    code: str = ""
    name: Name | None = None


class Alert(Struct):
    """What cards need of an alert."""

    id: str
    severity: Severity
    text: dict[str, str]
    state: str = ""
    version: int = 0
    park: str = ""
    park_name: Name | None = None
    place: str | None = None
    place_name: Name | None = None
    rule: _Rule = msgspec.field(default_factory=_Rule)
    device: str | None = None
    device_name: Name | None = None
    url: str = ""


class Notice(Struct):
    """A message of the outbox."""

    type: str
    data: Alert

    @property
    def is_alarm(self) -> bool:
        """Whether it asks somebody to act."""
        return self.type in _ALARMS


def read(body: str) -> Notice:
    """Read the body of a message."""
    return msgspec.json.decode(body, type=Notice)


def single(notice: Notice, language: Language, acknowledge_url: str | None) -> Card:
    """Show one message.

    Parameters
    ----------
    notice
        The message.
    language
        Of the channel.
    acknowledge_url
        Signed link; left out where there is nothing to acknowledge.
    """
    title, *lines = notice.data.text[language].split("\n")
    words = _WORDS[language]
    links = [(words["page"], notice.data.url)] if notice.data.url else []
    if acknowledge_url is not None and notice.data.state in _OPEN:
        links.append((words["acknowledge"], acknowledge_url))
    return Card(
        title=_shape(notice.data.severity, is_alarm=notice.is_alarm) + title,
        lines=[each for each in lines if each != notice.data.url],
        severity=notice.data.severity,
        is_alarm=notice.is_alarm,
        links=links,
    )


def digest(notices: Sequence[Notice], language: Language) -> Card:
    """Show several messages by rule and place, the most severe first."""
    groups: dict[tuple[str, str, str | None], list[Notice]] = {}
    for each in notices:
        key = each.data.park, each.data.rule.code, each.data.place
        groups.setdefault(key, []).append(each)
    ordered = sorted(groups.values(), key=_urgency, reverse=True)
    first = ordered[0]
    alarms = [each for each in notices if each.is_alarm]
    severity = _worst(alarms or notices)
    words = _WORDS[language]
    return Card(
        title=_shape(severity, is_alarm=bool(alarms))
        + words["digest"].format(count=len(notices)),
        lines=[_line(each, language) for each in ordered],
        severity=severity,
        is_alarm=bool(alarms),
        links=_page(first, words["page"]),
    )


def _page(group: Sequence[Notice], words: str) -> list[tuple[str, str]]:
    url = group[0].data.url.rpartition("/")[0]
    return [(words, url)] if url else []


def _urgency(group: Sequence[Notice]) -> tuple[bool, int, int]:
    return any(each.is_alarm for each in group), rank(_worst(group)), len(group)


def _worst(notices: Iterable[Notice]) -> Severity:
    return SEVERITIES[max(rank(each.data.severity) for each in notices)]


def _line(group: Sequence[Notice], language: Language) -> str:
    data = group[0].data
    worst = _worst(group)
    is_alarm = any(each.is_alarm for each in group)
    words = _WORDS[language]
    where = _in(data.place_name or data.park_name, language) or words["elsewhere"]
    rule = _in(data.rule.name, language) or data.rule.code
    counts = Counter(each.type for each in group)
    done = ", ".join(
        f"{_VERBS[kind][language]} {counts[kind]}" for kind in _VERBS if kind in counts
    )
    severity = SEVERITY_WORDS[worst][language]
    head = f"{_shape(worst, is_alarm=is_alarm)}{severity} · {rule} · {where}: {done}"
    return f"{head}; {_devices(group, language)}"


def _devices(group: Sequence[Notice], language: Language) -> str:
    names = sorted(
        {
            _in(each.data.device_name, language) or each.data.device or ""
            for each in group
        }
        - {""}
    )
    words = _WORDS[language]
    shown = ", ".join(names[:_SHOWN_DEVICES])
    more = f" {words['more']}" if len(names) > _SHOWN_DEVICES else ""
    return f"{len(names)} {words['devices']}: {shown}{more}"


def _shape(severity: Severity, *, is_alarm: bool) -> str:
    return SHAPES[severity] if is_alarm else _GOOD


def _in(name: Name | None, language: Language) -> str:
    if name is None:
        return ""
    return name.zh if language == "zh" else name.en


def test_card(name: str, language: Language) -> Card:
    """Card of a test message."""
    text: Mapping[Language, str] = {
        "zh": f"园区脉搏测试消息:{name}",
        "en": f"Test message of Parkpulse: {name}",
    }
    return Card(title=text[language], lines=(), severity="low", is_alarm=False)


def test_body(now: datetime) -> str:
    """Body of a test message for programs."""
    text = {"zh": "园区脉搏测试消息", "en": "Test message of Parkpulse"}
    return msgspec.json.encode(
        {"type": "test", "timestamp": now, "data": {"text": text}}
    ).decode()
