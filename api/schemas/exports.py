"""Exports of readings."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Code, SeriesId
from api.schemas.ranges import Span

_EXAMPLE = """\
place,device,metric,unit,ts,value,quality
lake,level-lake,water_level,m,2026-11-22T10:15:00Z,1.23,2
"""
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": (
            "Rows by series, then time: place, device, metric, unit, ts, value,"
            " quality (QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail). Roll-ups"
            " have no quality, and min, max, count besides; their value is a gauge's"
            " mean, an interval series' sum, a register's or state's last value, and"
            " ts is where the bucket begins."
        ),
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE},
            **{
                media: {
                    "schema": {"type": "string", "format": "binary"},
                    "example": f"the same rows as a file of type {name}",
                }
                for name, media in MEDIA_TYPES.items()
                if name != "csv"
            },
        },
    },
}
"""Responses of the operation."""


class ExportQuery(Span):
    """Which rows of which series, in which form.

    Series are named by id, or chosen by device, metric, place and group.
    """

    series: list[SeriesId] = Field(
        default=[], max_length=500, description="Ids; repeat it for several."
    )
    device: list[Code] = Field(default=[], max_length=100)
    metric: list[Code] = Field(default=[], max_length=100)
    place: Code | None = Field(
        default=None, description="A place; those within it count too."
    )
    group: list[Code] = Field(default=[], max_length=20)
    resolution: Literal["raw", "1m", "1h", "1d"] = "raw"
    format: Literal["csv", "parquet", "arrow", "xlsx"] = Field(
        default="csv",
        description="A workbook (`xlsx`) holds at most 1,048,575 rows, with times of"
        " the park's zone; all others are streamed, however long, in UTC.",
    )
