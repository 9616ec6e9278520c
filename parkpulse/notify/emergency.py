"""The emergency channel: told when a part of the service is away or in trouble.

It is kept in a private file, because the database may be what is away; what was told is
kept beside it until the database is back and takes it over. Everything that decides is
here and reads no clock.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from parkpulse.errors import ConfigError
from parkpulse.notify.platforms.contract import Card, Options
from parkpulse.store.channels import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from parkpulse.notify.platforms.contract import Language

FILE = "emergency.json"
STATE_FILE = "emergency-state.json"
PATIENCE_S = 60.0
"""What is away for longer is told. [s]"""
STEADY_S = 15.0
"""What has been back for so long is back. [s]"""
AGAIN_S = 30.0
"""After so long a message that failed is sent again. [s]"""
_PRIVATE = 0o600
Part = Literal[
    "database", "broker", "engine", "ingest", "notify", "disk", "backlog", "outbox"
]
_PARTS: Mapping[Part, Mapping[Language, str]] = {
    "database": {"zh": "数据库", "en": "database"},
    "broker": {"zh": "消息代理", "en": "message broker"},
    "engine": {"zh": "计算引擎", "en": "engine"},
    "ingest": {"zh": "数据接入", "en": "ingest"},
    "notify": {"zh": "消息发送进程", "en": "delivery process"},
    "disk": {"zh": "磁盘空间", "en": "disk space"},
    "backlog": {"zh": "计算进度", "en": "the engine's progress"},
    "outbox": {"zh": "消息发送", "en": "delivery of messages"},
}
_TROUBLES: Mapping[Part, Mapping[Language, str]] = {
    "disk": {"zh": "磁盘空间不足,停止接收", "en": "disk full, ingest has stopped"},
    "backlog": {"zh": "计算引擎严重滞后", "en": "engine far behind"},
    "outbox": {"zh": "消息无法送达", "en": "messages cannot be delivered"},
}
"""What is there but does not do its work."""


class EmergencyChannel(Struct, frozen=True):
    """A channel as the file holds it; its credentials are encrypted there too."""

    name: str
    kind: Kind
    sealed: str
    options: Options


class Outage(Struct):
    """A time without something, and what was said about it."""

    id: str
    parts: list[Part]
    began_at: datetime
    told_at: datetime | None = None
    ended_at: datetime | None = None
    told_end_at: datetime | None = None
    channel: str | None = None
    error: str | None = None


class State(Struct):
    """What the watch remembers over its own restarts."""

    since: dict[Part, datetime] = {}
    """Since when each part is away."""
    outage: Outage | None = None
    """The present one, told or to be told."""
    back_since: datetime | None = None
    last_try: datetime | None = None
    finished: list[Outage] = []
    """To be recorded in the database."""


@dataclass(frozen=True, slots=True)
class Say:
    """What must be told now."""

    outage: Outage
    is_over: bool


def step(
    state: State, away: Collection[Part], now: datetime, new_id: str
) -> Say | None:
    """Take note of what is away and decide whether to tell something now."""
    state.since = {part: state.since.get(part, now) for part in sorted(away)}
    long = [part for part, at in state.since.items() if _s(now, at) > PATIENCE_S]
    if state.outage is None and long:
        began = min(state.since[part] for part in long)
        state.outage = Outage(new_id, long, began)
    outage = state.outage
    if outage is None:
        return None
    outage.parts = sorted({*outage.parts, *long})
    state.back_since = None if away else state.back_since or now
    back = state.back_since
    if outage.ended_at is None and back is not None and _s(now, back) >= STEADY_S:
        outage.ended_at = back
    return _wanted(outage, state.last_try, now)


def _wanted(outage: Outage, last_try: datetime | None, now: datetime) -> Say | None:
    if last_try is not None and _s(now, last_try) < AGAIN_S:
        return None
    if outage.ended_at is not None:
        return Say(outage, is_over=True)
    return Say(outage, is_over=False) if outage.told_at is None else None


def _s(now: datetime, then: datetime) -> float:
    return (now - then).total_seconds()


def told(
    state: State, say: Say, now: datetime, channel: str, error: str | None
) -> None:
    """Take note of how telling went; it is tried again until it works."""
    outage = say.outage
    outage.channel, outage.error = channel, error
    state.last_try = None if error is None else now
    if error is None and not say.is_over:
        outage.told_at = now
    if error is None and say.is_over:
        outage.told_end_at = now
        finish(state)


def finish(state: State) -> None:
    """Close the present outage, which then waits to be recorded."""
    if state.outage is not None:
        state.finished.append(state.outage)
    state.outage, state.back_since, state.last_try = None, None, None


def card(say: Say, language: Language, host: str) -> Card:
    """Tell of an outage or of its end."""
    outage = say.outage
    parts = [_PARTS[each][language] for each in outage.parts]
    trouble = _trouble(outage.parts, language)
    began = f"{outage.began_at:%Y-%m-%d %H:%M:%S} UTC"
    if language == "zh":
        names = "、".join(parts)
        title = f"园区脉搏已恢复:{names}" if say.is_over else f"园区脉搏故障:{trouble}"
        lines = [f"主机:{host}", f"开始:{began}"]
        lines += ["期间告警可能未发出。"] if not say.is_over else []
    else:
        names = ", ".join(parts)
        title = (
            f"Parkpulse is back: {names}" if say.is_over else f"Parkpulse: {trouble}"
        )
        lines = [f"Host: {host}", f"Since: {began}"]
        lines += ["Meanwhile alerts may not be sent."] if not say.is_over else []
    shape = "✓ " if say.is_over else "■ "
    return Card(
        title=shape + title,
        lines=lines,
        severity="critical",
        is_alarm=not say.is_over,
    )


def _trouble(parts: Collection[Part], language: Language) -> str:
    """Say what is the matter."""
    mark = "、" if language == "zh" else ", "
    away = mark.join(_PARTS[part][language] for part in parts if part not in _TROUBLES)
    end = "不可用" if language == "zh" else " away"
    told = [_TROUBLES[part][language] for part in parts if part in _TROUBLES]
    return mark.join([away + end, *told] if away else told)


def read_channel(home: Path) -> EmergencyChannel | None:
    """Read the channel; None when there is none.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    try:
        raw = (home / FILE).read_bytes()
        return msgspec.json.decode(raw, type=EmergencyChannel)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        message = f"{home / FILE} cannot be read: set the emergency channel again"
        raise ConfigError(message) from error


def write_channel(home: Path, channel: EmergencyChannel) -> None:
    """Write the channel into the private file."""
    _write(home / FILE, msgspec.json.encode(channel))


def read_state(home: Path) -> State:
    """Read what the watch remembers; nothing when that cannot be read."""
    try:
        return msgspec.json.decode((home / STATE_FILE).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return State()


def write_state(home: Path, state: State) -> None:
    """Keep what the watch remembers."""
    _write(home / STATE_FILE, msgspec.json.encode(state))


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)
