"""Readings and roll-ups of many series as a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from api.auth.rights import Right, needs
from api.context import Context, Ctx
from api.exports import arrow, text, workbook
from api.schemas.exports import FILES, MEDIA_TYPES, ExportQuery
from api.turns import Turns
from parkpulse.query import exports, series
from parkpulse.query.catalogue import Park
from parkpulse.query.exports import Export
from parkpulse.query.series import Entry, SeriesFilter

router = APIRouter(tags=["series"], dependencies=[needs(Right.READ)])
_workbooks = Turns(2)
"""One takes a minute of a processor and a thread as long."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@router.get(
    "/parks/{park}/export",
    summary="Readings of many series as a file",
    response_class=StreamingResponse,
    responses=FILES,
)
def export_readings(
    park: str, query: Annotated[ExportQuery, Query()], ctx: Ctx
) -> Response:
    """Stream readings or roll-ups of a stretch, however many there are."""
    found = ctx.live.park(park)
    wanted = exports.plan(
        _chosen(ctx, found, query), query.start, query.end, query.resolution
    )
    pieces = _pieces(ctx, found, wanted, query.format)
    name = f"{park}-{query.start:%Y%m%d}-{query.end:%Y%m%d}-{query.resolution}"
    return StreamingResponse(
        pieces,
        media_type=MEDIA_TYPES[query.format],
        headers={
            "content-disposition": "attachment; filename="
            f'"{_UNSAFE.sub("_", name)}.{query.format}"',
            "cache-control": "no-store",
        },
    )


def _chosen(ctx: Context, park: Park, query: ExportQuery) -> list[Entry]:
    if query.series:
        return exports.entries(ctx.live.catalogue, park, query.series)
    wanted = SeriesFilter(query.metric, query.device, query.place, query.group)
    return series.listing(ctx.live.look(park), wanted)


def _pieces(ctx: Context, park: Park, export: Export, form: str) -> Iterator[bytes]:
    blocks = exports.blocks(ctx.database, export)
    is_raw = export.resolution == "raw"
    if form == "csv":
        return text.write(blocks, is_raw=is_raw)
    if form == "xlsx":
        with _workbooks.one():
            return workbook.write(blocks, park.row.zone, is_raw=is_raw)
    writes = arrow.stream if form == "arrow" else arrow.parquet
    return writes(export.sources, blocks, is_raw=is_raw)
