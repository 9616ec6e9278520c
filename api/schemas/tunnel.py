"""Compartments of utility tunnels now."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.schemas.common import Answer, Name, example

_GRADE = Literal["normal", "warning", "critical"]


class Bound(Answer):
    """A limit of the air."""

    direction: Literal["above", "below"]
    warning: float
    critical: float | None


class Quantity(Answer):
    """What one series says of a compartment."""

    series: int
    device: str
    metric: str
    metric_name: Name
    unit: str
    kind: str
    ts: datetime | None
    value: float | None
    stale: bool
    grade: _GRADE
    bounds: list[Bound]


class Reason(Answer):
    """Why nobody may enter, or why that is not known."""

    cause: Literal["beyond_limit", "flooding", "old", "not_measured"]
    metric: str
    series: int | None
    value: float | None
    limit: float | None
    grade: _GRADE | None


class Advice(Answer):
    """What shall be done."""

    action: Literal[
        "ventilate", "exhaust", "block_entry", "shut_off_gas", "measure_again"
    ]
    text: Name


class Compartment(Answer):
    """One compartment."""

    code: str
    parent: str | None
    name: Name
    kind: Literal["water", "sewage", "gas", "heat", "power"] = Field(
        description="As registered, else by its code and names, else by what is"
        " measured in it."
    )
    entry: Literal["permitted", "not_permitted", "unknown"] = Field(
        description="`permitted`: the fixed sensors see nothing against it; a permit"
        " and a portable meter are needed all the same."
    )
    reasons: list[Reason]
    ventilation: bool | None = Field(description="Null: not known.")
    advice: list[Advice]
    quantities: list[Quantity]
    not_measured: list[str] = Field(
        description="What GB/T 50838 wants monitored there and is not."
    )


class Tunnel(Answer):
    """All compartments of a park."""

    model_config = example(
        {
            "at": "2026-07-20T10:00:00Z",
            "items": [
                {
                    "code": "tunnel-gas",
                    "parent": "tunnel",
                    "name": {"zh": "燃气舱", "en": "Gas compartment"},
                    "kind": "gas",
                    "entry": "not_permitted",
                    "reasons": [
                        {
                            "cause": "beyond_limit",
                            "metric": "methane",
                            "series": 41,
                            "value": 1.1,
                            "limit": 1.0,
                            "grade": "warning",
                        }
                    ],
                    "ventilation": True,
                    "advice": [],
                    "quantities": [],
                    "not_measured": [],
                }
            ],
        }
    )

    at: datetime
    items: list[Compartment]
