"""Readings that are unusual for their series."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.common import Answer, Code, Moment, Name, Sorted, example
from parkpulse.model.definitions import LEAST_SCORE


class AnomaliesQuery(Sorted):
    """Which anomalies, of readings observed in `[start, end)`."""

    sort: Literal["ts", "-ts"] = "-ts"
    start: Moment | None = None
    end: Moment | None = None
    device: Code | None = None
    place: Code | None = None
    metric: Code | None = None
    series: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    min_score: Annotated[float, Field(ge=LEAST_SCORE, le=1)] = LEAST_SCORE


class Anomaly(Answer):
    """A reading that the streaming detector scored 0.99 or more when it came."""

    model_config = example(
        {
            "series": 12,
            "device": "level-lake",
            "device_name": {"zh": "1号水位计", "en": "Gauge 1"},
            "place": "river",
            "metric": "water_level",
            "ts": "2026-11-22T03:00:00Z",
            "found_at": "2026-11-22T03:00:02Z",
            "score": 0.9963,
            "kind": "residual_high",
            "value": 1.86,
            "expected": 1.41,
            "reason": {
                "zh": "比星期日11:00的平常值高32 %，61天来首次",
                "en": "32 % above the usual for Sunday 11:00, first time in 61 days",
            },
        }
    )

    series: int
    device: str
    device_name: Name
    place: str | None
    metric: str
    ts: datetime
    found_at: datetime
    score: float
    kind: str = Field(description="What was most surprising, and in which direction.")
    value: float
    expected: float | None
    reason: Name
