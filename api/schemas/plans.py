"""The drawing of a park and what lies where on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Answer, Code, Request, example

_POSITION: dict[str, Any] = {"kind": "place", "code": "canal", "x": 0.31, "y": 0.62}
_LONGEST = 2_800_000


class Image(Answer):
    """What is known of a drawing; its bytes are at `/plan/image`."""

    source: Literal["svg", "png", "geojson"]
    kind: Literal["svg", "png"]
    width: float
    height: float
    bounds: list[float] | None = Field(
        description="West, south, east, north in degrees (WGS 84), from GeoJSON."
    )
    updated_at: datetime


class Position(Answer):
    """Where a place or a device lies."""

    kind: Literal["place", "device"]
    code: str
    x: float = Field(description="Share of the width, from the left.")
    y: float = Field(description="Share of the height, from the top.")


class Plan(Answer):
    """A park's plan."""

    model_config = example(
        {
            "image": {
                "source": "svg",
                "kind": "svg",
                "width": 1200,
                "height": 800,
                "bounds": None,
                "updated_at": "2026-11-22T10:00:00Z",
            },
            "positions": [_POSITION],
        }
    )

    image: Image | None
    positions: list[Position]


class PlanBody(Request):
    """A drawing."""

    model_config = example(
        {"kind": "svg", "content": '<svg viewBox="0 0 1200 800"><path d="M0 0"/></svg>'}
    )

    kind: Literal["svg", "png", "geojson"]
    content: str = Field(
        max_length=_LONGEST, description="Text of SVG or GeoJSON; base64 of PNG."
    )


class GivenPosition(Request):
    """Where a place or a device lies."""

    kind: Literal["place", "device"]
    code: Code
    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)


class PositionsBody(Request):
    """All positions."""

    model_config = example({"items": [_POSITION]})

    items: list[GivenPosition] = Field(max_length=5000)
