"""Whether the service is well, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from parkpulse.store.health import Signs
    from parkpulse.store.workers import Worker

Condition = Literal["ok", "degraded", "failed"]
Status = Literal["ready", "degraded", "unready"]

ALIVE_S = 30.0
"""An ingest worker gives a sign of life at least this often. [s]"""
BEHIND_S = 60.0
"""The engine and the deliveries should not be later than this. [s]"""
_VITAL = ("database", "live")


class Part(NamedTuple):
    """A part of the service; `code` says in which words to tell its condition."""

    name: str
    condition: Condition
    code: str
    age_s: float = 0.0


def of_workers(workers: Sequence[Worker], now: datetime) -> list[Part]:
    """Judge ingest and the broker by what ingest's workers last said."""
    ages = {each: (now - each.seen_at).total_seconds() for each in workers}
    alive = [worker for worker, age in ages.items() if age <= ALIVE_S]
    if not alive:
        age = min(ages.values(), default=0.0)
        code = "ingest_missing" if ages else "ingest_never"
        return [
            Part("broker", "degraded", "broker_unknown"),
            Part("ingest", "degraded", code, age),
        ]
    broker = Part("broker", "ok", "broker_connected")
    if not any(worker.is_connected for worker in alive):
        broker = Part("broker", "degraded", "broker_lost")
    return [broker, Part("ingest", "ok", "ingest_runs")]


def of_disk(workers: Sequence[Worker], now: datetime) -> list[Part]:
    """Judge the database's disk by what the living workers last saw."""
    states = {
        each.disk_state
        for each in workers
        if (now - each.seen_at).total_seconds() <= ALIVE_S
    }
    for state in ("full", "low"):
        if state in states:
            return [Part("disk", "degraded", f"disk_{state}")]
    return [Part("disk", "ok", "disk_ok")] if states else []


def of_signs(signs: Signs) -> list[Part]:
    """Judge the parts that leave their traces in the database."""
    return [_engine(signs), _batch_log(signs), _notify(signs), _outbox(signs)]


def status(parts: Sequence[Part]) -> Status:
    """Sum up: unready without database or live data, else degraded if any part is."""
    if any(part.name in _VITAL and part.condition == "failed" for part in parts):
        return "unready"
    return "ready" if all(part.condition == "ok" for part in parts) else "degraded"


def _engine(signs: Signs) -> Part:
    if signs.engines:
        return Part("engine", "ok", "engine_runs")
    return Part("engine", "degraded", "engine_missing")


def _batch_log(signs: Signs) -> Part:
    age = signs.unread_batch_s or 0.0
    return Part("batch_log", "degraded" if age > BEHIND_S else "ok", "behind", age)


def _notify(signs: Signs) -> Part:
    if signs.notifiers:
        return Part("notify", "ok", "notify_runs")
    return Part("notify", "degraded", "notify_missing")


def _outbox(signs: Signs) -> Part:
    age = signs.overdue_delivery_s or 0.0
    return Part("outbox", "degraded" if age > BEHIND_S else "ok", "overdue", age)
