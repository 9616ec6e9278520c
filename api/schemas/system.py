"""The state of the whole service, for who runs it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, example
from api.schemas.health import Part


class Versions(Answer):
    """What runs."""

    parkpulse: str
    python: str
    postgresql: str
    timescaledb: str | None
    migration: str | None = Field(description="Newest change of the schema.")


class Worker(Answer):
    """An ingest process."""

    writer: str
    started_at: datetime
    seen_at: datetime = Field(description="Last sign of life.")
    is_alive: bool
    is_connected: bool = Field(description="Whether it had the broker then.")
    waiting: int = Field(description="Messages received and not yet committed then.")
    arrivals: int = Field(description="Messages of this run that are committed.")


class Engine(Answer):
    """An engine process."""

    owner: str
    until: datetime = Field(description="Its lease ends then, if not renewed.")
    slots: int = Field(description="Of the 64 parts of the batch log, it works on.")


class Process(Answer):
    """A process that serves the page, delivers messages, or watches the others."""

    name: str
    kind: Literal["api", "notify", "watch"]
    started_at: datetime
    until: datetime = Field(description="Away if it gives no sign of life by then.")


class Consumer(Answer):
    """Who follows the batch log, and how far behind."""

    name: str
    waiting: int = Field(description="Batches not yet read.")
    oldest_s: float | None = Field(description="Age of the oldest of them. [s]")


class Outbox(Answer):
    """Messages of alerts on their way."""

    pending: int
    delivered: int = Field(description="In the last 24 hours.")
    dead: int = Field(description="Given up in the last 24 hours.")
    oldest_s: float | None = Field(description="Age of the oldest that waits. [s]")


class Detector(Answer):
    """Series that the anomaly detector follows, within memory and processor time."""

    watched: int = Field(description="Series that rules of anomalies watch.")
    followed: int = Field(description="Those that are scored.")
    share: float = Field(description="Of one core that it takes. [-]")


class Balance(Answer):
    """Messages of the last 24 hours by what became of them."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    dropped_by_broker: int
    balanced: bool = Field(description="received = stored + duplicate + quarantined")


class Storage(Answer):
    """Room that is used and left."""

    database_bytes: int
    folder_free_bytes: int | None = Field(
        description="Free where this process keeps its files; null: unknown. [B]"
    )
    folder_total_bytes: int | None


class System(Answer):
    """The state of the whole service."""

    model_config = example(
        {
            "status": "ready",
            "at": "2026-11-22T10:15:04Z",
            "parts": [
                {
                    "name": "database",
                    "status": "ok",
                    "detail": "The database answers.",
                }
            ],
            "versions": {
                "parkpulse": "0.1.0",
                "python": "3.11.9",
                "postgresql": "17.5",
                "timescaledb": "2.19.3",
                "migration": "20261122T190000_foundation",
            },
            "workers": [],
            "engines": [],
            "processes": [],
            "consumers": [{"name": "alerts", "waiting": 0, "oldest_s": None}],
            "detector": {"watched": 200, "followed": 200, "share": 0.01},
            "outbox": {"pending": 0, "delivered": 4, "dead": 0, "oldest_s": None},
            "ledger": {
                "received": 10,
                "stored": 10,
                "duplicate": 0,
                "quarantined": 0,
                "dropped_by_broker": 0,
                "balanced": True,
            },
            "storage": {
                "database_bytes": 123456789,
                "folder_free_bytes": 50_000_000_000,
                "folder_total_bytes": 100_000_000_000,
            },
        }
    )

    status: Literal["ready", "degraded", "unready"]
    at: datetime
    parts: list[Part]
    versions: Versions
    workers: list[Worker]
    engines: list[Engine]
    processes: list[Process]
    consumers: list[Consumer]
    detector: Detector
    outbox: Outbox
    ledger: Balance
    storage: Storage
