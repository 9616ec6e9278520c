"""Requests and answers about reports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.schemas.common import Answer, Code, Paged, Request, Text, example
from parkpulse.model.report import ReportKind


class Report(Answer):
    """A report as it was made; its files are `{id}.pdf` and `{id}.xlsx` beside it."""

    model_config = example(
        {
            "id": "019ab3f2-7c10-7d4a-9f3e-2f6d1c8b5a40",
            "park": "demo",
            "data_centre": "quancheng",
            "kind": "inspection",
            "period": "2026",
            "start": "2025-12-31T16:00:00Z",
            "end": "2026-12-31T16:00:00Z",
            "made_at": "2027-01-08T02:10:00Z",
            "made_by": "Li Na",
            "content_sha256": "5a9b2351549e7a46fb8861cfb22eb9e1…",
            "revised": 0,
        }
    )

    id: UUID
    park: str
    data_centre: str | None
    kind: ReportKind
    period: str
    start: datetime
    end: datetime
    made_at: datetime
    made_by: str
    content_sha256: str = Field(description="Of the frozen figures; on every page.")
    revised: int = Field(
        description="Changes of its figures since it was made; it keeps its own."
    )


class NewReport(Request):
    """A report to make."""

    model_config = example(
        {"kind": "inspection", "period": "2026", "data_centre": "quancheng"}
    ) | {"extra": "forbid"}

    kind: ReportKind
    period: str = Field(
        max_length=10,
        description="`2026`, or `2026-03-31` for the 12 months up to that day"
        " (inspection); `2026-03` (monthly); `2026-Q1` (quarterly).",
    )
    data_centre: Code | None = Field(
        default=None, description="Of an inspector's report."
    )
    actor: Text | None = Field(
        default=None, description="Who makes it; ignored for who has logged in."
    )


class ReportsQuery(Paged):
    """Which reports, and in which order."""

    kind: ReportKind | None = None
    data_centre: Code | None = None
    sort: Literal["made_at", "-made_at", "period", "-period"] = "-made_at"


class FileQuery(Request):
    """In which language."""

    language: Literal["zh", "en"] | None = Field(
        default=None, description="Else the header Accept-Language decides."
    )
