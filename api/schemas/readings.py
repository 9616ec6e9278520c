"""Readings that programs send."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import Field

from api.readings import MOST_ROWS
from api.schemas.common import Answer, example

_READING = {
    "device": "level-lake",
    "metric": "water_level",
    "ts": "2026-11-22T10:15:00Z",
    "value": 1.23,
}
_ROW: dict[str, Any] = {
    "type": "object",
    "required": ["device", "metric", "ts", "value"],
    "additionalProperties": False,
    "properties": {
        "device": {"type": "string", "description": "A registered device's code."},
        "metric": {"type": "string"},
        "ts": {
            "oneOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": 0, "maximum": 7_258_118_399_999},
            ],
            "description": "RFC 3339 with zone, or milliseconds since 1970 UTC.",
        },
        "value": {"type": "number"},
        "unit": {"type": "string", "description": "If it is not the metric's own."},
    },
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["readings"],
                    "properties": {
                        "readings": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_ROWS,
                            "items": _ROW,
                        }
                    },
                },
                "example": {"readings": [_READING]},
            },
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "A reading a line."},
                "example": msgspec.json.encode(_READING).decode() + "\n",
            },
        },
    }
}
"""Body of the operation, which reads it itself."""


class RowProblem(Answer):
    """What is wrong with one reading."""

    row: int = Field(description="Its position, from 0.")
    field: str = Field(description="Empty: the whole row.")
    code: str
    detail: str = Field(description="In the language of Accept-Language.")


class Taken(Answer):
    """What became of the readings of a request."""

    model_config = example(
        {
            "taken": 2,
            "refused": 1,
            "errors": [
                {
                    "row": 2,
                    "field": "device",
                    "code": "unknown_device",
                    "detail": "The park has no such device.",
                }
            ],
        }
    )

    taken: int = Field(description="Handed to the broker, as if devices had sent them.")
    refused: int
    errors: list[RowProblem] = Field(description="Of the first 1,000 that are refused.")
