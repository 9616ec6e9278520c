"""What a decoder read, as JSON and as text for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from parkpulse.model import instants, reasons
from parkpulse.model.message import GOOD, Message
from parkpulse.model.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from parkpulse.errors import DecodeError
    from parkpulse.model.message import Event, Telegram
    from parkpulse.wire.context import Context

_COLUMNS = ("device", "source", "metric", "value", "unit", "ts", "quality")
_OUR_TOPIC = ["parkpulse", "v1"]
_DEVICE_LEVEL = 3


def as_json(telegram: Telegram, context: Context) -> dict[str, Any]:
    """Give `{"readings": [...], "message": {...}}`; missing values are null."""
    readings = [
        reading
        for message in telegram.messages
        for reading in _readings(message, context)
    ]
    return {"readings": readings, "message": _plain(dict(_message(telegram)))}


def error_as_json(error: DecodeError) -> dict[str, Any]:
    """`{"error": {...}}` with code, detail and the sentences of the code."""
    text = reasons.TEXTS.get(error.reason)
    found = {"reason": error.reason, "detail": error.detail}
    if text is not None:
        found |= {"zh": text.zh, "en": text.en}
    return {"error": found}


def _readings(message: Message, context: Context) -> Iterator[dict[str, Any]]:
    device = message.device or _device_of(context.topic)
    sources = message.sources or message.metrics
    quality = message.quality or [GOOD] * len(message.values)
    fallback = context.received_us if message.sent_us is None else message.sent_us
    rows = zip(
        message.metrics, message.values, message.ts_us, quality, sources, strict=True
    )
    for metric, value, ts_us, flag, source in rows:
        known = METRICS.get(metric)
        own = None if known is None else known.unit
        yield {
            "device": device,
            "metric": metric,
            "value": value if math.isfinite(value) else None,
            "unit": message.units.get(metric, own),
            "ts": time(fallback if ts_us is None else ts_us),
            "quality": flag,
            "source": source,
        }


def _device_of(topic: str) -> str | None:
    levels = topic.split("/")
    if levels[:2] == _OUR_TOPIC and len(levels) > _DEVICE_LEVEL:
        return levels[_DEVICE_LEVEL]
    return None


def time(moment_us: int) -> str | None:
    """RFC 3339 with Z; None if the year is not within 1 to 9999."""
    try:
        written = instants.from_us(moment_us).isoformat()
    except OverflowError:
        return None
    return written.replace("+00:00", "Z")


def _message(telegram: Telegram) -> Iterator[tuple[str, Any]]:
    if len(telegram.messages) == 1 and not telegram.about:
        yield "seq", telegram.messages[0].seq
        sent_us = telegram.messages[0].sent_us
        yield "sent_at", None if sent_us is None else time(sent_us)
    yield from telegram.about.items()
    refused = [each._asdict() for one in telegram.messages for each in one.refused]
    events = [_event(each) for one in telegram.messages for each in one.events]
    optional = {
        "refused": refused,
        "events": events,
        "awaits": telegram.awaits,
        "wants_birth": telegram.wants_birth,
        "reply": telegram.reply,
    }
    yield from ((name, value) for name, value in optional.items() if value)


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "ts": None if event.ts_us is None else time(event.ts_us),
        "detail": event.detail,
        "bytes": len(event.body),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """As JSON can say it: bytes as hexadecimal digits, what is not finite as null."""
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def as_text(told: Mapping[str, Any]) -> str:
    """For people: what the message says of itself, and a table of its readings."""
    if "error" in told:
        error = told["error"]
        return f"refused: {error['reason']}: {error['detail']}"
    lines = [f"{name}: {_cell(value)}" for name, value in told["message"].items()]
    rows = [[_cell(each[name]) for name in _COLUMNS] for each in told["readings"]]
    if rows:
        table = [list(_COLUMNS), *rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines.append("")
        lines.extend(_row(row, widths) for row in table)
    return "\n".join(lines)


def _row(row: list[str], widths: list[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _cell(value: object) -> str:
    text = "-" if value is None else str(value)
    # Texts come from strangers: nothing of theirs steers the terminal.
    return "".join(char if char.isprintable() else "�" for char in text)
