"""Events of devices, and messages that never came."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.common import Answer, Code, Moment, Request, Sorted, example


class EventsQuery(Sorted):
    """Which events of a park."""

    sort: Literal["ts", "-ts"] = "-ts"
    device: Code | None = None
    kind: Code | None = Field(default=None, description="`text`, `picture`, `stale` …")
    start: Moment | None = None
    end: Moment | None = Field(default=None, description="Exclusive.")


class DeviceEvent(Answer):
    """What a device said that is no number."""

    model_config = example(
        {
            "id": "019a3c5e-0b7e-7cc3-98f6-3b1f6a1d2e40",
            "ts": "2026-11-22T10:15:00Z",
            "received_at": "2026-11-22T10:15:04Z",
            "device": "0012345678",
            "kind": "text",
            "detail": {"text": "Q 1.234"},
            "length": 0,
        }
    )

    id: UUID
    ts: datetime
    received_at: datetime
    device: str
    kind: str
    detail: dict[str, Any]
    length: int = Field(description="Raw bytes that can be fetched. [B]")


class PausesQuery(Request):
    """Which reports to look at; at most a day."""

    start: Moment | None = Field(default=None, description="24 hours before the end.")
    end: Moment | None = Field(
        default=None, description="The park's clock, without it."
    )
    devices: Code = Field(
        default="*", description="Codes that the platform pushes; `*` stands for more."
    )


class Pause(Answer):
    """A time in which many devices lack a report."""

    start: datetime
    end: datetime
    devices: int
    reports: int = Field(description="Reports that are missing.")


class Pauses(Answer):
    """Times in which a platform seems to have paused."""

    model_config = example(
        {
            "items": [
                {
                    "start": "2026-11-22T10:15:00Z",
                    "end": "2026-11-22T10:16:00Z",
                    "devices": 12,
                    "reports": 12,
                }
            ]
        }
    )

    items: list[Pause]


class GapsQuery(Request):
    """Which messages to look at."""

    park: Code | None = None
    start: Moment | None = Field(
        default=None,
        description="24 hours before the end; at most 48 hours ago, for numbers are "
        "kept no longer. The answer tells from when on it counts.",
    )
    end: Moment | None = Field(default=None, description="Now, without it.")


class Gap(Answer):
    """Numbers of a device that are missing."""

    park: str
    device: str
    first: int
    last: int
    count: int


class Gaps(Answer):
    """Messages that never came."""

    model_config = example(
        {
            "items": [
                {
                    "park": "demo",
                    "device": "level-lake",
                    "first": 1017,
                    "last": 1019,
                    "count": 3,
                }
            ],
            "start": "2026-11-21T10:15:00Z",
            "end": "2026-11-22T10:15:00Z",
            "numbered": 86400,
            "missing": 3,
        }
    )

    items: list[Gap]
    start: datetime
    end: datetime
    numbered: int = Field(description="Messages with a number in that time.")
    missing: int
