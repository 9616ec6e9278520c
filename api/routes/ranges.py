"""A series over a stretch of time."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import answers, tables
from api.auth.rights import Right, needs
from api.context import Context, Ctx
from api.schemas.common import SeriesId
from api.schemas.ranges import Range, RangeQuery, Span, Summary, SummaryQuery
from api.tables import Cell
from parkpulse.errors import NotFoundError
from parkpulse.query import ranges, summaries

if TYPE_CHECKING:
    from parkpulse.query.ranges import Asked
    from parkpulse.store.pool import Connection

router = APIRouter(tags=["series"], dependencies=[needs(Right.READ)])
_BLOCK = 20_000
_Row = tuple[datetime, float, int]
_NEXT = timedelta(microseconds=1)


@router.get(
    "/series/{series_id}/range", response_model=Range, summary="Points of a series"
)
def read_range(
    series_id: Annotated[SeriesId, Path()],
    query: Annotated[RangeQuery, Query()],
    request: Request,
    ctx: Ctx,
) -> Response:
    """About as many points as asked for, with every extreme kept.

    As a table it is all readings of the stretch, however many.
    """
    if tables.wanted(request, query.format):
        with ctx.database.transaction() as conn:
            ranges.ask(conn, series_id, query.start, query.end)
        rows = _readings(ctx, series_id, query.start, query.end)
        return tables.respond(f"series-{series_id}", ("ts", "value", "quality"), rows)

    def ask(conn: Connection) -> ranges.Range:
        asked = _asked(ctx, conn, series_id, query)
        return ranges.read(conn, asked, points=query.points, tier=query.tier)

    return answers.tagged(request, ctx.database.read(ask))


@router.get(
    "/series/{series_id}/summary",
    response_model=Summary,
    summary="What a stretch of a series amounts to",
)
def read_summary(
    series_id: Annotated[SeriesId, Path()],
    query: Annotated[SummaryQuery, Query()],
    ctx: Ctx,
) -> object:
    """Sum, extremes, greatest windows, civil days and missing readings."""
    with ctx.database.transaction() as conn:
        return summaries.summary(
            conn,
            series_id,
            query.start,
            query.end,
            windows_s=query.windows_s(),
            day_zone=query.day_zone,
        )


def _asked(ctx: Context, conn: Connection, series_id: int, query: Span) -> Asked:
    try:
        known = ctx.live.catalogue.series(series_id).series
    except NotFoundError:
        # It may have been registered a moment ago.
        return ranges.ask(conn, series_id, query.start, query.end)
    return ranges.of_known(known, query.start, query.end)


def _readings(
    ctx: Context, series_id: int, start: datetime, end: datetime
) -> Iterator[tuple[Cell, ...]]:
    """Read block by block, so that a slow caller holds no connection."""
    while start < end:
        with ctx.database.transaction() as conn:
            found = ranges.rows(conn, series_id, start, end)
            with contextlib.closing(cast("Generator[_Row]", found)) as rows:
                block = list(itertools.islice(rows, _BLOCK))
        yield from block
        if len(block) < _BLOCK:
            return
        start = block[-1][0] + _NEXT
