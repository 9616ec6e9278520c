"""Maintenance windows and suppression by design."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.alerts import Remark, Signed
from api.schemas.common import Answer, Code, Moment, Request, Sorted, example


class WindowsQuery(Sorted):
    """Which maintenance windows."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal["start", "-start", "end", "-end", "created_at", "-created_at"] = (
        "start"
    )
    past: bool = False


class NewWindow(Request):
    """A window that somebody wants; null does not restrict its scope."""

    start: Moment
    end: Moment
    reason: Remark
    by: Signed
    place: Code | None = None
    device: Code | None = None
    rule: Code | None = None


class Window(Answer):
    """A maintenance window."""

    model_config = example(
        {
            "id": 3,
            "park": "demo",
            "place": "lake",
            "device": None,
            "rule": None,
            "start": "2026-11-22T10:00:00Z",
            "end": "2026-11-22T12:00:00Z",
            "reason": "Gauge is being cleaned",
            "by": "Li",
            "created_at": "2026-11-22T09:40:00Z",
            "ended_by": None,
        }
    )

    id: int
    park: str
    place: str | None
    device: str | None
    rule: str | None
    start: datetime
    end: datetime
    reason: str
    by: str
    created_at: datetime
    ended_by: str | None


class Ending(Request):
    """Who ends it."""

    by: Signed


class SuppressionsQuery(Sorted):
    """Suppressions in an order."""

    limit: int = Field(default=1000, ge=1, le=1000, description="Most items of a page.")
    sort: Literal[
        "rule", "-rule", "cause_rule", "-cause_rule", "created_at", "-created_at"
    ] = "rule"


class NewSuppression(Request):
    """Alerts of `rule` call nobody while one of `cause_rule` lasts within the same."""

    rule: Code
    cause_rule: Code
    within: Literal["device", "place", "park"]
    reason: Remark
    by: Signed


class Suppression(Answer):
    """Suppression by design."""

    model_config = example(
        {
            "id": 1,
            "park": "demo",
            "rule": "oxygen",
            "cause_rule": "tunnel-flood",
            "within": "place",
            "reason": "The sensor is under water",
            "by": "Li",
            "created_at": "2026-11-22T09:40:00Z",
        }
    )

    id: int
    park: str
    rule: str
    cause_rule: str
    within: Literal["device", "place", "park"]
    reason: str
    by: str
    created_at: datetime
