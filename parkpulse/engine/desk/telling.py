"""An alert as lines that people read: what it is, what happened, who was told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from parkpulse.query import alert_figures, alert_messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.alert import Alert
    from parkpulse.model.registry import Name
    from parkpulse.model.response import Ticked
    from parkpulse.query.alerts import Detail
    from parkpulse.store.alert_events import EventView
    from parkpulse.store.deliveries import OfAlert
    from parkpulse.store.duty import UnderWay

_SAID: Mapping[str, str] = {
    "again": "again: {}",
    "arguments": "with {}",
    "assignee": "to {}",
    "at": "at {}",
    "channels": "on {}",
    "expires_at": "to be answered by {}",
    "is": "is {}",
    "onset": "since {}",
    "people": "called {}",
    "policy": "policy {}",
    "step": "step {}",
    "until": "until {}",
    "was": "was {}",
}
"""How what an event tells is introduced; other parts stand for themselves."""
_LEFT_OUT = {"comment", "command", "code"}
"""Said elsewhere, or the id of what is named beside it."""


def local(moment: datetime, zone: str) -> str:
    """Write a moment in a park's zone, with its offset from UTC."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="seconds")


def lines(
    found: Detail, steps: Sequence[Ticked], escalations: Sequence[UnderWay]
) -> Iterator[str]:
    """Tell everything that is known of an alert; times are in its park's zone."""
    alert = found.alert
    yield from _head(alert)
    yield from _part("Checklist", [_step(each, alert.zone) for each in steps])
    yield from _part("History", [_event(each, alert, steps) for each in found.events])
    yield from _part("Escalation", [_escalation(each, alert) for each in escalations])
    last = {each.message: each.id for each in found.deliveries}
    yield from _part(
        "Deliveries",
        [
            _delivery(each, alert.zone, is_last=last[each.message] == each.id)
            for each in found.deliveries
        ],
    )


def _part(title: str, told: Sequence[str]) -> list[str]:
    return [title, *(f"  {each}" for each in told)] if told else []


def _head(alert: Alert) -> Iterator[str]:
    yield f"{alert.id}  {alert.severity}  {state(alert)}"
    yield f"  rule:          {alert.rule.code}  {_both(alert.rule.name)}"
    yield f"  where:         {_where(alert)}"
    yield f"  value:         {alert_messages.what(alert, 'en')}"
    moments = {
        "since": alert.onset,
        "raised": alert.raised_at,
        "acknowledged": alert.acknowledged_at,
        "cleared": alert.cleared_at,
    }
    for name, moment in moments.items():
        if moment is not None:
            by = f" by {alert.acknowledged_by}" if name == "acknowledged" else ""
            yield f"  {name + ':':<14} {local(moment, alert.zone)}{by}"
    if alert.quiet is not None:
        why = f"{alert.quiet.kind} by {alert.quiet.actor}: {_line(alert.quiet.reason)}"
        yield f"  nobody called: {why}"
    yield f"  assigned to:   {alert.assignee or 'nobody'}"


def state(alert: Alert) -> str:
    """Say the state of an alert, and until when if it ends by itself."""
    until = alert.quiet.until if alert.quiet else None
    return alert.state + (f" until {local(until, alert.zone)}" if until else "")


def _both(name: Name) -> str:
    return f"{name.zh} / {name.en}"


def _where(alert: Alert) -> str:
    named = [
        (alert.park, alert.park_name),
        (alert.place, alert.place_name),
        (alert.device, alert.device_name),
    ]
    places = [
        f"{code} ({_both(name)})" for code, name in named if name is not None and code
    ]
    return f"{alert.subject} in {', '.join(places)}"


def _step(step: Ticked, zone: str) -> str:
    words = f"{step.zh} / {step.en}"
    if step.done_by is None or step.done_at is None:
        return f"[ ]  {words}"
    return f"[x]  {words}  ({step.done_by}, {local(step.done_at, zone)})"


def _event(event: EventView, alert: Alert, steps: Sequence[Ticked]) -> str:
    value = ""
    if event.value is not None:
        value = f" {alert_figures.written(alert, event.value, 'en')}"
    words = [
        local(event.at, alert.zone),
        event.kind.replace("_", " "),
        f"{event.severity}{value}",
        event.actor,
        ", ".join(_parts(_named(event.detail, steps), alert.zone)),
    ]
    comment = _line(str(event.detail.get("comment", "")))
    if comment:
        words.append(f'"{comment}"')
    return "  ".join(word for word in words if word)


def _line(text: str) -> str:
    """Write a person's text in one line, without what a terminal would obey."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())


def _named(
    detail: Mapping[str, object], steps: Sequence[Ticked]
) -> Mapping[str, object]:
    """Say what a step asks for instead of its code, and a reason by its words."""
    texts = {step.code: f"{step.zh} / {step.en}" for step in steps}
    step = detail.get("step")
    named = dict(detail)
    if step in texts:
        named["step"] = texts[str(step)]
    if "reason_text" in named:
        named["reason"] = named.pop("reason_text")
    return named


def _parts(detail: Mapping[str, object], zone: str) -> Iterator[str]:
    for key, value in detail.items():
        if key in _LEFT_OUT or (value is None and key != "assignee"):
            continue
        if isinstance(value, bool):
            yield key if value else f"not {key}"
            continue
        text = _plain(value, zone)
        if text:
            yield _SAID.get(key, "{}").format(text)


def _plain(value: object, zone: str) -> str:
    """Write a part of an event as words."""
    if value is None:
        return "nobody"
    if isinstance(value, list):
        return ", ".join(_plain(each, zone) for each in value)
    if isinstance(value, Mapping):
        return _of_mapping(value, zone)
    moment = _moment(str(value))
    return _line(str(value)) if moment is None else local(moment, zone)


def _moment(text: str) -> datetime | None:
    """Read a moment as events hold it, RFC 3339 with its zone; else None."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else found


def _of_mapping(value: Mapping[str, object], zone: str) -> str:
    if {"zh", "en"} <= value.keys():
        return f"{value['zh']} / {value['en']}"
    if {"code", "name"} == value.keys():
        return f"{value['name']} ({value['code']})"
    told = {key: _plain(each, zone) for key, each in value.items() if each is not None}
    return ", ".join(f"{key.replace('_', ' ')} {text}" for key, text in told.items())


def _escalation(each: UnderWay, alert: Alert) -> str:
    called = ", ".join([*each.people, *each.channels]) or "nobody"
    following = "every step was taken"
    if each.due is not None:
        following = f"next step at {local(each.due, alert.zone)}"
    taken = "1 step" if each.steps_taken == 1 else f"{each.steps_taken} steps"
    return f"policy {each.policy}: {taken} taken, called last: {called}; {following}"


def _delivery(each: OfAlert, zone: str, *, is_last: bool) -> str:
    """Tell one attempt; what became of the message stands with its last."""
    status = "" if each.status is None else f"HTTP {each.status}"
    answer = " ".join(part for part in (status, each.error or "") if part)
    became = f"  {each.state}" if is_last else ""
    return (
        f"{local(each.at, zone)}  {each.channel}  {each.event}  attempt {each.attempt}"
        f"  {answer or 'accepted'} ({each.duration_ms:.0f} ms){became}"
    )
