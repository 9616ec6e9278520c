"""The ledger and the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.common import Answer, Code, Exported, Moment, Sorted, example

_VALUES = {"stored": 240, "duplicate": 2, "corrected": 0, "refused": 1}
_COUNTS: dict[str, Any] = {
    "received": 123,
    "stored": 120,
    "duplicate": 1,
    "quarantined": 2,
    "dropped_by_broker": 0,
    "values": _VALUES,
}
_ENTRY: dict[str, Any] = {
    "id": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40",
    "at": "2026-11-22T10:15:04Z",
    "park": "demo",
    "device": "level-lake",
    "topic": "parkpulse/v1/demo/level-lake/telemetry",
    "reason": "clock_future",
    "detail": "the time 2059-01-01T00:00:00Z is in the future",
    "length": 148,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "format": "native",
    "state": "open",
    "refused": 1,
    "state_at": None,
    "note": "",
}


class LedgerQuery(Exported):
    """Which hours of receipt."""

    park: Code | None = Field(
        default=None, description="`?` is what could not be attributed to a park."
    )
    start: Moment | None = Field(default=None, description="24 hours before the end.")
    end: Moment | None = Field(default=None, description="Now, without it.")


class ValueCounts(Answer):
    """Values by what became of them."""

    stored: int
    duplicate: int
    corrected: int
    refused: int


class Counts(Answer):
    """Messages by what became of them."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    dropped_by_broker: int = Field(description="Never reached ingest; not received.")
    values: ValueCounts


class LedgerHour(Counts):
    """Counts of one hour of receipt and one source."""

    hour: datetime
    source: str = Field(description="`park/format`")


class ReasonCount(Answer):
    """Messages of an hour that were refused for one reason, whole or in part."""

    hour: datetime
    park: str = Field(description="`?` where no park can be told.")
    reason: str
    n: int


class LastMinute(Answer):
    """What arrived in the last minute."""

    messages: int
    values: int


class Ledger(Answer):
    """What arrived, and whether all of it is accounted for."""

    model_config = example(
        {
            "items": [
                {"hour": "2026-11-22T10:00:00Z", "source": "demo/native", **_COUNTS}
            ],
            "totals": _COUNTS,
            "balanced": True,
            "reasons": [
                {
                    "hour": "2026-11-22T10:00:00Z",
                    "park": "demo",
                    "reason": "clock_future",
                    "n": 2,
                }
            ],
            "last_minute": {"messages": 42, "values": 80},
        }
    )

    items: list[LedgerHour]
    totals: Counts
    balanced: bool = Field(description="received = stored + duplicate + quarantined")
    reasons: list[ReasonCount]
    last_minute: LastMinute


class QuarantineQuery(Sorted):
    """Which messages that were not stored."""

    sort: Literal["at", "-at"] = "-at"
    park: Code | None = None
    reason: Code | None = None
    state: Literal["open", "replayed", "discarded"] | None = None
    device: Code | None = None
    since: Moment | None = Field(default=None, description="Received then or later.")
    until: Moment | None = Field(default=None, description="Received before.")


class Quarantined(Answer):
    """A message that was refused, whole or in part."""

    model_config = example(_ENTRY)

    id: UUID
    at: datetime
    park: str | None
    device: str | None
    topic: str
    reason: str
    detail: str
    length: int = Field(description="Of the whole payload. [B]")
    sha256: str = Field(description="Of the whole payload.")
    format: str | None
    state: Literal["open", "replayed", "discarded"]
    refused: int = Field(
        description="Refused values; 0 if the message could not be read."
    )
    state_at: datetime | None = Field(description="Replayed or discarded then.")
    note: str = Field(description="Why it was discarded.")


class QuarantinedDetail(Quarantined):
    """A refused message with its payload."""

    model_config = example(
        {**_ENTRY, "raw": '{"samples": []}', "raw_encoding": "text", "truncated": False}
    )

    raw: str = Field(description="The payload, at most its first 64 KiB.")
    raw_encoding: Literal["text", "base64"]
    truncated: bool
